import { SmbError } from '../bytes/errors.ts'

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

/**
 * Cuts a TCP stream into SMB messages (MS-SMB2 2.1: a zero byte and a 24-bit length before each). A message that lies
 * whole within one chunk is handed on where it lies; one that spans chunks is put together in a buffer of its own.
 */
export class FrameAssembler {
  /** Bytes; may change between messages (it is small until somebody has logged on). */
  maxFrameBytes: number
  readonly #onFrame: (frame: Uint8Array) => void
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerFilled = 0
  #frame: Uint8Array | undefined
  #frameFilled = 0

  /** `onFrame` gets each message without its length; the bytes are its own to keep for as long as it needs them. */
  constructor(maxFrameBytes: number, onFrame: (frame: Uint8Array) => void) {
    this.maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** @throws ProtocolError on a length or a packet type that is not allowed */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#frame !== undefined) {
        const take = Math.min(chunk.length - at, this.#frame.length - this.#frameFilled)
        this.#frame.set(chunk.subarray(at, at + take), this.#frameFilled)
        this.#frameFilled += take
        at += take
        if (this.#frameFilled < this.#frame.length) return
        const frame = this.#frame
        this.#frame = undefined
        this.#onFrame(frame)
        continue
      }
      if (this.#headerFilled === 0 && chunk.length - at >= HEADER_BYTES) {
        const length = this.#frameLength(chunk, at)
        at += HEADER_BYTES
        if (length === 0) continue
        if (chunk.length - at >= length) {
          this.#onFrame(chunk.subarray(at, at + length))
          at += length
        } else this.#begin(length)
        continue
      }
      this.#header[this.#headerFilled++] = chunk[at++] as number
      if (this.#headerFilled < HEADER_BYTES) continue
      this.#headerFilled = 0
      const length = this.#frameLength(this.#header, 0)
      if (length > 0) this.#begin(length)
    }
  }

  #begin(length: number): void {
    this.#frame = allocate(length)
    this.#frameFilled = 0
  }

  #frameLength(bytes: Uint8Array, at: number): number {
    const type = bytes[at] as number
    const length = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
    if (type === SESSION_KEEP_ALIVE && length === 0) return 0
    if (type !== SESSION_MESSAGE) throw new ProtocolError(`packet type 0x${type.toString(16)} where a message was due`)
    if (length > this.maxFrameBytes)
      throw new ProtocolError(`message of ${length} bytes, at most ${this.maxFrameBytes} are taken`)
    return length
  }
}

/** Without zeroing where the platform can: every byte is written before the frame is handed on. */
function allocate(length: number): Uint8Array {
  return typeof Buffer === 'undefined' ? new Uint8Array(length) : Buffer.allocUnsafeSlow(length)
}
