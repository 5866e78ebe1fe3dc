import type { Filetime } from '../../bytes/filetime.ts'
import type { Clock } from '../../protocol/clock.ts'
import { pathKey } from '../leases.ts'
import type { ClientLimits } from '../limits.ts'
import { parentOf } from '../paths.ts'
import type { Dirent } from '../stats.ts'
import type { Tree } from '../tree.ts'

const TICKS_PER_MS = 10_000n

/** What tells when something in a folder changes. */
export interface FolderWatch {
  /** It tells nothing any more. */
  readonly isOver: boolean
  /** Whether nobody has removed the folder, which is there for who has it open still. */
  isThere(): Promise<boolean>
  /** It goes on when something is changed from here, which it does not tell of: see `OpenRequest.parentKey`. */
  readonly staysForOwnChanges: boolean
  /** Ends it; where the connection is `lost` nobody is told. Resolves when the server has been told; does not fail. */
  end(isLost: boolean): Promise<void>
}

/** What is in one folder, for as long as the server would tell of a change. */
export interface KeptFolder {
  readonly path: string
  readonly name: string
  readonly watch: FolderWatch
  /** Undefined since something was changed from here. */
  entries: readonly Dirent[] | undefined
  since: Filetime
  /** When it was there. */
  seen: Filetime
  stopTimer: () => void
}

/** The folders of which it is known what is in them. */
export class KeptFolders {
  readonly #clock: Clock
  readonly #limits: ClientLimits
  /** The one that was used last comes last. */
  readonly #folders = new Map<string, KeptFolder>()
  #entries = 0
  /** Counts what was changed from here, in whichever folder. */
  version = 0

  constructor(clock: Clock, limits: ClientLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** `withFacts`: times and sizes, too, which no lease stands for. */
  async find(tree: Tree, name: string, withFacts: boolean): Promise<readonly Dirent[] | undefined> {
    const folder = this.#folders.get(pathKey(tree.name, name))
    if (folder?.entries === undefined || folder.name !== name) return undefined
    if (withFacts && !this.#isFresh(folder.since)) return undefined
    if (folder.watch.isOver) {
      void this.#end(folder)
      return undefined
    }
    if (!this.#isFresh(folder.seen)) {
      if (!(await folder.watch.isThere())) void this.#end(folder)
      // It may have changed meanwhile.
      if (this.#folders.get(folder.path) !== folder) return undefined
      folder.seen = this.#clock.now()
    }
    this.#folders.delete(folder.path)
    this.#folders.set(folder.path, folder)
    this.#start(folder)
    return folder.entries
  }

  #isFresh(time: Filetime): boolean {
    return this.#clock.now() - time < BigInt(this.#limits.metadataMs) * TICKS_PER_MS
  }

  #start(folder: KeptFolder): void {
    folder.stopTimer()
    folder.stopTimer = this.#clock.after(this.#limits.deferredCloseMs, () => void this.#end(folder))
  }

  /** The watch of a folder that is to be listed again, and may be kept as it is then. */
  watchOf(tree: Tree, name: string): FolderWatch | undefined {
    const folder = this.#folders.get(pathKey(tree.name, name))
    if (folder === undefined || folder.name !== name || folder.watch.isOver) return undefined
    return folder.watch.staysForOwnChanges ? folder.watch : undefined
  }

  keep(tree: Tree, name: string, entries: readonly Dirent[], watch: FolderWatch): void {
    const path = pathKey(tree.name, name)
    const before = this.#folders.get(path)
    if (before?.watch === watch) {
      this.#empty(before)
      before.stopTimer()
      this.#folders.delete(path)
    } else if (before !== undefined) void this.#end(before)
    const since = this.#clock.now()
    const folder = { path, name, watch, entries, since, seen: since, stopTimer: () => undefined }
    this.#folders.set(path, folder)
    this.#entries += entries.length
    this.#start(folder)
    const { maxCachedEntries, maxDeferredHandles } = this.#limits
    for (const oldest of this.#folders.values()) {
      if (this.#entries <= maxCachedEntries && this.#folders.size <= maxDeferredHandles) break
      void this.#end(oldest)
    }
  }

  /** What is at a name is different now, for who lists the folder that it is in. */
  changedWithin(tree: string, name: string): void {
    this.version++
    if (this.#folders.size === 0) return
    const folder = this.#folders.get(pathKey(tree, parentOf(name)))
    if (folder?.watch.staysForOwnChanges === true) this.#empty(folder)
    else if (folder !== undefined) void this.#end(folder)
  }

  #empty(folder: KeptFolder): void {
    this.#entries -= folder.entries?.length ?? 0
    folder.entries = undefined
  }

  /** What is in the folder at `path` (of `pathKey`) is different now. */
  changed(path: string): void {
    this.version++
    const folder = this.#folders.get(path)
    if (folder !== undefined) void this.#end(folder)
  }

  /** The folder at `path` is to go, or to be called something else: neither it nor one below it stands in the way. */
  async endAt(path: string): Promise<void> {
    const below = [...this.#folders.values()].filter((one) => one.path === path || one.path.startsWith(`${path}\\`))
    await Promise.all(below.map((folder) => this.#end(folder)))
  }

  async #end(folder: KeptFolder, isLost = false): Promise<void> {
    if (this.#folders.get(folder.path) !== folder) return
    this.#folders.delete(folder.path)
    this.#empty(folder)
    folder.stopTimer()
    await folder.watch.end(isLost)
  }

  /** `isLost`: the connection is gone. */
  clear(isLost: boolean): void {
    for (const folder of this.#folders.values()) void this.#end(folder, isLost)
  }
}
