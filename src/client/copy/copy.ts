import { BufferPool } from '../../protocol/buffer-pool.ts'
import type { CopyEntry, CopyOptions, CopyProgress, CopySummary, Place, SkipReason } from '../api/copy.ts'
import { UsageError } from '../errors.ts'
import { defaultClientLimits } from '../limits.ts'
import { diskSide } from './disk-side.ts'
import { FolderStack } from './folder-stack.ts'
import { localName, shareName } from './names.ts'
import { Pool } from './pool.ts'
import { Budget } from './pump.ts'
import { ShareSide } from './share-side.ts'
import type { Item, Listed, Side } from './side.ts'
import { copiedWithin, isPointless, type TransferContext, transferFile } from './transfer.ts'

/** What a copy may take: of the client's limits. */
export interface CopyLimits {
  readonly windowBytes: number
  readonly maxFilesAtOnce: number
  readonly maxSmallFileBytes: number
  readonly maxReadBytes: number
  readonly maxWriteBytes: number
  readonly maxLinks: number
}

/** All files of a copy together may have so many windows under way. */
const windowsAtOnce = 2
/** Folders that are listed at a time. */
const foldersAtOnce = 4
/** Files that have been found and wait for their turn, for each that is under way. */
const waitingPerJob = 4

/**
 * Copies a file, or a folder with all that is in it, between shares and the local disk. Fails with the first error, or,
 * with `continueOnError`, with one that every other file would meet.
 */
export function copy(
  from: Place,
  to: Place,
  options: CopyOptions = {},
  limits: CopyLimits = defaultClientLimits,
): Promise<CopySummary> {
  return new Copy(from, to, options, limits).run()
}

/** A folder on its way. */
interface Folder {
  readonly parent: Folder | undefined
  readonly item: Item
  readonly entry: CopyEntry
  readonly source: string
  readonly target: string
  /** Itself, until it is listed, and what was found in it and is not done. */
  pending: number
  /** Set when it is being made, which may be as late as when the first file is put into it. */
  made: Promise<Map<string, Listed>> | undefined
}

class Copy {
  readonly #from: Side
  readonly #to: Side
  readonly #places: { readonly source: string; readonly target: string }
  readonly #options: CopyOptions
  readonly #limits: CopyLimits
  readonly #ended = new AbortController()
  readonly #signal: AbortSignal
  readonly #files: Pool
  readonly #context: TransferContext
  readonly #folders: FolderStack<Folder>
  readonly #totals = { files: 0, directories: 0, bytes: 0, keptBytes: 0, skipped: 0, removed: 0 }
  readonly #failed: { path: string; error: unknown }[] = []
  readonly #others: { readonly entry: CopyEntry; readonly target: string }[] = []
  #fatal: { readonly error: unknown } | undefined

