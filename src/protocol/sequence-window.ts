/**
 * The message ids that a client may use (MS-SMB2 3.3.1.1, 3.3.5.2.3): each credit granted adds one id at the upper
 * end, each id can be used once, in any order. Kept as a ring of used flags between the lowest unused id and the
 * highest granted one, so memory is bounded by the credits, however far ids are skipped.
 */
export class SequenceWindow {
  /** Lowest id that was granted and not used. */
  #low = 0
  /** One past the highest id granted. */
  #high: number
  #used: Uint8Array
  #available: number
  readonly #maxSpan: number

  /** `maxCredits`: most credits at a time; ids that are skipped may stretch the window to twice that. */
  constructor(maxCredits: number, initialCredits = 1) {
    this.#maxSpan = maxCredits * 2
    this.#used = new Uint8Array(256)
    this.#high = initialCredits
    this.#available = initialCredits
  }

  /** Uses `charge` ids from `messageId` on. False when one of them is not to be had: the connection must end then. */
  consume(messageId: number, charge: number): boolean {
    const count = Math.max(1, charge)
    if (messageId < this.#low || messageId + count > this.#high) return false
    const mask = this.#used.length - 1
    for (let id = messageId; id < messageId + count; id++) if (this.#used[id & mask] === 1) return false
    for (let id = messageId; id < messageId + count; id++) this.#used[id & mask] = 1
    this.#available -= count
    while (this.#low < this.#high && this.#used[this.#low & mask] === 1) {
      this.#used[this.#low & mask] = 0
      this.#low++
    }
    return true
  }

  /** Ids granted and not used. */
  get available(): number {
    return this.#available
  }

  /** Widens the window by up to `count` ids; returns by how many. */
  grant(count: number): number {
    const granted = Math.max(0, Math.min(count, this.#maxSpan - (this.#high - this.#low)))
    const span = this.#high + granted - this.#low
    if (span > this.#used.length) this.#grow(span)
    this.#high += granted
    this.#available += granted
    return granted
  }

  #grow(span: number): void {
    let size = this.#used.length
    while (size < span) size *= 2
    const wider = new Uint8Array(size)
    for (let id = this.#low; id < this.#high; id++)
      wider[id & (size - 1)] = this.#used[id & (this.#used.length - 1)] as number
    this.#used = wider
  }
}
