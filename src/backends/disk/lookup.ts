import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import { type DiskCalls, isErrno, type OpenKind, type RawStat } from './calls.ts'
import type { DirectoryCache } from './directory-cache.ts'
import { Errno, failErrno } from './errno.ts'
import { decodeName, endsUnseen, isHidden, storable, withSeenEnd } from './names.ts'
import { REPARSE } from './reparse-points.ts'

/** As many links may be followed for one path (as Linux itself has it). */
const MAX_LINKS = 40

/** A name in an open directory. Whoever gets one closes `parent`. */
export interface Place {
  readonly parent: number
  /** As stored, or as asked for where nothing is there. */
  readonly name: string
  /** From the root, in stored spelling. */
  readonly path: readonly string[]
  /** What has the name (perhaps a link); undefined if nothing has. */
  readonly stat: RawStat | undefined
}

/** Finds paths below the root: without regard to case, and never out of it. */
export class Lookup {
  readonly #calls: DiskCalls
  readonly #cache: DirectoryCache
  readonly #hidden: string | undefined

  /** `hidden`: an entry of the root that is never found and never shown. */
  constructor(calls: DiskCalls, cache: DirectoryCache, hidden: string | undefined) {
    this.#calls = calls
    this.#cache = cache
    this.#hidden = hidden === undefined ? undefined : upcase(hidden)
  }

  /** Whether an entry of a folder is one that nobody sees: the store, and in the root what was said to be hidden. */
  isHidden(inRoot: boolean, name: string): boolean {
    return (inRoot && this.#hidden !== undefined && upcase(name) === this.#hidden) || isHidden(name)
  }

  /** A path in names that come back as they are, which they are mostly; no path has the hidden store. */
  clean(asked: readonly string[]): readonly string[] | Failure {
    const path = asked.some(endsUnseen) ? asked.map(withSeenEnd) : asked
    for (let i = 0; i < path.length; i++) {
      const name = path[i] as string
      if (!storable(name)) return fail(NtStatus.OBJECT_NAME_INVALID)
      if (this.isHidden(i === 0, name)) {
        return fail(i === path.length - 1 ? NtStatus.OBJECT_NAME_NOT_FOUND : NtStatus.OBJECT_PATH_NOT_FOUND)
      }
    }
    return path
  }

  /** Where `path` (not the root) is or would be; `exact`: as it is spelled. */
  place(path: readonly string[], exact = false): Place | Failure {
    const parentPath = path.slice(0, -1)
    let stored: readonly string[] = parentPath
    let parent = this.#calls.foldsCase && parentPath.length > 0 ? -Errno.ENOENT : this.folder(parentPath)
    if (parent === -Errno.ENOENT && parentPath.length > 0 && !exact) {
      const found = this.#folderAnyCase(parentPath)
      if (failed(found)) return this.#stopped(parentPath) ?? found
      parent = found.descriptor
      stored = found.path
    }
    if (parent < 0) return this.#stopped(parentPath) ?? failPath(parent)
    const place = this.inFolder(parent, stored, path[path.length - 1] as string, exact)
    // Nothing is in a directory that is a reparse point: what is asked for is where that leads.
    const isStopped = !failed(place) && place.stat === undefined && this.#isReparsePoint(parent)
    if (failed(place) || isStopped) this.#calls.close(parent)
    return isStopped ? fail(NtStatus.STOPPED_ON_SYMLINK) : place
  }

  /** Whether a path ends early, at a reparse point: what is a link to a directory may well be a file here. */
  #stopped(path: readonly string[]): Failure | undefined {
    let stored: readonly string[] = []
    for (const name of path) {
      const folder = this.folder(stored)
      if (folder < 0) return undefined
      const place = this.inFolder(folder, stored, name)
      const found = !failed(place) && place.stat !== undefined
      const reparse = found ? this.#calls.attributes?.readAt(folder, place.name, REPARSE) : undefined
      this.#calls.close(folder)
      if (!found) return undefined
      if (reparse !== undefined && !isErrno(reparse)) return fail(NtStatus.STOPPED_ON_SYMLINK)
      stored = place.path
    }
    return undefined
  }

