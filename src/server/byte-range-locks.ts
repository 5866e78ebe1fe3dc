import type { Open } from './open.ts'

/** A range of bytes in a file; `length` may be 0. Both below 2^64. */
export interface LockRange {
  readonly offset: bigint
  readonly length: bigint
}

interface HeldLock extends LockRange {
  /** One past its last byte. */
  readonly end: bigint
  readonly open: Open
  readonly exclusive: boolean
}

interface WaitingLock extends LockRange {
  readonly open: Open
  readonly exclusive: boolean
  readonly granted: () => void
}

/**
 * Locks of one stream, of all clients together: each is compared with the others, so that what one request costs is
 * bounded by this, whoever has taken them.
 */
const MAX_LOCKS = 16_384

/** One past the last offset that a lock can have. */
const END = 1n << 64n

/** A range that goes past 2^64 is none (MS-FSA 2.1.5.8). */
export const isValidRange = ({ offset, length }: LockRange): boolean => length === 0n || offset + length <= END

/**
 * Two ranges have a byte in common. An empty range overlaps what it lies strictly inside of, since an empty lock there
 * would split the other (MS-FSA 2.1.4.10).
 */
const overlaps = (held: HeldLock, offset: bigint, end: bigint): boolean =>
  held.offset < end && offset < held.end && (held.offset !== held.end || offset !== end)

/** The byte-range locks of one stream (MS-FSA 2.1.5.8, 2.1.5.9). */
export class ByteRangeLocks {
  #held: HeldLock[] = []
  readonly #waiting = new Set<WaitingLock>()

  get count(): number {
    return this.#held.length
  }

  /** For status. */
  get held(): readonly { offset: bigint; length: bigint; exclusive: boolean; open: Open }[] {
    return this.#held
  }

  heldBy(open: Open): readonly { offset: bigint; length: bigint; exclusive: boolean }[] {
    return open.lockCount === 0 ? [] : this.#held.filter((lock) => lock.open === open)
  }

  /**
   * Takes a lock, if nothing stands against it. A shared lock goes on top of one's own exclusive one, an exclusive lock
   * on top of nothing, not even of what one holds oneself (MS-FSA 2.1.5.8).
   */
  lock(open: Open, range: LockRange, exclusive: boolean): boolean {
    const { offset, length } = range
    if (this.#conflict(open, range, exclusive)) return false
    this.#held.push({ open, exclusive, offset, length, end: offset + length })
    open.lockCount++
    open.stateChanged()
    return true
  }

  get isFull(): boolean {
    return this.#held.length >= MAX_LOCKS
  }

  /**
   * Gives back a lock that was taken with exactly this range. Exclusive ones go first. Who waits is served by
   * `grantWaiting`, once for all that a request gives back.
   */
  unlock(open: Open, { offset, length }: LockRange): boolean {
    const matches = (lock: HeldLock): boolean => lock.open === open && lock.offset === offset && lock.length === length
    let index = this.#held.findIndex((lock) => matches(lock) && lock.exclusive)
    if (index < 0) index = this.#held.findIndex(matches)
    if (index < 0) return false
    this.#held.splice(index, 1)
    open.lockCount--
    open.stateChanged()
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
    open.stateChanged()
  }

  /** Waits for a lock, first come first served. What is returned ends the waiting. */
  wait(open: Open, range: LockRange, exclusive: boolean, granted: () => void): () => void {
    const waiting: WaitingLock = { open, exclusive, granted, offset: range.offset, length: range.length }
    this.#waiting.add(waiting)
    return () => {
      this.#waiting.delete(waiting)
    }
  }

  releaseAll(open: Open): void {
    for (const waiting of this.#waiting) if (waiting.open === open) this.#waiting.delete(waiting)
    if (open.lockCount === 0) return
    this.#held = this.#held.filter((lock) => lock.open !== open)
    open.lockCount = 0
    this.grantWaiting()
  }

  /** A read is stopped by what others have locked for themselves alone. */
  blocksRead(open: Open, offset: bigint, length: bigint): boolean {
    if (this.#held.length === 0 || length === 0n) return false
    const end = offset + length
    return this.#held.some((lock) => lock.exclusive && lock.open !== open && overlaps(lock, offset, end))
  }

  /** A write is stopped by every lock of others, and by a shared one of one's own. */
  blocksWrite(open: Open, offset: bigint, length: bigint): boolean {
    if (this.#held.length === 0 || length === 0n) return false
    const end = offset + length
    return this.#held.some((lock) => (lock.open !== open || !lock.exclusive) && overlaps(lock, offset, end))
  }

  #conflict(open: Open, { offset, length }: LockRange, exclusive: boolean): boolean {
    const end = offset + length
    return this.#held.some(
      (lock) => (exclusive || (lock.exclusive && lock.open !== open)) && overlaps(lock, offset, end),
    )
  }

  /** To be called when locks have been given back: who waits gets what is free now, in order. */
  grantWaiting(): void {
    for (const waiting of this.#waiting) {
      if (this.isFull || !this.lock(waiting.open, waiting, waiting.exclusive)) continue
      this.#waiting.delete(waiting)
      waiting.granted()
    }
  }
}
