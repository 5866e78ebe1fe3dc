import type { Filetime } from '../bytes/filetime.ts'

/** What a throttle needs of a clock. */
export interface Timing {
  now(): Filetime
  after(delayMs: number, action: () => void): () => void
}

export interface ThrottleOptions {
  /** What each wrong password costs its source and its account. 0: nothing. */
  readonly delayMs: number
  /** Longest that anybody is made to wait; who would have to wait longer is refused at once. */
  readonly maxDelayMs: number
  /** Sources and accounts that are remembered. */
  readonly max: number
}

/** An attempt that is let in. */
export interface Admission {
  /** Resolves when its password may be looked at; absent where that is now. */
  readonly ready?: Promise<void>
  /** The password was wrong: resolves when that may be answered. */
  wrong(): Promise<void> | undefined
  /** It was right, or nobody looked at it: its turn cost nothing. */
  right(): void
}

/** What attempts are counted by. */
export const throttleKey = {
  source: (address: string): string => `from ${address}`,
  account: (user: string): string => `of ${user.toLowerCase()}`,
} as const

/** By source or account: when the next turn is. */
interface Debt {
  nextTurn: Filetime
}

const TICKS_PER_MS = 10_000n

/**
 * Makes wrong passwords cost time (as Windows Server 2025 does): who has sent one waits before the next is looked at, on
 * whichever connection, and so does everybody who tries the same account. Turns are given out in the order of asking;
 * what waits and what is remembered is bounded.
 */
export class LogonThrottle {
  readonly #timing: Timing
  readonly #options: ThrottleOptions
  readonly #debts = new Map<string, Debt>()

  constructor(timing: Timing, options: ThrottleOptions) {
    this.#timing = timing
    this.#options = options
  }

  /** Sources and accounts that are remembered. */
  get size(): number {
    return this.#debts.size
  }

  /** Lets an attempt of this source, for this account, in; false where it would have to wait too long. */
  admit(keys: readonly string[]): Admission | false {
    const now = this.#timing.now()
    const debts = keys.map((key) => this.#debtOf(key, now)).filter((debt) => debt !== undefined)
    const turn = debts.reduce((latest, { nextTurn }) => (nextTurn > latest ? nextTurn : latest), now)
    const waitMs = Math.ceil(Number(turn - now) / Number(TICKS_PER_MS))
    if (waitMs > this.#options.maxDelayMs) return false
    for (const debt of debts) debt.nextTurn += this.#delay
    let isOver = false
    return {
      ...(waitMs === 0 ? {} : { ready: this.#pause(waitMs) }),
      wrong: () => {
        if (isOver || this.#options.delayMs === 0) return undefined
        isOver = true
        for (const key of keys) this.#charge(key, debts)
        return this.#pause(this.#options.delayMs)
      },
      right: () => {
        if (!isOver) for (const debt of debts) debt.nextTurn -= this.#delay
        isOver = true
      },
    }
  }

  /** An administrator lets an account be tried at once. */
  forget(key: string): void {
    this.#debts.delete(key)
  }

  get #delay(): bigint {
    return BigInt(this.#options.delayMs) * TICKS_PER_MS
  }

  #debtOf(key: string, now: Filetime): Debt | undefined {
    const debt = this.#debts.get(key)
    if (debt === undefined || debt.nextTurn > now) return debt
    this.#debts.delete(key)
    return undefined
  }

  /** What had a debt has paid its turn beforehand. */
  #charge(key: string, paid: readonly Debt[]): void {
    const known = this.#debts.get(key)
    if (known !== undefined && paid.includes(known)) return
    const now = this.#timing.now()
    const from = known === undefined || known.nextTurn < now ? now : known.nextTurn
    this.#debts.delete(key)
    this.#debts.set(key, { nextTurn: from + this.#delay })
    if (this.#debts.size > this.#options.max) this.#debts.delete(this.#debts.keys().next().value as string)
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#timing.after(delayMs, resolve))
  }
}
