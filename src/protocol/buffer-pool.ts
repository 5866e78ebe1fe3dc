/**
 * Large buffers, used again. A fresh one of a megabyte costs more than filling it: the system hands it out page by
 * page, and cleans each.
 */

/** Smaller buffers are cheaper made than kept. */
const SMALLEST_BYTES = 32 * 1024
/** Sizes are rounded up to this, so that requests of about the same size share buffers. */
const STEP_BYTES = 64 * 1024

export class BufferPool {
  readonly #maxKeptBytes: number
  #keptBytes = 0
  readonly #free = new Map<number, Uint8Array[]>()

  /** `maxKeptBytes`: how much may lie idle. */
  constructor(maxKeptBytes: number) {
    this.#maxKeptBytes = maxKeptBytes
  }

  /** At least `bytes` long, with any content. */
  take(bytes: number): Uint8Array {
    if (bytes < SMALLEST_BYTES) return Buffer.allocUnsafe(bytes)
    const size = Math.ceil(bytes / STEP_BYTES) * STEP_BYTES
    const buffer = this.#free.get(size)?.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(size)
    this.#keptBytes -= size
    return buffer
  }

  /** Gives back what `take` gave: nobody may use it any more. */
  give(buffer: Uint8Array): void {
    const size = buffer.length
    if (size < SMALLEST_BYTES || size % STEP_BYTES !== 0 || this.#keptBytes + size > this.#maxKeptBytes) return
    let free = this.#free.get(size)
    if (free === undefined) {
      free = []
      this.#free.set(size, free)
    }
    free.push(buffer)
    this.#keptBytes += size
  }
}
