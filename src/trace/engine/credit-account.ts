/** A client that waited for credits sends as soon as it has them; more than this later, it had no reason to. */
const atOnceNs = 1e6

/**
 * The credits that a client has: the leave to ask, which each request takes and each answer gives. A connection begins
 * with one. MS-SMB2 3.2.4.1.2, 3.2.5.1.4.
 */
export class CreditAccount {
  #balance = 1
  #spentNs = 0
  /** The last time that credits were granted, and what was there before. */
  #grantedNs = 0
  #before = 1

  /** What is left; undefined after something was not captured. */
  get left(): number | undefined {
    return Number.isNaN(this.#balance) ? undefined : this.#balance
  }

  /** Messages were not seen: nobody knows any more. */
  lose(): void {
    this.#balance = Number.NaN
  }

  /** A request is sent. Returns how long the client had too little for it, nanoseconds. */
  spend(charge: number, nowNs: number, roundTripNs: number): number | undefined {
    const wasShort = this.#before < charge && nowNs - this.#grantedNs <= roundTripNs + atOnceNs
    const waitNs = wasShort ? Math.max(0, this.#grantedNs - this.#spentNs) : 0
    this.#balance -= charge
    // More than there is cannot be spent: an answer was not captured.
    if (this.#balance < 0) this.lose()
    this.#spentNs = nowNs
    this.#before = this.#balance
    return this.left === undefined ? undefined : waitNs
  }

  /** `isAwaited`: what comes next waits for this answer anyway, whatever credits there are. */
  grant(credits: number, nowNs: number, isAwaited: boolean): void {
    if (credits === 0) return
    this.#before = this.#balance
    this.#grantedNs = nowNs
    this.#balance += credits
    if (isAwaited) this.#before = this.#balance
  }
}
