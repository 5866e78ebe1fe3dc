import type { Filetime } from '../../src/bytes/filetime.ts'
import type { Clock } from '../../src/protocol/clock.ts'

interface Timer {
  readonly at: bigint
  readonly action: () => void
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #now: Filetime = 133_000_000_000_000_000n
  #timers: Timer[] = []

  now(): Filetime {
    return this.#now
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#now + BigInt(delayMs) * 10_000n, action }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  get pendingTimers(): number {
    return this.#timers.length
  }

  /** Moves on; what is due happens in its order. */
  advance(ms: number): void {
    const end = this.#now + BigInt(ms) * 10_000n
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => Number(a.at - b.at))[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((other) => other !== due)
      this.#now = due.at > this.#now ? due.at : this.#now
      due.action()
    }
    this.#now = end
  }
}
