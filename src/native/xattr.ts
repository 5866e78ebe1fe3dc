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

/** The address of a name, put into memory if it is not there already; 0 if it is too long to be one. */
function nameAddress(libc: Libc, name: string): number {
  if (name === DOS_ATTRIB) return libc.address + Place.dosAttrib
  return putUtf8(libc, Place.name, NAME_BYTES, name) ? libc.address + Place.name : 0
}

function taken(libc: Libc, length: number): Uint8Array | number {
  return length < 0 ? length : libc.bytes.subarray(Place.value, Place.value + length)
}

/** The value of an attribute of an open file, or the negative error number. */
export function fgetxattr(libc: Libc, descriptor: number, name: string): Uint8Array | number {
  const at = nameAddress(libc, name)
  if (at === 0) return -ERANGE
  return taken(libc, libc.call(libc.numbers.fgetxattr, descriptor, at, libc.address + Place.value, VALUE_BYTES))
}

/** The same of the path at `pathA`, followed if it is a link. */
export function getxattr(libc: Libc, name: string): Uint8Array | number {
  const at = nameAddress(libc, name)
  if (at === 0) return -ERANGE
  const { address } = libc
  return taken(libc, libc.call(libc.numbers.getxattr, address + Place.pathA, at, address + Place.value, VALUE_BYTES))
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
  libc.u64[Place.xattrArgs >>> 3] = BigInt(address + Place.value)
  libc.u32[(Place.xattrArgs >>> 2) + 2] = VALUE_BYTES
  libc.u32[(Place.xattrArgs >>> 2) + 3] = 0
  return taken(
    libc,
    libc.call(
      libc.numbers.getxattrat,
      directory,
      address + Place.pathA,
      AT_SYMLINK_NOFOLLOW,
      at,
      address + Place.xattrArgs,
      16,
    ),
  )
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

function names(libc: Libc, length: number): string[] | number {
  if (length < 0) return length
  const list = libc.buffer.toString('utf8', Place.value, Place.value + length).split('\0')
  list.pop()
  return list
}

/** Names of all attributes of an open file, or the negative error number. Names that are no UTF-8 come out damaged. */
export function flistxattr(libc: Libc, descriptor: number): string[] | number {
  return names(libc, libc.call(libc.numbers.flistxattr, descriptor, libc.address + Place.value, VALUE_BYTES))
}

/** The same of the path at `pathA`, followed. */
export function listxattr(libc: Libc): string[] | number {
  const { address } = libc
  return names(libc, libc.call(libc.numbers.listxattr, address + Place.pathA, address + Place.value, VALUE_BYTES))
}

/** The same of the name at `pathA` in `directory`, not followed. Needs Linux 6.13. */
export function listxattrat(libc: Libc, directory: number): string[] | number {
  const { address } = libc
  return names(
    libc,
    libc.call(
      libc.numbers.listxattrat,
      directory,
      address + Place.pathA,
      AT_SYMLINK_NOFOLLOW,
      address + Place.value,
      VALUE_BYTES,
    ),
  )
}
