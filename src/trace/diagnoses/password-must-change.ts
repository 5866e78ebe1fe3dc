import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const passwordMustChange = logonRule({
  id: 'password-must-change',
  looksFor: 'A logon with a password that was set by somebody else and has to be changed first.',
  statuses: [NtStatus.PASSWORD_MUST_CHANGE],
  title: 'was refused: the password has to be changed before the first logon',
  cause:
    'An administrator has set the password and wants the user to choose another. It cannot be changed in the logon of SMB itself.',
  advice: advise({
    user: 'Change it: Ctrl-Alt-Del at a computer of the domain, kpasswd, smbpasswd -r SERVER.',
    windows: '"User must change password at next logon" of the account.',
    samba: 'smbpasswd NAME, as root, sets a new one; samba-tool user setpassword without --must-change-at-next-login.',
    smbkit: 'smbkit user add NAME sets another; smbkit user set NAME --must-change no.',
  }),
})
