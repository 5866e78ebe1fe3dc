import { chmodSync, constants, ftruncateSync, openSync, readSync, statfsSync, writeSync } from 'node:fs'
import { release } from 'node:os'
import { type Filetime, unixNsFromFiletime } from '../../bytes/filetime.ts'
import { DirectoryEntryType, eachName } from '../../native/directory.ts'
import * as files from '../../native/files.ts'
import { InotifyEvent, inotify } from '../../native/inotify.ts'
import { type Libc, PATH_BYTES, Place, putAscii } from '../../native/libc.ts'
import * as xattr from '../../native/xattr.ts'
import {
  type AttributeCalls,
  type DiskCalls,
  type FolderEvent,
  type FolderWatch,
  isErrno,
  type NodeKind,
  type OpenKind,
  type RawStat,
  type Space,
  spaceOf,
  type WatchReport,
} from './calls.ts'
import { Errno, thrownErrno } from './errno.ts'
import { LinuxAttributes } from './linux-attributes.ts'
import { decodeName, encodeName, isHidden } from './names.ts'

/** Not to wait for a peer of a FIFO, and not to take over a terminal, should one stand there after all. */
const HARMLESS = constants.O_NONBLOCK | constants.O_NOCTTY
const OPEN_FLAGS: Readonly<Record<OpenKind, number>> = {
  node: files.O_PATH | constants.O_NOFOLLOW,
  folder: files.O_PATH | constants.O_DIRECTORY,
  directory: constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
  read: constants.O_RDONLY | constants.O_NOFOLLOW | HARMLESS,
  write: constants.O_WRONLY | constants.O_NOFOLLOW | HARMLESS,
  readWrite: constants.O_RDWR | constants.O_NOFOLLOW | HARMLESS,
}
const CREATE_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | HARMLESS
const REOPEN_NOT = constants.O_NOFOLLOW

const RESOLVE = files.RESOLVE_BENEATH | files.RESOLVE_NO_MAGICLINKS
/** openat2 answers EAGAIN when something was renamed while it looked at `..`. */
const MAX_RETRIES = 16

/** File systems whose calls wait for another machine or process: NFS, SMB, CIFS, FUSE, AFS, Ceph, 9p, OCFS2, GFS2. */
const SLOW_TYPES = new Set([
  0x6969, 0xfe534d42, 0xff534d42, 0x65735546, 0x5346414f, 0x00c36400, 0x01021997, 0x7461636f, 0x01161970,
])

/** File systems with fine-grained change times, since Linux 6.13: ext4, XFS, Btrfs, tmpfs. */
const EXACT_TYPES = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994])
const EXACT_SINCE = [6, 13] as const
/** File systems that do not tell case apart: FAT, exFAT, NTFS (both drivers), HFS+, HFS. */
const FOLDING_TYPES = new Set([0x4d44, 0x2011bab0, 0x5346544e, 0x7366746e, 0x482b, 0x4244])
const CLOSED = -1

/** Linux by its own system calls. */
export class LinuxCalls implements DiskCalls {
  /** Not a descriptor any more once closed: its number may be another file's by then. */
  root: number
  readonly limitations: readonly string[]
  readonly attributes?: AttributeCalls
  readonly sparse = true
  readonly slow: boolean
  readonly foldsCase: boolean
  readonly device: number
  readonly #libc: Libc
  /** The device whose inodes have their own numbers as ids: none where ids are salted. */
  readonly #plainDevice: number
  readonly #exactChangeTime: boolean
  #canReadCached: boolean

  /** Whether the kernel has what this is built on: `openat2` is there since Linux 5.6, and containers may forbid it. */
  static works(libc: Libc): boolean {
    putAscii(libc, Place.pathA, '.')
    const descriptor = files.openat2(libc, files.AT_FDCWD, files.O_PATH, 0, files.RESOLVE_NO_MAGICLINKS)
    if (descriptor >= 0) files.close(libc, descriptor)
    return descriptor >= 0
  }

  constructor(libc: Libc, path: string, idSalt = 0) {
    this.#libc = libc
    this.root = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
    const type = files.fileSystemType(libc, this.root)
    this.slow = SLOW_TYPES.has(type)
    this.foldsCase = FOLDING_TYPES.has(type)
    this.#exactChangeTime = EXACT_TYPES.has(type) && isSince(release(), EXACT_SINCE)
    this.#canReadCached = true
    files.statxOf(libc, this.root)
    this.device = files.Statx.device(libc)
    this.#plainDevice = idSalt === 0 ? this.device : this.device ^ idSalt
    const limitations: string[] = []
    const probe = xattr.fgetxattr(libc, this.root, 'user.smbkit.probe')
    if (probe !== -Errno.EOPNOTSUPP) {
      this.attributes = new LinuxAttributes(libc, this.root)
      if (!this.attributes.privileged) {
        limitations.push(
          'Security descriptors are kept as user.NTACL, since writing security.NTACL needs CAP_SYS_ADMIN.',
        )
      }
    } else {
      limitations.push(
        'The disk has no extended attributes: named streams, extended attributes and security descriptors are not ' +
          'kept, DOS attributes and creation times not beyond the end of the server.',
      )
    }
    this.limitations = limitations
  }

