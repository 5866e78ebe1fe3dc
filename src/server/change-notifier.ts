import { NotifyAction } from '../wire/fscc/index.ts'
import { upcase } from '../wire/fscc/upcase.ts'
import { CompletionFilter } from '../wire/smb2/index.ts'
import type { BackendPath, OutsideChange } from './backend.ts'
import { breakForData, breakForDirectory, breakForRemoval } from './caching/breaking.ts'
import type { Open } from './open.ts'

/** A change as a client is told of it: MS-FSCC 2.7.1. */
export interface ChangeRecord {
  readonly action: number
  /** Relative to the watched directory. */
  readonly fileName: string
}

/** What a watch has gathered: records, or that there were too many. */
export type Changes = readonly ChangeRecord[] | 'overflow'

/** Changes that a client has not fetched are kept up to this many bytes of names; then all it is told is to look anew. */
const MAX_GATHERED_BYTES = 64 * 1024
const RECORD_BYTES = 12

/** The watch of one directory handle: from the first CHANGE_NOTIFY on it gathers, also between requests. */
export class Watch {
  readonly open: Open
  readonly filter: number
  readonly recursive: boolean
  /** Bytes of the first request's buffer: what does not fit there is never told one by one (MS-FSA 2.1.5.11). */
  readonly room: number
  #records: ChangeRecord[] = []
  /** What was gathered last of each name. */
  readonly #lastAction = new Map<string, number>()
  #bytes = 0
  #overflowed = false
  #ready: (() => void)[] = []
  #scheduled = false
  readonly #end: (watch: Watch) => void
  /** Ends what the backend reports for this watch. */
  stopOutside: (() => void) | undefined

  constructor(open: Open, filter: number, recursive: boolean, room: number, end: (watch: Watch) => void) {
    this.open = open
    this.filter = filter
    this.recursive = recursive
    this.room = room
    this.#end = end
  }

  get hasChanges(): boolean {
    return this.#overflowed || this.#records.length > 0
  }

  add(record: ChangeRecord): void {
    // Twice modified is modified; the client looks once.
    const { action, fileName } = record
    const isModified = action === NotifyAction.MODIFIED || action === NotifyAction.MODIFIED_STREAM
    if (isModified && this.#lastAction.get(fileName) === action) return
    this.#lastAction.set(fileName, action)
    this.#bytes += RECORD_BYTES + record.fileName.length * 2
    if (this.#bytes > Math.min(MAX_GATHERED_BYTES, this.room)) this.overflow()
    else if (!this.#overflowed) this.#records.push(record)
    this.#tellSoon()
  }

  /** One command may make several changes (a rename makes two): they go out together. */
  #tellSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (this.hasChanges) this.#ready.shift()?.()
    })
  }

  /** There were changes that nobody can name: the client has to look for itself. */
  overflow(): void {
    this.#overflowed = true
    this.#records = []
    this.#lastAction.clear()
    this.#tellSoon()
  }

  /** Takes what there is. */
  take(): Changes {
    const changes: Changes = this.#overflowed ? 'overflow' : this.#records
    this.#records = []
    this.#lastAction.clear()
    this.#bytes = 0
    this.#overflowed = false
    return changes
  }

  /** Calls once when there are changes; requests are served in their order. What is returned forgets it. */
  whenReady(ready: () => void): () => void {
    this.#ready.push(ready)
    return () => {
      this.#ready = this.#ready.filter((other) => other !== ready)
    }
  }

  /** What waits ends now, without a change: the directory is about to go. */
  cancelWaiting(): void {
    for (const ready of this.#ready.splice(0)) ready()
  }

  end(): void {
    this.stopOutside?.()
    this.#end(this)
  }
}

/** Tells the watches of a share what has changed (MS-FSA 2.1.4.1). */
export class ChangeNotifier {
  readonly #watches = new Set<Watch>()

