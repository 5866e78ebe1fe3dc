import { KerberosCode } from '../../wire/kerberos/index.ts'
import { clientNameOf, kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

export const kerberosEncryptionType = kerberosRule({
  id: 'kerberos-encryption-type',
  looksFor: 'No kind of encryption that client, service and KDC have in common.',
  isMine: (code) => code === KerberosCode.ENCRYPTION_TYPE_UNKNOWN || code === KerberosCode.CHECKSUM_TYPE_UNKNOWN,
  about: (exchange) => exchange.serviceName ?? clientNameOf(exchange),
  title: (exchange) => `No kind of encryption in common for ${exchange.serviceName ?? clientNameOf(exchange)}`,
  cause:
    'RC4 and DES have been switched off step by step. An account whose password was set before there was AES has no AES key, and a service whose account allows RC4 alone gets no ticket where RC4 is forbidden.',
  advice: advise({
    windows:
      'Policy "Network security: Configure encryption types allowed for Kerberos"; msDS-SupportedEncryptionTypes of the account; set its password twice, so that AES keys are made.',
    samba: 'kerberos encryption types; net ads enctypes set; permitted_enctypes in krb5.conf.',
    smbkit:
      'permitted_enctypes in krb5.conf holds for smbkit, too; the keytab of smbkit serve needs keys of the kind that the KDC uses.',
  }),
})
