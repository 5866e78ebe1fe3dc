/** What can be ended by a signal. */
export interface Endable {
  /** By which one it can be, if by any. */
  signal: AbortSignal | undefined
}

/**
 * Listens to signals for requests: once to each, however many requests it stands for. A copy of a thousand files has one
 * signal, and a listener for each message costs as much as the message.
 */
export class SignalWatch<T extends Endable> {
  readonly #heeded = new Map<AbortSignal, { readonly requests: Set<T>; readonly abort: () => void }>()
  readonly #aborted: (request: T, reason: unknown) => void

  constructor(aborted: (request: T, reason: unknown) => void) {
    this.#aborted = aborted
  }

  /** From now on the signal ends the request, until it is `over`. */
  heed(signal: AbortSignal, request: T): void {
    request.signal = signal
    const known = this.#heeded.get(signal)
    if (known !== undefined) {
      known.requests.add(request)
      return
    }
    const requests = new Set([request])
    const abort = (): void => {
      for (const one of [...requests]) this.#aborted(one, signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    this.#heeded.set(signal, { requests, abort })
  }

  over(request: T): void {
    const { signal } = request
    if (signal === undefined) return
    request.signal = undefined
    const heeded = this.#heeded.get(signal)
    heeded?.requests.delete(request)
    if (heeded === undefined || heeded.requests.size > 0) return
    signal.removeEventListener('abort', heeded.abort)
    this.#heeded.delete(signal)
  }
}