  open(directory: number, path: readonly string[], kind: OpenKind): number {
    if (!this.#put(path, Place.pathA))
      return this.#halfWay(directory, path, (folder, rest) => this.open(folder, rest, kind))
    return this.#open(directory, OPEN_FLAGS[kind], 0)
  }

  /** A path that is too long for one call is gone in two. */
  #halfWay<T>(
    directory: number,
    path: readonly string[],
    go: (folder: number, rest: readonly string[]) => T,
  ): T | number {
    const middle = path.length >>> 1
    if (middle === 0) return -Errno.ENAMETOOLONG
    const folder = this.open(directory, path.slice(0, middle), 'folder')
    if (folder < 0) return folder
    const result = go(folder, path.slice(middle))
    this.close(folder)
    return result
  }

  create(directory: number, name: string, mode: number): number {
    this.#putName(name, Place.pathA)
    return this.#open(directory, CREATE_FLAGS, mode)
  }

  #open(directory: number, flags: number, mode: number): number {
    for (let tries = 0; ; tries++) {
      const result = files.openat2(this.#libc, directory, flags, mode, RESOLVE)
      if ((result !== -Errno.EAGAIN && result !== -Errno.EINTR) || tries === MAX_RETRIES) return result
    }
  }

  close(descriptor: number): void {
    files.close(this.#libc, descriptor)
  }

  reopen(descriptor: number, kind: OpenKind): number {
    this.#putProc(descriptor)
    return files.openat2(this.#libc, files.AT_FDCWD, OPEN_FLAGS[kind] & ~REOPEN_NOT, 0, 0)
  }

  statAt(directory: number, path: readonly string[]): RawStat | number {
    if (!this.#put(path, Place.pathA))
      return this.#halfWay(directory, path, (folder, rest) => this.statAt(folder, rest))
    const result = files.statxAt(this.#libc, directory)
    return result < 0 ? result : this.#rawStat()
  }

  stat(descriptor: number): RawStat | number {
    const result = files.statxOf(this.#libc, descriptor)
    return result < 0 ? result : this.#rawStat()
  }

  list(descriptor: number): string[] | number {
    const names: string[] = []
    const { buffer } = this.#libc
    const result = eachName(this.#libc, descriptor, (from, to) => {
      const name = decodeName(buffer, from, to)
      if (!isHidden(name)) names.push(name)
    })
    return result < 0 ? result : names
  }

  listFolders(descriptor: number): string[] | number {
    const names: string[] = []
    const unsure: string[] = []
    const { buffer } = this.#libc
    const result = eachName(this.#libc, descriptor, (from, to, type) => {
      if (type !== DirectoryEntryType.DIRECTORY && type !== DirectoryEntryType.UNKNOWN) return
      const name = decodeName(buffer, from, to)
      if (!isHidden(name)) (type === DirectoryEntryType.DIRECTORY ? names : unsure).push(name)
    })
    if (result < 0) return result
    for (const name of unsure) {
      const raw = this.statAt(descriptor, [name])
      if (!isErrno(raw) && raw.kind === 'directory') names.push(name)
    }
    return names
  }

  makeDirectory(directory: number, name: string, mode: number): number {
    this.#putName(name, Place.pathA)
    return files.mkdirat(this.#libc, directory, mode)
  }

  removeAt(directory: number, name: string, isDirectory: boolean): number {
    this.#putName(name, Place.pathA)
    return files.unlinkat(this.#libc, directory, isDirectory ? files.AT_REMOVEDIR : 0)
  }

  rename(from: number, fromName: string, to: number, toName: string, replace: boolean): number {
    this.#putName(fromName, Place.pathA)
    this.#putName(toName, Place.pathB)
    const result = files.renameat2(this.#libc, from, to, replace ? 0 : files.RENAME_NOREPLACE)
    // File systems without RENAME_NOREPLACE say EINVAL, and so does a directory moved below itself: the look, then
    // the plain rename tells the two apart.
    if (result !== -Errno.EINVAL || replace) return result
    this.#putName(toName, Place.pathA)
    if (files.statxAt(this.#libc, to) >= 0) return -Errno.EEXIST
    this.#putName(fromName, Place.pathA)
    return files.renameat2(this.#libc, from, to, 0)
  }

  link(descriptor: number, to: number, toName: string): number {
    this.#putProc(descriptor)
    this.#putName(toName, Place.pathB)
    return files.linkat(this.#libc, files.AT_FDCWD, to, files.AT_SYMLINK_FOLLOW)
  }

  readLink(directory: number, name: string): Buffer | number {
    this.#putName(name, Place.pathA)
    const target = files.readlinkat(this.#libc, directory)
    return isErrno(target) ? target : Buffer.from(target)
  }

  currentPath(descriptor: number): string[] | undefined {
    const root = this.rootPath()
    const at = this.#procTarget(descriptor)
    if (at === undefined || !at.subarray(0, root.length).equals(root)) return undefined
    if (at.length === root.length) return []
    if (at[root.length] !== 0x2f) return undefined
    return splitPath(at.subarray(root.length + 1))
  }

  rootPath(): Buffer {
    const path = this.#procTarget(this.root)
    return path === undefined || path.equals(SLASH) ? Buffer.alloc(0) : path
  }

  setTimes(descriptor: number, access: Filetime | undefined, write: Filetime | undefined): number {
    const accessNs = access === undefined ? undefined : unixNsFromFiletime(access)
    const writeNs = write === undefined ? undefined : unixNsFromFiletime(write)
    const result = files.futimens(this.#libc, descriptor, accessNs, writeNs)
    if (result !== -Errno.EBADF) return result
    this.#putProc(descriptor)
    return files.utimensat(this.#libc, accessNs, writeNs)
  }

  setMode(descriptor: number, mode: number): number {
    try {
      chmodSync(`/proc/self/fd/${descriptor}`, mode)
      return 0
    } catch (error) {
      return thrownErrno(error)
    }
  }

  readNow(descriptor: number, into: Uint8Array, offset: number): number {
    if (into.length === 0) return 0
    if (!this.#canReadCached) return this.slow ? -Errno.EAGAIN : this.readSync(descriptor, into, offset)
    const length = files.readCached(this.#libc, descriptor, into, offset)
    if (length === -Errno.EOPNOTSUPP || length === -Errno.ENOSYS) {
      this.#canReadCached = false
      return this.readNow(descriptor, into, offset)
    }
    if (length <= 0 || length === into.length) return length
    // A short answer is the end of the file, or the end of what the cache has.
    const more = files.readCached(this.#libc, descriptor, into.subarray(length), offset + length)
    if (more === 0) return length
    return more > 0 && length + more === into.length ? into.length : -Errno.EAGAIN
  }

  readSync(descriptor: number, into: Uint8Array, offset: number): number {
    try {
      return readSync(descriptor, into, 0, into.length, offset)
    } catch (error) {
      return thrownErrno(error)
    }
  }

  writeNow(descriptor: number, data: Uint8Array, offset: number): number {
    try {
      return writeSync(descriptor, data, 0, data.length, offset)
    } catch (error) {
      return thrownErrno(error)
    }
  }

  truncate(descriptor: number, size: number): number {
    try {
      ftruncateSync(descriptor, size)
      return 0
    } catch (error) {
      return thrownErrno(error)
    }
  }

  reserve(descriptor: number, offset: number, length: number): number {
    return files.fallocate(this.#libc, descriptor, files.FALLOC_KEEP_SIZE, offset, length)
  }

  punch(descriptor: number, offset: number, length: number): number {
    const mode = files.FALLOC_KEEP_SIZE | files.FALLOC_PUNCH_HOLE
    return files.fallocate(this.#libc, descriptor, mode, offset, length)
  }

  clone(from: number, fromOffset: number, length: number, to: number, toOffset: number): number {
    return files.cloneRange(this.#libc, from, fromOffset, length, to, toOffset)
  }

  setCompressed(descriptor: number, compressed: boolean): number {
    return files.setCompressed(this.#libc, descriptor, compressed)
  }

  seekData(descriptor: number, offset: number): number {
    return files.seek(this.#libc, descriptor, offset, files.SEEK_DATA)
  }

  seekHole(descriptor: number, offset: number): number {
    return files.seek(this.#libc, descriptor, offset, files.SEEK_HOLE)
  }

  space(): Space {
    return spaceOf(statfsSync(`/proc/self/fd/${this.root}`))
  }

  descend(directory: number, idSalt: number): DiskCalls {
    return new LinuxCalls(this.#libc, `/proc/self/fd/${directory}`, idSalt)
  }

  end(): void {
    this.close(this.root)
    this.root = CLOSED
  }

  watch = (report: WatchReport): FolderWatch | number => {
    const { buffer } = this.#libc
    return inotify(
      this.#libc,
      (watch, mask, cookie, bytes) => {
        if ((mask & InotifyEvent.Q_OVERFLOW) !== 0) {
          report.overflow()
          return
        }
        if ((mask & InotifyEvent.IGNORED) !== 0) {
          report.gone(watch)
          return
        }
        const action = actionOf(mask)
        if (action === undefined || bytes.length === 0) return
        bytes.forEach((byte, i) => {
          buffer[Place.value + i] = byte
        })
        const name = decodeName(buffer, Place.value, Place.value + bytes.length)
        report.event(watch, { action, name, isDirectory: (mask & InotifyEvent.ISDIR) !== 0, cookie })
      },
      () => report.drained(),
    )
  }

  #put(path: readonly string[], place: number): boolean {
    const { bytes } = this.#libc
    let at = place
    const end = place + PATH_BYTES
    for (let i = 0; i < path.length; i++) {
      const name = path[i] as string
      if (i > 0) bytes[at++] = 0x2f
      if (at + name.length * 3 >= end + 1024) return false
      at = encodeName(name, bytes, at)
      if (at >= end) return false
    }
    if (at === place) bytes[at++] = 0x2e
    bytes[at] = 0
    return true
  }

  #putName(name: string, place: number): void {
    const { bytes } = this.#libc
    bytes[encodeName(name, bytes, place)] = 0
  }

  #putProc(descriptor: number): void {
    const { buffer, bytes } = this.#libc
    const path = `/proc/self/fd/${descriptor}`
    bytes[Place.pathA + buffer.write(path, Place.pathA, 'latin1')] = 0
  }

  #procTarget(descriptor: number): Buffer | undefined {
    this.#putProc(descriptor)
    const target = files.readlinkat(this.#libc, files.AT_FDCWD)
    return isErrno(target) ? undefined : Buffer.from(target)
  }

  #rawStat(): RawStat {
    const libc = this.#libc
    const { Statx } = files
    const mode = Statx.mode(libc)
    const device = Statx.device(libc)
    const inode = Statx.inode(libc)
    return {
      kind: KINDS[mode >>> 12] ?? 'special',
      // Inodes count anew on every device: one below the root that is not the root's is mixed in.
      fileId: device === this.#plainDevice ? inode : inode ^ (BigInt((device ^ this.#plainDevice) >>> 0) << 32n),
      size: Statx.size(libc),
      allocated: Statx.blocks(libc) * 512,
      links: Statx.links(libc),
      accessTime: filetimeAt(libc, Statx.accessTime),
      writeTime: filetimeAt(libc, Statx.writeTime),
      changeTime: filetimeAt(libc, Statx.changeTime),
      exactChangeTime: this.#exactChangeTime && device === this.device,
      birthTime: Statx.hasBirth(libc) ? filetimeAt(libc, Statx.birthTime) : 0n,
      type: mode >>> 12,
      mode: mode & 0o7777,
      uid: Statx.uid(libc),
      gid: Statx.gid(libc),
    }
  }
}

function isSince(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

const SLASH = Buffer.from('/')

/** By the type bits of a mode: S_IFDIR is 4, S_IFREG 8, S_IFLNK 10. */
const KINDS: Readonly<Record<number, NodeKind>> = { 4: 'directory', 8: 'file', 10: 'link' }

const half = new Uint32Array(2)
const whole = new BigUint64Array(half.buffer)
const EPOCH_DIFFERENCE_SECONDS = 11_644_473_600

/** A time of statx as FILETIME, put together from halves: one bigint a time is made, not five. */
function filetimeAt(libc: Libc, at: number): Filetime {
  const seconds = files.statxSeconds(libc, at) + EPOCH_DIFFERENCE_SECONDS
  const upper = Math.floor(seconds / 65536) * 10_000_000
  const lower = (seconds - Math.floor(seconds / 65536) * 65536) * 10_000_000
  const low = (upper % 65536) * 65536 + lower + Math.floor(files.statxNanoseconds(libc, at) / 100)
  half[0] = low % 0x100000000
  half[1] = Math.floor(upper / 65536) + Math.floor(low / 0x100000000)
  return whole[0] as bigint
}

function splitPath(bytes: Buffer): string[] {
  const path: string[] = []
  for (let from = 0; from <= bytes.length; ) {
    let to = bytes.indexOf(0x2f, from)
    if (to < 0) to = bytes.length
    path.push(decodeName(bytes, from, to))
    from = to + 1
  }
  return path
}

function actionOf(mask: number): FolderEvent['action'] | undefined {
  if ((mask & InotifyEvent.CREATE) !== 0) return 'added'
  if ((mask & InotifyEvent.DELETE) !== 0) return 'removed'
  if ((mask & InotifyEvent.MOVED_FROM) !== 0) return 'movedFrom'
  if ((mask & InotifyEvent.MOVED_TO) !== 0) return 'movedTo'
  if ((mask & InotifyEvent.MODIFY) !== 0) return 'modified'
  return (mask & InotifyEvent.ATTRIB) !== 0 ? 'touched' : undefined
}
