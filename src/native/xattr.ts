/**
 * Extended attributes of Linux. Names are ASCII or UTF-8 with their prefix (`user.`, `security.`). What is read comes
 * back as a view of the shared memory, valid until the next call: copy what has to last.
 */
import { AT_SYMLINK_NOFOLLOW } from './files.ts'
import { type Libc, NAME_BYTES, Place, putUtf8, VALUE_BYTES } from './libc.ts'

const ENOSYS = 38
const ERANGE = 34
export const XATTR_CREATE = 1
export const XATTR_REPLACE = 2

const DOS_ATTRIB = 'user.DOSATTRIB'
/** The kernel allocates what it is offered, so that little is offered at first: most values and lists are short. */
const SHORT_BYTES = 512
const XATTR_ARGS_BYTES = 16

/** The address of a name, put into memory if it is not there already; 0 if it is too long to be one. */
function nameAddress(libc: Libc, name: string): number {
  if (name === DOS_ATTRIB) return libc.address + Place.dosAttrib
  return putUtf8(libc, Place.name, NAME_BYTES, name) ? libc.address + Place.name : 0
}

function taken(libc: Libc, read: (room: number) => number): Uint8Array | number {
  const length = roomy(read)
  return length < 0 ? length : libc.bytes.subarray(Place.value, Place.value + length)
}

function roomy(read: (room: number) => number): number {
  const length = read(SHORT_BYTES)
  return length === -ERANGE ? read(VALUE_BYTES) : length
}

/** The value of an attribute of an open file, or the negative error number. */
export function fgetxattr(libc: Libc, descriptor: number, name: string): Uint8Array | number {
  const at = nameAddress(libc, name)
  if (at === 0) return -ERANGE
  return taken(libc, (room) => libc.call(libc.numbers.fgetxattr, descriptor, at, libc.address + Place.value, room))
}

/** The same of the path at `pathA`, followed if it is a link. */
export function getxattr(libc: Libc, name: string): Uint8Array | number {
  const at = nameAddress(libc, name)
  if (at === 0) return -ERANGE
  const { address } = libc
  return taken(libc, (room) => libc.call(libc.numbers.getxattr, address + Place.pathA, at, address + Place.value, room))
}

let hasCallsAt = true

/** Whether the kernel has getxattrat (Linux 6.13). Overwrites `pathA`. */
export function knowsGetxattrat(libc: Libc, directory: number): boolean {
  if (hasCallsAt) {
    libc.bytes[Place.pathA] = 0x2e
    libc.bytes[Place.pathA + 1] = 0
    hasCallsAt = getxattrat(libc, directory, DOS_ATTRIB) !== -ENOSYS
  }
  return hasCallsAt
}

/** The value of an attribute of the name at `pathA` in `directory`, not followed. Needs Linux 6.13. */
export function getxattrat(libc: Libc, directory: number, name: string): Uint8Array | number {
  const at = nameAddress(libc, name)
  if (at === 0) return -ERANGE
  const { address } = libc
  return taken(libc, (room) => {
    libc.u64[Place.xattrArgs >>> 3] = BigInt(address + Place.value)
    libc.u32[(Place.xattrArgs >>> 2) + 2] = room
    libc.u32[(Place.xattrArgs >>> 2) + 3] = 0
    const [path, args] = [address + Place.pathA, address + Place.xattrArgs]
    return libc.call(libc.numbers.getxattrat, directory, path, AT_SYMLINK_NOFOLLOW, at, args, XATTR_ARGS_BYTES)
  })
}

function putValue(libc: Libc, value: Uint8Array): boolean {
  if (value.length > VALUE_BYTES) return false
  libc.bytes.set(value, Place.value)
  return true
}

const E2BIG = 7

/** Sets an attribute of an open file. `flags`: 0, XATTR_CREATE or XATTR_REPLACE. */
export function fsetxattr(libc: Libc, descriptor: number, name: string, value: Uint8Array, flags: number): number {
  const at = nameAddress(libc, name)
  if (at === 0) return -ERANGE
  if (!putValue(libc, value)) return -E2BIG
  return libc.call(libc.numbers.fsetxattr, descriptor, at, libc.address + Place.value, value.length, flags)
}

/** The same of the path at `pathA`, followed. */
export function setxattr(libc: Libc, name: string, value: Uint8Array, flags: number): number {
  const at = nameAddress(libc, name)
  if (at === 0) return -ERANGE
  if (!putValue(libc, value)) return -E2BIG
  const { address } = libc
  return libc.call(libc.numbers.setxattr, address + Place.pathA, at, address + Place.value, value.length, flags)
}

export function fremovexattr(libc: Libc, descriptor: number, name: string): number {
  const at = nameAddress(libc, name)
  return at === 0 ? -ERANGE : libc.call(libc.numbers.fremovexattr, descriptor, at)
}

export function removexattr(libc: Libc, name: string): number {
  const at = nameAddress(libc, name)
  return at === 0 ? -ERANGE : libc.call(libc.numbers.removexattr, libc.address + Place.pathA, at)
}

/** What most files have, made once. */
const ONLY_DOS_ATTRIB: readonly string[] = [DOS_ATTRIB]
const NONE: readonly string[] = []

function names(libc: Libc, read: (room: number) => number): readonly string[] | number {
  const length = roomy(read)
  if (length < 0) return length
  if (length === 0) return NONE
  if (length === DOS_ATTRIB.length + 1 && isDosAttrib(libc)) return ONLY_DOS_ATTRIB
  return libc.buffer.toString('utf8', Place.value, Place.value + length - 1).split('\0')
}

function isDosAttrib({ bytes }: Libc): boolean {
  for (let i = 0; i < DOS_ATTRIB.length; i++) if (bytes[Place.value + i] !== bytes[Place.dosAttrib + i]) return false
  return true
}

/** Names of all attributes of an open file, or the negative error number. Names that are no UTF-8 come out damaged. */
export function flistxattr(libc: Libc, descriptor: number): readonly string[] | number {
  return names(libc, (room) => libc.call(libc.numbers.flistxattr, descriptor, libc.address + Place.value, room))
}

/** The same of the path at `pathA`, followed. */
export function listxattr(libc: Libc): readonly string[] | number {
  const { address } = libc
  return names(libc, (room) => libc.call(libc.numbers.listxattr, address + Place.pathA, address + Place.value, room))
}

/** The same of the name at `pathA` in `directory`, not followed. Needs Linux 6.13. */
export function listxattrat(libc: Libc, directory: number): readonly string[] | number {
  const { address, numbers } = libc
  const [path, list] = [address + Place.pathA, address + Place.value]
  return names(libc, (room) => libc.call(numbers.listxattrat, directory, path, AT_SYMLINK_NOFOLLOW, list, room))
}
