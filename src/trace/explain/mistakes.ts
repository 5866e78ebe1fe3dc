import type { NtStatus } from '../../wire/erref/ntstatus.ts'

type Name = keyof typeof NtStatus

/**
 * Codes that tables of SMB statuses on the web give wrongly: the number they print belongs to another status.
 * MS-ERREF 2.3.1 decides.
 */
export const WRONG_CODES: readonly { readonly name: Name; readonly printed: number }[] = [
  { name: 'BAD_NETWORK_NAME', printed: 0xc000_020c },
  { name: 'NETWORK_NAME_DELETED', printed: 0xc000_035c },
  { name: 'USER_SESSION_DELETED', printed: 0xc000_00df },
  { name: 'FILE_IS_A_DIRECTORY', printed: 0xc000_00ca },
  { name: 'INVALID_LEVEL', printed: 0xc000_00cc },
  { name: 'FILE_CLOSED', printed: 0xc000_00d0 },
  { name: 'PIPE_BROKEN', printed: 0xc000_00e5 },
  { name: 'NO_SUCH_USER', printed: 0xc000_00f0 },
  { name: 'FATAL_APP_EXIT', printed: 0xc000_00f4 },
]
