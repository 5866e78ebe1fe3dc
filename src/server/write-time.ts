import type { Filetime } from '../bytes/filetime.ts'
import type { Failure } from '../wire/erref/failure.ts'
import { failed } from '../wire/erref/failure.ts'
import type { FileStat } from './backend.ts'
import type { Open } from './open.ts'
import { type Steps, wait } from './steps.ts'

/** The first write of a file shows in its LastWriteTime after this. */
const FIRST_WRITE_SHOWS_AFTER_MS = 2000

/**
 * When the writes of a file show in its LastWriteTime, as Windows has it: the first one two seconds later, those after
 * it when a handle that wrote is closed; all of them at once when data is flushed or the end of file, a time or
 * attributes are set. Until then clients are told the time from before. docs/decisions/0008-write-time.md
 */
export class WriteTime {
  /** What clients are told instead of what the backend says. */
  #held: Filetime | undefined
  /** What the backend said when the file was last opened, if it still holds. */
  #known: Filetime | undefined
  #cancelTimer: (() => void) | undefined
  /** The first write has shown: those that follow wait for a close. */
  #firstHasShown = false

  /** What clients are told of a file. */
  shown(stat: FileStat): FileStat {
    return this.#held === undefined ? stat : { ...stat, lastWriteTime: this.#held }
  }

  /** Somebody has opened the file, and this is what the backend says of it. */
  opened(stat: FileStat): void {
    if (this.#held === undefined) this.#known = stat.lastWriteTime
  }

  /** To be called before data is written. */
  *beforeWrite(open: Open): Steps<Failure | void> {
    open.hasWritten = true
    // A client that keeps the time as it is sees to it itself.
    if (this.#held !== undefined || open.frozenLastWriteTime !== undefined) return
    if (this.#known === undefined) {
      const stat = yield* wait(open.file.stat())
      if (failed(stat)) return stat
      this.#known = stat.lastWriteTime
    }
    this.#held = this.#known
    if (this.#firstHasShown) return
    this.#cancelTimer = open.server.clock.after(FIRST_WRITE_SHOWS_AFTER_MS, () => this.release())
  }

  /** What was written shows from now on, with the time that the backend has. True if there was something. */
  release(): boolean {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#known = undefined
    if (this.#held === undefined) return false
    this.#held = undefined
    this.#firstHasShown = true
    return true
  }

  /** What was written shows from now on, as if written now: its data was flushed, or its end moved. */
  *show(open: Open): Steps<void> {
    if (!this.release()) return
    yield* wait(open.file.setStat({ lastWriteTime: open.server.clock.now() }))
  }

  /** A handle is about to be closed: what it wrote after the first write shows with the time of the close. */
  *beforeClose(open: Open): Steps<void> {
    if (!open.hasWritten) return
    open.hasWritten = false
    if (this.#cancelTimer !== undefined || this.#held === undefined) this.release()
    else yield* this.show(open)
    this.#firstHasShown = false
  }
}
