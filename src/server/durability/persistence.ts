import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Command } from '../../wire/smb2/index.ts'
import { closeOpen } from '../close-open.ts'
import { Open } from '../open.ts'
import type { OpenStore } from '../open-store.ts'
import type { Reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'
import { encodeKeptOpen, keptOf } from './kept-open.ts'

/** What may change what is kept of an open. Reading and writing do not. */
const CHANGING: ReadonlySet<number> = new Set([
  Command.CREATE,
  Command.CLOSE,
  Command.LOCK,
  Command.SET_INFO,
  Command.IOCTL,
])

/** Keeps the state of persistent opens in step with what clients are told (MS-SMB2 3.3.1.10: Open.IsPersistent). */
export class Persistence {
  readonly store: OpenStore
  readonly #report: (error: unknown) => void
  /** Those whose state is not kept yet as it is; of those that have ended nothing is kept. */
  #unsaved = new Map<Open, 'changed' | 'ended'>()
  /** Takes together what changes in one go. */
  #next: Promise<void> | undefined
  #writing: Promise<void> | undefined

  constructor(store: OpenStore, report: (error: unknown) => void) {
    this.store = store
    this.#report = report
  }

  changed(open: Open): void {
    // What was kept last holds until it is closed for good.
    if (!open.closed) this.#note(open, 'changed')
  }

  /** It is closed, and what was to be deleted with it is. */
  ended(open: Open): void {
    this.#note(open, 'ended')
  }

  /** Settles when everything is kept as it is now; undefined if it is. Rejects if the store fails. */
  get pending(): Promise<void> | undefined {
    return this.#next ?? this.#writing
  }

  /** Serves a request; what it changes is kept before its answer goes out. */
  *serve(request: Request, steps: Steps<Reply | Failure>): Steps<Reply | Failure> {
    const answer = yield* steps
    const { pending } = this
    const isConcerned = request.maybeTree?.share?.options.continuouslyAvailable === true
    if (pending === undefined || !isConcerned || !CHANGING.has(request.command)) return answer
    try {
      yield* wait(pending)
      return answer
    } catch {
      // An open that could not be kept is none. What else was changed stays so; the next change keeps it too.
      const { open } = request.chain
      const isNew = request.command === Command.CREATE && !failed(answer) && open instanceof Open
      if (isNew && this.#unsaved.has(open)) yield* wait(closeOpen(open))
      return fail(NtStatus.INTERNAL_ERROR)
    }
  }

  #note(open: Open, what: 'changed' | 'ended'): void {
    this.#unsaved.set(open, what)
    if (this.#next !== undefined) return
    this.#next = this.#collect()
    this.#next.catch((error: unknown) => this.#report(error))
  }

  async #collect(): Promise<void> {
    await Promise.resolve()
    this.#next = undefined
    const writing = this.#write()
    this.#writing = writing
    try {
      await writing
    } finally {
      if (this.#writing === writing) this.#writing = undefined
    }
  }

  async #write(): Promise<void> {
    const unsaved = this.#unsaved
    this.#unsaved = new Map()
    const saving = [...unsaved].map(async ([open, what]) => {
      try {
        if (what === 'ended') await this.store.remove(open.id)
        else if (!open.closed) await this.store.save({ id: open.id, state: encodeKeptOpen(keptOf(open)) })
      } catch (error) {
        if (!this.#unsaved.has(open)) this.#unsaved.set(open, what)
        throw error
      }
    })
    await Promise.all(saving)
  }
}
