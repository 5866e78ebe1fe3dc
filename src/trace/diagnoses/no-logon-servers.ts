import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const noLogonServers = logonRule({
  id: 'no-logon-servers',
  looksFor: 'A logon that fails since no domain controller can be asked.',
  statuses: [
    NtStatus.NO_LOGON_SERVERS,
    NtStatus.NETLOGON_NOT_STARTED,
    NtStatus.DOMAIN_CONTROLLER_NOT_FOUND,
    NtStatus.NO_SUCH_DOMAIN,
  ],
  title: 'was refused: the server could not ask a domain controller',
  cause: 'The server has no connection to a controller of the domain of the user, so nobody can check the password.',
  advice: advise({
    windows: 'nltest /dsgetdc:DOMAIN on the server; DNS has to be that of the domain; start Netlogon.',
    samba: 'wbinfo -p, wbinfo --ping-dc; start winbindd.',
    network: 'Ports 88, 389, 445 and 135 from the server to its controllers.',
    smbkit: 'domain in the config file: controllers, and the password of the computer.',
  }),
})
