import { type Libc, PATH_BYTES, Place } from './libc.ts'

export const AT_FDCWD = -100
export const AT_SYMLINK_NOFOLLOW = 0x100
export const AT_REMOVEDIR = 0x200
export const AT_SYMLINK_FOLLOW = 0x400
export const AT_NO_AUTOMOUNT = 0x800
export const AT_EMPTY_PATH = 0x1000

/** The same on every architecture that is served; O_DIRECTORY and O_NOFOLLOW are in `fs.constants`. */
export const O_PATH = 0x200000
export const O_CLOEXEC = 0x80000

export const RESOLVE_NO_MAGICLINKS = 0x02
export const RESOLVE_NO_SYMLINKS = 0x04
export const RESOLVE_BENEATH = 0x08

export const RENAME_NOREPLACE = 1

/** statx: all the basic fields and the time of birth. */
const STATX_MASK = 0xfff
const STATX_BTIME = 0x800

/** Opens the path at `pathA` below `directory`. A descriptor, or the negative error number. */
export function openat2(libc: Libc, directory: number, flags: number, mode: number, resolve: number): number {
  const at = Place.openHow >>> 3
  libc.u64[at] = BigInt(flags | O_CLOEXEC)
  libc.u64[at + 1] = BigInt(mode)
  libc.u64[at + 2] = BigInt(resolve)
  return libc.call(libc.numbers.openat2, directory, libc.address + Place.pathA, libc.address + Place.openHow, 24)
}

export function close(libc: Libc, descriptor: number): void {
  libc.call(libc.numbers.close, descriptor)
}

/** Stats the path at `pathA`; not followed if it is a link. */
export function statxAt(libc: Libc, directory: number): number {
  const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT
  const { address } = libc
  return libc.call(libc.numbers.statx, directory, address + Place.pathA, flags, STATX_MASK, address + Place.statx)
}

export function statxOf(libc: Libc, descriptor: number): number {
  const { address } = libc
  return libc.call(
    libc.numbers.statx,
    descriptor,
    address + Place.empty,
    AT_EMPTY_PATH,
    STATX_MASK,
    address + Place.statx,
  )
}

/** What the last statx found. */
export const Statx = {
  mode: (libc: Libc): number => libc.view.getUint16(Place.statx + 28, true),
  links: (libc: Libc): number => libc.u32[(Place.statx + 16) >>> 2] as number,
  uid: (libc: Libc): number => libc.u32[(Place.statx + 20) >>> 2] as number,
  gid: (libc: Libc): number => libc.u32[(Place.statx + 24) >>> 2] as number,
  inode: (libc: Libc): bigint => libc.u64[(Place.statx + 32) >>> 3] as bigint,
  size: (libc: Libc): number => wide(libc, Place.statx + 40),
  /** Of 512 bytes. */
  blocks: (libc: Libc): number => wide(libc, Place.statx + 48),
  /** Major and minor number in one. */
  device: (libc: Libc): number =>
    (libc.u32[(Place.statx + 136) >>> 2] as number) * 0x100000 + (libc.u32[(Place.statx + 140) >>> 2] as number),
  hasBirth: (libc: Libc): boolean => ((libc.u32[Place.statx >>> 2] as number) & STATX_BTIME) !== 0,
  accessTime: Place.statx + 64,
  birthTime: Place.statx + 80,
  changeTime: Place.statx + 96,
  writeTime: Place.statx + 112,
} as const

function wide(libc: Libc, at: number): number {
  return (libc.u32[at >>> 2] as number) + (libc.u32[(at >>> 2) + 1] as number) * 0x100000000
}

/** Seconds since 1970 of a time of the last statx. */
export function statxSeconds(libc: Libc, at: number): number {
  return (libc.u32[at >>> 2] as number) + (libc.i32[(at >>> 2) + 1] as number) * 0x100000000
}

export function statxNanoseconds(libc: Libc, at: number): number {
  return libc.u32[(at + 8) >>> 2] as number
}

/** Makes the directory whose name is at `pathA`. */
export function mkdirat(libc: Libc, directory: number, mode: number): number {
  return libc.call(libc.numbers.mkdirat, directory, libc.address + Place.pathA, mode)
}

/** Removes the name at `pathA`; `flags` is 0 or AT_REMOVEDIR. */
export function unlinkat(libc: Libc, directory: number, flags: number): number {
  return libc.call(libc.numbers.unlinkat, directory, libc.address + Place.pathA, flags)
}

/** Renames the name at `pathA` to the one at `pathB`. */
export function renameat2(libc: Libc, from: number, to: number, flags: number): number {
  return libc.call(libc.numbers.renameat2, from, libc.address + Place.pathA, to, libc.address + Place.pathB, flags)
}

/** Gives what is at the path `pathA` (from `from`) the name at `pathB` in `to`. */
export function linkat(libc: Libc, from: number, to: number, flags: number): number {
  return libc.call(libc.numbers.linkat, from, libc.address + Place.pathA, to, libc.address + Place.pathB, flags)
}

