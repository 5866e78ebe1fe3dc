import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { CreateOptions } from '../../wire/smb2/index.ts'
import { userOf } from '../evidence/names.ts'
import type { Observer, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

/** Most actions that are kept, and most files of which the last steps are remembered. */
const maxActions = 1000
export const maxSteps = 4096
/** Steps of one save follow each other sooner than this. */
const oneSaveNs = 60e9

/** What somebody did, as it is told by several requests together. */
export interface UserAction {
  /** Saved: written under another name, which then took the place of the old file. */
  readonly kind: 'saved' | 'renamed' | 'deleted'
  readonly user: string
  readonly path: string
  /** The new name. */
  readonly to: string | undefined
  /** The requests, in their order. */
  readonly frames: readonly number[]
}

interface Step {
  readonly frame: number
  readonly timeNs: number
}

/** Recognises what users did: programs save by writing a new file and renaming it over the old one. */
export class UserActions implements Observer {
  readonly actions: UserAction[] = []
  /** Files that were written, by what they were called then. */
  readonly #written = new Recent<string, Step>(maxSteps)
  /** Files that were renamed to make room: by the name that they had. */
  readonly #movedAway = new Recent<string, Step & { readonly to: string }>(maxSteps)
  /** What they were moved to, and what was saved in their place: to be deleted is the end of the save. */
  readonly #remains = new Recent<string, { readonly action: UserAction; readonly frames: number[] }>(maxSteps)

  transaction(transaction: Transaction): void {
    const { request, path, status, detail } = transaction
    if (request === undefined || path === undefined || status !== NtStatus.SUCCESS) return
    const step: Step = { frame: request.last.frame, timeNs: request.last.timeNs }
    const key = keyOf(transaction, path.value)
    if (detail.kind === 'write') this.#written.set(key, step)
    else if (detail.kind === 'set-info' && detail.newName !== undefined)
      this.#renamed(transaction, step, path.value, detail.newName)
    else if (detail.kind === 'set-info' && detail.deletePending === true) this.#deleted(transaction, step, path.value)
    else if (detail.kind === 'create' && (detail.options & CreateOptions.DELETE_ON_CLOSE) !== 0)
      this.#deleted(transaction, step, path.value)
  }

  #renamed(transaction: Transaction, step: Step, path: string, to: string): void {
    const source = keyOf(transaction, path)
    const target = keyOf(transaction, to)
    const written = this.#written.get(source)
    const moved = this.#movedAway.get(target)
    const isSave = written !== undefined && moved !== undefined && step.timeNs - moved.timeNs < oneSaveNs
    if (!isSave) {
      this.#movedAway.set(source, { ...step, to })
      this.#add({ kind: 'renamed', user: userOf(transaction.session), path, to, frames: [step.frame] })
      return
    }
    const frames = [written.frame, moved.frame, step.frame].toSorted((a, b) => a - b)
    const action: UserAction = { kind: 'saved', user: userOf(transaction.session), path: to, to: undefined, frames }
    // Making room was no rename of its own.
    const room = this.actions.findIndex((one) => one.kind === 'renamed' && one.frames[0] === moved.frame)
    if (room >= 0) this.actions.splice(room, 1)
    this.#written.delete(source)
    this.#movedAway.delete(target)
    this.#remains.set(keyOf(transaction, moved.to), { action, frames })
    this.#add(action)
  }

  #deleted(transaction: Transaction, step: Step, path: string): void {
    const key = keyOf(transaction, path)
    const remains = this.#remains.get(key)
    this.#remains.delete(key)
    if (remains !== undefined) remains.frames.push(step.frame)
    else this.#add({ kind: 'deleted', user: userOf(transaction.session), path, to: undefined, frames: [step.frame] })
  }

  #add(action: UserAction): void {
    if (this.actions.length < maxActions) this.actions.push(action)
  }
}

/** A file, by share and name; names are the same in either case. */
const keyOf = ({ tree, conversation }: Transaction, path: string): string =>
  `${conversation.server.address} ${tree?.path?.value ?? tree?.id ?? ''} ${path}`.toLowerCase()
