/**
 * Tells what other programs change in folders that somebody watches. The system reports every change, also those made
 * here: these are announced beforehand (`own`) and left out.
 */
import type { OutsideChange } from '../../server/backend.ts'
import { type DiskCalls, type FolderEvent, type FolderWatch, isErrno, type WatchReport } from './calls.ts'
import { Errno } from './errno.ts'
import { isHidden } from './names.ts'

/** Folders below a recursive watch are found in steps of so many, so that a large tree stops nothing else. */
const FOLDERS_A_STEP = 100
/** How long an announced change may take to be reported by the system. */
const OWN_CHANGE_MS = 2000
const MAX_OWN_CHANGES = 16_384

export type OwnAction = FolderEvent['action']
type Report = (change: OutsideChange) => void

/** A folder of the tree that is watched, or on the way to one. */
interface Folder {
  parent: Folder | undefined
  name: string
  readonly children: Map<string, Folder>
  /** The system's number of its watch. */
  watch: number | undefined
}

interface Subscription {
  readonly folder: Folder
  readonly recursive: boolean
  readonly report: Report
}

interface Moving {
  readonly folder: Folder
  readonly name: string
  readonly isDirectory: boolean
  readonly own: boolean
}

export class OutsideWatch {
  readonly #calls: DiskCalls
  readonly #hidden: string | undefined
  readonly #root: Folder = { parent: undefined, name: '', children: new Map(), watch: undefined }
  readonly #subscriptions = new Set<Subscription>()
  readonly #byWatch = new Map<number, Folder>()
  #system: FolderWatch | undefined
  /** Folders that are to be watched with all below them; `tell`: what is in them already is news. */
  #waiting: { readonly folder: Folder; readonly tell: boolean }[] = []
  #step: NodeJS.Immediate | undefined
  /** First halves of renames, by cookie. */
  readonly #moving = new Map<number, Moving>()
  /** Changes made here that the system will report. */
  readonly #own = new Map<string, { count: number; untilMs: number }>()
  /** What was reported as modified in this batch: a write in many pieces is one change. */
  readonly #modified = new Set<string>()

  /** `hidden`: an entry of the root of which nothing is told. */
  constructor(calls: DiskCalls, hidden: string | undefined) {
    this.#calls = calls
    this.#hidden = hidden
  }

  get active(): boolean {
    return this.#subscriptions.size > 0
  }

