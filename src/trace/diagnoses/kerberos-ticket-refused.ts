import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Groups, Recent } from '../evidence/groups.ts'
import { clientNameOf } from '../evidence/kerberos-rule.ts'
import { isFailedSetup, isKerberos } from '../evidence/logon-rule.ts'
import { serverOf, statusOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf, type Told } from '../evidence/rules.ts'
import type { KerberosExchange, Rule, Transaction } from '../model.ts'

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
const MAX_CLIENTS = 10_000

interface Refused {
  readonly setup: Transaction
  /** Where the KDC gave the ticket, if that was captured. */
  readonly ticket: KerberosExchange | undefined
}

export const kerberosTicketRefused: Rule = {
  id: 'kerberos-ticket-refused',
  looksFor: 'A ticket that the KDC gave and the server does not take (wrong account, old key, bad PAC).',
  start() {
    const groups = new Groups<Refused>()
    /** The last ticket for a file server, by the client's address. */
    const tickets = new Recent<string, KerberosExchange>(MAX_CLIENTS)
    return {
      kerberos(exchange) {
        const isTicket = exchange.kind === 'TGS' && exchange.errorCode === undefined && exchange.response !== undefined
        if (isTicket && /^cifs\//i.test(exchange.serviceName ?? '')) tickets.set(exchange.client.address, exchange)
      },
      transaction(transaction) {
        if (!isFailedSetup(transaction) || !isKerberos(transaction)) return
        if (EXPLAINED.includes(transaction.status ?? 0)) return
        const ticket = transaction.session?.ticket ?? tickets.get(transaction.conversation.client.address)
        const key = `${ticket?.serviceName ?? ''} ${transaction.conversation.server.address}`
        const group = groups.of(key, () => ({ setup: transaction, ticket }))
        group?.add([...framesOf(transaction), ticket?.response?.frame])
      },
      findings: () =>
        groups
          .all()
          .map((group) =>
            findingOf('kerberos-ticket-refused', group, tell(group.first), group.first.setup.conversation),
          ),
    }
  },
}

function tell({ setup, ticket }: Refused): Told {
  const service = setup.session?.serviceName?.value ?? ticket?.serviceName
  const server = serverOf(setup.conversation.server)
  const user = ticket?.clientName === undefined ? userOf(setup.session) : clientNameOf(ticket)
  const given =
    ticket === undefined
      ? 'The client had a ticket'
      : `The KDC ${ticket.kdc.address} gave a ticket for ${service ?? 'it'} (frame ${ticket.response?.frame ?? '?'})`
  return {
    severity: 'problem',
    title: `${server} does not take the ticket ${service === undefined ? '' : `for ${service} `}of ${user}`,
    cause: `${given}, and the server answered it with ${statusOf(setup)}. Mostly the server cannot open it (KRB_AP_ERR_MODIFIED): the service name is registered on another account than that of the server, so the KDC used that account's key; or the server has another computer password, or an older keytab, than the KDC knows; or the name leads to another machine in DNS. A privilege certificate (PAC) that does not fit its signature ends the same way.`,
    advice: advise({
      windows: `setspn -Q ${service ?? 'cifs/NAME'} shows whose name it is: it has to be the computer account of the server, and that alone. Reset-ComputerMachinePassword; klist purge on the client; event 4 of Security-Kerberos names the account.`,
      samba:
        'net ads testjoin, net ads keytab create, "kerberos method"; klist -ke shows the keys that the server has.',
      network: 'nslookup of the name: does it lead to this server?',
    }),
  }
}
