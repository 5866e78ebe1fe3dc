import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const unknownUser = logonRule({
  id: 'unknown-user',
  looksFor: 'A logon with a name that the server does not know.',
  statuses: [NtStatus.NO_SUCH_USER],
  title: 'was refused: the server knows no such account',
  cause:
    'The name is not in the database of the server or of its domain. Often the domain is wrong: a local account of the server needs the name of the server as domain.',
  advice: advise({
    user: 'Check the name, and give the domain (DOMAIN\\\\NAME or NAME@DOMAIN).',
    windows: 'Get-LocalUser on the server, Get-ADUser in the domain.',
    samba: 'pdbedit -L; map to guest = Bad User would make a guest of such users.',
    smbkit: 'smbkit user add NAME.',
  }),
})
