import { KerberosCode } from '../../wire/kerberos/index.ts'
import { clientNameOf, kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

export const kerberosClientUnknown = kerberosRule({
  id: 'kerberos-client-unknown',
  looksFor: 'A user that the KDC does not know.',
  isMine: (code) => code === KerberosCode.CLIENT_UNKNOWN,
  about: (exchange) => clientNameOf(exchange),
  title: (exchange) => `The KDC knows no user ${clientNameOf(exchange)}`,
  cause: 'The name, or the realm, is not the one of the account.',
  advice: advise({
    user: 'Check the name; the realm is the DNS name of the domain in capitals.',
    windows: 'Get-ADUser; the UPN suffix may differ from the domain.',
    samba: 'default_realm in krb5.conf.',
    smbkit: '--user NAME@REALM, or --domain; smbkit serve knows domain users by their ticket alone.',
  }),
})