  subscribe(path: readonly string[], recursive: boolean, report: Report): () => void {
    this.#start()
    const subscription: Subscription = { folder: this.#folderAt(path), recursive, report }
    this.#subscriptions.add(subscription)
    if (!this.#watch(subscription.folder, recursive)) this.#lost(subscription)
    return () => {
      if (!this.#subscriptions.delete(subscription)) return
      if (this.active) this.#forgetUnneeded()
      else this.close()
    }
  }

  #start(): void {
    if (this.#system !== undefined || this.#calls.watch === undefined) return
    const report: WatchReport = {
      event: (watch, event) => this.#event(watch, event),
      gone: (watch) => this.#gone(watch),
      overflow: () => this.#subscriptions.forEach((subscription) => this.#lost(subscription)),
      drained: () => this.#drained(),
    }
    const system = this.#calls.watch(report)
    if (!isErrno(system)) this.#system = system
  }

  /** A change is about to be made, or was just made, through this backend. */
  own(action: OwnAction, path: readonly string[]): void {
    if (!this.active) return
    const untilMs = Date.now() + OWN_CHANGE_MS
    const key = keyOf(action, path)
    const known = this.#own.get(key)
    if (known !== undefined) {
      known.count++
      known.untilMs = untilMs
      return
    }
    this.#own.set(key, { count: 1, untilMs })
    if (this.#own.size <= MAX_OWN_CHANGES) return
    // The oldest first: the system has reported them long since.
    for (const old of this.#own.keys()) {
      this.#own.delete(old)
      return
    }
  }

  #isOwn(action: OwnAction, path: readonly string[]): boolean {
    const key = keyOf(action, path)
    const known = this.#own.get(key)
    if (known === undefined) return false
    // Writes in many pieces are reported as often as the system likes; a change of names once.
    if (action !== 'modified') known.count--
    const late = known.untilMs < Date.now()
    if (known.count === 0 || late) this.#own.delete(key)
    return !late
  }

  #folderAt(path: readonly string[]): Folder {
    let folder = this.#root
    for (const name of path) folder = childOf(folder, name)
    return folder
  }

  /** Starts to watch a folder; false if the system has no room for it. */
  #watch(folder: Folder, recursive: boolean, tell = false): boolean {
    const system = this.#system
    if (system === undefined) return false
    const descriptor = this.#calls.open(this.#calls.root, pathOf(folder), 'directory')
    // Gone, or not to be listed by us: nothing is to be told of it.
    if (descriptor < 0) return descriptor !== -Errno.EMFILE
    const watch = folder.watch ?? system.add(descriptor)
    if (watch >= 0) {
      folder.watch = watch
      this.#byWatch.set(watch, folder)
      if (tell) this.#tellEntries(folder, this.#calls.list(descriptor))
      if (recursive) this.#below(folder, this.#calls.listFolders(descriptor), tell)
    }
    this.#calls.close(descriptor)
    return watch >= 0
  }

  #tellEntries(folder: Folder, names: string[] | number): void {
    const path = pathOf(folder)
    for (const name of isErrno(names) ? [] : names)
      if (!this.#isHidden(folder, name)) this.#tell(folder, { action: 'added', path: [...path, name] })
  }

  #below(folder: Folder, names: string[] | number, tell: boolean): void {
    if (isErrno(names)) return
    for (const name of names)
      if (!this.#isHidden(folder, name)) this.#waiting.push({ folder: childOf(folder, name), tell })
    if (this.#waiting.length === 0 || this.#step !== undefined) return
    this.#step = setImmediate(() => this.#watchSome())
    this.#step.unref()
  }

  #isHidden(folder: Folder, name: string): boolean {
    return folder === this.#root && name === this.#hidden
  }

  #watchSome(): void {
    this.#step = undefined
    for (let i = 0; i < FOLDERS_A_STEP; i++) {
      const next = this.#waiting.pop()
      if (next === undefined) return
      const { folder, tell } = next
      if (folder.watch !== undefined || !this.#isNeeded(folder) || this.#watch(folder, true, tell)) continue
      for (const subscription of this.#subscriptions) if (covers(subscription, folder)) this.#lost(subscription)
      this.#waiting = []
      return
    }
    this.#step = setImmediate(() => this.#watchSome())
    this.#step.unref()
  }

  #isNeeded(folder: Folder): boolean {
    for (const subscription of this.#subscriptions) if (covers(subscription, folder)) return true
    return false
  }

  #forgetUnneeded(): void {
    for (const [watch, folder] of this.#byWatch) if (!this.#isNeeded(folder)) this.#unwatch(watch, folder)
  }

  #unwatch(watch: number, folder: Folder): void {
    this.#byWatch.delete(watch)
    folder.watch = undefined
    this.#system?.remove(watch)
  }

  #gone(watch: number): void {
    const folder = this.#byWatch.get(watch)
    if (folder !== undefined) folder.watch = undefined
    this.#byWatch.delete(watch)
  }

