/** How much input is searched at a time. No match reaches over the end of a block. */
export const BLOCK_BYTES = 65_536
/** Shorter repetitions are not looked for. */
const MIN_MATCH_BYTES = 4
const HASH_BITS = 13
/** Spreads four bytes over the table: 2^32 by the golden ratio. */
const MULTIPLIER = 0x9e37_79b1
/** Farther back than any codec can refer to. */
const NOWHERE = -2 * BLOCK_BYTES
/** The longer nothing is found, the fewer places are tried: one more is left out for each 2^6 bytes. */
const SKIP_SHIFT = 6

/** What a codec's format allows. */
export interface MatchRules {
  /** Farthest reach back, in bytes; at most 65535. */
  readonly maxDistance: number
  /** No match begins within the last bytes of the input ... */
  readonly lastStartBytes: number
  /** ... and none reaches into the last of these. */
  readonly lastLiteralBytes: number
}

/**
 * Finds what has been there before: the first half of every codec of the LZ77 family. One table of the last place of
 * each four bytes, no chains; fast rather than thorough.
 */
export class MatchFinder {
  /** Three numbers for each match found: literal bytes before it, its length, its distance. */
  readonly matches = new Int32Array((BLOCK_BYTES / MIN_MATCH_BYTES) * 3)
  readonly #rules: MatchRules
  readonly #places = new Int32Array(1 << HASH_BITS)

  constructor(rules: MatchRules) {
    this.#rules = rules
  }

  /**
   * Fills `matches` with those of one block of `input`, which is at most BLOCK_BYTES long; the count of its numbers.
   * Blocks are searched in their order, matches reach back into those before; `view` is one of the whole input.
   */
  find(input: Uint8Array, view: DataView, from: number, to: number): number {
    if (from === 0) this.#places.fill(NOWHERE)
    const places = this.#places
    const matches = this.matches
    const { maxDistance, lastStartBytes, lastLiteralBytes } = this.#rules
    const lastStart = Math.min(to - MIN_MATCH_BYTES, input.length - lastStartBytes)
    const limit = Math.min(to, input.length - lastLiteralBytes)
    let count = 0
    let done = from
    let at = from
    while (at <= lastStart) {
      const word = view.getInt32(at, true)
      const slot = Math.imul(word, MULTIPLIER) >>> (32 - HASH_BITS)
      let place = places[slot] as number
      places[slot] = at
      if (at - place > maxDistance || view.getInt32(place, true) !== word) {
        at += 1 + ((at - done) >>> SKIP_SHIFT)
        continue
      }
      let end = at + MIN_MATCH_BYTES
      let like = place + MIN_MATCH_BYTES
      for (; end <= limit - 4 && view.getInt32(end, true) === view.getInt32(like, true); end += 4) like += 4
      for (; end < limit && input[end] === input[like]; end++) like++
      while (at > done && place > 0 && input[at - 1] === input[place - 1]) {
        at--
        place--
      }
      matches[count] = at - done
      matches[count + 1] = end - at
      matches[count + 2] = at - place
      count += 3
      done = end
      at = end
      // The end of a match often begins the next one.
      const near = end - 2
      if (near <= lastStart) places[Math.imul(view.getInt32(near, true), MULTIPLIER) >>> (32 - HASH_BITS)] = near
    }
    return count
  }
}
