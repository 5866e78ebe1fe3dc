import type { Clock } from '../protocol/clock.ts'
import type { ClientLimits } from './limits.ts'

/** What the watch asks of its connection, and tells it. */
export interface SilenceEvents {
  /** The server owes an answer. */
  readonly isWaiting: () => boolean
  /** It answers ECHO: somebody has logged on. */
  readonly canProbe: () => boolean
  /** A sign of life is to be asked for. */
  readonly probe: () => void
  /** One more turn has passed in which the server has lived. */
  readonly turned: () => void
  /** Nothing was heard, and nothing more is waited for. */
  readonly silent: () => void
}

/** Looks for silence while somebody waits: MS-SMB2 3.2.6.1 leaves it to the client how. */
export class SilenceWatch {
  readonly #clock: Clock
  readonly #limits: Pick<ClientLimits, 'probeAfterMs' | 'silenceTimeoutMs'>
  readonly #events: SilenceEvents
  #heard = false
  #isProbing = false
  #stop: (() => void) | undefined
  #isEnded = false

  constructor(clock: Clock, limits: Pick<ClientLimits, 'probeAfterMs' | 'silenceTimeoutMs'>, events: SilenceEvents) {
    this.#clock = clock
    this.#limits = limits
    this.#events = events
  }

  heard(): void {
    this.#heard = true
  }

  /** Begins a turn, unless one is under way or nobody waits. */
  watch(): void {
    if (this.#stop !== undefined || this.#isEnded || !this.#events.isWaiting()) return
    this.#heard = false
    const { probeAfterMs, silenceTimeoutMs } = this.#limits
    const delayMs = this.#isLast ? silenceTimeoutMs : probeAfterMs
    this.#stop = this.#clock.after(delayMs, () => {
      this.#stop = undefined
      this.#turn()
    })
  }

  end(): void {
    this.#isEnded = true
    this.#stop?.()
    this.#stop = undefined
  }

  /** After silence in this turn there is no other. */
  get #isLast(): boolean {
    return this.#isProbing || !this.#events.canProbe()
  }

  #turn(): void {
    if (!this.#events.isWaiting()) {
      this.#isProbing = false
      return
    }
    if (!this.#heard && this.#isLast) {
      this.#events.silent()
      return
    }
    if (this.#heard) this.#isProbing = false
    else {
      this.#isProbing = true
      this.#events.probe()
    }
    this.#events.turned()
    this.watch()
  }
}
