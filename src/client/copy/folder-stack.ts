/**
 * Folders that are to be looked into, so many at a time, the ones found last first: what waits stays few in trees that
 * are deep, and in broad ones.
 */
export class FolderStack<T> {
  readonly #limit: number
  readonly #enter: (folder: T) => Promise<void>
  readonly #waiting: T[] = []
  #running = 0
  #onIdle: (() => void)[] = []

  /** `enter` does not fail. */
  constructor(limit: number, enter: (folder: T) => Promise<void>) {
    this.#limit = limit
    this.#enter = enter
  }

  push(folder: T): void {
    this.#waiting.push(folder)
    this.#next()
  }

  /** Until none is left. */
  async idle(): Promise<void> {
    while (this.#running > 0 || this.#waiting.length > 0)
      await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  #next(): void {
    while (this.#running < this.#limit) {
      const folder = this.#waiting.pop()
      if (folder === undefined) break
      this.#running++
      void this.#enter(folder).finally(() => {
        this.#running--
        this.#next()
        if (this.#running === 0 && this.#waiting.length === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
      })
    }
  }
}
