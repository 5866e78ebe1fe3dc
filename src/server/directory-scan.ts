import { AccessMask, FILE_GENERIC_READ } from '../wire/dtyp/index.ts'
import { type Failure, failed } from '../wire/erref/failure.ts'
import { type DirectoryEntryWriter, type FlatDirectoryEntry, nameExpression } from '../wire/fscc/index.ts'
import { maximalAccess } from './access-check.ts'
import type { DirectoryEntry, FileStat } from './backend.ts'
import { wireAttributes } from './file-information.ts'
import { asMacEntry, macDetails, macEntryWriter } from './mac/directory-entry.ts'
import { asStored } from './mac/names.ts'
import { shownFileId } from './mac/session.ts'
import type { Open } from './open.ts'
import { openByName } from './open-by-name.ts'
import { isComponent } from './path-name.ts'
import { flatPosix } from './posix/information.ts'
import { fromPosixName, toPosixName } from './posix/names.ts'
import { shortNameInListing, shortNameOf } from './short-name.ts'
import { type Steps, wait } from './steps.ts'

/** Bytes that an entry takes at the most beside its name: to guess how many to fetch. */
const ENTRY_ALIGNMENT = 8
const TYPICAL_NAME_UNITS = 16
const MAX_BATCH = 2048

/** What it takes to see an entry where listings go by access: all of reading. */
const TO_SEE = FILE_GENERIC_READ & ~AccessMask.SYNCHRONIZE

interface Listed extends DirectoryEntry {
  /** Its place in the listing, from 1. */
  readonly fileIndex: number
}

/**
 * The listing of a directory that a handle is in the midst of (MS-FSA 2.1.5.6.3). The names are those of the moment
 * when it began; each entry's details are those of the moment when it is sent, and what is gone by then is left out.
 */
export class DirectoryScan {
  readonly #open: Open
  readonly #names: readonly string[]
  #position = 0
  /** Entries that were fetched and did not fit. */
  #fetched: Listed[] = []
  /** Where the last written entry ends, without alignment. */
  #lastEnd = 0

  private constructor(open: Open, names: readonly string[]) {
    this.#open = open
    this.#names = names
  }

  /** Begins a listing of what matches `pattern`. */
  static *begin(open: Open, pattern: string): Steps<DirectoryScan | Failure> {
    const expression = nameExpression(pattern)
    // A name without wildcards is looked up, however many others there are beside it.
    if (expression.literal && pattern !== '.' && pattern !== '..') return yield* DirectoryScan.#single(open, pattern)
    const names = yield* wait(open.file.list())
    if (failed(names)) return names
    const all = ['.', '..', ...names]
    if (expression.all) return new DirectoryScan(open, all)
    const shown = (name: string): string => (open.isPosix ? toPosixName(name) : name)
    const hasShortNames = open.share.options.shortNames === true && !open.isPosix
    const matches = (name: string): boolean =>
      expression.matches(shown(name)) || (hasShortNames && expression.matches(shortNameOf(name)))
    return new DirectoryScan(open, all.filter(matches))
  }

