import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const accountExpired = logonRule({
  id: 'account-expired',
  looksFor: 'A logon with an account whose time is over.',
  statuses: [NtStatus.ACCOUNT_EXPIRED],
  title: 'was refused: the account has expired',
  cause: 'The account was made for a limited time.',
  advice: advise({
    windows: 'Set-ADAccountExpiration or Clear-ADAccountExpiration.',
    samba: 'pdbedit -u NAME --kickoff-time=never, samba-tool user setexpiry NAME.',
    smbkit: 'smbkit user set NAME --expires 2027-12-31; an empty date takes it back.',
  }),
})