/** Where the link at `pathA` leads: its bytes (valid until the next call), or the negative error number. */
export function readlinkat(libc: Libc, directory: number): Uint8Array | number {
  const { address } = libc
  const length = libc.call(libc.numbers.readlinkat, directory, address + Place.pathA, address + Place.value, PATH_BYTES)
  return length < 0 ? length : libc.bytes.subarray(Place.value, Place.value + length)
}

/** Sets the times of the path at `pathA`, followed; nanoseconds since 1970, undefined for a time that stays. */
export function utimensat(libc: Libc, access: bigint | undefined, write: bigint | undefined): number {
  putTime(libc, Place.times, access)
  putTime(libc, Place.times + 16, write)
  return libc.call(libc.numbers.utimensat, AT_FDCWD, libc.address + Place.pathA, libc.address + Place.times, 0)
}

/** The same of an open file (not of an O_PATH one). */
export function futimens(
  libc: Libc,
  descriptor: number,
  access: bigint | undefined,
  write: bigint | undefined,
): number {
  putTime(libc, Place.times, access)
  putTime(libc, Place.times + 16, write)
  return libc.call(libc.numbers.utimensat, descriptor, 0, libc.address + Place.times, 0)
}

const UTIME_OMIT = 0x3ffffffen

function putTime(libc: Libc, at: number, time: bigint | undefined): void {
  const second = 1_000_000_000n
  const nanoseconds = time === undefined ? UTIME_OMIT : ((time % second) + second) % second
  const seconds = time === undefined ? 0n : (time - nanoseconds) / second
  libc.view.setBigInt64(at, seconds, true)
  libc.view.setBigInt64(at + 8, nanoseconds, true)
}

export const SEEK_DATA = 3
export const SEEK_HOLE = 4

/** The next data or hole from `offset` on; -ENXIO past the end. */
export function seek(libc: Libc, descriptor: number, offset: number, whence: number): number {
  return libc.call(libc.numbers.lseek, descriptor, offset, whence)
}

export const FALLOC_KEEP_SIZE = 1
export const FALLOC_PUNCH_HOLE = 2

export function fallocate(libc: Libc, descriptor: number, mode: number, offset: number, length: number): number {
  return libc.call(libc.numbers.fallocate, descriptor, mode, offset, length)
}

const FICLONERANGE = 0x4020_940d
const FS_IOC_GETFLAGS = 0x8008_6601
const FS_IOC_SETFLAGS = 0x4008_6602
const FS_COMPR_FL = 0x4

/** Lets a range of one open file share the blocks of a range of another one: btrfs, XFS, bcachefs, ZFS. */
export function cloneRange(
  libc: Libc,
  source: number,
  sourceOffset: number,
  length: number,
  target: number,
  targetOffset: number,
): number {
  const at = Place.value >>> 3
  libc.u64[at] = BigInt(source)
  libc.u64[at + 1] = BigInt(sourceOffset)
  libc.u64[at + 2] = BigInt(length)
  libc.u64[at + 3] = BigInt(targetOffset)
  return libc.call(libc.numbers.ioctl, target, FICLONERANGE, libc.address + Place.value)
}

/** Has the file system compress what is written to an open file from now on (`chattr +c`), or no more. */
export function setCompressed(libc: Libc, descriptor: number, compressed: boolean): number {
  const at = Place.value >>> 2
  libc.u32[at + 1] = 0
  const got = libc.call(libc.numbers.ioctl, descriptor, FS_IOC_GETFLAGS, libc.address + Place.value)
  if (got < 0) return got
  const before = libc.u32[at] as number
  const after = compressed ? before | FS_COMPR_FL : before & ~FS_COMPR_FL
  if (after === before) return 0
  libc.u32[at] = after
  return libc.call(libc.numbers.ioctl, descriptor, FS_IOC_SETFLAGS, libc.address + Place.value)
}

/** What kind of file system it is: f_type of fstatfs. */
export function fileSystemType(libc: Libc, descriptor: number): number {
  const result = libc.call(libc.numbers.fstatfs, descriptor, libc.address + Place.value)
  return result < 0 ? result : (libc.u32[Place.value >>> 2] as number)
}

const RWF_NOWAIT = 8

/**
 * Reads what the page cache has, without waiting. The number of bytes; -EAGAIN if the first of them would have to be
 * waited for; -EOPNOTSUPP where the file system cannot tell.
 */
export function readCached(libc: Libc, descriptor: number, into: Uint8Array, offset: number): number {
  const at = Place.iovec >>> 3
  libc.u64[at] = libc.addressOf(into)
  libc.u64[at + 1] = BigInt(into.length)
  return libc.call(libc.numbers.preadv2, descriptor, libc.address + Place.iovec, 1, offset, 0, RWF_NOWAIT)
}
