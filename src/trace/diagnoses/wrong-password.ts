import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isKerberos, logonRule, mechanismOf } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const wrongPassword = logonRule({
  id: 'wrong-password',
  looksFor: 'A logon that is refused because name or password is wrong.',
  statuses: [NtStatus.LOGON_FAILURE, NtStatus.WRONG_PASSWORD],
  isMine: (setup) => !isKerberos(setup) && !/NTLMv1|LM$|anonymous/.test(mechanismOf(setup)),
  title: 'was refused: user name or password is wrong',
  cause:
    'The server does not say which of the two it is. The answer to the challenge was computed with another password than the one the server, or its domain controller, has; or the account is looked for in the wrong domain.',
  advice: advise({
    user: 'Check name, domain and password; cmdkey /list and the keychain show stored ones that may be old.',
    windows: 'Event 4625 on the server: sub-status C000006A is the password, C0000064 the name.',
    samba: 'pdbedit -L lists the accounts; log level = 3 auth:5 tells which was looked for.',
    smbkit: 'smbkit user lists the accounts of the users file; smbkit serve --debug shows the logon.',
  }),
})