  #event(watch: number, { action, name, isDirectory, cookie }: FolderEvent): void {
    const folder = this.#byWatch.get(watch)
    if (folder === undefined || isHidden(name) || this.#isHidden(folder, name)) return
    const path = [...pathOf(folder), name]
    const own = this.#isOwn(action, path)
    switch (action) {
      case 'movedFrom':
        this.#moving.set(cookie, { folder, name, isDirectory, own })
        return
      case 'movedTo':
        this.#movedTo(folder, name, isDirectory, cookie, own)
        return
      case 'added':
        if (!own) this.#tell(folder, { action, path, isDirectory })
        if (isDirectory) this.#newFolder(folder, name, !own)
        return
      case 'removed':
        if (!own) this.#tell(folder, { action, path, isDirectory })
        if (isDirectory) this.#drop(folder, name)
        return
      case 'modified': {
        const key = keyOf(action, path)
        if (own || this.#modified.has(key)) return
        this.#modified.add(key)
        this.#tell(folder, { action, path, isDirectory })
      }
    }
  }

  #movedTo(folder: Folder, name: string, isDirectory: boolean, cookie: number, own: boolean): void {
    const path = [...pathOf(folder), name]
    const from = this.#moving.get(cookie)
    this.#moving.delete(cookie)
    if (from === undefined) {
      if (!own) this.#tell(folder, { action: 'added', path, isDirectory })
      if (isDirectory) this.#newFolder(folder, name, false)
      return
    }
    const oldPath = [...pathOf(from.folder), from.name]
    if (!own && from.folder === folder) {
      this.#tell(folder, { action: 'renamed', path: oldPath, newPath: path, isDirectory })
    } else if (!own) {
      this.#tell(from.folder, { action: 'removed', path: oldPath, isDirectory })
      this.#tell(folder, { action: 'added', path, isDirectory })
    }
    const moved = from.folder.children.get(from.name)
    if (!isDirectory || moved === undefined) return
    from.folder.children.delete(from.name)
    this.#drop(folder, name)
    moved.parent = folder
    moved.name = name
    folder.children.set(name, moved)
    if (this.#needsBelow(folder)) this.#below(folder, [name], false)
    else this.#forgetUnneeded()
  }

  /** All that was waiting is read: what moved away and came nowhere has left the tree. */
  #drained(): void {
    this.#modified.clear()
    for (const [cookie, { folder, name, isDirectory, own }] of this.#moving) {
      this.#moving.delete(cookie)
      if (!own) this.#tell(folder, { action: 'removed', path: [...pathOf(folder), name], isDirectory })
      if (isDirectory) this.#drop(folder, name)
    }
  }

  #needsBelow(folder: Folder): boolean {
    for (const one of this.#subscriptions) if (one.recursive && isBelow(folder, one.folder)) return true
    return false
  }

  /** A folder appeared: what was put into it before it is watched is told too. */
  #newFolder(parent: Folder, name: string, tell: boolean): void {
    if (!this.#needsBelow(parent)) return
    const folder = childOf(parent, name)
    if (this.#watch(folder, true, tell)) return
    for (const subscription of this.#subscriptions) if (covers(subscription, folder)) this.#lost(subscription)
  }

  #drop(parent: Folder, name: string): void {
    const folder = parent.children.get(name)
    if (folder === undefined) return
    parent.children.delete(name)
    const all = [folder]
    for (let next = all.pop(); next !== undefined; next = all.pop()) {
      if (next.watch !== undefined) this.#unwatch(next.watch, next)
      all.push(...next.children.values())
    }
  }

  #tell(folder: Folder, change: OutsideChange): void {
    for (const subscription of this.#subscriptions) if (covers(subscription, folder)) subscription.report(change)
  }

  #lost(subscription: Subscription): void {
    subscription.report({ action: 'lost', path: pathOf(subscription.folder), isDirectory: true })
  }

  close(): void {
    this.#subscriptions.clear()
    this.#system?.close()
    this.#system = undefined
    if (this.#step !== undefined) clearImmediate(this.#step)
    this.#step = undefined
    this.#waiting = []
    for (const table of [this.#byWatch, this.#moving, this.#own, this.#root.children]) table.clear()
    this.#root.watch = undefined
  }
}

const keyOf = (action: OwnAction, path: readonly string[]): string => `${action}/${path.join('/')}`

function childOf(parent: Folder, name: string): Folder {
  let child = parent.children.get(name)
  if (child === undefined) {
    child = { parent, name, children: new Map(), watch: undefined }
    parent.children.set(name, child)
  }
  return child
}

function pathOf(folder: Folder): string[] {
  const path: string[] = []
  for (let at = folder; at.parent !== undefined; at = at.parent) path.push(at.name)
  return path.toReversed()
}

function isBelow(folder: Folder, above: Folder): boolean {
  for (let at: Folder | undefined = folder; at !== undefined; at = at.parent) if (at === above) return true
  return false
}

function covers(subscription: Subscription, folder: Folder): boolean {
  return subscription.folder === folder || (subscription.recursive && isBelow(folder, subscription.folder))
}
