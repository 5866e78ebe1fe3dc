/**
 * Extended attributes of clients, as `user.NAME`: the mapping of Samba. Names are compared without regard to case; flags
 * (FILE_NEED_EA) are not kept.
 */
import type { ExtendedAttribute } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type AttributeCalls, isErrno } from './calls.ts'
import { Errno, failErrno } from './errno.ts'

const USER = 'user.'
export const STREAM_PREFIX = 'user.DosStream.'
/** What in `user.` is not for clients: Samba's own and ours. */
const RESERVED = ['user.dosattrib', 'user.dosstream.', 'user.samba_', 'user.ntacl', 'user.smbreparse', 'user.smbkit.']
/** Bytes of all extended attributes of one file, as NTFS limits them. */
const MAX_BYTES = 65_535

export function isExtendedAttribute(name: string): boolean {
  if (!name.startsWith(USER)) return false
  const lower = name.toLowerCase()
  return !RESERVED.some((reserved) => lower.startsWith(reserved))
}

/** As clients see the name. */
export const shownName = (stored: string): string => stored.slice(USER.length)

export function readExtendedAttributes(calls: AttributeCalls, descriptor: number): ExtendedAttribute[] | Failure {
  const names = calls.list(descriptor)
  if (isErrno(names)) return names === -Errno.EOPNOTSUPP ? [] : failErrno(names)
  const found: ExtendedAttribute[] = []
  for (const name of names) {
    if (!isExtendedAttribute(name)) continue
    const value = calls.read(descriptor, name)
    // An empty one cannot be told from one that is not there (MS-FSCC 2.4.16).
    if (isErrno(value) || value.length === 0) continue
    found.push({ name: shownName(name), value: value.slice(), flags: 0 })
  }
  return found
}

/** All of the changes or none. */
export function writeExtendedAttributes(
  calls: AttributeCalls,
  descriptor: number,
  changes: readonly ExtendedAttribute[],
): Failure | undefined {
  const before = readExtendedAttributes(calls, descriptor)
  if (failed(before)) return before
  const now = new Map(before.map((attribute) => [attribute.name.toUpperCase(), attribute]))
  const after = new Map(now)
  for (const change of changes) {
    const upper = change.name.toUpperCase()
    if (!isExtendedAttribute(USER + change.name)) return fail(NtStatus.ACCESS_DENIED)
    if (change.value.length === 0) after.delete(upper)
    else after.set(upper, { ...change, name: now.get(upper)?.name ?? change.name })
  }
  let size = 0
  for (const { name, value } of after.values()) size += 12 + name.length + value.length
  if (size > MAX_BYTES) return fail(NtStatus.EA_TOO_LARGE)

  const done: string[] = []
  for (const change of changes) {
    const upper = change.name.toUpperCase()
    const stored = USER + (now.get(upper)?.name ?? after.get(upper)?.name ?? change.name)
    const result =
      change.value.length === 0 ? calls.remove(descriptor, stored) : calls.write(descriptor, stored, change.value)
    done.push(upper)
    if (result >= 0 || (result === -Errno.ENODATA && change.value.length === 0)) continue
    restore(calls, descriptor, done, now, after)
    return failSpace(result)
  }
  return undefined
}

function restore(
  calls: AttributeCalls,
  descriptor: number,
  done: readonly string[],
  before: ReadonlyMap<string, ExtendedAttribute>,
  after: ReadonlyMap<string, ExtendedAttribute>,
): void {
  for (const upper of done.toReversed()) {
    const old = before.get(upper)
    if (old !== undefined) calls.write(descriptor, USER + old.name, old.value)
    else calls.remove(descriptor, USER + (after.get(upper)?.name ?? upper))
  }
}

/** Extended attributes have little room of their own: what is full is that, seldom the disk. */
function failSpace(errno: number): Failure {
  const space = errno === -Errno.ENOSPC || errno === -Errno.E2BIG
  if (space) return fail(NtStatus.EA_TOO_LARGE)
  return errno === -Errno.ERANGE ? fail(NtStatus.INVALID_EA_NAME) : failErrno(errno)
}
