import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const accountDisabled = logonRule({
  id: 'account-disabled',
  looksFor: 'A logon with an account that has been disabled.',
  statuses: [NtStatus.ACCOUNT_DISABLED],
  title: 'was refused: the account is disabled',
  cause:
    'The password is right, but an administrator, or a job that looks for unused accounts, has disabled the account.',
  advice: advise({
    windows: 'Enable-ADAccount or Enable-LocalUser.',
    samba: 'smbpasswd -e NAME, samba-tool user enable NAME.',
    smbkit: 'smbkit user enable NAME.',
  }),
})
