import { ffi } from './ffi.ts'
import { type Libc, linuxLibc } from './libc.ts'

/** Somebody whom the operating system knows. */
export interface UnixUser {
  readonly uid: number
  readonly gid: number
  /** Of all groups, the one of `gid` included. */
  readonly groups: readonly number[]
}

const PASSWD_BYTES = 16_384
const MAX_GROUPS = 65_536
/** Where struct passwd has the two numbers, behind two pointers. */
const UID_AT = 16
const GID_AT = 20
const PASSWD_STRUCT_BYTES = 64

interface Lookups {
  readonly byName: (name: string, passwd: Uint8Array, buffer: Uint8Array, size: number, result: Uint8Array) => number
  readonly groups: (name: string, gid: number, groups: Uint8Array, count: Uint8Array) => number
}

let lookups: Lookups | undefined

function load(): Lookups | undefined {
  const koffi = ffi()
  if (koffi === undefined || process.platform !== 'linux') return undefined
  const libc = koffi.load(null)
  return {
    byName: libc.func('int getpwnam_r(const char *name, void *pwd, void *buffer, size_t size, void *result)'),
    groups: libc.func('int getgrouplist(const char *user, uint32_t group, void *groups, void *count)'),
  }
}

/** Looks a user up as the system is told to (files, LDAP ...); undefined where there is none of that name. */
export function unixUser(name: string): UnixUser | undefined {
  lookups ??= load()
  if (lookups === undefined || name === '' || name.includes('\0')) return undefined
  const passwd = Buffer.alloc(PASSWD_STRUCT_BYTES)
  const result = Buffer.alloc(8)
  const failed = lookups.byName(name, passwd, Buffer.alloc(PASSWD_BYTES), PASSWD_BYTES, result) !== 0
  if (failed || result.readBigUInt64LE() === 0n) return undefined
  const gid = passwd.readUInt32LE(GID_AT)
  for (let room = 64; room <= MAX_GROUPS; room *= 4) {
    const groups = Buffer.alloc(room * 4)
    const count = Buffer.alloc(4)
    count.writeInt32LE(room)
    if (lookups.groups(name, gid, groups, count) < 0) continue
    const found = Array.from({ length: count.readInt32LE() }, (_, i) => groups.readUInt32LE(i * 4))
    return { uid: passwd.readUInt32LE(UID_AT), gid, groups: found }
  }
  return undefined
}

/** Memory for lists of groups does not move while it is used. */
const listOf = (libc: Libc, groups: readonly number[]): { address: number; list: Uint32Array } => {
  const list = Uint32Array.from(groups.length === 0 ? [0] : groups)
  return { address: Number(libc.addressOf(new Uint8Array(list.buffer))), list }
}

/**
 * Acts on files as other users, one call at a time: for the thread that calls, and only while a synchronous call runs.
 * By the system calls themselves: libc's own functions would tell all threads.
 */
export class Impersonator {
  readonly #libc: Libc
  readonly #own: UnixUser
  readonly #lists = new WeakMap<UnixUser, { address: number; list: Uint32Array }>()

  private constructor(libc: Libc, own: UnixUser) {
    this.#libc = libc
    this.#own = own
  }

  /** A sentence where that cannot be done here. */
  static here(): Impersonator | string {
    const libc = linuxLibc()
    if (libc === undefined) return 'acting as other users needs Linux on x64 or arm64, and koffi'
    if (process.geteuid?.() !== 0) return 'acting as other users needs root'
    const own = { uid: 0, gid: process.getegid?.() ?? 0, groups: process.getgroups?.() ?? [] }
    return new Impersonator(libc, own)
  }

  /** What `action` does with files before it returns is done by `user`. It must not call this again. */
  as<T>(user: UnixUser, action: () => T): T {
    this.#become(user)
    try {
      return action()
    } finally {
      this.#become(this.#own)
    }
  }

  /** Rights first where there are to be fewer, and last where there are to be more again. */
  #become(user: UnixUser): void {
    const { numbers } = this.#libc
    if (user === this.#own) this.#libc.call(numbers.setfsuid, user.uid)
    let list = this.#lists.get(user)
    if (list === undefined) {
      list = listOf(this.#libc, user.groups)
      this.#lists.set(user, list)
    }
    const failed = this.#libc.call(numbers.setgroups, user.groups.length, list.address) !== 0
    this.#libc.call(numbers.setfsgid, user.gid)
    this.#libc.call(numbers.setfsuid, user.uid)
    // These two answer who it was before, whatever comes of it: only asking again tells.
    const isUser =
      this.#libc.call(numbers.setfsuid, -1) === user.uid && this.#libc.call(numbers.setfsgid, -1) === user.gid
    // Nothing may be done with rights of which nobody knows whose they are.
    if (failed || !isUser) process.abort()
  }
}
