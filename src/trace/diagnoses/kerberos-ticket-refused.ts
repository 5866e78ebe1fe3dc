import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isFailedSetup, isKerberos } from '../evidence/logon-rule.ts'
import { serverOf, statusOf, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

/** What has an explanation of its own, whatever the mechanism. */
const EXPLAINED: readonly number[] = [
  NtStatus.TIME_DIFFERENCE_AT_DC,
  NtStatus.ACCOUNT_DISABLED,
  NtStatus.ACCOUNT_EXPIRED,
  NtStatus.ACCOUNT_LOCKED_OUT,
  NtStatus.ACCOUNT_RESTRICTION,
  NtStatus.LOGON_TYPE_NOT_GRANTED,
  NtStatus.NO_LOGON_SERVERS,
]

export const kerberosTicketRefused = transactionRule({
  id: 'kerberos-ticket-refused',
  looksFor: 'A ticket that the KDC gave and the server does not take (wrong account, old key, bad PAC).',
  sign: (transaction) =>
    isFailedSetup(transaction) && isKerberos(transaction) && !EXPLAINED.includes(transaction.status ?? 0)
      ? { key: `${transaction.session?.serviceName?.value ?? ''} ${transaction.conversation.server.address}` }
      : undefined,
  tell({ first }) {
    const service = first.session?.serviceName?.value
    const server = serverOf(first.conversation.server)
    return {
      severity: 'problem',
      title: `${server} does not take the ticket ${service === undefined ? '' : `for ${service} `}of ${userOf(first.session)}`,
      cause: `The client had a ticket, and the server answered ${statusOf(first)}. Mostly the server cannot open it (KRB_AP_ERR_MODIFIED): the service name is registered on another account than that of the server, so the KDC used that account's key; or the server has another computer password, or an older keytab, than the KDC knows; or the name leads to another machine in DNS. A privilege certificate (PAC) that does not fit its signature ends the same way.`,
      advice: advise({
        windows: `setspn -Q ${service ?? 'cifs/NAME'} shows whose name it is: it has to be the computer account of the server, and that alone. Reset-ComputerMachinePassword; klist purge on the client; event 4 of Security-Kerberos names the account.`,
        samba:
          'net ads testjoin, net ads keytab create, "kerberos method"; klist -ke shows the keys that the server has.',
        network: 'nslookup of the name: does it lead to this server?',
      }),
    }
  },
})