  constructor(from: Place, to: Place, options: CopyOptions, limits: CopyLimits) {
    this.#options = options
    this.#limits = limits
    this.#signal = this.#ended.signal
    this.#from = 'disk' in from ? diskSide : new ShareSide(from.share, this.#signal)
    this.#to = 'disk' in to ? diskSide : new ShareSide(to.share, this.#signal)
    this.#places = {
      source: 'disk' in from ? from.disk : from.path,
      target: this.#to.settled('disk' in to ? to.disk : to.path),
    }
    const jobs = Math.max(1, options.jobs ?? limits.maxFilesAtOnce)
    this.#files = new Pool(jobs, jobs * waitingPerJob)
    this.#folders = new FolderStack(foldersAtOnce, (folder) => this.#enter(folder))
    const pieceBytes = Math.min(limits.maxReadBytes, limits.maxWriteBytes, limits.windowBytes)
    const bytesAtOnce = limits.windowBytes * windowsAtOnce
    this.#context = {
      budget: new Budget(pieceBytes, bytesAtOnce),
      buffers: new BufferPool(bytesAtOnce),
      windowBytes: limits.windowBytes,
      maxWholeBytes: limits.maxSmallFileBytes,
      signal: this.#signal,
    }
  }

  async run(): Promise<CopySummary> {
    const { signal } = this.#options
    signal?.throwIfAborted()
    const follow = (): void => this.#ended.abort(signal?.reason)
    signal?.addEventListener('abort', follow, { once: true })
    try {
      return await this.#run()
    } finally {
      signal?.removeEventListener('abort', follow)
    }
  }

  async #run(): Promise<CopySummary> {
    const { source, target } = this.#places
    this.#checkInside()
    const item = await this.#from.item(source, this.#options.links !== 'copy')
    if (item === undefined) throw new UsageError('ENOENT', 'There is no file or folder of that name.', { path: source })
    const there = await this.#to.item(target, true)
    if (item.kind === 'directory') await this.#runFolder(item, there)
    else this.#found(undefined, entryOf('', item), item, source, target, there)
    await this.#folders.idle()
    this.#tell({ kind: 'counted' })
    await this.#files.idle()
    await this.#removeOthers()
    if (this.#fatal !== undefined) throw this.#fatal.error
    this.#options.signal?.throwIfAborted()
    return { ...this.#totals, failed: this.#failed }
  }

  async #runFolder(item: Item, there: Item | undefined): Promise<void> {
    const { source, target } = this.#places
    if (this.#options.recursive !== true)
      throw new UsageError('EISDIR', 'It is a folder, and only a file was to be copied.', { path: source })
    if (there !== undefined && there.kind !== 'directory')
      throw new UsageError('ENOTDIR', 'A folder cannot take the place of a file.', { path: target })
    this.#foundFolder(undefined, entryOf('', item), item, source, target)
  }

  /** Puts a folder in the row. */
  #foundFolder(parent: Folder | undefined, entry: CopyEntry, item: Item, source: string, target: string): void {
    const folder: Folder = { parent, item, entry, source, target, pending: 1, made: undefined }
    if (parent !== undefined) parent.pending++
    this.#tell({ kind: 'found', entry })
    this.#folders.push(folder)
  }

  /** Looks into a folder: its files go to those who carry them, its folders on the stack. */
  async #enter(folder: Folder): Promise<void> {
    try {
      this.#signal.throwIfAborted()
      if (this.#wanted(folder.entry) === true) await this.#targetOf(folder)
      const names = new Set<string>()
      for await (const { name, item } of this.#from.list(folder.source)) {
        this.#signal.throwIfAborted()
        await this.#listed(folder, name, item, names)
      }
      if (this.#options.removeOthers === true) await this.#noteOthers(folder, names)
    } catch (error) {
      this.#failedAt(folder.entry, error)
    }
    await this.#leave(folder)
  }

  async #listed(folder: Folder, name: string, listed: Item, names: Set<string>): Promise<void> {
    const path = folder.entry.path === '' ? name : `${folder.entry.path}/${name}`
    const source = this.#from.join(folder.source, name)
    let entry = entryOf(path, listed)
    try {
      const item = await this.#resolved(folder, source, listed)
      entry = entryOf(path, item)
      if (item.kind !== 'directory' && this.#wanted(entry) !== true) return this.#skipped(entry, 'filter')
      if (item.kind === 'directory' && this.#wanted(entry) === false) return this.#skipped(entry, 'filter')
      if (item.kind === 'other' || (item.kind === 'symlink' && this.#options.links === 'skip'))
        return this.#skipped(entry, 'kind')
      const target = this.#to.join(folder.target, this.#nameAt(name, names))
      if (item.kind === 'directory') return this.#foundFolder(folder, entry, item, source, target)
      folder.pending++
      await this.#files.room()
      this.#found(folder, entry, item, source, target)
    } catch (error) {
      this.#failedAt(entry, error)
    }
  }

  /** A link as what it leads to, where links are followed. */
  async #resolved(folder: Folder, source: string, item: Item): Promise<Item> {
    if (item.kind !== 'symlink' || (this.#options.links ?? 'follow') !== 'follow') return item
    const found = await this.#from.item(source, true)
    if (found === undefined) throw new UsageError('ENOENT', 'The link leads nowhere.', { path: source })
    if (found.kind === 'directory') this.#checkCircle(folder, source, found)
    return found
  }

  /** A link to a folder that it is itself in would never end. */
  #checkCircle(folder: Folder, source: string, found: Item): void {
    let depth = 0
    for (let above: Folder | undefined = folder; above !== undefined; above = above.parent) {
      const isSame = found.identity !== '' && above.item.identity === found.identity
      depth++
      if (isSame || (found.identity === '' && depth > this.#limits.maxLinks))
        throw new UsageError('ELOOP', 'The link leads to a folder that it is in itself.', { path: source })
    }
  }

  /** What it is called at the target. Two names that are one there, or that lead elsewhere, are refused. */
  #nameAt(name: string, names: Set<string>): string {
    const { kind: from } = this.#from
    const { kind: to } = this.#to
    const there = from === to ? { name } : to === 'disk' ? localName(name) : shareName(name)
    if ('problem' in there) throw new UsageError('EINVAL', `It cannot be copied: ${there.problem}.`, { path: name })
    const key = this.#to.key(there.name)
    if (names.has(key))
      throw new UsageError('EEXIST', 'The folder has another entry of that name, but for the case of letters.', {
        path: name,
      })
    names.add(key)
    return there.name
  }

  /** The folder at the target, made if need be, with what was in it before as far as that matters. */
  #targetOf(folder: Folder): Promise<Map<string, Listed>> {
    folder.made ??= this.#make(folder)
    return folder.made
  }

  async #make(folder: Folder): Promise<Map<string, Listed>> {
    if (folder.parent !== undefined) await this.#makeRoom(folder, await this.#targetOf(folder.parent))
    const there = new Map<string, Listed>()
    this.#totals.directories++
    if (this.#options.dryRun === true) {
      if ((await this.#to.item(folder.target, true))?.kind !== 'directory') return there
    } else if (await this.#to.makeFolder(folder.target, folder.parent === undefined)) return there
    const { existing = 'replace', removeOthers = false } = this.#options
    if (existing === 'replace' && !removeOthers) return there
    for await (const listed of this.#to.list(folder.target)) there.set(this.#to.key(listed.name), listed)
    return there
  }

  /** Where the target is to be as the source is, a folder takes the place of a file. */
  async #makeRoom(folder: Folder, siblings: ReadonlyMap<string, Listed>): Promise<void> {
    if (this.#options.removeOthers !== true || this.#options.dryRun === true) return
    const before = siblings.get(this.#to.key(this.#to.split(folder.target).name))
    if (before !== undefined && before.item.kind !== 'directory') await this.#to.remove(folder.target)
  }

  /** Takes a file into the row. `there`: what is at the target, where that is known already. */
  #found(folder: Folder | undefined, entry: CopyEntry, item: Item, source: string, target: string, there?: Item): void {
    this.#tell({ kind: 'found', entry })
    this.#files.add(async () => {
      try {
        this.#signal.throwIfAborted()
        const before = folder === undefined ? there : await this.#before(folder, target)
        const reason = this.#reasonToSkip(item, before, target)
        if (reason === undefined) await this.#carry(entry, item, source, target, before)
        else this.#skipped(entry, reason)
      } catch (error) {
        this.#failedAt(entry, error)
      }
      if (folder !== undefined) await this.#leave(folder)
    })
  }

  async #before(folder: Folder, target: string): Promise<Item | undefined> {
    return (await this.#targetOf(folder)).get(this.#to.key(this.#to.split(target).name))?.item
  }

  #reasonToSkip(item: Item, there: Item | undefined, target: string): SkipReason | undefined {
    if (there === undefined) return undefined
    if (there.kind === 'directory' && this.#options.removeOthers === true) return undefined
    if (there.kind === 'directory')
      throw new UsageError('EISDIR', 'A folder of that name is there, and a file cannot take its place.', {
        path: target,
      })
    const { existing = 'replace', timeWindowMs = 1 } = this.#options
    if (existing === 'error') throw new UsageError('EEXIST', 'There is already a file of that name.', { path: target })
    if (existing === 'skip') return 'exists'
    const newerBy = item.writeTime - there.writeTime
    const window = BigInt(Math.round(timeWindowMs * TICKS_PER_MS))
    const isAsOld = newerBy <= window && newerBy >= -window
    if (existing !== 'replace' && isAsOld && there.size === item.size) return 'same'
    return existing === 'older' && newerBy < -window ? 'exists' : undefined
  }

  async #carry(entry: CopyEntry, item: Item, source: string, target: string, there: Item | undefined): Promise<void> {
    if (this.#options.dryRun !== true) await this.#carryNow(entry, item, source, target, there)
    else this.#tell({ kind: 'bytes', entry, bytes: item.size, kept: false })
    this.#totals.files++
    if (item.kind === 'file') this.#totals.bytes += item.size
    this.#tell({ kind: 'done', entry })
  }

  async #carryNow(
    entry: CopyEntry,
    item: Item,
    source: string,
    target: string,
    there: Item | undefined,
  ): Promise<void> {
    if (item.kind === 'symlink') {
      if (there !== undefined) await this.#to.remove(target)
      const leadsTo = await this.#from.item(source, true)
      return this.#to.makeLink(await this.#from.readLink(source), target, leadsTo?.kind === 'directory')
    }
    const { preserve = true, resume = false } = this.#options
    // What is no file (a device, a pipe) is written to, and not replaced.
    const inPlace = this.#options.inPlace === true || there?.kind === 'other'
    if (there?.kind === 'directory') await this.#to.removeTree(target)
    const transfer = { from: this.#from, to: this.#to, source, target, item, preserve, resume, inPlace }
    const moved = (bytes: number, kept: boolean): void => {
      if (kept) this.#totals.keptBytes += bytes
      this.#tell({ kind: 'bytes', entry, bytes, kept })
    }
    if (!(await copiedWithin(transfer, this.#context, moved))) await transferFile(transfer, this.#context, moved)
  }

  /** A folder copied into itself would never end. */
  #checkInside(): void {
    const { source, target } = this.#places
    const isSame =
      this.#from instanceof ShareSide && this.#to instanceof ShareSide && this.#from.share === this.#to.share
    const inside = `${this.#to.key(target)}/`
    if (isSame && (source === '' || inside.startsWith(`${this.#to.key(source)}/`)))
      throw new UsageError('EINVAL', 'It cannot be copied to itself, or into itself.', { path: source })
  }

  /** Remembers what the folder at the target has that its source has not. */
  async #noteOthers(folder: Folder, names: ReadonlySet<string>): Promise<void> {
    if (this.#wanted(folder.entry) !== true && folder.made === undefined) return
    for (const [key, { name, item }] of await this.#targetOf(folder)) {
      const path = folder.entry.path === '' ? name : `${folder.entry.path}/${name}`
      const entry = entryOf(path, item)
      if (!names.has(key) && this.#wanted(entry) === true)
        this.#others.push({ entry, target: this.#to.join(folder.target, name) })
    }
  }

  /** Last of all: nothing is removed for whose sake something failed. */
  async #removeOthers(): Promise<void> {
    for (const { entry, target } of this.#others) {
      if (this.#fatal !== undefined || this.#signal.aborted || this.#failed.length > 0) return
      try {
        if (this.#options.dryRun !== true) await this.#to.removeTree(target)
        this.#totals.removed++
        this.#tell({ kind: 'removed', entry })
      } catch (error) {
        this.#failedAt(entry, error)
      }
    }
  }

  /** One thing less to wait for in this folder; after the last it gets its times, which what was put into it has changed. */
  async #leave(folder: Folder): Promise<void> {
    folder.pending--
    if (folder.pending > 0) return
    const { made, entry, parent } = folder
    const isMade = made !== undefined && (await made.then(yes, no))
    if (isMade && !this.#signal.aborted && this.#options.preserve !== false && this.#options.dryRun !== true) {
      // Whoever may not set the times of a folder has copied what is in it nevertheless.
      await this.#to.likeFolder(folder.target, folder.item).catch(() => undefined)
    }
    this.#tell({ kind: 'done', entry })
    if (parent !== undefined) await this.#leave(parent)
  }

  #wanted(entry: CopyEntry): boolean | 'contents' {
    if (entry.path === '') return true
    return this.#options.filter?.(entry) ?? true
  }

  #skipped(entry: CopyEntry, reason: SkipReason): void {
    this.#totals.skipped++
    this.#tell({ kind: 'skipped', entry, reason })
  }

  #failedAt(entry: CopyEntry, error: unknown): void {
    // What ends because the copy ends has not failed by itself.
    if (this.#fatal !== undefined || this.#signal.aborted) return
    if (this.#options.continueOnError === true && !isPointless(error)) {
      this.#failed.push({ path: entry.path, error })
      this.#tell({ kind: 'failed', entry, error, isFinal: false })
      return
    }
    this.#fatal = { error }
    this.#ended.abort()
    this.#tell({ kind: 'failed', entry, error, isFinal: true })
  }

  #tell(progress: CopyProgress): void {
    this.#options.onProgress?.(progress)
  }
}

const TICKS_PER_MS = 10_000
const yes = (): boolean => true
const no = (): boolean => false

function entryOf(path: string, { kind, size, writeTime, stats }: Item): CopyEntry {
  return { path, kind, size: kind === 'file' ? size : 0, writeTime, stats }
}
