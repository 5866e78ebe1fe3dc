/**
 * Tells what other programs change in folders that somebody watches. The system reports every change, also those made
 * here: these are announced beforehand (`own`) and left out.
 */
import { type Filetime, filetimeFromDate } from '../../bytes/filetime.ts'
import type { OutsideChange } from '../../server/backend.ts'
import { type DiskCalls, type FolderEvent, type FolderWatch, isErrno, type WatchReport } from './calls.ts'
import { Errno } from './errno.ts'
import { isHidden } from './names.ts'
import { type OwnAction, OwnChanges } from './own-changes.ts'
import { type Subscription, WatchedFolder } from './watched-folder.ts'

/** Folders below a recursive watch are found in steps of so many, so that a large tree stops nothing else. */
const FOLDERS_A_STEP = 100

interface Moving {
  readonly folder: WatchedFolder
  readonly name: string
  readonly isDirectory: boolean
  readonly own: boolean
}

/** A folder that is to be watched with all below it. */
interface Found {
  readonly folder: WatchedFolder
  /** What is in it already is news. */
  readonly tell: boolean
  /** What has changed in it since then was not seen. */
  readonly since: Filetime
}

const NO_CHANGE = 0x7fff_ffff_ffff_ffffn

export class OutsideWatch {
  readonly #calls: DiskCalls
  readonly #hidden: string | undefined
  readonly #warn: (sentence: string) => void
  readonly #root = new WatchedFolder(undefined, '')
  /** A folder can be known by several paths: by way of a link, for one. */
  readonly #byWatch = new Map<number, Set<WatchedFolder>>()
  readonly #own = new OwnChanges()
  #subscriptionCount = 0
  #system: FolderWatch | undefined
  #waiting: Found[] = []
  /** Folders in which something was changed here before they were watched. */
  readonly #changedHere = new Set<string>()
  #step: NodeJS.Immediate | undefined
  /** First halves of renames, by cookie. */
  readonly #moving = new Map<number, Moving>()
  /** What was reported in this batch: a write in many pieces is one change, and an entry is new once. */
  readonly #told = new Set<string>()
  #hasWarned = false

  /** `hidden`: an entry of the root of which nothing is told. `warn` is told, once, when the system has no room. */
  constructor(calls: DiskCalls, hidden: string | undefined, warn: (sentence: string) => void) {
    this.#calls = calls
    this.#hidden = hidden
    this.#warn = warn
  }

  get active(): boolean {
    return this.#subscriptionCount > 0
  }

