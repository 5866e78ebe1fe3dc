import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'

/** Error numbers, as Linux counts them; the other systems' are translated by their names. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EMLINK: 31,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EOVERFLOW: 75,
  EILSEQ: 84,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110,
  ESTALE: 116,
  EREMOTEIO: 121,
  EDQUOT: 122,
  ENOMEDIUM: 123,
  EMEDIUMTYPE: 124,
  ECANCELED: 125,
} as const

const STATUS = new Map<number, NtStatus>([
  [Errno.EPERM, NtStatus.ACCESS_DENIED],
  [Errno.ENOENT, NtStatus.OBJECT_NAME_NOT_FOUND],
  [Errno.EINTR, NtStatus.CANCELLED],
  [Errno.EIO, NtStatus.IO_DEVICE_ERROR],
  [Errno.ENXIO, NtStatus.NO_SUCH_DEVICE],
  [Errno.E2BIG, NtStatus.EA_TOO_LARGE],
  [Errno.EBADF, NtStatus.INVALID_HANDLE],
  [Errno.EAGAIN, NtStatus.SHARING_VIOLATION],
  [Errno.ENOMEM, NtStatus.INSUFFICIENT_RESOURCES],
  [Errno.EACCES, NtStatus.ACCESS_DENIED],
  [Errno.EBUSY, NtStatus.SHARING_VIOLATION],
  [Errno.EEXIST, NtStatus.OBJECT_NAME_COLLISION],
  [Errno.EXDEV, NtStatus.NOT_SAME_DEVICE],
  [Errno.ENODEV, NtStatus.NO_SUCH_DEVICE],
  [Errno.ENOTDIR, NtStatus.OBJECT_PATH_NOT_FOUND],
  [Errno.EISDIR, NtStatus.FILE_IS_A_DIRECTORY],
  [Errno.EINVAL, NtStatus.INVALID_PARAMETER],
  [Errno.ENFILE, NtStatus.TOO_MANY_OPENED_FILES],
  [Errno.EMFILE, NtStatus.TOO_MANY_OPENED_FILES],
  [Errno.ETXTBSY, NtStatus.SHARING_VIOLATION],
  // MS-FSA 2.1.5.15.4: an end of file beyond the largest that there can be.
  [Errno.EFBIG, NtStatus.INVALID_PARAMETER],
  [Errno.ENOSPC, NtStatus.DISK_FULL],
  [Errno.EROFS, NtStatus.MEDIA_WRITE_PROTECTED],
  [Errno.EMLINK, NtStatus.TOO_MANY_LINKS],
  [Errno.ERANGE, NtStatus.OBJECT_NAME_INVALID],
  [Errno.ENAMETOOLONG, NtStatus.OBJECT_NAME_INVALID],
  [Errno.ENOLCK, NtStatus.INSUFFICIENT_RESOURCES],
  [Errno.ENOSYS, NtStatus.NOT_SUPPORTED],
  [Errno.ENOTEMPTY, NtStatus.DIRECTORY_NOT_EMPTY],
  [Errno.ELOOP, NtStatus.REPARSE_POINT_NOT_RESOLVED],
  [Errno.ENODATA, NtStatus.OBJECT_NAME_NOT_FOUND],
  [Errno.EOVERFLOW, NtStatus.FILE_TOO_LARGE],
  [Errno.EILSEQ, NtStatus.OBJECT_NAME_INVALID],
  [Errno.EOPNOTSUPP, NtStatus.NOT_SUPPORTED],
  [Errno.ETIMEDOUT, NtStatus.IO_TIMEOUT],
  [Errno.ESTALE, NtStatus.FILE_INVALID],
  [Errno.EREMOTEIO, NtStatus.IO_DEVICE_ERROR],
  // A quota is shown to clients as the free space that they have (VolumeInfo.availableBytes), and so is its end.
  [Errno.EDQUOT, NtStatus.DISK_FULL],
  [Errno.ENOMEDIUM, NtStatus.NO_MEDIA_IN_DEVICE],
  [Errno.EMEDIUMTYPE, NtStatus.UNRECOGNIZED_MEDIA],
  [Errno.ECANCELED, NtStatus.CANCELLED],
])

/** The status for an error number, negative as calls answer it or positive. */
export function statusOf(errno: number): NtStatus {
  return STATUS.get(Math.abs(errno)) ?? NtStatus.UNSUCCESSFUL
}

/** The failure for an error number, negative as calls answer it or positive. */
export function failErrno(errno: number): Failure {
  return fail(statusOf(errno))
}

const CODES: Readonly<Record<string, number>> = { ...Errno, ENOTSUP: Errno.EOPNOTSUPP, ENOATTR: Errno.ENODATA }

/** The negative error number (of Linux) of what a function of node:fs has thrown. Throws what is no such error. */
export function thrownErrno(error: unknown): number {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && 'errno' in error) {
    return -(CODES[error.code] ?? Errno.EIO)
  }
  throw error
}
