/** Runs tasks, so many at a time, the ones that came first first. Tasks do not fail. */
export class Pool {
  readonly #limit: number
  readonly #maxWaiting: number
  readonly #tasks: (() => Promise<void>)[] = []
  #running = 0
  #onRoom: (() => void)[] = []
  #onIdle: (() => void)[] = []

  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit
    this.#maxWaiting = maxWaiting
  }

  add(task: () => Promise<void>): void {
    this.#tasks.push(task)
    this.#next()
  }

  /** Until there are few that wait. */
  async room(): Promise<void> {
    while (this.#tasks.length >= this.#maxWaiting) await new Promise<void>((resolve) => this.#onRoom.push(resolve))
  }

  /** Until all have ended. */
  async idle(): Promise<void> {
    while (this.#running > 0 || this.#tasks.length > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  #next(): void {
    while (this.#running < this.#limit) {
      const task = this.#tasks.shift()
      if (task === undefined) return
      this.#running++
      void task().finally(() => {
        this.#running--
        this.#next()
        this.#wake()
      })
    }
  }

  #wake(): void {
    if (this.#tasks.length < this.#maxWaiting) for (const resolve of this.#onRoom.splice(0)) resolve()
    if (this.#running === 0 && this.#tasks.length === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}