  subscribe(path: readonly string[], recursive: boolean, report: (change: OutsideChange) => void): () => void {
    this.#start()
    let folder = this.#root
    for (const name of path) folder = folder.child(name)
    const subscription: Subscription = { folder, recursive, report, isIncomplete: false }
    folder.subscriptions.add(subscription)
    this.#subscriptionCount++
    // The clock of the call counts milliseconds, that of the disk may be finer.
    const since = filetimeFromDate(new Date()) + 10_000n
    if (!this.#watch({ folder, tell: false, since: NO_CHANGE }, recursive, since)) this.#incomplete(folder)
    return () => {
      if (!folder.subscriptions.delete(subscription)) return
      this.#subscriptionCount--
      if (this.active) this.#forgetUnneeded(folder)
      else this.close()
    }
  }

  #start(): void {
    if (this.#system !== undefined || this.#calls.watch === undefined) return
    const report: WatchReport = {
      event: (watch, event) => this.#byWatch.get(watch)?.forEach((folder) => this.#event(folder, event)),
      gone: (watch) => this.#gone(watch),
      overflow: () => this.#overflow(),
      drained: () => this.#drained(),
    }
    const system = this.#calls.watch(report)
    if (!isErrno(system)) this.#system = system
  }

  /** A change is about to be made, or was just made, through this backend. */
  own(action: OwnAction, path: readonly string[]): void {
    if (!this.active) return
    this.#own.announce(action, path)
    if (this.#waiting.length > 0) this.#changedHere.add(path.slice(0, -1).join('/'))
  }

  /** Another thread modifies a file through this backend, until the answer is called. */
  ownWork(path: readonly string[]): () => void {
    return this.#own.begin(path)
  }

  /**
   * Starts to watch a folder; false if the system has no room for it. `below`: all in it as well, whose changes since
   * `belowSince` nobody has seen.
   */
  #watch({ folder, tell, since }: Found, below: boolean, belowSince = since): boolean {
    const system = this.#system
    if (system === undefined) return false
    const descriptor = this.#open(folder)
    // Gone, or not to be listed by us: nothing is to be told of it.
    if (descriptor < 0) return descriptor !== -Errno.EMFILE
    const watch = folder.watch ?? system.add(descriptor)
    if (watch >= 0) {
      folder.watch = watch
      const known = this.#byWatch.get(watch)
      if (known === undefined) this.#byWatch.set(watch, new Set([folder]))
      else known.add(folder)
      if (tell) this.#tellEntries(folder, this.#calls.list(descriptor))
      else if (this.#hasChanged(folder, descriptor, since)) this.#lost(folder)
      if (below) this.#below(folder, this.#calls.listFolders(descriptor), tell, belowSince)
    }
    this.#calls.close(descriptor)
    return watch >= 0
  }

  #open(folder: WatchedFolder): number {
    const { root } = this.#calls
    const descriptor = this.#calls.open(root, folder.path, 'directory')
    // Who watches a link watches the folder to which it leads.
    const mayBeLink = descriptor === -Errno.ENOTDIR || descriptor === -Errno.ELOOP
    if (!mayBeLink || folder.subscriptions.size === 0) return descriptor
    const target = this.#calls.open(root, folder.path, 'folder')
    if (target < 0) return target
    const opened = this.#calls.reopen(target, 'directory')
    this.#calls.close(target)
    return opened
  }

  #hasChanged(folder: WatchedFolder, descriptor: number, since: Filetime): boolean {
    if (since === NO_CHANGE || this.#changedHere.has(folder.path.join('/'))) return false
    const raw = this.#calls.stat(descriptor)
    // Anybody may set the one to a time to come; an entry that comes or goes moves both.
    return !isErrno(raw) && raw.writeTime > since && raw.changeTime > since
  }

  #tellEntries(folder: WatchedFolder, names: string[] | number): void {
    for (const name of isErrno(names) ? [] : names) {
      if (this.#isHidden(folder, name)) continue
      // The system tells of it, too, if it came after the watch.
      this.#isNews('added', [...folder.path, name])
      this.#tell(folder, name, { action: 'added' })
    }
  }

  #below(folder: WatchedFolder, names: string[] | number, tell: boolean, since: Filetime): void {
    if (isErrno(names)) return
    for (const name of names)
      if (!this.#isHidden(folder, name)) this.#waiting.push({ folder: folder.child(name), tell, since })
    if (this.#waiting.length === 0 || this.#step !== undefined) return
    this.#step = setImmediate(() => this.#watchSome())
    this.#step.unref()
  }

  #isHidden(folder: WatchedFolder, name: string): boolean {
    return isHidden(name) || (folder === this.#root && name === this.#hidden)
  }

  #watchSome(): void {
    this.#step = undefined
    for (let i = 0; i < FOLDERS_A_STEP; i++) {
      const next = this.#waiting.pop()
      if (next === undefined) {
        this.#changedHere.clear()
        return
      }
      const { folder } = next
      if (!folder.isBelowRecursive) folder.prune()
      else if (folder.watch === undefined || folder.subscriptions.size > 0) this.#watchFound(next)
    }
    this.#step = setImmediate(() => this.#watchSome())
    this.#step.unref()
  }

  #watchFound(found: Found): void {
    if (this.#watch(found, true)) return
    this.#incomplete(found.folder)
    // There is no room for the others either.
    this.#waiting = []
  }

  #incomplete(folder: WatchedFolder): void {
    for (const subscription of folder.subscribers()) {
      if (subscription.isIncomplete) continue
      subscription.isIncomplete = true
      subscription.report({ action: 'lost', path: [] })
    }
    if (this.#hasWarned || this.#calls.watch === undefined) return
    this.#hasWarned = true
    this.#warn(
      'The system watches no more folders (limits of inotify, or of open files): clients are not told of all that ' +
        'other programs change.',
    )
  }

