/**
 * Finds names without regard to case on a disk that tells case apart. For a directory in which a name was not found as
 * given, all names are read once and kept by their upper-case form, as long as the directory's own times have not moved;
 * changes made here are followed. So looking for a name, in vain too, costs one stat and not a listing.
 *
 * A kernel before 6.13 gives times in steps of a few milliseconds: a name that another program adds in the same step as
 * a change made here is then found as it is spelled, but in other cases only after the next change.
 */
import type { Filetime } from '../../bytes/filetime.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import { type DiskCalls, isErrno, type RawStat } from './calls.ts'

/** How many names are kept in all directories together, and in how many directories. */
const MAX_NAMES = 500_000
const MAX_DIRECTORIES = 2048

interface Known {
  writeTime: Filetime
  changeTime: Filetime
  /** Stored names by their upper-case form. */
  readonly names: Map<string, string>
  /** Two stored names have the same upper-case form: what is removed may uncover another. */
  readonly ambiguous: boolean
}

export class DirectoryCache {
  readonly #calls: DiskCalls
  /** By the directory's file id; the one used last is the last. */
  readonly #known = new Map<bigint, Known>()
  #count = 0

  constructor(calls: DiskCalls) {
    this.#calls = calls
  }

  /** The stored name that is `name` but for case, in the open directory; undefined if there is none. */
  find(directory: number, name: string): string | undefined | number {
    const stat = this.#calls.stat(directory)
    if (isErrno(stat)) return stat
    const known = this.#current(directory, stat)
    return isErrno(known) ? known : known.names.get(upcase(name))
  }

  #current(directory: number, stat: RawStat): Known | number {
    const known = this.#known.get(stat.fileId)
    if (known !== undefined) {
      this.#known.delete(stat.fileId)
      if (known.writeTime === stat.writeTime && known.changeTime === stat.changeTime) {
        this.#known.set(stat.fileId, known)
        return known
      }
      this.#count -= known.names.size
    }
    return this.#read(directory, stat)
  }

  #read(directory: number, stat: RawStat): Known | number {
    const listing = this.#calls.open(directory, [], 'directory')
    if (listing < 0) return listing
    const list = this.#calls.list(listing)
    this.#calls.close(listing)
    if (isErrno(list)) return list
    const names = new Map<string, string>()
    for (const name of list) {
      const upper = upcase(name)
      // Of two names that differ in case alone the first stays; the other is still found as it is spelled.
      if (!names.has(upper)) names.set(upper, name)
    }
    const ambiguous = names.size !== list.length
    const known = { writeTime: stat.writeTime, changeTime: stat.changeTime, names, ambiguous }
    this.#known.set(stat.fileId, known)
    this.#count += names.size
    this.#trim()
    return known
  }

  #trim(): void {
    for (const [id, known] of this.#known) {
      if ((this.#count <= MAX_NAMES && this.#known.size <= MAX_DIRECTORIES) || this.#known.size === 1) return
      this.#known.delete(id)
      this.#count -= known.names.size
    }
  }

  /** To be called after a change made here of the names in an open directory, with what was removed and added. */
  changed(directory: number, removed: string | undefined, added: string | undefined): void {
    if (this.#known.size === 0) return
    const stat = this.#calls.stat(directory)
    if (isErrno(stat)) return
    const { fileId, writeTime, changeTime } = stat
    const known = this.#known.get(fileId)
    if (known === undefined) return
    if (known.ambiguous) {
      this.#known.delete(fileId)
      this.#count -= known.names.size
      return
    }
    this.#count -= known.names.size
    if (removed !== undefined) known.names.delete(upcase(removed))
    if (added !== undefined) known.names.set(upcase(added), added)
    this.#count += known.names.size
    known.writeTime = writeTime
    known.changeTime = changeTime
  }
}
