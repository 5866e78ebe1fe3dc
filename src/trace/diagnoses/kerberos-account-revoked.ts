import { KerberosCode } from '../../wire/kerberos/index.ts'
import { clientNameOf, kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

export const kerberosAccountRevoked = kerberosRule({
  id: 'kerberos-account-revoked',
  looksFor: 'A user whose account is disabled, locked or expired.',
  isMine: (code) =>
    code === KerberosCode.CLIENT_REVOKED ||
    code === KerberosCode.CLIENT_EXPIRED ||
    code === KerberosCode.CLIENT_NOT_YET_VALID,
  about: (exchange) => clientNameOf(exchange),
  title: (exchange) => `The account ${clientNameOf(exchange)} is disabled, locked or expired`,
  cause: 'The KDC gives no tickets to it. Which of the three it is, the KDC tells its own log only.',
  advice: advise({
    windows:
      'Get-ADUser NAME -Properties Enabled,LockedOut,AccountExpirationDate; event 4768 on the controller has the reason.',
    samba: 'samba-tool user show NAME; samba-tool user enable or unlock NAME.',
    smbkit: 'smbkit has no KDC of its own; accounts of its users file are enabled with smbkit user enable NAME.',
  }),
})
