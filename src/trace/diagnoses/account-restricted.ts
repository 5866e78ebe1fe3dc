import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const accountRestricted = logonRule({
  id: 'account-restricted',
  looksFor: 'A logon that a restriction of the account forbids.',
  statuses: [NtStatus.ACCOUNT_RESTRICTION],
  title: 'was refused: a restriction of the account forbids it',
  cause:
    'The most frequent restriction is an empty password, which does for the console only. Others are the group Protected Users, which may not use NTLM, and authentication policies.',
  advice: advise({
    windows:
      'Policy "Accounts: Limit local account use of blank passwords to console logon only"; group Protected Users; authentication policy silos.',
    samba: 'null passwords; samba-tool domain auth policy.',
    user: 'Set a password; call the server by its name, so that Kerberos is used.',
    smbkit: 'smbkit user set NAME --network yes.',
  }),
})
