import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const logonTypeRefused = logonRule({
  id: 'logon-type-refused',
  looksFor: 'A logon with an account that may not log on over the network.',
  statuses: [NtStatus.LOGON_TYPE_NOT_GRANTED, NtStatus.LOGON_NOT_GRANTED],
  title: 'was refused: the account may not log on to this server over the network',
  cause: 'The password is right; a right of the server is missing.',
  advice: advise({
    windows:
      'Policies "Access this computer from the network" and "Deny access to this computer from the network" of the server.',
    samba: 'invalid users, valid users, winbind restricted groups.',
    smbkit: 'smbkit user set NAME --network yes; users of the share.',
  }),
})
