import { WireError } from '../../bytes/errors.ts'
import { bytesOf, viewOf } from '../../bytes/utf16.ts'
import { decompressMessage } from '../../protocol/compression/decompress-message.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import { SMB1_PROTOCOL_ID } from '../../wire/smb1/index.ts'
import {
  COMPRESSION_PROTOCOL_ID,
  Command,
  CompressionAlgorithm,
  HeaderFlags,
  SMB2_HEADER_SIZE,
  SMB2_PROTOCOL_ID,
  Smb2Header,
  TRANSFORM_HEADER_SIZE,
  TRANSFORM_PROTOCOL_ID,
  TransformHeader,
} from '../../wire/smb2/index.ts'
import type { ConnectionKeys } from '../keys/connection-keys.ts'
import { offsetOf } from './layout.ts'
import type { MessageSink, Place } from './message-scanner.ts'
import type { SmbConversation } from './smb-conversation.ts'
import { Smb1Reader } from './smb1-reader.ts'
import { Smb2Reader } from './smb2-reader.ts'

const sealedSessionAt = offsetOf(TransformHeader, 'sessionId')
const commandAt = offsetOf(Smb2Header, 'command')
const flagsAt = offsetOf(Smb2Header, 'flags')
const nextCommandAt = offsetOf(Smb2Header, 'nextCommand')
/** Longest message that is made of a compressed one, bytes. Servers take 8 MiB of data at once. */
const maxDecompressedBytes = 16 * 1024 * 1024
const allCompression = { algorithms: Object.values(CompressionAlgorithm), chained: true }
/** Messages in each other: a sealed one may hold a compressed one. */
const maxDepth = 3

/** Reads the messages of one direction, of whatever kind they are. */
export class MessageReader implements MessageSink {
  readonly #owner: SmbConversation
  readonly #isFromFirst: boolean
  readonly #keys: ConnectionKeys | undefined
  readonly #smb1: Smb1Reader
  readonly #smb2: Smb2Reader

  constructor(owner: SmbConversation, isFromFirst: boolean, keys: ConnectionKeys | undefined) {
    this.#owner = owner
    this.#isFromFirst = isFromFirst
    this.#keys = keys
    this.#smb1 = new Smb1Reader(owner)
    this.#smb2 = new Smb2Reader(owner)
  }

  wanted(view: DataView, start: number, have: number, left: number): number {
    switch (view.getUint32(start, true)) {
      case SMB2_PROTOCOL_ID:
        return this.#isToCheck(view, start, have)
          ? partLength(view, start, left)
          : this.#smb2.wanted(view, start, have, left)
      case SMB1_PROTOCOL_ID:
        return this.#smb1.wanted(view, start, have, left)
      case TRANSFORM_PROTOCOL_ID:
        if (have < TRANSFORM_HEADER_SIZE) return TRANSFORM_HEADER_SIZE
        return this.#keys?.hasKeys(view.getBigUint64(start + sealedSessionAt, true)) === true
          ? left
          : TRANSFORM_HEADER_SIZE
      default:
        return left
    }
  }

  part(view: DataView, start: number, have: number, left: number, place: Place): number {
    this.#owner.reads(place, this.#isFromFirst)
    if (view.getUint32(start, true) !== SMB2_PROTOCOL_ID) {
      this.#other(view, start, have, left, 0)
      return left
    }
    const length = this.#smb2.part(view, start, have, left)
    if (this.#keys !== undefined && have === length) this.#followLogon(view, start, length)
    if (have >= length && this.#isToCheck(view, start, have)) this.#check(view, start, length)
    return length
  }

  /** Signatures are computed over whole messages, which are of no use otherwise. */
  #isToCheck(view: DataView, start: number, have: number): boolean {
    return (
      this.#keys?.canVerify === true &&
      have >= SMB2_HEADER_SIZE &&
      (view.getUint32(start + flagsAt, true) & HeaderFlags.SIGNED) !== 0
    )
  }

  #check(view: DataView, start: number, length: number): void {
    if (this.#keys !== undefined) this.#smb2.check(bytesOf(view, start, start + length), this.#keys)
  }

  message(first: Place, last: Place, length: number, isWhole: boolean): void {
    this.#owner.reads(last, this.#isFromFirst)
    if (!isWhole) this.#owner.record.cutMessages++
    this.#smb1.message(first, last, length)
    this.#smb2.message(first, last, length)
  }

  control(): void {}

  lost({ frame, timeNs }: Place): void {
    const { record } = this.#owner
    record.lostPlaces++
    record.lostAt ??= { frame, timeNs }
  }

  /** The keys of a session follow from its negotiation and its logon. */
  #followLogon(view: DataView, start: number, length: number): void {
    const command = view.getUint16(start + commandAt, true)
    if (command !== Command.NEGOTIATE && command !== Command.SESSION_SETUP) return
    const fromServer = (view.getUint32(start + flagsAt, true) & HeaderFlags.SERVER_TO_REDIR) !== 0
    this.#keys?.message(bytesOf(view, start, start + length), fromServer)
    if (fromServer && command === Command.SESSION_SETUP) this.#smb2.triedTicket(this.#keys?.ticketKeyOf)
  }

  #other(view: DataView, start: number, have: number, left: number, depth: number): void {
    switch (view.getUint32(start, true)) {
      case SMB1_PROTOCOL_ID:
        this.#smb1.part(view, start, have, left)
        break
      case TRANSFORM_PROTOCOL_ID:
        if (have >= TRANSFORM_HEADER_SIZE) this.#sealed(view, start, have, have === left, depth)
        break
      case COMPRESSION_PROTOCOL_ID:
        if (have === left) this.#inside(decompressed(bytesOf(view, start, start + have)), depth)
        break
      default:
    }
  }

  #sealed(view: DataView, start: number, have: number, isWhole: boolean, depth: number): void {
    const at = start + sealedSessionAt
    const session = this.#owner.session(view.getUint32(at, true), view.getUint32(at + 4, true))
    session.isSealed = true
    const message = isWhole
      ? this.#keys?.open(bytesOf(view, start, start + have), this.#owner.isFromServer(this.#isFromFirst))
      : undefined
    session.isOpaque = message === undefined
    this.#inside(message, depth)
  }

  /** A message that was in another one: whole, and read as one that was sent by itself. */
  #inside(message: Uint8Array | undefined, depth: number): void {
    if (message === undefined || message.length < 4 || depth >= maxDepth) return
    const view = viewOf(message)
    if (view.getUint32(0, true) !== SMB2_PROTOCOL_ID) {
      this.#other(view, 0, message.length, message.length, depth + 1)
      return
    }
    for (let at = 0; message.length - at >= SMB2_HEADER_SIZE; ) {
      const left = message.length - at
      const length = this.#smb2.part(view, at, left, left)
      if (this.#keys !== undefined) this.#followLogon(view, at, length)
      at += length
    }
  }
}

/** The bytes of a part of a chain, padding to the next one included: what its signature is for. */
function partLength(view: DataView, start: number, left: number): number {
  const next = view.getUint32(start + nextCommandAt, true)
  return next >= SMB2_HEADER_SIZE && next < left ? next : left
}

/** MS-SMB2 3.1.5.3; undefined for what is damaged. */
function decompressed(message: Uint8Array): Uint8Array | undefined {
  try {
    return decompressMessage(message, allCompression, maxDecompressedBytes, (bytes) => new Uint8Array(bytes))
  } catch (error) {
    if (error instanceof WireError || error instanceof ProtocolError) return undefined
    throw error
  }
}
