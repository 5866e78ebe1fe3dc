import type { Sink, Source } from './side.ts'

/** What all files of a copy may have under way together, however many they are. */
export class Budget {
  /** Most of one piece. */
  readonly pieceBytes: number
  #leftBytes: number
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = []

  constructor(pieceBytes: number, bytes: number) {
    this.pieceBytes = pieceBytes
    this.#leftBytes = bytes
  }

  /** Waits for room for so many bytes, of one piece at most. */
  enter(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && bytes <= this.#leftBytes) {
      this.#leftBytes -= bytes
      return undefined
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ bytes, enter: resolve })
    return promise
  }

  leave(bytes: number): void {
    this.#leftBytes += bytes
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#leftBytes; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#leftBytes -= next.bytes
      next.enter()
    }
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
export async function pump(source: Source, sink: Sink, budget: Budget, pumping: Pumping): Promise<void> {
  const { start, size, windowBytes, signal, moved } = pumping
  const step = Math.min(budget.pieceBytes, source.maxPieceBytes)
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
    await budget.enter(length)
    try {
      for (let done = 0; done < length; ) {
        // Another piece may have failed while this one waited.
        if (failure !== undefined) return
        signal.throwIfAborted()
        const { bytes, give } = await source.piece(at + done, length - done)
        try {
          if (bytes.length === 0) throw new SourceChanged()
          await sink.write(bytes, at + done)
          done += bytes.length
          moved(bytes.length)
        } finally {
          give()
        }
      }
    } finally {
      budget.leave(length)
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
