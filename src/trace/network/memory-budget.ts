/** Most bytes of messages that are put together at a time, over all connections. */
export const maxHeadBytes = 64 * 1024 * 1024
/** Most bytes of segments that wait for what comes before them, over all connections. */
export const maxWaitingTotalBytes = 64 * 1024 * 1024

/** Memory that many share, so that what each may take need not be small. */
export class MemoryBudget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  /** False where there is not so much left: nothing is taken then. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#left += bytes
  }
}
