import * as fs from 'node:fs'
import { sep } from 'node:path'
import { type Filetime, filetimeFromUnixNs, unixNsFromFiletime } from '../../bytes/filetime.ts'
import { type DiskCalls, isErrno, type NodeKind, type OpenKind, type RawStat, type Space, spaceOf } from './calls.ts'
import { Errno, thrownErrno } from './errno.ts'
import { decodeName, encodeName, isHidden } from './names.ts'

/** Descriptors of what is not open in the system's sense: directories, and files without access to their data. */
const FIRST_VIRTUAL = 2 ** 28
const NAME_ROOM = 1024

const windows = process.platform === 'win32'
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0
const HARMLESS = O_NOFOLLOW | (fs.constants.O_NONBLOCK ?? 0) | (fs.constants.O_NOCTTY ?? 0)
const FILE_FLAGS = {
  read: fs.constants.O_RDONLY | HARMLESS,
  write: fs.constants.O_WRONLY | HARMLESS,
  readWrite: fs.constants.O_RDWR | HARMLESS,
} as const
const CREATE_FLAGS = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL | HARMLESS

/**
 * Any system, by node:fs alone. A path is kept as text in which each character is a byte of it, since names on POSIX
 * systems are bytes; on Windows it is text. That it stays below the root is checked by its real path before each open.
 */
export class PortableCalls implements DiskCalls {
  readonly root: number
  readonly device: number
  readonly sparse = false
  readonly foldsCase = windows || process.platform === 'darwin'
  readonly slow = false
  readonly limitations = [
    'Named streams, extended attributes and security descriptors are not kept, DOS attributes and creation times not ' +
      'beyond the end of the server.',
    'Times are kept to the microsecond. Room cannot be reserved, and zeros take room.',
    'A link that another program changes during an open may lead out of the folder.',
  ]
  readonly #rootPath: string
  /** The device whose files have their own numbers as ids: none where ids are salted. */
  readonly #plainDevice: bigint
  /** Absolute real paths of what is open. */
  readonly #paths = new Map<number, string>()
  #nextVirtual = FIRST_VIRTUAL

  constructor(path: string | Buffer, idSalt = 0) {
    this.#rootPath = realPath(typeof path === 'string' ? bytesOfText(path) : path.toString('latin1'))
    const stat = fs.statSync(toNative(this.#rootPath), { bigint: true })
    if (!stat.isDirectory()) throw Object.assign(new Error(`${String(path)} is not a directory`), { code: 'ENOTDIR' })
    this.#plainDevice = stat.dev ^ BigInt(idSalt)
    this.device = Number(BigInt.asUintN(52, stat.dev))
    this.root = this.#virtual(this.#rootPath)
  }

  open(directory: number, path: readonly string[], kind: OpenKind): number {
    return attempt(() => {
      const real = this.#resolve(directory, path, kind === 'folder')
      if (typeof real === 'number') return real
      return this.#openReal(real, kind)
    })
  }

  #openReal(path: string, kind: OpenKind): number {
    const before = fs.lstatSync(toNative(path), { bigint: true })
    if (kind === 'node') return this.#virtual(path)
    if (before.isSymbolicLink()) return -Errno.ELOOP
    if (kind === 'folder' || kind === 'directory') return before.isDirectory() ? this.#virtual(path) : -Errno.ENOTDIR
    if (!before.isFile()) return before.isDirectory() ? -Errno.EISDIR : -Errno.EACCES
    const descriptor = fs.openSync(toNative(path), FILE_FLAGS[kind])
    const after = fs.fstatSync(descriptor, { bigint: true })
    if (after.ino !== before.ino || after.dev !== before.dev) {
      fs.closeSync(descriptor)
      return -Errno.EXDEV
    }
    this.#paths.set(descriptor, path)
    return descriptor
  }

  /** The real path of `path` below `directory`; its last component is followed only if `follow` says so. */
  #resolve(directory: number, path: readonly string[], follow: boolean): string | number {
    const base = this.#paths.get(directory)
    if (base === undefined) return -Errno.EBADF
    if (path.length === 0) return base
    const folder = path.slice(0, -1).reduce((at, name) => at + sep + diskName(name), base)
    const last = diskName(path[path.length - 1] as string)
    const parent = realPath(folder)
    if (!this.#isInside(parent)) return -Errno.EXDEV
    const whole = parent + sep + last
    if (!follow) return whole
    const real = realPath(whole)
    return this.#isInside(real) ? real : -Errno.EXDEV
  }

  #isInside(path: string): boolean {
    const root = this.#rootPath
    return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
  }

