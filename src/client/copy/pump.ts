import type { Sink, Source } from './side.ts'

/** Buffers of one size for all files of a copy: what is under way has a limit, however many files that are. */
export class BufferBudget {
  readonly bufferBytes: number
  readonly #idle: Uint8Array[] = []
  readonly #waiting: ((buffer: Uint8Array) => void)[] = []
  #left: number

  constructor(bufferBytes: number, count: number) {
    this.bufferBytes = bufferBytes
    this.#left = count
  }

  /** One of the buffers, now or when another file has given one back. */
  take(): Uint8Array | Promise<Uint8Array> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    if (this.#left > 0) {
      this.#left--
      return Buffer.allocUnsafeSlow(this.bufferBytes)
    }
    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    this.#waiting.push(resolve)
    return promise
  }

  give(buffer: Uint8Array): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(buffer)
    else next(buffer)
  }
}

export interface Pumping {
  readonly start: number
  readonly size: number
  /** No byte is written that lies this far or farther behind one that is missing. */
  readonly windowBytes: number
  readonly signal: AbortSignal
  /** So many bytes more have been written. */
  readonly moved: (bytes: number) => void
}

/**
 * Carries bytes from `start` to `size`, several pieces at a time. After a failure no piece is under way any more, and
 * all bytes before the sink's end less `windowBytes` are there.
 */
export async function pump(source: Source, sink: Sink, budget: BufferBudget, pumping: Pumping): Promise<void> {
  const { start, size, windowBytes, signal, moved } = pumping
  const step = budget.bufferBytes
  let next = start
  /** Where the pieces that are under way begin, in their order. */
  const underWay: { at: number; done: boolean }[] = []
  let failure: { readonly error: unknown } | undefined
  let wake: (() => void)[] = []
  const settle = (): void => {
    while (underWay[0]?.done === true) underWay.shift()
    const woken = wake
    wake = []
    for (const resolve of woken) resolve()
  }

  const carry = async (at: number): Promise<void> => {
    const length = Math.min(step, size - at)
    const buffer = await budget.take()
    try {
      // Another piece may have failed while this one waited.
      if (failure !== undefined) return
      signal.throwIfAborted()
      const piece = buffer.subarray(0, length)
      const read = await source.read(piece, at)
      if (read < length) throw new SourceChanged()
      await sink.write(piece, at)
      moved(length)
    } finally {
      budget.give(buffer)
    }
  }

  const lane = async (): Promise<void> => {
    while (next < size && failure === undefined) {
      const first = underWay[0]
      if (first !== undefined && next - first.at >= windowBytes) {
        await new Promise<void>((resolve) => wake.push(resolve))
        continue
      }
      const piece = { at: next, done: false }
      next += step
      underWay.push(piece)
      try {
        await carry(piece.at)
      } catch (error) {
        failure ??= { error }
      }
      piece.done = true
      settle()
    }
  }

  const lanes = Math.max(1, Math.min(Math.floor(windowBytes / step), Math.ceil((size - start) / step)))
  await Promise.all(Array.from({ length: lanes }, lane))
  if (failure !== undefined) throw failure.error
}

/** The source has become shorter while it was read. */
export class SourceChanged extends Error {}
