/** Times by their size: how many lie where, in little memory. */

/** Steps a factor of two; the values of a step differ by a tenth. */
const STEPS_PER_OCTAVE = 8
const STEPS = 48 * STEPS_PER_OCTAVE

/** A histogram with steps that grow by a factor, from 1 ns to three days. */
export class Durations {
  count = 0
  sumNs = 0
  maxNs = 0
  readonly #steps = new Uint32Array(STEPS)

  add(ns: number): void {
    this.count++
    this.sumNs += ns
    if (ns > this.maxNs) this.maxNs = ns
    const step = ns <= 1 ? 0 : Math.min(STEPS - 1, Math.floor(Math.log2(ns) * STEPS_PER_OCTAVE))
    this.#steps[step] = (this.#steps[step] ?? 0) + 1
  }

  /** The time that a part of all is below, nanoseconds, to a tenth: 0.5 is the median. */
  quantile(part: number): number {
    const wanted = Math.max(1, Math.ceil(this.count * part))
    let seen = 0
    for (let step = 0; step < STEPS; step++) {
      seen += this.#steps[step] ?? 0
      if (seen >= wanted) return Math.min(this.maxNs, 2 ** ((step + 0.5) / STEPS_PER_OCTAVE))
    }
    return this.maxNs
  }
}
