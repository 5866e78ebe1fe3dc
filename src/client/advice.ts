import { NtStatus } from '../wire/erref/ntstatus.ts'

/** What somebody who meets this status as a client can try, where its explanation does not say it already. */
const ADVICE = new Map<number, string>([
  [NtStatus.LOGON_FAILURE, 'Check both, and the domain; a local account of the server may want its name as domain.'],
  [NtStatus.ACCESS_DENIED, 'Log on as somebody else, or ask who owns it.'],
  [NtStatus.BAD_NETWORK_NAME, 'List the shares to see how it is spelled.'],
  [NtStatus.OBJECT_NAME_NOT_FOUND, 'Check how the name is spelled.'],
  [NtStatus.OBJECT_PATH_NOT_FOUND, 'Check how the folders are spelled, or make them first.'],
  [NtStatus.OBJECT_NAME_COLLISION, 'Choose another name, or allow it to be replaced.'],
  [NtStatus.DIRECTORY_NOT_EMPTY, 'Remove it with all that is in it (recursive), or empty it first.'],
  [NtStatus.PASSWORD_EXPIRED, 'Set a new one where the account is kept.'],
  [NtStatus.PASSWORD_MUST_CHANGE, 'Set a new one where the account is kept.'],
  [NtStatus.DISK_FULL, 'Make room on the server.'],
  [NtStatus.NOT_SUPPORTED, 'Another dialect or another way to do it may work.'],
  [NtStatus.CANNOT_DELETE, 'Take the attribute READONLY away first, or wait until nobody uses it.'],
  [NtStatus.FILE_LOCK_CONFLICT, 'Try again later.'],
  [NtStatus.LOCK_NOT_GRANTED, 'Try again later, or wait for the lock.'],
  [NtStatus.NOT_SAME_DEVICE, 'Copy it and remove the original.'],
])

/** Nobody owns a logon. */
const LOGON_DENIED = 'Log on as somebody else, or ask who runs the server.'
const LOGONS: ReadonlySet<string> = new Set(['SESSION_SETUP', 'SESSION_SETUP_ANDX'])

/** A sentence; undefined where there is nothing to add. `command`: the name of what was answered so. */
export const adviceFor = (status: NtStatus, command: string): string | undefined =>
  status >>> 0 === NtStatus.ACCESS_DENIED && LOGONS.has(command) ? LOGON_DENIED : ADVICE.get(status >>> 0)
