import { NtStatus } from '../erref/ntstatus.ts'

/** Statuses that only SMB1 has: an error of its own where others have one of NT. MS-CIFS 2.2.2.4. */
export const Smb1Status = {
  INVALID_SMB: 0x0001_0002,
  BAD_TID: 0x0005_0002,
  BAD_COMMAND: 0x0016_0002,
  BAD_UID: 0x005b_0002,
} as const

const ERRDOS = 1
const ERRSRV = 2
const ERRSRV_ERROR = 1

/** Class and code for clients that know no others. MS-CIFS 2.2.2.4. */
const DOS_ERRORS: Readonly<Record<number, readonly [errorClass: number, code: number]>> = {
  [NtStatus.SUCCESS]: [0, 0],
  [NtStatus.ACCESS_DENIED]: [ERRDOS, 5],
  [NtStatus.INVALID_PARAMETER]: [ERRDOS, 87],
  [NtStatus.NOT_SUPPORTED]: [ERRDOS, 50],
  [NtStatus.OBJECT_NAME_NOT_FOUND]: [ERRDOS, 2],
  [NtStatus.NO_SUCH_FILE]: [ERRDOS, 2],
  [NtStatus.OBJECT_PATH_NOT_FOUND]: [ERRDOS, 3],
  [NtStatus.TOO_MANY_OPENED_FILES]: [ERRDOS, 4],
  [NtStatus.CANNOT_DELETE]: [ERRDOS, 5],
  [NtStatus.FILE_IS_A_DIRECTORY]: [ERRDOS, 5],
  [NtStatus.INVALID_HANDLE]: [ERRDOS, 6],
  [NtStatus.NO_MORE_FILES]: [ERRDOS, 18],
  [NtStatus.SHARING_VIOLATION]: [ERRDOS, 32],
  [NtStatus.FILE_LOCK_CONFLICT]: [ERRDOS, 33],
  [NtStatus.LOCK_NOT_GRANTED]: [ERRDOS, 33],
  [NtStatus.OBJECT_NAME_COLLISION]: [ERRDOS, 80],
  [NtStatus.DISK_FULL]: [ERRDOS, 112],
  [NtStatus.OBJECT_NAME_INVALID]: [ERRDOS, 123],
  [NtStatus.INVALID_LEVEL]: [ERRDOS, 124],
  [NtStatus.DIRECTORY_NOT_EMPTY]: [ERRDOS, 145],
  [NtStatus.RANGE_NOT_LOCKED]: [ERRDOS, 158],
  [NtStatus.NOT_A_DIRECTORY]: [ERRDOS, 267],
  [NtStatus.BUFFER_OVERFLOW]: [ERRDOS, 234],
  [NtStatus.BUFFER_TOO_SMALL]: [ERRDOS, 122],
  [NtStatus.CANCELLED]: [ERRDOS, 995],
  [NtStatus.LOGON_FAILURE]: [ERRSRV, 2],
  [NtStatus.BAD_NETWORK_NAME]: [ERRSRV, 6],
  [NtStatus.BAD_DEVICE_TYPE]: [ERRSRV, 7],
  [NtStatus.INSUFFICIENT_RESOURCES]: [ERRDOS, 8],
  [NtStatus.ACCOUNT_EXPIRED]: [ERRSRV, 2239],
  [NtStatus.ACCOUNT_DISABLED]: [ERRSRV, 2239],
  [NtStatus.INVALID_WORKSTATION]: [ERRSRV, 2240],
  [NtStatus.INVALID_LOGON_HOURS]: [ERRSRV, 2241],
  [NtStatus.PASSWORD_EXPIRED]: [ERRSRV, 2242],
  [NtStatus.PASSWORD_MUST_CHANGE]: [ERRSRV, 2242],
}

const SMB1_STATUSES: ReadonlySet<number> = new Set(Object.values(Smb1Status))

/** What is an error of SMB1 already, and written so. */
export const isSmb1Error = (status: number): boolean => SMB1_STATUSES.has(status)

/** The status field for a client whose Flags2 lack NT_STATUS: class, a zero, and the code. MS-CIFS 2.2.3.1. */
export function dosError(status: number): number {
  if (isSmb1Error(status)) return status
  const [errorClass, code] = DOS_ERRORS[status] ?? [ERRSRV, ERRSRV_ERROR]
  return ((code << 16) | errorClass) >>> 0
}
