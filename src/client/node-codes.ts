import { NtStatus } from '../wire/erref/ntstatus.ts'

/** Node's `code` for a status, where programs that know `node:fs` would look for one. */
const CODES: Readonly<Record<string, readonly number[]>> = {
  ENOENT: [
    NtStatus.OBJECT_NAME_NOT_FOUND,
    NtStatus.OBJECT_PATH_NOT_FOUND,
    NtStatus.NO_SUCH_FILE,
    NtStatus.NOT_FOUND,
    NtStatus.DELETE_PENDING,
    NtStatus.FILE_DELETED,
    NtStatus.BAD_NETWORK_NAME,
  ],
  EACCES: [
    NtStatus.ACCESS_DENIED,
    NtStatus.NETWORK_ACCESS_DENIED,
    NtStatus.LOGON_FAILURE,
    NtStatus.WRONG_PASSWORD,
    NtStatus.NO_SUCH_USER,
    NtStatus.ACCOUNT_DISABLED,
    NtStatus.ACCOUNT_EXPIRED,
    NtStatus.ACCOUNT_LOCKED_OUT,
    NtStatus.ACCOUNT_RESTRICTION,
    NtStatus.PASSWORD_EXPIRED,
    NtStatus.PASSWORD_MUST_CHANGE,
    NtStatus.INVALID_LOGON_HOURS,
    NtStatus.INVALID_WORKSTATION,
    NtStatus.LOGON_TYPE_NOT_GRANTED,
    NtStatus.LOGON_NOT_GRANTED,
  ],
  EPERM: [NtStatus.PRIVILEGE_NOT_HELD, NtStatus.CANNOT_DELETE, NtStatus.INVALID_OWNER],
  EEXIST: [NtStatus.OBJECT_NAME_COLLISION],
  ENOTEMPTY: [NtStatus.DIRECTORY_NOT_EMPTY],
  EISDIR: [NtStatus.FILE_IS_A_DIRECTORY],
  ENOTDIR: [NtStatus.NOT_A_DIRECTORY, NtStatus.OBJECT_PATH_INVALID],
  ENOSPC: [NtStatus.DISK_FULL],
  EDQUOT: [NtStatus.QUOTA_EXCEEDED],
  EFBIG: [NtStatus.FILE_TOO_LARGE],
  EROFS: [NtStatus.MEDIA_WRITE_PROTECTED],
  EBUSY: [
    NtStatus.SHARING_VIOLATION,
    NtStatus.USER_MAPPED_FILE,
    NtStatus.FILES_OPEN,
    NtStatus.DEVICE_BUSY,
    NtStatus.PIPE_BUSY,
    NtStatus.PIPE_NOT_AVAILABLE,
  ],
  EAGAIN: [NtStatus.FILE_LOCK_CONFLICT, NtStatus.LOCK_NOT_GRANTED, NtStatus.FILE_NOT_AVAILABLE, NtStatus.RETRY],
  EBADF: [NtStatus.FILE_CLOSED, NtStatus.INVALID_HANDLE, NtStatus.FILE_FORCED_CLOSED],
  EINVAL: [NtStatus.INVALID_PARAMETER, NtStatus.OBJECT_NAME_INVALID, NtStatus.OBJECT_PATH_SYNTAX_BAD],
  ENAMETOOLONG: [NtStatus.NAME_TOO_LONG],
  EXDEV: [NtStatus.NOT_SAME_DEVICE],
  EMLINK: [NtStatus.TOO_MANY_LINKS],
  ELOOP: [NtStatus.REPARSE_POINT_NOT_RESOLVED, NtStatus.STOPPED_ON_SYMLINK],
  EMFILE: [NtStatus.TOO_MANY_OPENED_FILES],
  ENOMEM: [NtStatus.INSUFFICIENT_RESOURCES, NtStatus.INSUFF_SERVER_RESOURCES, NtStatus.NO_MEMORY],
  ENOTSUP: [
    NtStatus.NOT_SUPPORTED,
    NtStatus.NOT_IMPLEMENTED,
    NtStatus.INVALID_DEVICE_REQUEST,
    NtStatus.INVALID_INFO_CLASS,
    NtStatus.EAS_NOT_SUPPORTED,
    NtStatus.FS_DRIVER_REQUIRED,
  ],
  EPIPE: [NtStatus.PIPE_BROKEN, NtStatus.PIPE_DISCONNECTED, NtStatus.PIPE_CLOSING],
  EIO: [
    NtStatus.UNEXPECTED_IO_ERROR,
    NtStatus.IO_DEVICE_ERROR,
    NtStatus.DEVICE_DATA_ERROR,
    NtStatus.CRC_ERROR,
    NtStatus.FILE_CORRUPT_ERROR,
    NtStatus.DISK_CORRUPT_ERROR,
    NtStatus.INTERNAL_ERROR,
  ],
  ETIMEDOUT: [NtStatus.IO_TIMEOUT],
  EHOSTUNREACH: [NtStatus.BAD_NETWORK_PATH, NtStatus.HOST_UNREACHABLE, NtStatus.DFS_UNAVAILABLE],
  ECANCELED: [NtStatus.CANCELLED],
}

const codes = new Map<number, string>()
for (const [code, statuses] of Object.entries(CODES)) for (const status of statuses) codes.set(status, code)

/** `ENOENT` and the like; undefined for a status that Node has no word for. */
export const nodeCodeOf = (status: NtStatus): string | undefined => codes.get(status >>> 0)
