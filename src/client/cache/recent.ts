import type { Filetime } from '../../bytes/filetime.ts'
import type { Clock } from '../../protocol/clock.ts'
import type { ClientLimits } from '../limits.ts'

/** What was asked for once is not kept: most of it is never asked for again. So many names are remembered. */
const MAX_RECENT = 1024
const TICKS_PER_MS = 10_000n

/** What was asked for lately, so that it is known when it is asked for again. */
export class Recent {
  readonly #clock: Clock
  readonly #limits: Pick<ClientLimits, 'deferredCloseMs'>
  /** When, by what and where; the last one comes last. */
  readonly #seen = new Map<string, Filetime>()

  constructor(clock: Clock, limits: Pick<ClientLimits, 'deferredCloseMs'>) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Whether the same was asked for within `deferredCloseMs`. */
  has(operation: string, path: string): boolean {
    const seen = this.#seen.get(`${operation} ${path}`)
    return seen !== undefined && this.#clock.now() - seen < BigInt(this.#limits.deferredCloseMs) * TICKS_PER_MS
  }

  note(operation: string, path: string): void {
    const key = `${operation} ${path}`
    this.#seen.delete(key)
    this.#seen.set(key, this.#clock.now())
    const [oldest] = this.#seen.keys()
    if (oldest !== undefined && this.#seen.size > MAX_RECENT) this.#seen.delete(oldest)
  }

  forget(operation: string, path: string): void {
    this.#seen.delete(`${operation} ${path}`)
  }
}
