/**
 * Reparse points, as Samba keeps them: the extended attribute `user.SmbReparse` has the whole buffer, and
 * `user.DOSATTRIB` the attribute's bit. The disk knows nothing of them: a symbolic link that a client makes is for
 * clients to follow, and leads nobody out of the folder.
 */
import type { Failure } from '../../wire/erref/failure.ts'
import { FileAttributes } from '../../wire/fscc/file-attributes.ts'
import { type AttributeCalls, isErrno, type RawStat } from './calls.ts'
import { Errno, failErrno } from './errno.ts'
import type { Metadata } from './metadata.ts'
import { failFull } from './stream-store.ts'

export const REPARSE = 'user.SmbReparse'
const TAG_BYTES = 4

export function readReparsePoint(calls: AttributeCalls, descriptor: number): Uint8Array | undefined | Failure {
  const value = calls.read(descriptor, REPARSE)
  if (!isErrno(value)) return value.slice()
  return isMissing(value) ? undefined : failErrno(value)
}

export function writeReparsePoint(
  metadata: Metadata,
  calls: AttributeCalls,
  descriptor: number,
  raw: RawStat,
  data: Uint8Array | undefined,
): Failure | undefined {
  const result = data === undefined ? calls.remove(descriptor, REPARSE) : calls.write(descriptor, REPARSE, data)
  if (result < 0 && !(data === undefined && isMissing(result))) return failFull(result)
  const { attributes = 0, creationTime } = metadata.dosAttributes(descriptor, raw.fileId)
  const bit = FileAttributes.REPARSE_POINT
  const marked = metadata.setDosAttributes(
    descriptor,
    raw,
    data === undefined ? attributes & ~bit : attributes | bit,
    creationTime,
  )
  return marked < 0 ? failErrno(marked) : undefined
}

/** The tag of a stored reparse point, 0 if there is none. */
export function reparseTagOf(value: Uint8Array | number): number {
  if (isErrno(value) || value.length < TAG_BYTES) return 0
  return new DataView(value.buffer, value.byteOffset).getUint32(0, true)
}

const isMissing = (errno: number): boolean => errno === -Errno.ENODATA || errno === -Errno.EOPNOTSUPP
