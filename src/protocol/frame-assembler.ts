import { SmbError } from '../bytes/errors.ts'
import type { BufferPool } from './buffer-pool.ts'

/** The transport broke the rules of framing; the connection cannot go on. */
export class ProtocolError extends SmbError {
  constructor(message: string) {
    super('PROTOCOL', message)
  }
}

/** Types of NetBIOS session packets (RFC 1002 4.3.1). Direct TCP knows the first only. */
const SESSION_MESSAGE = 0x00
const SESSION_KEEP_ALIVE = 0x85

const HEADER_BYTES = 4
/** What is read at a time between large messages: little from who may send no large ones yet. */
const SCRATCH_BYTES = 256 * 1024
const SMALL_SCRATCH_BYTES = 4 * 1024
/** Less than this that is missing of a message is read together with what follows it. */
const DIRECT_BYTES = 16 * 1024

/**
 * Serves one message, whose bytes stay until it is done: at once when nothing is returned, else when the promise
 * settles.
 */
export type FrameHandler = (frame: Uint8Array) => Promise<void> | undefined

/**
 * Cuts a TCP stream into SMB messages (MS-SMB2 2.1: a zero byte and a 24-bit length before each). The reader asks for
 * `space()`, fills it from the start and says how much by `filled()`: so most of a large message is read to where it
 * stays, and small ones are served where they lie.
 */
export class FrameAssembler {
  /** Bytes; may change between messages (it is small until somebody has logged on). */
  maxFrameBytes: number
  readonly #pool: BufferPool
  readonly #handler: FrameHandler
  #scratch: Uint8Array | undefined
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerFilled = 0
  /** The message that is being received, in a buffer of the pool; `#frameLength` bytes of that are its. */
  #frame: Uint8Array | undefined
  #frameLength = 0
  #frameFilled = 0
  /** The last message was read to where it stays; a large one often follows, and little of it is to be copied. */
  #wasLarge = false

  constructor(maxFrameBytes: number, pool: BufferPool, handler: FrameHandler) {
    this.maxFrameBytes = maxFrameBytes
    this.#pool = pool
    this.#handler = handler
  }

  /** Where the next bytes of the stream belong. Ask anew after each `filled` or `push`. */
  space(): Uint8Array {
    const missing = this.#frameLength - this.#frameFilled
    if (this.#frame !== undefined && missing >= DIRECT_BYTES)
      return this.#frame.subarray(this.#frameFilled, this.#frameLength)
    const bytes = this.maxFrameBytes < SCRATCH_BYTES ? SMALL_SCRATCH_BYTES : SCRATCH_BYTES
    if (this.#scratch?.length !== bytes) this.#scratch = Buffer.allocUnsafeSlow(bytes)
    return this.#wasLarge ? this.#scratch.subarray(0, SMALL_SCRATCH_BYTES) : this.#scratch
  }

  /**
   * The first `count` bytes of `space()` are there now.
   * @throws ProtocolError on a length or a packet type that is not allowed
   */
  filled(count: number): void {
    const missing = this.#frameLength - this.#frameFilled
    if (this.#frame !== undefined && missing >= DIRECT_BYTES) {
      this.#frameFilled += count
      this.#wasLarge = true
      this.#completeFrame()
      return
    }
    const scratch = this.#scratch as Uint8Array
    this.#wasLarge = false
    // If a message is not done with at once, its bytes stay where they are, and the next ones go elsewhere.
    if (!this.push(scratch.subarray(0, count))) this.#scratch = undefined
  }

  /**
   * Takes bytes from wherever they are. True if nobody needs them any more.
   * @throws ProtocolError on a length or a packet type that is not allowed
   */
  push(chunk: Uint8Array): boolean {
    let at = 0
    let isDone = true
    while (at < chunk.length) {
      if (this.#frame !== undefined) {
        const take = Math.min(chunk.length - at, this.#frameLength - this.#frameFilled)
        this.#frame.set(chunk.subarray(at, at + take), this.#frameFilled)
        this.#frameFilled += take
        at += take
        this.#completeFrame()
        continue
      }
      if (this.#headerFilled === 0 && chunk.length - at >= HEADER_BYTES) {
        const length = this.#lengthOf(chunk, at)
        at += HEADER_BYTES
        if (length > 0 && chunk.length - at >= length) {
          if (this.#handler(chunk.subarray(at, at + length)) !== undefined) isDone = false
          at += length
        } else if (length > 0) this.#begin(length)
        continue
      }
      this.#header[this.#headerFilled++] = chunk[at++] as number
      if (this.#headerFilled < HEADER_BYTES) continue
      this.#headerFilled = 0
      const length = this.#lengthOf(this.#header, 0)
      if (length > 0) this.#begin(length)
    }
    return isDone
  }

  #begin(length: number): void {
    this.#frame = this.#pool.take(length)
    this.#frameLength = length
    this.#frameFilled = 0
  }

  #completeFrame(): void {
    const frame = this.#frame
    if (frame === undefined || this.#frameFilled < this.#frameLength) return
    this.#frame = undefined
    const length = this.#frameLength
    this.#frameLength = 0
    this.#frameFilled = 0
    const pending = this.#handler(frame.subarray(0, length))
    if (pending === undefined) this.#pool.give(frame)
    else void pending.finally(() => this.#pool.give(frame))
  }

  #lengthOf(bytes: Uint8Array, at: number): number {
    const type = bytes[at] as number
    const length = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
    if (type === SESSION_KEEP_ALIVE && length === 0) return 0
    if (type !== SESSION_MESSAGE) throw new ProtocolError(`packet type 0x${type.toString(16)} where a message was due`)
    if (length > this.maxFrameBytes)
      throw new ProtocolError(`message of ${length} bytes, at most ${this.maxFrameBytes} are taken`)
    return length
  }
}
