import type { Filetime } from '../bytes/filetime.ts'

/** When accounts are locked out. */
export interface LockoutPolicy {
  /** Wrong passwords in a row that lock an account; 0: never. Default 10. */
  readonly threshold?: number
  /** How long it stays locked. Default 10 minutes. */
  readonly durationMs?: number
  /** How long a wrong password counts after the last one. Default 10 minutes. */
  readonly windowMs?: number
}

interface Tally {
  wrong: number
  lastWrongAt: Filetime
  lockedUntil: Filetime
}

const TEN_MINUTES_MS = 10 * 60_000
const TICKS_PER_MS = 10_000n

/** Counts wrong passwords by account. The oldest counts give way to new ones, so there is a limit to what is kept. */
export class Lockout {
  readonly #threshold: number
  readonly #duration: bigint
  readonly #window: bigint
  readonly #max: number
  readonly #tallies = new Map<string, Tally>()

  constructor({ threshold = 10, durationMs = TEN_MINUTES_MS, windowMs = TEN_MINUTES_MS }: LockoutPolicy, max: number) {
    this.#threshold = threshold
    this.#duration = BigInt(durationMs) * TICKS_PER_MS
    this.#window = BigInt(windowMs) * TICKS_PER_MS
    this.#max = max
  }

  get size(): number {
    return this.#tallies.size
  }

  isLocked(key: string, now: Filetime): boolean {
    const tally = this.#tallies.get(key)
    return tally !== undefined && tally.lockedUntil > now
  }

  /** A wrong password; true if it locks the account. */
  wrong(key: string, now: Filetime): boolean {
    if (this.#threshold === 0) return false
    const before = this.#tallies.get(key)
    const counts = before !== undefined && before.lastWrongAt + this.#window > now && before.lockedUntil === 0n
    const wrong = (counts ? before.wrong : 0) + 1
    const isLocked = wrong >= this.#threshold
    // What was changed last stands last: the first is the one to give way.
    this.#tallies.delete(key)
    this.#tallies.set(key, { wrong, lastWrongAt: now, lockedUntil: isLocked ? now + this.#duration : 0n })
    if (this.#tallies.size > this.#max) this.#tallies.delete(this.#tallies.keys().next().value as string)
    return isLocked
  }

  /** The right password, or an administrator, takes back what was counted; false where nothing was. */
  forget(key: string): boolean {
    return this.#tallies.delete(key)
  }
}