  #virtual(path: string): number {
    const descriptor = this.#nextVirtual++
    this.#paths.set(descriptor, path)
    return descriptor
  }

  create(directory: number, name: string, mode: number): number {
    return attempt(() => {
      const path = this.#child(directory, name)
      const descriptor = fs.openSync(toNative(path), CREATE_FLAGS, mode)
      this.#paths.set(descriptor, path)
      return descriptor
    })
  }

  #child(directory: number, name: string): string {
    return (this.#paths.get(directory) ?? '') + sep + diskName(name)
  }

  close(descriptor: number): void {
    this.#paths.delete(descriptor)
    if (descriptor < FIRST_VIRTUAL) fs.closeSync(descriptor)
  }

  reopen(descriptor: number, kind: OpenKind): number {
    const path = this.#paths.get(descriptor)
    return path === undefined ? -Errno.EBADF : attempt(() => this.#openReal(path, kind))
  }

  statAt(directory: number, path: readonly string[]): RawStat | number {
    const base = this.#paths.get(directory)
    if (base === undefined) return -Errno.EBADF
    const full = path.reduce((at, name) => at + sep + diskName(name), base)
    return this.#stat(() => fs.lstatSync(toNative(full), { bigint: true }))
  }

  stat(descriptor: number): RawStat | number {
    const path = this.#paths.get(descriptor)
    if (path === undefined) return -Errno.EBADF
    if (descriptor < FIRST_VIRTUAL) return this.#stat(() => fs.fstatSync(descriptor, { bigint: true }))
    return this.#stat(() => fs.lstatSync(toNative(path), { bigint: true }))
  }

  #stat(read: () => fs.BigIntStats): RawStat | number {
    let stat: fs.BigIntStats
    try {
      stat = read()
    } catch (error) {
      return thrownErrno(error)
    }
    return {
      kind: kindOf(stat),
      fileId:
        stat.dev === this.#plainDevice
          ? stat.ino
          : stat.ino ^ (BigInt.asUintN(32, stat.dev ^ this.#plainDevice) << 32n),
      size: Number(stat.size),
      // Windows does not tell the blocks.
      allocated: windows ? Math.ceil(Number(stat.size) / 4096) * 4096 : Number(stat.blocks) * 512,
      links: Number(stat.nlink),
      accessTime: filetimeFromUnixNs(stat.atimeNs),
      writeTime: filetimeFromUnixNs(stat.mtimeNs),
      changeTime: filetimeFromUnixNs(stat.ctimeNs),
      exactChangeTime: false,
      birthTime: stat.birthtimeNs > 0n ? filetimeFromUnixNs(stat.birthtimeNs) : 0n,
      type: Number(stat.mode) >>> 12,
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
    }
  }

  list(descriptor: number): string[] | number {
    const path = this.#paths.get(descriptor)
    if (path === undefined) return -Errno.EBADF
    try {
      const names = windows ? fs.readdirSync(path) : fs.readdirSync(toNative(path), { encoding: 'buffer' })
      return names.map((name) => shownName(name)).filter((name) => !isHidden(name))
    } catch (error) {
      return thrownErrno(error)
    }
  }

  listFolders(descriptor: number): string[] | number {
    const names = this.list(descriptor)
    if (isErrno(names)) return names
    return names.filter((name) => {
      const raw = this.statAt(descriptor, [name])
      return !isErrno(raw) && raw.kind === 'directory'
    })
  }

  makeDirectory(directory: number, name: string, mode: number): number {
    return done(() => fs.mkdirSync(toNative(this.#child(directory, name)), mode))
  }

  removeAt(directory: number, name: string, isDirectory: boolean): number {
    const path = toNative(this.#child(directory, name))
    return done(() => (isDirectory ? fs.rmdirSync(path) : fs.unlinkSync(path)))
  }

  rename(from: number, fromName: string, to: number, toName: string, replace: boolean): number {
    const source = this.#child(from, fromName)
    const target = this.#child(to, toName)
    return attempt(() => {
      if (!replace && exists(target) && !sameNode(source, target)) return -Errno.EEXIST
      fs.renameSync(toNative(source), toNative(target))
      for (const [descriptor, path] of this.#paths) {
        if (path === source) this.#paths.set(descriptor, target)
        else if (path.startsWith(source + sep)) this.#paths.set(descriptor, target + path.slice(source.length))
      }
      return 0
    })
  }

  link(descriptor: number, to: number, toName: string): number {
    const path = this.#paths.get(descriptor)
    if (path === undefined) return -Errno.EBADF
    return done(() => fs.linkSync(toNative(path), toNative(this.#child(to, toName))))
  }

  readLink(directory: number, name: string): Buffer | number {
    try {
      const target = fs.readlinkSync(toNative(this.#child(directory, name)), { encoding: 'buffer' })
      return windows ? Buffer.from(target.toString('utf8').replaceAll('\\', '/')) : target
    } catch (error) {
      return thrownErrno(error)
    }
  }

  currentPath(descriptor: number): string[] | undefined {
    const path = this.#paths.get(descriptor)
    if (path === undefined || !this.#isInside(path)) return undefined
    const below = path.slice(this.#rootPath.length).split(sep)
    return below.filter((name) => name !== '').map((name) => shownName(windows ? name : Buffer.from(name, 'latin1')))
  }

  rootPath(): Buffer {
    return windows ? Buffer.from(this.#rootPath.replaceAll('\\', '/')) : Buffer.from(this.#rootPath, 'latin1')
  }

  setTimes(descriptor: number, access: Filetime | undefined, write: Filetime | undefined): number {
    const now = this.stat(descriptor)
    const path = this.#paths.get(descriptor)
    if (isErrno(now) || path === undefined) return -Errno.EBADF
    const { accessTime, writeTime } = now
    const times = [access ?? accessTime, write ?? writeTime].map((time) => Number(unixNsFromFiletime(time)) / 1e9)
    const [accessSeconds, writeSeconds] = times as [number, number]
    return done(() => {
      if (descriptor < FIRST_VIRTUAL) fs.futimesSync(descriptor, accessSeconds, writeSeconds)
      else fs.lutimesSync(toNative(path), accessSeconds, writeSeconds)
    })
  }

  setMode(descriptor: number, mode: number): number {
    const path = this.#paths.get(descriptor)
    if (path === undefined) return -Errno.EBADF
    return done(() => {
      if (descriptor < FIRST_VIRTUAL) fs.fchmodSync(descriptor, mode)
      else fs.chmodSync(toNative(path), mode)
    })
  }

  /** What the page cache has cannot be told here, so that every read is one that may wait. */
  readNow(descriptor: number): number {
    return descriptor < FIRST_VIRTUAL ? -Errno.EAGAIN : -Errno.EBADF
  }

  readSync(descriptor: number, into: Uint8Array, offset: number): number {
    return attempt(() => fs.readSync(descriptor, into, 0, into.length, offset))
  }

  writeNow(descriptor: number, data: Uint8Array, offset: number): number {
    return attempt(() => fs.writeSync(descriptor, data, 0, data.length, offset))
  }

  truncate(descriptor: number, size: number): number {
    return done(() => fs.ftruncateSync(descriptor, size))
  }

  reserve(): number {
    return -Errno.EOPNOTSUPP
  }

  punch(): number {
    return -Errno.EOPNOTSUPP
  }

  seekData(): number {
    return -Errno.EOPNOTSUPP
  }

  seekHole(): number {
    return -Errno.EOPNOTSUPP
  }

  space(): Space {
    return spaceOf(fs.statfsSync(toNative(this.#rootPath)))
  }

  descend(directory: number, idSalt: number): DiskCalls {
    return new PortableCalls(toNative(this.#paths.get(directory) ?? ''), idSalt)
  }

  end(): void {
    this.#paths.clear()
  }
}

function realPath(path: string): string {
  if (windows) return fs.realpathSync.native(path)
  return fs.realpathSync.native(toNative(path), { encoding: 'buffer' }).toString('latin1')
}

/** A path as node:fs takes it. */
const toNative = (path: string): string | Buffer => (windows ? path : Buffer.from(path, 'latin1'))
const bytesOfText = (path: string): string => (windows ? path : Buffer.from(path).toString('latin1'))

const scratch = Buffer.alloc(NAME_ROOM)

/** A name of SMB as it is stored, in the form of paths here. What Windows refuses, a disk of Windows cannot have. */
function diskName(name: string): string {
  return windows ? name : scratch.toString('latin1', 0, encodeName(name, scratch, 0))
}

function shownName(name: string | Buffer): string {
  return typeof name === 'string' ? name : decodeName(name, 0, name.length)
}

function kindOf(stat: fs.BigIntStats): NodeKind {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  return stat.isSymbolicLink() ? 'link' : 'special'
}

function exists(path: string): boolean {
  return fs.lstatSync(toNative(path), { throwIfNoEntry: false }) !== undefined
}

/** On a disk that does not tell case apart a name in another case is the same one. */
function sameNode(a: string, b: string): boolean {
  const first = fs.lstatSync(toNative(a), { bigint: true, throwIfNoEntry: false })
  const second = fs.lstatSync(toNative(b), { bigint: true, throwIfNoEntry: false })
  return (
    first !== undefined && first.ino === second?.ino && first.dev === second.dev && a.toLowerCase() === b.toLowerCase()
  )
}

function attempt(call: () => number): number {
  try {
    return call()
  } catch (error) {
    return thrownErrno(error)
  }
}

function done(call: () => unknown): number {
  return attempt(() => {
    call()
    return 0
  })
}
