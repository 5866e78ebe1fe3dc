import type { FolderEvent } from './calls.ts'

/** A change that somebody made here: what the system will call it. */
export type OwnAction = Exclude<FolderEvent['action'], 'touched'>

/** How long an announced change may take to be reported by the system. */
const MAX_AGE_MS = 2000
const MAX_ANNOUNCED = 16_384

/**
 * Changes made through the backend, which the system reports like those of others. A change is in the system's queue
 * when its call returns: once the queue has been read to its end nothing is left of what was announced before.
 */
export class OwnChanges {
  readonly #announced = new Map<string, { count: number; untilMs: number }>()
  /** Files that another thread is at work on. */
  readonly #busy = new Map<string, number>()

  announce(action: OwnAction, path: readonly string[]): void {
    const untilMs = Date.now() + MAX_AGE_MS
    const key = keyOf(action, path)
    const known = this.#announced.get(key)
    if (known !== undefined) {
      known.count++
      known.untilMs = untilMs
      return
    }
    this.#announced.set(key, { count: 1, untilMs })
    if (this.#announced.size <= MAX_ANNOUNCED) return
    // The oldest first: the system has reported them long since.
    for (const old of this.#announced.keys()) {
      this.#announced.delete(old)
      return
    }
  }

  /** The file is modified by another thread until the answer is called. */
  begin(path: readonly string[]): () => void {
    const key = keyOf('modified', path)
    this.#busy.set(key, (this.#busy.get(key) ?? 0) + 1)
    return () => {
      const left = (this.#busy.get(key) ?? 1) - 1
      if (left === 0) this.#busy.delete(key)
      else this.#busy.set(key, left)
      this.announce('modified', path)
    }
  }

  /** Whether what the system reports is a change that was announced. */
  take(action: FolderEvent['action'], path: readonly string[]): boolean {
    const key = keyOf(action === 'touched' ? 'modified' : action, path)
    if (this.#busy.has(key)) return true
    const known = this.#announced.get(key)
    if (known === undefined) return false
    // Writes in many pieces are reported as often as the system likes; a change of names once.
    if (action !== 'modified' && action !== 'touched') known.count--
    const late = known.untilMs < Date.now()
    if (known.count === 0 || late) this.#announced.delete(key)
    return !late
  }

  /** All that the system had to report has been read. */
  settle(): void {
    this.#announced.clear()
  }

  clear(): void {
    this.#announced.clear()
    this.#busy.clear()
  }
}

const keyOf = (action: string, path: readonly string[]): string => `${action}/${path.join('/')}`
