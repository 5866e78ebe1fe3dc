import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const logonHours = logonRule({
  id: 'logon-hours',
  looksFor: 'A logon at a time that is not allowed.',
  statuses: [NtStatus.INVALID_LOGON_HOURS],
  title: 'was refused: not at this time',
  cause: 'The account may be used at certain hours of the week only, in the clock of the server.',
  advice: advise({
    windows:
      '"Logon Hours" of the account; policy "Microsoft network server: Disconnect clients when logon hours expire".',
    samba: 'pdbedit --logon-hours-reset NAME.',
    smbkit: 'smbkit user set NAME --hours "Mon-Fri 8-18" (in UTC).',
  }),
})
