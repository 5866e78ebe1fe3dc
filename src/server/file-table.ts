import { sameName } from '../wire/fscc/index.ts'
import type { BackendPath } from './backend.ts'
import { ByteRangeLocks } from './byte-range-locks.ts'
import { LeasedDirectories } from './caching/leased-directories.ts'
import type { StreamCaching } from './caching/stream-caching.ts'
import type { Open } from './open.ts'
import { type Steps, wait } from './steps.ts'
import { WriteTime } from './write-time.ts'

/** What all opens of one stream have in common. */
export interface SharedStream {
  /** '' is the unnamed stream. Upper case. */
  key: string
  readonly locks: ByteRangeLocks
  /** Absent where nobody caches. */
  caching: StreamCaching | undefined
}

/** What all opens of one file have in common: keyed by the identity that the backend gives. */
export class SharedFile {
  readonly fileId: bigint
  readonly opens = new Set<Open>()
  readonly streams = new Map<string, SharedStream>()
  readonly writeTime = new WriteTime()
  readonly #table: FileTable
  #deletePending = false
  /** The parent lease key of the open that has marked it for deletion. */
  goesForKey: string | undefined
  /** Named streams that go when their last open does. Upper case. */
  readonly streamsToDelete = new Set<string>()

  constructor(fileId: bigint, table: FileTable) {
    this.fileId = fileId
    this.#table = table
  }

  /** The file goes when its last open does; nobody may open it any more. */
  get deletePending(): boolean {
    return this.#deletePending
  }

  /** The name goes when the last open does, because of `by`. Who watches a directory that goes is told so at once. */
  markForDeletion(by: Open): void {
    this.#deletePending = true
    this.goesForKey = by.parentLeaseKey
    this.#table.going.add(this)
    for (const open of this.opens) {
      open.watch?.cancelWaiting()
      open.stateChanged()
    }
  }

  /** It stays after all. */
  unmarkForDeletion(): void {
    this.#deletePending = false
    this.#table.going.delete(this)
    for (const open of this.opens) open.stateChanged()
  }

  /** A named stream goes when its last open does; or it stays after all. */
  markStream(key: string, goes: boolean): void {
    if (goes) this.streamsToDelete.add(key)
    else this.streamsToDelete.delete(key)
    for (const open of this.opens) open.stateChanged()
  }

  stream(key: string): SharedStream {
    let stream = this.streams.get(key)
    if (stream === undefined) {
      stream = { key, locks: new ByteRangeLocks(), caching: undefined }
      this.streams.set(key, stream)
    }
    return stream
  }

  hasOpen(stream: SharedStream): boolean {
    for (const open of this.opens) if (open.stream === stream) return true
    return false
  }

  /** Forgets a stream that nobody has open any more: one open of the file must not keep all that come and go. */
  forgetUnused(stream: SharedStream): void {
    if (this.hasOpen(stream)) return
    if (this.streams.get(stream.key) === stream) this.streams.delete(stream.key)
  }

  /** A stream has another name: what its opens have in common, and whether it goes, stays with it. */
  renameStream(stream: SharedStream, key: string): void {
    if (this.streamsToDelete.delete(stream.key)) this.streamsToDelete.add(key)
    this.streams.delete(stream.key)
    stream.key = key
    this.streams.set(key, stream)
    for (const open of this.opens) open.stateChanged()
  }
}

/** The files of a share that somebody has open. */
export class FileTable {
  readonly #files = new Map<bigint, SharedFile>()
  /** Those that are marked for deletion. */
  readonly going = new Set<SharedFile>()
  readonly leasedDirectories = new LeasedDirectories()
  /** Files that are being opened, and who waits to do so. */
  readonly #entered = new Map<bigint, (() => void)[]>()

  find(fileId: bigint): SharedFile | undefined {
    return this.#files.get(fileId)
  }

  /** Waits until nobody else is about to open this file; what is returned lets the next one in. */
  *enter(fileId: bigint): Steps<() => void> {
    for (let waiting = this.#entered.get(fileId); waiting !== undefined; waiting = this.#entered.get(fileId)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      yield* wait(promise)
    }
    const waiting: (() => void)[] = []
    this.#entered.set(fileId, waiting)
    return () => {
      this.#entered.delete(fileId)
      for (const goOn of waiting) goOn()
    }
  }

  add(open: Open): void {
    open.shared.opens.add(open)
    this.#files.set(open.shared.fileId, open.shared)
  }

  /** True if the directory at `path` is marked for deletion. */
  isGoing(path: BackendPath): boolean {
    for (const shared of this.going) {
      const [open] = shared.opens
      if (open?.file.isDirectory === true && open.path.length === path.length && isBelow(open.path, path)) return true
    }
    return false
  }

  /** Forgets a file that nobody has open any more. */
  forgetUnused(shared: SharedFile): void {
    if (shared.opens.size === 0) this.going.delete(shared)
    if (shared.opens.size === 0 && this.#files.get(shared.fileId) === shared) this.#files.delete(shared.fileId)
  }

  *opens(): Generator<Open> {
    for (const file of this.#files.values()) yield* file.opens
  }

  /** What is open below `path` (not `path` itself). */
  *opensBelow(path: BackendPath): Generator<Open> {
    for (const open of this.opens()) if (open.path.length > path.length && isBelow(open.path, path)) yield open
  }

  /** The opens of the directory at `path`. */
  *opensOfDirectory(path: BackendPath): Generator<Open> {
    for (const open of this.opens())
      if (open.file.isDirectory && open.path.length === path.length && isBelow(open.path, path)) yield open
  }

  /** A file or directory has a new path: so have the opens of it and below. */
  moved(from: BackendPath, to: BackendPath): void {
    for (const open of this.opens())
      if (open.path.length >= from.length && isBelow(open.path, from)) {
        open.path = [...to, ...open.path.slice(from.length)]
        open.stateChanged()
      }
    if (this.leasedDirectories.size > 0) this.leasedDirectories.moved()
  }

  get size(): number {
    return this.#files.size
  }
}

/** `ancestor` itself is below itself. The last component tells most paths apart, so it is looked at first. */
function isBelow(path: BackendPath, ancestor: BackendPath): boolean {
  for (let i = ancestor.length - 1; i >= 0; i--) if (!sameName(path[i] as string, ancestor[i] as string)) return false
  return true
}
