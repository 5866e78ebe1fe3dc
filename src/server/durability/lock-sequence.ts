/** Entries that a client can name: 1 to 64. 0 is for requests that are not to be recognized (MS-SMB2 2.2.26). */
const MAX_INDEX = 64

/**
 * Recognizes a LOCK request that was carried out before and is sent again because its answer was lost (MS-SMB2
 * 3.3.5.14, Open.LockSequenceArray).
 */
export class LockSequences {
  /** One more than the number of the last request that was carried out under an index; 0 for none. */
  readonly #entries: Uint8Array

  /** `entries`: as `entries` gave them. */
  constructor(entries?: Uint8Array) {
    this.#entries = new Uint8Array(MAX_INDEX + 1)
    if (entries !== undefined) this.#entries.set(entries.subarray(0, MAX_INDEX + 1))
  }

  /** To be kept; see the constructor. */
  get entries(): Uint8Array {
    return this.#entries
  }

  /** True if this request was carried out already. Another number forgets the one that was there. */
  wasDone(index: number, number: number): boolean {
    if (index === 0 || index > MAX_INDEX || this.#entries[index] === 0) return false
    if (this.#entries[index] === number + 1) return true
    this.#entries[index] = 0
    return false
  }

  done(index: number, number: number): void {
    if (index > 0 && index <= MAX_INDEX) this.#entries[index] = number + 1
  }
}
