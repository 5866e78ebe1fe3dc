import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const passwordExpired = logonRule({
  id: 'password-expired',
  looksFor: 'A logon with a password that is too old.',
  statuses: [NtStatus.PASSWORD_EXPIRED],
  title: 'was refused: the password has expired',
  cause: 'The password is right, but older than the policy allows. It cannot be changed in the logon of SMB itself.',
  advice: advise({
    user: 'Change it: Ctrl-Alt-Del at a computer of the domain, kpasswd, smbpasswd -r SERVER.',
    windows: 'Policy "Maximum password age".',
    samba: 'pdbedit -P "maximum password age", samba-tool domain passwordsettings.',
    smbkit: 'smbkit user set NAME --password-expires DATE, after smbkit user add NAME with another password.',
  }),
})
