import type { Open } from './open.ts'

/** A range of bytes in a file; `length` may be 0. Both below 2^64. */
export interface LockRange {
  readonly offset: bigint
  readonly length: bigint
}

interface HeldLock extends LockRange {
  readonly open: Open
  readonly exclusive: boolean
}

interface WaitingLock extends HeldLock {
  readonly granted: () => void
}

/** One past the last offset that a lock can have. */
const END = 1n << 64n

/** A range that goes past 2^64 is none (MS-FSA 2.1.5.8). */
export const isValidRange = ({ offset, length }: LockRange): boolean => length === 0n || offset + length <= END

/**
 * Two ranges have a byte in common. An empty range overlaps what it lies strictly inside of, since an empty lock there
 * would split the other (MS-FSA 2.1.4.10).
 */
function overlaps(a: LockRange, b: LockRange): boolean {
  if (a.length === 0n && b.length === 0n) return false
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length
}

/** The byte-range locks of one stream (MS-FSA 2.1.5.8, 2.1.5.9). */
export class ByteRangeLocks {
  #held: HeldLock[] = []
  #waiting: WaitingLock[] = []

  get count(): number {
    return this.#held.length
  }

  /** For status. */
  get held(): readonly { offset: bigint; length: bigint; exclusive: boolean; open: Open }[] {
    return this.#held
  }

  /**
   * Takes a lock, if nothing stands against it. A shared lock goes on top of one's own exclusive one, an exclusive lock
   * on top of nothing, not even of what one holds oneself (MS-FSA 2.1.5.8).
   */
  lock(open: Open, range: LockRange, exclusive: boolean): boolean {
    if (this.#conflict(open, range, exclusive)) return false
    this.#held.push({ open, exclusive, offset: range.offset, length: range.length })
    open.lockCount++
    return true
  }

  /** Gives back a lock that was taken with exactly this range. Exclusive ones go first. */
  unlock(open: Open, range: LockRange): boolean {
    const matches = (lock: HeldLock): boolean =>
      lock.open === open && lock.offset === range.offset && lock.length === range.length
    let index = this.#held.findIndex((lock) => matches(lock) && lock.exclusive)
    if (index < 0) index = this.#held.findIndex(matches)
    if (index < 0) return false
    this.#held.splice(index, 1)
    open.lockCount--
    this.#grantWaiting()
    return true
  }

  /** Takes back a lock that was just taken: this kind, the latest of its range. */
  takeBack(open: Open, range: LockRange, exclusive: boolean): void {
    const index = this.#held.findLastIndex(
      (lock) =>
        lock.open === open &&
        lock.exclusive === exclusive &&
        lock.offset === range.offset &&
        lock.length === range.length,
    )
    if (index < 0) return
    this.#held.splice(index, 1)
    open.lockCount--
    this.#grantWaiting()
  }

  /** Waits for a lock, first come first served. What is returned ends the waiting. */
  wait(open: Open, range: LockRange, exclusive: boolean, granted: () => void): () => void {
    const waiting: WaitingLock = { open, exclusive, granted, offset: range.offset, length: range.length }
    this.#waiting.push(waiting)
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting)
    }
  }

  releaseAll(open: Open): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.open !== open)
    if (open.lockCount === 0) return
    this.#held = this.#held.filter((lock) => lock.open !== open)
    open.lockCount = 0
    this.#grantWaiting()
  }

  /** A read is stopped by what others have locked for themselves alone. */
  blocksRead(open: Open, offset: bigint, length: bigint): boolean {
    if (this.#held.length === 0 || length === 0n) return false
    const range = { offset, length }
    return this.#held.some((lock) => lock.exclusive && lock.open !== open && overlaps(lock, range))
  }

  /** A write is stopped by every lock of others, and by a shared one of one's own. */
  blocksWrite(open: Open, offset: bigint, length: bigint): boolean {
    if (this.#held.length === 0 || length === 0n) return false
    const range = { offset, length }
    return this.#held.some((lock) => (lock.open !== open || !lock.exclusive) && overlaps(lock, range))
  }

  #conflict(open: Open, range: LockRange, exclusive: boolean): boolean {
    return this.#held.some((lock) => (exclusive || (lock.exclusive && lock.open !== open)) && overlaps(lock, range))
  }

  #grantWaiting(): void {
    for (const waiting of [...this.#waiting]) {
      if (!this.#waiting.includes(waiting) || !this.lock(waiting.open, waiting, waiting.exclusive)) continue
      this.#waiting = this.#waiting.filter((other) => other !== waiting)
      waiting.granted()
    }
  }
}
