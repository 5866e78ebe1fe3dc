import { KerberosCode } from '../../wire/kerberos/index.ts'
import { clientNameOf, kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

export const kerberosWrongPassword = kerberosRule({
  id: 'kerberos-wrong-password',
  looksFor: 'A user whose password the KDC refuses.',
  isMine: (code, { kind }) =>
    kind === 'AS' && (code === KerberosCode.PREAUTHENTICATION_FAILED || code === KerberosCode.WRONG_KEY),
  about: (exchange) => clientNameOf(exchange),
  title: (exchange) => `The KDC refuses the password of ${clientNameOf(exchange)}`,
  cause:
    'The proof of the password (pre-authentication) could not be decrypted with the key of the account: the password, or the keytab, is wrong or old.',
  advice: advise({
    user: 'Type the password again; kinit -k -t FILE tells whether a keytab is still good.',
    windows: 'Event 4771 on the controller.',
    samba: 'net ads keytab create after the password of the computer has changed.',
    smbkit: "--keytab FILE of the client's commands; klist -kt shows its versions.",
  }),
})