  #isReparsePoint(descriptor: number): boolean {
    const value = this.#calls.attributes?.read(descriptor, REPARSE)
    return value !== undefined && !isErrno(value)
  }

  /** `name` in an open folder, which becomes the place's. */
  inFolder(parent: number, parentPath: readonly string[], name: string, exact = false): Place | Failure {
    let stored = name
    let stat = this.#calls.statAt(parent, [name])
    if ((stat === -Errno.ENOENT && !exact) || this.#calls.foldsCase) {
      const found = this.#cache.find(parent, name)
      // A folder that may not be listed still gives the names that are spelled as stored.
      if (typeof found === 'string') {
        stored = found
        stat = this.#calls.statAt(parent, [found])
      }
    }
    if (isErrno(stat) && stat !== -Errno.ENOENT) return failErrno(stat)
    return { parent, name: stored, path: [...parentPath, stored], stat: isErrno(stat) ? undefined : stat }
  }

  /** Opens a folder by its stored path, to work below it. */
  folder(path: readonly string[]): number {
    return this.openBelow(path, 'folder')
  }

  /** Opens a stored path below the root, absolute links included where they lead below the root. */
  openBelow(path: readonly string[], kind: OpenKind): number {
    const opened = this.#calls.open(this.#calls.root, path, kind)
    if (opened !== -Errno.EXDEV && opened !== -Errno.ELOOP) return opened
    return this.openFollowed(path, kind)
  }

  /** Opens a stored path below the root, a link at its end followed too. */
  openFollowed(path: readonly string[], kind: OpenKind): number {
    const real = this.#followLinks(path)
    return typeof real === 'number' ? real : this.#calls.open(this.#calls.root, real, kind)
  }

  #folderAnyCase(path: readonly string[]): { descriptor: number; path: string[] } | Failure {
    let stored: string[] = []
    let folder = this.folder([])
    if (folder < 0) return failPath(folder)
    for (const name of path) {
      const place = this.inFolder(folder, stored, name)
      this.#calls.close(folder)
      if (failed(place)) return place
      if (place.stat === undefined) return fail(NtStatus.OBJECT_PATH_NOT_FOUND)
      stored = [...place.path]
      folder = this.folder(stored)
      if (folder < 0) return failPath(folder)
    }
    return { descriptor: folder, path: stored }
  }

  /**
   * Follows the links of a path one by one, since the kernel refuses absolute ones even where they lead below the root.
   * The path without links, or -EXDEV if it leads out, -ELOOP if it has no end.
   */
  #followLinks(path: readonly string[]): string[] | number {
    const calls = this.#calls
    let real: string[] = []
    const rest = path.toReversed()
    for (let links = 0; rest.length > 0; ) {
      const name = rest.pop() as string
      if (name === '' || name === '.') continue
      if (name === '..') {
        if (real.length === 0) return -Errno.EXDEV
        real.pop()
        continue
      }
      if (this.isHidden(real.length === 0, name)) return -Errno.ENOENT
      const parent = calls.open(calls.root, real, 'folder')
      if (parent < 0) return parent
      const target = calls.readLink(parent, name)
      calls.close(parent)
      if (isErrno(target)) {
        // Anything but a link is a step on the way, or the end of it; what is missing is found out when it is opened.
        real.push(name)
        continue
      }
      if (++links > MAX_LINKS) return -Errno.ELOOP
      let bytes = target
      if (bytes[0] === 0x2f) {
        const root = calls.rootPath()
        const below = bytes.length > root.length && bytes.subarray(0, root.length).equals(root)
        if (!below && !bytes.equals(root)) return -Errno.EXDEV
        if (bytes.length > root.length && bytes[root.length] !== 0x2f) return -Errno.EXDEV
        bytes = bytes.subarray(root.length)
        real = []
      }
      for (const step of components(bytes).toReversed()) rest.push(step)
    }
    return real
  }
}

/** The components of a path as stored, `.` and `..` among them as they are. */
function components(bytes: Buffer): string[] {
  const names: string[] = []
  for (let from = 0; from <= bytes.length; ) {
    let to = bytes.indexOf(0x2f, from)
    if (to < 0) to = bytes.length
    const text = bytes.toString('latin1', from, to)
    names.push(text === '' || text === '.' || text === '..' ? text : decodeName(bytes, from, to))
    from = to + 1
  }
  return names
}

/** The failure of a folder on the way: what is missing there is the path, what leads out is refused. */
export function failPath(errno: number): Failure {
  if (errno === -Errno.ENOENT || errno === -Errno.ENOTDIR) return fail(NtStatus.OBJECT_PATH_NOT_FOUND)
  return failOpen(errno)
}

/** The failure of an open: a link that leads out of the root is refused. */
export function failOpen(errno: number): Failure {
  return errno === -Errno.EXDEV ? fail(NtStatus.ACCESS_DENIED) : failErrno(errno)
}
