import { KerberosCode } from '../../wire/kerberos/index.ts'
import { kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

export const kerberosSpnUnknown = kerberosRule({
  id: 'kerberos-spn-unknown',
  looksFor: 'A ticket for a service name that the KDC does not know.',
  isMine: (code) => code === KerberosCode.SERVER_UNKNOWN || code === KerberosCode.PRINCIPAL_NOT_UNIQUE,
  about: (exchange) => exchange.serviceName ?? '',
  title: (exchange) => `The KDC knows no service ${exchange.serviceName ?? '(name not told)'}`,
  cause:
    'No account has this name as its service principal name (SPN), or two have it. It is made of the name that the server was called by: an alias in DNS, a short name of another domain, or an IP address is not registered by itself.',
  advice: advise({
    user: 'Call the server by the name of its computer account.',
    windows:
      'setspn -S cifs/NAME COMPUTER, or netdom computername SERVER /add:NAME, which registers all that an alias needs; setspn -X finds names that two accounts have.',
    samba: 'net ads setspn add, netbios aliases, additional dns hostnames.',
    smbkit: 'smbkit get and its like use the name in the address for the SPN.',
  }),
})