  /** Nobody watches from `folder` on any more: what is not watched for another reason is let go. */
  #forgetUnneeded(folder: WatchedFolder): void {
    if (folder.isBelowRecursive) return
    for (const one of [...folder.all()].toReversed()) {
      if (one.watch !== undefined && !one.isNeeded) this.#unwatch(one.watch, one)
      one.prune()
    }
  }

  #unwatch(watch: number, folder: WatchedFolder): void {
    folder.watch = undefined
    const known = this.#byWatch.get(watch)
    known?.delete(folder)
    if (known === undefined || known.size > 0) return
    this.#byWatch.delete(watch)
    this.#system?.remove(watch)
  }

  #gone(watch: number): void {
    const known = this.#byWatch.get(watch) ?? []
    this.#byWatch.delete(watch)
    for (const folder of known) {
      folder.watch = undefined
      folder.prune()
    }
  }

  #event(folder: WatchedFolder, { action, name, isDirectory, cookie }: FolderEvent): void {
    if (this.#isHidden(folder, name)) return
    const path = [...folder.path, name]
    const own = this.#own.take(action, path)
    switch (action) {
      case 'movedFrom':
        this.#moving.set(cookie, { folder, name, isDirectory, own })
        return
      case 'movedTo':
        this.#movedTo(folder, name, isDirectory, cookie, own)
        return
      case 'added':
        if (!own && this.#isNews(action, path)) this.#tell(folder, name, { action, isDirectory })
        if (isDirectory) this.#newFolder(folder, name, !own)
        return
      case 'removed':
        this.#told.delete(keyOf('added', path))
        if (!own) this.#tell(folder, name, { action, isDirectory })
        if (isDirectory) this.#drop(folder, name)
        return
      default:
        if (!own && this.#isNews(action, path)) this.#tell(folder, name, { action, isDirectory })
    }
  }

  /** False for what was told in this batch already. */
  #isNews(action: string, path: readonly string[]): boolean {
    const key = keyOf(action, path)
    if (this.#told.has(key)) return false
    this.#told.add(key)
    return true
  }

  #movedTo(folder: WatchedFolder, name: string, isDirectory: boolean, cookie: number, own: boolean): void {
    const from = this.#moving.get(cookie)
    this.#moving.delete(cookie)
    if (from === undefined) {
      if (!own) this.#tell(folder, name, { action: 'added', isDirectory })
      if (isDirectory) this.#newFolder(folder, name, false)
      return
    }
    if (!own && from.folder === folder) {
      this.#tell(folder, from.name, { action: 'renamed', isDirectory }, name)
    } else if (!own) {
      this.#tell(from.folder, from.name, { action: 'removed', isDirectory })
      this.#tell(folder, name, { action: 'added', isDirectory })
    }
    const moved = from.folder.children.get(from.name)
    if (!isDirectory || moved === undefined) {
      if (isDirectory) this.#newFolder(folder, name, false)
      return
    }
    from.folder.children.delete(from.name)
    this.#drop(folder, name)
    moved.parent = folder
    moved.name = name
    folder.children.set(name, moved)
    if (folder.isBelowRecursive) this.#below(folder, [name], false, NO_CHANGE)
    else this.#forgetUnneeded(moved)
    from.folder.prune()
  }

  /** All that was waiting is read: what moved away and came nowhere has left the tree. */
  #drained(): void {
    this.#told.clear()
    this.#own.settle()
    for (const [cookie, { folder, name, isDirectory, own }] of this.#moving) {
      this.#moving.delete(cookie)
      if (!own) this.#tell(folder, name, { action: 'removed', isDirectory })
      if (isDirectory) this.#drop(folder, name)
    }
  }

  /** A folder appeared: what was put into it before it is watched is told too. */
  #newFolder(parent: WatchedFolder, name: string, tell: boolean): void {
    // One that somebody watched under this name before has come back.
    const known = parent.children.get(name)
    if (!parent.isBelowRecursive && known === undefined) return
    const folder = known ?? parent.child(name)
    const below = folder.isBelowRecursive
    if (folder.isNeeded && !this.#watch({ folder, tell, since: NO_CHANGE }, below)) this.#incomplete(folder)
  }

  /** A folder is gone, with all below it. Who watched one of them hears nothing more. */
  #drop(parent: WatchedFolder, name: string): void {
    const folder = parent.children.get(name)
    if (folder === undefined) return
    for (const one of [...folder.all()].toReversed()) {
      if (one.watch !== undefined) this.#unwatch(one.watch, one)
      one.prune()
    }
  }

  /** Tells those who watch `folder` what happened to an entry of it. */
  #tell(folder: WatchedFolder, name: string, change: Pick<OutsideChange, 'action' | 'isDirectory'>, to?: string): void {
    let above: string[] = []
    for (let at: WatchedFolder | undefined = folder; at !== undefined; at = at.parent) {
      for (const { recursive, report } of at.subscriptions)
        if (recursive || at === folder)
          report({ ...change, path: [...above, name], ...(to !== undefined && { newPath: [...above, to] }) })
      above = [at.name, ...above]
    }
  }

  /** Something happened in `folder` that nobody has seen. */
  #lost(folder: WatchedFolder): void {
    for (const { report } of folder.subscribers()) report({ action: 'lost', path: [] })
  }

  #overflow(): void {
    for (const { subscriptions } of this.#root.all())
      for (const { report } of subscriptions) report({ action: 'lost', path: [] })
  }

  close(): void {
    this.#system?.close()
    this.#system = undefined
    if (this.#step !== undefined) clearImmediate(this.#step)
    this.#step = undefined
    this.#waiting = []
    this.#subscriptionCount = 0
    for (const { subscriptions } of this.#root.all()) subscriptions.clear()
    for (const table of [this.#byWatch, this.#moving, this.#own, this.#told, this.#changedHere, this.#root.children])
      table.clear()
    this.#root.watch = undefined
  }
}

const keyOf = (action: string, path: readonly string[]): string => `${action}/${path.join('/')}`