  static *#single(open: Open, name: string): Steps<DirectoryScan | Failure> {
    // A pattern may have what no name has, and a backend is never asked for that.
    const own = open.isPosix ? fromPosixName(name) : isComponent(name) ? name : undefined
    if (own === undefined) return new DirectoryScan(open, [])
    const how = { disposition: 'open', read: false, write: false, caseSensitive: open.isPosix } as const
    const path = yield* asStored(open.session, open.share, [...open.path, own])
    const found = yield* openByName(open.share, path, how, open.server.clock.now())
    if (failed(found)) return new DirectoryScan(open, [])
    yield* wait(found.file.close())
    return new DirectoryScan(open, found.path.slice(-1))
  }

  /** Goes on behind the entry with this index (MS-SMB2 2.2.33: SMB2_INDEX_SPECIFIED). */
  resumeAfter(fileIndex: number): void {
    this.#position = Math.min(fileIndex, this.#names.length)
    this.#fetched = []
  }

  /**
   * Writes entries into `out` until it is full, the listing ends, or `limit` are written. Returns the bytes written: 0
   * at the end; `'too small'` when not even one entry fits. `deviceId` is for entries of the POSIX class.
   */
  *fill(
    out: DataView,
    writer: DirectoryEntryWriter,
    limit: number,
    deviceId?: number,
  ): Steps<number | 'too small' | Failure> {
    let at = 0
    let last = -1
    for (let count = 0; count < limit; count++) {
      if (this.#fetched.length === 0) {
        const more = yield* this.#fetch(Math.min(limit - count, guess(out.byteLength - at, writer)))
        if (failed(more)) return more
        if (this.#fetched.length === 0) break
      }
      const entry = this.#fetched[this.#fetched.length - 1] as Listed
      if (at + writer.measure(entry.name) > out.byteLength) {
        if (last < 0) return 'too small'
        break
      }
      this.#fetched.pop()
      if (last >= 0) out.setUint32(last, at - last, true)
      last = at
      const mac = writer === macEntryWriter ? yield* macDetails(this.#open, entry.name, entry.stat) : undefined
      const flat = this.#flatten(entry, deviceId)
      const end = at + writer.write(out, at, mac === undefined ? flat : asMacEntry(flat, mac))
      at = Math.min(out.byteLength, (end + ENTRY_ALIGNMENT - 1) & ~(ENTRY_ALIGNMENT - 1))
      for (let gap = end; gap < at; gap++) out.setUint8(gap, 0)
      if (limit === 1) return end
      this.#lastEnd = end
    }
    return last < 0 ? 0 : this.#lastEnd
  }

  #flatten(entry: Listed, deviceId: number | undefined): FlatDirectoryEntry {
    const flat = flatten(entry, this.#open)
    if (!this.#open.isPosix && deviceId === undefined) return flat
    const named = this.#open.isPosix ? { ...flat, fileName: toPosixName(flat.fileName) } : flat
    if (deviceId === undefined) return named
    // What is above the root is nobody's to know.
    const isOutside = entry.name === '..' && this.#open.path.length === 0
    return isOutside ? { ...named, fileId: 0n } : { ...named, posix: flatPosix(entry.stat, deviceId) }
  }

  /** Fetches the next entries, last first, so that taking one is cheap. */
  *#fetch(count: number): Steps<Failure | undefined> {
    while (this.#position < this.#names.length && this.#fetched.length === 0) {
      const first = this.#position
      const names = this.#names.slice(first, first + Math.max(1, count))
      this.#position += names.length
      const stats = yield* wait(this.#stat(names))
      if (failed(stats)) return stats
      const { files } = this.#open.share
      const hides = this.#open.share.options.accessBasedEnumeration === true
      for (let i = names.length - 1; i >= 0; i--) {
        const stat = stats[i]
        const name = names[i] as string
        if (stat === undefined || (hides && !(yield* this.#maySee(name)))) continue
        const shown = files.find(stat.fileId)?.writeTime.shown(stat) ?? stat
        this.#fetched.push({ name, stat: shown, fileIndex: first + i + 1 })
      }
    }
    return undefined
  }

  /** Whether its user may read an entry: asked of the entry alone, whatever the directory lets them do. */
  *#maySee(name: string): Steps<boolean> {
    if (name === '.' || name === '..') return true
    const { path, session, share, isPosix } = this.#open
    const how = { disposition: 'open', read: false, write: false, caseSensitive: isPosix } as const
    const found = yield* wait(share.backend.open([...path, name], how))
    if (failed(found)) return false
    const descriptor = yield* wait(found.file.securityDescriptor())
    yield* wait(found.file.close())
    return !failed(descriptor) && (maximalAccess(descriptor, session.identity) & TO_SEE) === TO_SEE
  }

  #stat(names: readonly string[]) {
    if (names[0] !== '.' && names[0] !== '..') return this.#open.file.statEntries(names)
    const own = this.#open.file.stat()
    const dots = names.filter((name) => name === '.' || name === '..').length
    const rest = names.length > dots ? this.#open.file.statEntries(names.slice(dots)) : []
    if (own instanceof Promise || rest instanceof Promise)
      return Promise.all([own, rest]).then(([stat, others]) => withDots(stat, dots, others))
    return withDots(own, dots, rest)
  }
}

function withDots(
  own: FileStat | Failure,
  dots: number,
  others: (FileStat | undefined)[] | Failure,
): (FileStat | undefined)[] | Failure {
  if (failed(own)) return own
  if (failed(others)) return others
  return [...Array.from({ length: dots }, () => own), ...others]
}

const guess = (room: number, writer: DirectoryEntryWriter): number =>
  Math.max(1, Math.min(MAX_BATCH, Math.ceil(room / (writer.fixedSize + TYPICAL_NAME_UNITS * 2))))

function flatten({ name, stat, fileIndex }: Listed, { session, share }: Open): FlatDirectoryEntry {
  return {
    fileIndex,
    creationTime: stat.creationTime,
    lastAccessTime: stat.lastAccessTime,
    lastWriteTime: stat.lastWriteTime,
    changeTime: stat.changeTime,
    endOfFile: stat.endOfFile,
    allocationSize: stat.allocationSize,
    fileAttributes: wireAttributes(stat),
    eaSize: stat.reparseTag === 0 ? stat.eaSize : stat.reparseTag,
    reparseTag: stat.reparseTag,
    fileId: shownFileId(session, stat.fileId),
    shortName: share.options.shortNames === true ? shortNameInListing(name) : '',
    fileName: name,
  }
}
