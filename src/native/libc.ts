/**
 * System calls of Linux that Node has no function for. All go through libc's `syscall`, since neither glibc nor musl
 * has a wrapper for each of them; numbers are those of x86-64 and of the generic table that arm64 uses.
 *
 * A failed call answers the negative error number, as the kernel itself does. Strings and structures are passed in one
 * block of memory that does not move (`memory`), at fixed places: a call has no allocation.
 */
import { ffi } from './ffi.ts'

const NUMBERS = {
  x64: {
    openat2: 437,
    close: 3,
    statx: 332,
    getdents64: 217,
    lseek: 8,
    preadv2: 327,
    readlinkat: 267,
    utimensat: 280,
    mkdirat: 258,
    unlinkat: 263,
    linkat: 265,
    renameat2: 316,
    fallocate: 285,
    fstatfs: 138,
    setxattr: 188,
    fsetxattr: 190,
    getxattr: 191,
    lgetxattr: 192,
    fgetxattr: 193,
    listxattr: 194,
    llistxattr: 195,
    flistxattr: 196,
    removexattr: 197,
    fremovexattr: 199,
    getxattrat: 464,
    listxattrat: 465,
    inotify_init1: 294,
    inotify_add_watch: 254,
    inotify_rm_watch: 255,
    read: 0,
    ioctl: 16,
    setgroups: 116,
    setfsuid: 122,
    setfsgid: 123,
  },
  arm64: {
    openat2: 437,
    close: 57,
    statx: 291,
    getdents64: 61,
    lseek: 62,
    preadv2: 286,
    readlinkat: 78,
    utimensat: 88,
    mkdirat: 34,
    unlinkat: 35,
    linkat: 37,
    renameat2: 276,
    fallocate: 47,
    fstatfs: 44,
    setxattr: 5,
    fsetxattr: 7,
    getxattr: 8,
    lgetxattr: 9,
    fgetxattr: 10,
    listxattr: 11,
    llistxattr: 12,
    flistxattr: 13,
    removexattr: 14,
    fremovexattr: 16,
    getxattrat: 464,
    listxattrat: 465,
    inotify_init1: 26,
    inotify_add_watch: 27,
    inotify_rm_watch: 28,
    read: 63,
    ioctl: 29,
    setgroups: 159,
    setfsuid: 151,
    setfsgid: 152,
  },
} as const

export type SystemCall = keyof (typeof NUMBERS)['x64']

/** Where in `memory` what lies, and how much room it has. */
export const Place = {
  pathA: 0,
  pathB: 8192,
  name: 16384,
  statx: 17408,
  openHow: 17664,
  iovec: 17728,
  times: 17792,
  xattrArgs: 17856,
  /** The name `user.DOSATTRIB`, kept there. */
  dosAttrib: 17920,
  /** An empty string, kept there. */
  empty: 17952,
  value: 32768,
  entries: 131072,
} as const

export const PATH_BYTES = 4096
export const NAME_BYTES = 256
/** The largest extended attribute that Linux has, and the largest list of their names: 64 KiB. */
export const VALUE_BYTES = 65536
export const ENTRIES_BYTES = 131072

export interface Libc {
  readonly numbers: Readonly<Record<SystemCall, number>>
  /** The result, or the negative error number. */
  call(number: number, a?: number, b?: number, c?: number, d?: number, e?: number, f?: number): number
  readonly bytes: Uint8Array
  readonly buffer: Buffer
  readonly view: DataView
  readonly u32: Uint32Array
  readonly i32: Int32Array
  readonly u64: BigUint64Array
  /** Address of the first byte of `bytes`. */
  readonly address: number
  addressOf(bytes: Uint8Array): bigint
}

/** A string of ASCII characters at a place, with a NUL behind it. */
export function putAscii(libc: Libc, at: number, text: string): void {
  const { bytes } = libc
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  bytes[at + text.length] = 0
}

/** A string as UTF-8 at a place, with a NUL behind it; false if it does not fit or has a NUL itself. */
export function putUtf8(libc: Libc, at: number, room: number, text: string): boolean {
  const length = Buffer.byteLength(text)
  if (length >= room || text.includes('\0')) return false
  libc.buffer.write(text, at, 'utf8')
  libc.bytes[at + length] = 0
  return true
}

let found: Libc | undefined
let looked = false

/** libc, where this is a Linux whose calls are known here and the FFI is installed; otherwise undefined. */
export function linuxLibc(): Libc | undefined {
  if (!looked) {
    looked = true
    found = load()
  }
  return found
}

function load(): Libc | undefined {
  if (process.platform !== 'linux') return undefined
  const numbers = process.arch === 'x64' ? NUMBERS.x64 : process.arch === 'arm64' ? NUMBERS.arm64 : undefined
  const koffi = numbers === undefined ? undefined : ffi()
  if (koffi === undefined || numbers === undefined) return undefined
  const prototype = 'long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f)'
  let syscall: (...values: number[]) => number
  try {
    syscall = koffi.load(null).func(prototype)
  } catch {
    return undefined
  }
  const block = new ArrayBuffer(Place.entries + ENTRIES_BYTES)
  const bytes = new Uint8Array(block)
  const made: Libc = {
    numbers,
    call(number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0) {
      const result = syscall(number, a, b, c, d, e, f)
      return result === -1 ? -koffi.errno() : result
    },
    bytes,
    buffer: Buffer.from(block),
    view: new DataView(block),
    u32: new Uint32Array(block),
    i32: new Int32Array(block),
    u64: new BigUint64Array(block),
    address: Number(koffi.address(bytes)),
    addressOf: (other) => koffi.address(other),
  }
  putAscii(made, Place.dosAttrib, 'user.DOSATTRIB')
  return made
}
