import { SmbError } from '../../bytes/errors.ts'
import { bytesOf, viewOf } from '../../bytes/utf16.ts'
import { compressionAlgorithms } from '../../protocol/compression/codecs.ts'
import { decompressMessage } from '../../protocol/compression/decompress-message.ts'
import {
  NegativeSessionResponse,
  RetargetSessionResponse,
  SESSION_PACKET_HEADER_SIZE,
  SessionPacketHeader,
  SessionPacketType,
  SessionRequest,
} from '../../wire/nbss/index.ts'
import { SMB1_PROTOCOL_ID } from '../../wire/smb1/index.ts'
import {
  COMPRESSION_PROTOCOL_ID,
  dissectFrame,
  SMB2_PROTOCOL_ID,
  TRANSFORM_PROTOCOL_ID,
  TransformHeader,
} from '../../wire/smb2/index.ts'
import type { ConnectionKeys } from '../keys/connection-keys.ts'
import { type Layer, namedFields, ownField } from './field.ts'
import { PipeReader } from './pipe-reader.ts'
import { smb1Layers } from './smb1-layer.ts'
import { Smb1State } from './smb1-state.ts'
import { type Place, smb2Layers } from './smb2-layer.ts'
import { Smb2State } from './smb2-state.ts'

/** Largest message that a compressed one may become. */
const maxMessageBytes = 16 * 1024 * 1024

/** Turns the session packets of one connection into layers. */
export class SmbStream {
  readonly #keys: ConnectionKeys | undefined
  readonly #smb2 = new Smb2State()
  readonly #smb1 = new Smb1State()
  readonly #pipes: PipeReader

  constructor(keys: ConnectionKeys | undefined) {
    this.#keys = keys
    this.#pipes = new PipeReader(keys?.ring)
  }

  /** A session packet, header included; cut where the capture is. */
  packet(bytes: Uint8Array, place: Place): Layer[] {
    const view = viewOf(bytes)
    const type = bytes[0] ?? 0
    if (!place.isWanted)
      return type === SessionPacketType.SESSION_MESSAGE
        ? this.#message(bytes.subarray(SESSION_PACKET_HEADER_SIZE), place)
        : []
    const header = namedFields(SessionPacketHeader.dissect(view, 0, SESSION_PACKET_HEADER_SIZE), place)
    const session = { protocol: 'nbss', title: 'NetBIOS session packet', bytes, fields: header }
    if (type !== SessionPacketType.SESSION_MESSAGE) {
      const body = controls[type]?.dissect(view, SESSION_PACKET_HEADER_SIZE, bytes.length)
      return [{ ...session, fields: [...header, ...namedFields(body ?? [], place)] }]
    }
    if (bytes.length <= SESSION_PACKET_HEADER_SIZE) return [session]
    return [session, ...this.#message(bytes.subarray(SESSION_PACKET_HEADER_SIZE), place)]
  }

  #message(bytes: Uint8Array, place: Place): Layer[] {
    const view = viewOf(bytes)
    switch (bytes.length < 4 ? 0 : view.getUint32(0, true)) {
      case SMB2_PROTOCOL_ID:
        this.#keys?.message(bytes, place.fromServer)
        return smb2Layers(bytes, place, this.#smb2, this.#pipes)
      case SMB1_PROTOCOL_ID:
        return smb1Layers(bytes, place, this.#smb1, this.#pipes)
      case TRANSFORM_PROTOCOL_ID:
        return this.#sealed(bytes, place)
      case COMPRESSION_PROTOCOL_ID:
        return this.#compressed(bytes, place)
      default:
        return []
    }
  }

  #sealed(bytes: Uint8Array, place: Place): Layer[] {
    const opened = this.#keys?.open(bytes, place.fromServer)
    if (!place.isWanted) return opened === undefined ? [] : this.#message(opened, place)
    const fields = namedFields(dissectFrame(viewOf(bytes), 0, bytes.length, place.fromServer), place)
    if (opened === undefined) return [{ protocol: 'smb2', title: 'sealed message, no key opens it', bytes, fields }]
    const transform = {
      protocol: 'smb2',
      title: 'sealed message',
      bytes: bytesOf(viewOf(bytes), 0, TransformHeader.size),
    }
    return [{ ...transform, fields: fields.slice(0, 1) }, ...this.#message(opened, place)]
  }

  #compressed(bytes: Uint8Array, place: Place): Layer[] {
    const fields = namedFields(dissectFrame(viewOf(bytes), 0, bytes.length, place.fromServer), place)
    const layer = { protocol: 'smb2', title: 'compressed message', bytes, fields }
    try {
      const compression = { algorithms: compressionAlgorithms, chained: true }
      const message = decompressMessage(bytes, compression, maxMessageBytes, (size) => new Uint8Array(size))
      return [layer, ...this.#message(message, place)]
    } catch (error) {
      if (!(error instanceof SmbError)) throw error
      const problem = {
        ...ownField(undefined, 'compressed message', [0, bytes.length], undefined),
        problem: error.message,
      }
      return [{ ...layer, fields: [...fields, problem] }]
    }
  }
}

const controls: Readonly<
  Record<number, typeof SessionRequest | typeof NegativeSessionResponse | typeof RetargetSessionResponse>
> = {
  [SessionPacketType.SESSION_REQUEST]: SessionRequest,
  [SessionPacketType.NEGATIVE_SESSION_RESPONSE]: NegativeSessionResponse,
  [SessionPacketType.RETARGET_SESSION_RESPONSE]: RetargetSessionResponse,
}
