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

/** The status field for a client whose Flags2 lack NT_STATUS: class, a zero, and the code. MS-CIFS 2.2.3.1. */
export function dosError(status: number): number {
  // What is an SMB1 error already is written so.
  if (Object.values<number>(Smb1Status).includes(status)) return status
  const [errorClass, code] = DOS_ERRORS[status] ?? [ERRSRV, ERRSRV_ERROR]
  return ((code << 16) | errorClass) >>> 0
}
