import { KerberosCode } from '../../wire/kerberos/index.ts'
import { clientNameOf, kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

export const kerberosPasswordExpired = kerberosRule({
  id: 'kerberos-password-expired',
  looksFor: 'A user whose password has expired or has to be changed.',
  isMine: (code) => code === KerberosCode.PASSWORD_EXPIRED,
  about: (exchange) => clientNameOf(exchange),
  title: (exchange) => `The password of ${clientNameOf(exchange)} has expired`,
  cause:
    'The password is too old, or an administrator wants it to be changed before the first logon. No ticket is given until then but one for changing it (kadmin/changepw).',
  advice: advise({
    user: 'Change it: Ctrl-Alt-Del, kpasswd.',
    windows: 'Policy "Maximum password age"; "User must change password at next logon".',
    samba: 'samba-tool user setpassword; samba-tool domain passwordsettings.',
    smbkit: 'smbkit has no command for it: kpasswd.',
  }),
})
