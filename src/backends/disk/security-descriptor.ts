/**
 * Security descriptors as Samba's acl_xattr keeps them: `security.NTACL`, NDR of xattr_NTACL. Read are versions 1 to 4,
 * written is version 4:
 *
 *     version               u16, and once more as the union's discriminant
 *     pointers              u32 to the structure, u32 to the descriptor
 *     hash type             u16: 1 is SHA-256
 *     hash                  64 bytes, of the descriptor
 *     description           text with a NUL: which access control list of the system is hashed
 *     time                  FILETIME
 *     system hash           64 bytes, of the system's access control list
 *     descriptor            at a multiple of four; its offsets count from the start of the whole value
 *
 * Samba takes the descriptor for true as long as the system's list still has the hash that is stored with it.
 */
import { createHash } from 'node:crypto'
import { filetimeFromDate } from '../../bytes/filetime.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type AttributeCalls, isErrno, type RawStat } from './calls.ts'
import { Errno, failErrno } from './errno.ts'
import { systemAclBlob } from './system-acl.ts'

export const NTACL = 'security.NTACL'
/** Where it goes if the process may not write attributes of the system. */
export const USER_NTACL = 'user.NTACL'

const HASH_BYTES = 64
const SHA256 = 1
const DESCRIPTION = 'posix_acl\0'
/** Where the structure begins: after version, discriminant and the first pointer. */
const FIXED_BYTES = 8

export function readSecurityDescriptor(calls: AttributeCalls, descriptor: number): Uint8Array | undefined | Failure {
  for (const name of calls.privileged ? [NTACL, USER_NTACL] : [USER_NTACL, NTACL]) {
    const value = calls.read(descriptor, name)
    if (!isErrno(value)) {
      const found = decodeNtacl(value)
      if (found !== undefined) return found
    } else if (value !== -Errno.ENODATA && value !== -Errno.EOPNOTSUPP && value !== -Errno.EPERM) {
      return failErrno(value)
    }
  }
  return undefined
}

export function writeSecurityDescriptor(
  calls: AttributeCalls,
  descriptor: number,
  raw: RawStat,
  value: Uint8Array,
): Failure | undefined {
  const blob = encodeNtacl(value, systemAclBlob(calls, descriptor, raw))
  if (blob === undefined) return fail(NtStatus.INVALID_SECURITY_DESCR)
  let result = calls.privileged ? calls.write(descriptor, NTACL, blob) : -Errno.EPERM
  if (result === -Errno.EPERM) result = calls.write(descriptor, USER_NTACL, blob)
  if (result >= 0) return undefined
  const tooLarge = result === -Errno.ENOSPC || result === -Errno.E2BIG || result === -Errno.ERANGE
  return tooLarge ? fail(NtStatus.DISK_FULL) : failErrno(result)
}

/** The descriptor in a stored value, a copy; undefined if there is none that can be read. */
export function decodeNtacl(value: Uint8Array): Uint8Array | undefined {
  if (value.length < FIXED_BYTES) return undefined
  const view = viewOf(value)
  const version = view.getUint16(0, true)
  if (view.getUint16(2, true) !== version || view.getUint32(4, true) === 0) return undefined
  let at: number
  if (version === 1) at = FIXED_BYTES
  else if (version === 2) at = FIXED_BYTES + 4 + 16
  else if (version === 3) at = FIXED_BYTES + 4 + 2 + HASH_BYTES
  else if (version === 4) {
    const text = value.indexOf(0, FIXED_BYTES + 4 + 2 + HASH_BYTES)
    if (text < 0) return undefined
    at = align4(text + 1) + 8 + HASH_BYTES
  } else return undefined
  // From version 2 on the structure has a pointer to the descriptor of its own.
  if (version > 1 && (value.length < FIXED_BYTES + 4 || view.getUint32(FIXED_BYTES, true) === 0)) return undefined
  const start = align4(at)
  const found = value.slice(start)
  return found.length >= HEADER_BYTES && found[0] === 1 && shiftOffsets(found, -start) ? found : undefined
}

/** Where the header of a descriptor has the offsets of owner, group and the two lists (MS-DTYP 2.4.6). */
const OFFSETS = [4, 8, 12, 16]
const HEADER_BYTES = 20

/** Moves the offsets of a descriptor to another origin, 0 (none) excepted; false if one would not be within it. */
function shiftOffsets(descriptor: Uint8Array, by: number): boolean {
  const view = viewOf(descriptor)
  for (const at of OFFSETS) {
    const offset = view.getUint32(at, true)
    if (offset === 0) continue
    // Within it are the offsets from its own start: those before the move away, or after the move back.
    const inside = by < 0 ? offset + by : offset
    if (inside < HEADER_BYTES || inside >= descriptor.length) return false
    view.setUint32(at, offset + by, true)
  }
  return true
}

/**
 * The stored value for a self-relative descriptor, with the hash of the system's access control list that belongs to it;
 * undefined if it is none.
 */
export function encodeNtacl(descriptor: Uint8Array, systemAcl: Uint8Array): Uint8Array | undefined {
  const shifted = descriptor.slice()
  const description = FIXED_BYTES + 4 + 2 + HASH_BYTES
  const time = align4(description + DESCRIPTION.length)
  const start = align4(time + 8 + HASH_BYTES)
  if (descriptor.length < HEADER_BYTES || !shiftOffsets(shifted, start)) return undefined
  const value = new Uint8Array(start + descriptor.length)
  const view = viewOf(value)
  view.setUint16(0, 4, true)
  view.setUint16(2, 4, true)
  view.setUint32(4, 0x20000, true)
  view.setUint32(8, 0x20004, true)
  view.setUint16(12, SHA256, true)
  value.set(createHash('sha256').update(descriptor).digest(), 14)
  for (let i = 0; i < DESCRIPTION.length; i++) value[description + i] = DESCRIPTION.charCodeAt(i)
  view.setBigUint64(time, filetimeFromDate(new Date()), true)
  value.set(createHash('sha256').update(systemAcl).digest(), time + 8)
  value.set(shifted, start)
  return value
}

const align4 = (at: number): number => (at + 3) & ~3
