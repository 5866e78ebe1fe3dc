/** What the server keeps with a file for itself: the extended attributes `user.smbkit.property.NAME`. */
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type AttributeCalls, isErrno } from './calls.ts'
import { Errno, failErrno } from './errno.ts'
import { failFull } from './stream-store.ts'

const PREFIX = 'user.smbkit.property.'
const MAX_BYTES = 4096

export function readProperty(
  calls: AttributeCalls,
  descriptor: number,
  name: string,
): Uint8Array | undefined | Failure {
  const value = calls.read(descriptor, PREFIX + name)
  if (!isErrno(value)) return value.slice()
  return isMissing(value) ? undefined : failErrno(value)
}

export function writeProperty(
  calls: AttributeCalls,
  descriptor: number,
  name: string,
  value: Uint8Array | undefined,
): Failure | undefined {
  if (value === undefined) {
    const removed = calls.remove(descriptor, PREFIX + name)
    return removed >= 0 || isMissing(removed) ? undefined : failErrno(removed)
  }
  if (value.length > MAX_BYTES) return fail(NtStatus.INVALID_PARAMETER)
  const result = calls.write(descriptor, PREFIX + name, value)
  return result < 0 ? failFull(result) : undefined
}

const isMissing = (errno: number): boolean => errno === -Errno.ENODATA || errno === -Errno.EOPNOTSUPP
