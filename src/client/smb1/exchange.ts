import { viewOf } from '../../bytes/utf16.ts'
import type { Smb1Signer } from '../../crypto/smb1-signing.ts'
import { BufferPool } from '../../protocol/buffer-pool.ts'
import type { Clock } from '../../protocol/clock.ts'
import { FrameAssembler, ProtocolError } from '../../protocol/frame-assembler.ts'
import type { TransportEvents } from '../../protocol/transport.ts'
import type { Struct } from '../../wire/schema/index.ts'
import { encodeSmb1Frame, SMB1_HEADER_SIZE, Smb1Flags, Smb1Header, type Smb1Part } from '../../wire/smb1/index.ts'
import type { ClientTransport } from '../dial.ts'
import { SecurityError, TransportError } from '../errors.ts'

const FRAME_HEADER_BYTES = 4
/** What a server says in answer to a logon is less. */
const MAX_FRAME_BYTES = 128 * 1024
/** While the key is not known: as Windows fills the field (MS-SMB 3.2.4.1.1). */
const NO_SIGNATURE = Uint8Array.from('BSRSPYL ', (character) => character.charCodeAt(0))
const FIRST_MID = 0x10
const MID_STEP = 0x10

/** The header fields of a request that differ from one to the next. */
export interface Smb1Place {
  readonly flags2: number
  readonly uid?: number
  readonly tid?: number
}

/** An answer, in memory of its own. */
export class Smb1Answer {
  readonly header: Smb1Header
  readonly view: DataView
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = viewOf(bytes)
    this.header = Smb1Header.decode(this.view)
  }

  get wordCount(): number {
    return this.bytes.length > SMB1_HEADER_SIZE ? this.view.getUint8(SMB1_HEADER_SIZE) : 0
  }

  /** @throws WireError */
  body<T, I>(declaration: Struct<T, I>): T {
    return declaration.decode(this.view, SMB1_HEADER_SIZE, this.bytes.length, 0)
  }
}

interface Waiting {
  readonly mid: number
  readonly command: number
  readonly resolve: (answer: Smb1Answer) => void
  readonly reject: (error: Error) => void
}

/** Requests of SMB1 on one connection, one after the other: signatures have sequence numbers (MS-CIFS 3.2.4.1.3). */
export class Smb1Exchange implements TransportEvents {
  readonly #transport: ClientTransport
  readonly #clock: Clock
  readonly #silenceTimeoutMs: number
  readonly #host: string
  readonly #frames: FrameAssembler
  #waiting: Waiting | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #nextMid = FIRST_MID
  #signer: Smb1Signer | undefined
  #sequence = 0
  #ended: Error | undefined

  constructor(transport: ClientTransport, clock: Clock, host: string, silenceTimeoutMs: number) {
    this.#transport = transport
    this.#clock = clock
    this.#host = host
    this.#silenceTimeoutMs = silenceTimeoutMs
    this.#frames = new FrameAssembler(MAX_FRAME_BYTES, new BufferPool(0), (frame) => {
      this.#receive(frame)
      return undefined
    })
  }

  get signs(): boolean {
    return this.#signer !== undefined
  }

  /** From the answer `first` on, which has number 1, everything is signed. @throws SecurityError where it is not */
  startSigning(signer: Smb1Signer, first: Smb1Answer): void {
    if (this.#signer !== undefined) return
    if (!signer.verify(first.bytes, 1))
      throw new SecurityError('the server’s last answer to the logon has a wrong signature: somebody may be between')
    this.#signer = signer
    this.#sequence = 2
  }

  /** Sends a request when the one before is answered. @throws TransportError, ProtocolError, SecurityError, WireError */
  request(part: Smb1Part, place: Smb1Place): Promise<Smb1Answer> {
    const answer = this.#turn.then(() => this.#send(part, place))
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  #send(part: Smb1Part, { flags2, uid = 0, tid = 0 }: Smb1Place): Promise<Smb1Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const mid = this.#nextMid
    this.#nextMid = (mid + MID_STEP) & 0xfff0 || FIRST_MID
    const header = { command: part.command, flags: Smb1Flags.CASE_INSENSITIVE | Smb1Flags.CANONICALIZED_PATHS, flags2 }
    const frame = encodeSmb1Frame({ ...header, securityFeatures: NO_SIGNATURE, uid, tid, mid }, [part])
    this.#signer?.sign(frame.subarray(FRAME_HEADER_BYTES), this.#sequence)
    const { promise, resolve, reject } = Promise.withResolvers<Smb1Answer>()
    this.#waiting = { mid, command: part.command, resolve, reject }
    const stop = this.#clock.after(
      this.#silenceTimeoutMs,
      () => this.fail(this.#lost('ETIMEDOUT', 'the server does not answer')),
      true,
    )
    this.#transport.hold?.(true)
    this.#transport.send([frame])
    return promise.finally(() => {
      stop()
      this.#transport.hold?.(false)
    })
  }

  #receive(frame: Uint8Array): void {
    const waiting = this.#waiting
    // A Buffer's own slice would be the same memory.
    const answer = new Smb1Answer(new Uint8Array(frame))
    const { mid, command, flags } = answer.header
    if (waiting === undefined || mid !== waiting.mid || command !== waiting.command)
      throw new ProtocolError('an answer that nobody waits for')
    if ((flags & Smb1Flags.REPLY) === 0) throw new ProtocolError('a request where an answer was due')
    if (this.#signer !== undefined) {
      if (!this.#signer.verify(answer.bytes, this.#sequence + 1))
        throw new SecurityError('an answer of the server has a wrong signature')
      this.#sequence += 2
    }
    this.#waiting = undefined
    waiting.resolve(answer)
  }

  space(): Uint8Array {
    return this.#frames.space()
  }

  filled(count: number): void {
    this.#guarded(() => this.#frames.filled(count))
  }

  received(chunk: Uint8Array): void {
    this.#guarded(() => void this.#frames.push(chunk))
  }

  drained(): void {}

  closed(): void {
    this.fail(this.#lost('ECONNRESET', 'the server has ended the connection'))
  }

  #guarded(work: () => void): void {
    if (this.#ended !== undefined) return
    try {
      work()
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #lost(code: string, problem: string): TransportError {
    return new TransportError(code, `connection to ${this.#host}`, problem, { connectionLost: true })
  }

  /** Ends the connection; who waits is told why. */
  fail(error: Error): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#transport.close(false)
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}