  watch(open: Open, filter: number, recursive: boolean, room: number): Watch {
    const { session } = open
    const watch = new Watch(open, filter, recursive, room, (ended) => {
      if (this.#watches.delete(ended)) session.watchCount--
    })
    this.#watches.add(watch)
    session.watchCount++
    watch.stopOutside = open.share.backend.watch?.(open.path, recursive, (change) => this.outside(watch, change))
    return watch
  }

  get watchCount(): number {
    return this.#watches.size
  }

  report(action: number, path: BackendPath, filter: number, suffix = ''): void {
    if (this.#watches.size === 0) return
    for (const watch of this.#watches) tell(watch, action, path, filter, suffix)
  }

  /** A stream has another name (MS-FSA 2.1.5.15.11.1). */
  streamRenamed(path: BackendPath, from: string | undefined, to: string | undefined): void {
    const { STREAM_NAME } = CompletionFilter
    this.report(NotifyAction.REMOVED_STREAM, path, STREAM_NAME, streamSuffix(from))
    this.report(NotifyAction.ADDED_STREAM, path, STREAM_NAME, streamSuffix(to))
  }

  linked(path: BackendPath): void {
    this.report(NotifyAction.ADDED, path, CompletionFilter.FILE_NAME)
  }

  renamed(from: BackendPath, to: BackendPath, isDirectory: boolean): void {
    if (this.#watches.size === 0) return
    const filter = nameFilter(isDirectory)
    const stays =
      from.length === to.length &&
      from.every((name, i) => i === from.length - 1 || upcase(name) === upcase(to[i] as string))
    this.report(stays ? NotifyAction.RENAMED_OLD_NAME : NotifyAction.REMOVED, from, filter)
    this.report(stays ? NotifyAction.RENAMED_NEW_NAME : NotifyAction.ADDED, to, filter)
  }

  /** A change that was made behind the server's back, as the backend reports it for one watch. */
  outside(watch: Watch, change: OutsideChange): void {
    // Where it is not known whether it was a file or a directory, who watches for either is told.
    const { isDirectory } = change
    const both = CompletionFilter.FILE_NAME | CompletionFilter.DIR_NAME
    const names = isDirectory === undefined ? both : nameFilter(isDirectory)
    const add = (action: number, path: BackendPath, filter: number): void => {
      if ((watch.filter & filter) !== 0) watch.add({ action, fileName: path.join('\\') })
    }
    switch (change.action) {
      case 'lost':
        return watch.overflow()
      case 'added':
        return add(NotifyAction.ADDED, change.path, names)
      case 'removed':
        return add(NotifyAction.REMOVED, change.path, names)
      case 'modified':
        return add(NotifyAction.MODIFIED, change.path, WRITTEN)
      case 'touched':
        return add(NotifyAction.MODIFIED, change.path, TOUCHED)
      case 'renamed':
        add(NotifyAction.RENAMED_OLD_NAME, change.path, names)
        return add(NotifyAction.RENAMED_NEW_NAME, change.newPath ?? change.path, names)
    }
  }
}

function tell(watch: Watch, action: number, path: BackendPath, filter: number, suffix = ''): void {
  if ((watch.filter & filter) === 0) return
  const relative = relativeTo(watch, path)
  if (relative !== undefined) watch.add({ action, fileName: relative + suffix })
}

function relativeTo(watch: Watch, path: BackendPath): string | undefined {
  const base = watch.open.path
  if (path.length <= base.length || (!watch.recursive && path.length !== base.length + 1)) return undefined
  for (let i = 0; i < base.length; i++) if (upcase(base[i] as string) !== upcase(path[i] as string)) return undefined
  return path.slice(base.length).join('\\')
}

const nameFilter = (isDirectory: boolean): number =>
  isDirectory ? CompletionFilter.DIR_NAME : CompletionFilter.FILE_NAME

const WRITTEN = CompletionFilter.SIZE | CompletionFilter.LAST_WRITE
/** What a place may mean that only tells that something about a file has changed. */
const TOUCHED =
  CompletionFilter.ATTRIBUTES |
  CompletionFilter.LAST_WRITE |
  CompletionFilter.LAST_ACCESS |
  CompletionFilter.CREATION |
  CompletionFilter.EA |
  CompletionFilter.SECURITY

const streamSuffix = (name = ''): string => `:${name}:$DATA`

/** `withFile`: where a stream was made, its file was made with it. */
export function reportCreated(open: Open, withFile: boolean): void {
  const { notifier } = open.share
  const isStream = open.file.stream !== undefined
  if (!isStream || withFile) breakForDirectory(open, open.path)
  if (!isStream || withFile) notifier.report(NotifyAction.ADDED, open.path, nameFilter(open.file.isDirectory))
  if (isStream)
    notifier.report(NotifyAction.ADDED_STREAM, open.path, CompletionFilter.STREAM_NAME, streamSuffix(open.file.stream))
}

export function reportRemoved(open: Open, onlyStream: boolean): void {
  if (!onlyStream) breakForRemoval(open)
  if (onlyStream && open.file.stream !== undefined)
    open.share.notifier.report(
      NotifyAction.REMOVED_STREAM,
      open.path,
      CompletionFilter.STREAM_NAME,
      streamSuffix(open.file.stream),
    )
  else open.share.notifier.report(NotifyAction.REMOVED, open.path, nameFilter(open.file.isDirectory))
}

/** What was done to a file, for those who watch for it. */
const MODIFICATIONS = {
  written: WRITTEN,
  overwritten: WRITTEN | CompletionFilter.ATTRIBUTES,
  resized: CompletionFilter.SIZE,
  attributes: CompletionFilter.ATTRIBUTES,
  creationTime: CompletionFilter.CREATION,
  /** Nobody watches for it. */
  changeTime: 0,
  lastAccessTime: CompletionFilter.LAST_ACCESS,
  lastWriteTime: CompletionFilter.LAST_WRITE,
  extendedAttributes: CompletionFilter.EA,
  security: CompletionFilter.SECURITY,
} as const
export type Modification = keyof typeof MODIFICATIONS

/** What concerns one stream, and what is told of it where that has a name. */
const STREAM_MODIFICATIONS: Partial<Record<Modification, number>> = {
  written: CompletionFilter.STREAM_WRITE | CompletionFilter.STREAM_SIZE,
  overwritten: CompletionFilter.STREAM_WRITE | CompletionFilter.STREAM_SIZE,
  resized: CompletionFilter.STREAM_SIZE,
}

/** The writes of one handle are told no more often than this, and once more when it closes. */
const BETWEEN_WRITES_100NS = 10_000_000n

export function reportModified(open: Open, ...what: readonly Modification[]): void {
  for (const name of what) tellWhoCaches(open, name)
  if (open.share.notifier.watchCount > 0) tellModified(open, ...what)
}

function tellModified(open: Open, ...what: readonly Modification[]): void {
  const { notifier } = open.share
  const { path, file } = open
  let filter = 0
  let streamFilter = 0
  for (const name of what) {
    const ofStream = file.stream === undefined ? undefined : STREAM_MODIFICATIONS[name]
    if (ofStream === undefined) filter |= MODIFICATIONS[name]
    else streamFilter |= ofStream
  }
  if (filter !== 0) notifier.report(NotifyAction.MODIFIED, path, filter)
  if (streamFilter !== 0) notifier.report(NotifyAction.MODIFIED_STREAM, path, streamFilter, streamSuffix(file.stream))
}

/** Something was written: one of perhaps many times. */
export function reportWritten(open: Open): void {
  tellWhoCaches(open, 'written')
  if (open.share.notifier.watchCount === 0) return
  const now = open.server.clock.now()
  if (now - open.toldWriteAt < BETWEEN_WRITES_100NS) {
    open.owesWrite = true
    return
  }
  open.toldWriteAt = now
  open.owesWrite = false
  tellModified(open, 'written')
}

/** What is to be told of a handle when it closes. */
export function reportClosing(open: Open): void {
  if (open.wasWritten) breakForDirectory(open, open.path)
  if (open.owesWrite) tellModified(open, 'written')
  // NTFS marks what was renamed for the archive, and tells so at the end.
  if (open.wasRenamed) tellModified(open, 'attributes')
}

/** Changes of the file itself, also by way of one of its streams. */
const ABOUT_FILE: ReadonlySet<Modification> = new Set([
  'attributes',
  'creationTime',
  'lastAccessTime',
  'lastWriteTime',
  'changeTime',
  'extendedAttributes',
])

/** Who caches the data is told at once; who caches the directory, of what is written, when the file is closed. */
function tellWhoCaches(open: Open, what: Modification): void {
  if (what === 'written' || what === 'resized') breakForData(open)
  const isMain = open.file.stream === undefined
  if (what === 'written') open.wasWritten ||= isMain
  else if (ABOUT_FILE.has(what) || (isMain && what !== 'security')) breakForDirectory(open, open.path)
}
