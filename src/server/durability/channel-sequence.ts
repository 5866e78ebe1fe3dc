/** Two 16-bit numbers: this far ahead is ahead, further is behind (MS-SMB2 3.3.5.2.10). */
const MOST_AHEAD = 0x7fff

/** In which order requests were counted in; to be given back when the request has its answer. */
export type Turn = number

/** The turn of a request that was not counted: its channel is one that the client has given up. */
export const NO_TURN: Turn = -1

/**
 * Tells requests of a channel that still lives from those of one that the client has given up (MS-SMB2 3.3.5.2.10). A
 * client whose channel fails counts up its sequence and sends again, marked as replays, what had no answer; what comes
 * in late on the old channel must then change nothing, and nothing is sent again while the first one is still at work.
 */
export class ChannelSequence {
  /** Open.ChannelSequence. */
  #sequence: number
  /** How often `#sequence` has moved: requests from before are those of an earlier turn. */
  #turn = 0
  /** Open.OutstandingRequestCount: requests of this turn that have no answer yet. */
  #outstanding = 0
  /** Open.OutstandingPreRequestCount: those of earlier ones. */
  #earlier = 0

  constructor(sequence: number) {
    this.#sequence = sequence
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Counts a request in. NO_TURN: it must not change anything. */
  enter(sequence: number, isReplay: boolean): Turn {
    const ahead = (sequence - this.#sequence) & 0xffff
    if (ahead > MOST_AHEAD) return NO_TURN
    if (ahead > 0) {
      this.#earlier += this.#outstanding
      this.#outstanding = 0
      this.#sequence = sequence
      this.#turn++
    }
    // What it repeats may still be at work.
    if (isReplay && this.#earlier > 0) return NO_TURN
    this.#outstanding++
    return this.#turn
  }

  /** The request has its answer. */
  leave(turn: Turn): void {
    if (turn === this.#turn) this.#outstanding--
    else if (turn !== NO_TURN) this.#earlier--
  }
}
