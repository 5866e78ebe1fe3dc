import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { KerberosCode, kerberosErrorName } from '../../wire/kerberos/index.ts'
import { Groups } from '../evidence/groups.ts'
import { clientNameOf } from '../evidence/kerberos-rule.ts'
import { isFailedSetup, isKerberos, kerberosErrorIn } from '../evidence/logon-rule.ts'
import { listOf, serverOf, statusOf, UNKNOWN_USER, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf, type Told } from '../evidence/rules.ts'
import type { KerberosExchange, Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

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
        const code = kerberosErrorIn(transaction)
        if (code === undefined && !(isFailedSetup(transaction) && isKerberos(transaction))) return
        if (EXPLAINED.includes(transaction.status ?? 0) || code === KerberosCode.CLOCK_SKEW) return
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
  const code = kerberosErrorIn(setup)
  const status = isFailedSetup(setup) ? [statusOf(setup)] : []
  const said = listOf([...status, ...(code === undefined ? [] : [`${kerberosErrorName(code)} (${code})`])])
  const whose = user === UNKNOWN_USER ? '' : ` of ${user}`
  return {
    severity: 'problem',
    title: `${server} does not take the ticket${service === undefined ? '' : ` for ${service}`}${whose}`,
    cause: `${given}, and the server answered it with ${said}. ${whyOf(setup, code)}`,
    advice: advise({
      windows: `setspn -Q ${service ?? 'cifs/NAME'} shows whose name it is: it has to be the computer account of the server, and that alone. Reset-ComputerMachinePassword; klist purge on the client; event 4 of Security-Kerberos names the account.`,
      samba:
        'net ads testjoin, net ads keytab create, "kerberos method"; klist -ke shows the keys that the server has.',
      smbkit: 'keytab of the server; the log of smbkit serve says which key is missing or old.',
      network: 'nslookup of the name: does it lead to this server?',
    }),
  }
}

const WHY: Readonly<Record<number, string>> = {
  [KerberosCode.WRONG_KEY]:
    'The server has a key of that version, and it does not open the ticket: the KDC used the key of another account (the service name is registered on another account than that of the server), or the password of the computer was set anew without a new keytab.',
  [KerberosCode.NOT_FOR_US]:
    'The ticket is for another service than this server is: the name leads to another machine in DNS, or the keytab lacks this name.',
  [KerberosCode.MODIFIED]:
    "The server cannot open the ticket: the service name is registered on another account than that of the server, so the KDC used that account's key; or the server has another computer password, or an older keytab, than the KDC knows; or the name leads to another machine in DNS.",
  [KerberosCode.KEY_VERSION_UNKNOWN]:
    'The server has keys of other versions only: the password of its account was changed after its keytab was made, or the ticket is older than that. A new keytab helps, and a new ticket.',
  [KerberosCode.NO_KEY]:
    'The server has no key for that name and kind of encryption: its keytab lacks the name or the encryption type.',
}

/** What the error, or else the status, says. */
function whyOf({ detail, status }: Transaction, code: number | undefined): string {
  const keyOf = detail.kind === 'session-setup' ? detail.ticketKeyOf : undefined
  const known = code === undefined ? undefined : WHY[code]
  const proof =
    keyOf === undefined
      ? ''
      : keyOf === ''
        ? ' None of the keys that were given opens the ticket.'
        : ` Of the keys that were given that of ${keyOf} opens the ticket. If this is not the account of the server, the service name is registered on the wrong one, which is the cause; if it is, name and key are right, and the server does not take what is inside: its privilege certificate (PAC) is missing or its signature wrong, or its user is nobody here.`
  if (known !== undefined || proof !== '') return `${known ?? ''}${proof}`.trim()
  // Opening a ticket fails as a wrong password does; who is denied afterwards was let in by it.
  if (code === undefined && status !== NtStatus.LOGON_FAILURE)
    return 'That is not what a ticket that cannot be opened leads to. The privilege certificate (PAC) in it does not fit: its signature is wrong, it is missing, or it comes from a KDC of another kind than the server expects; or the user of the ticket is nobody at this server.'
  return "Mostly the server cannot open it (KRB_AP_ERR_MODIFIED): the service name is registered on another account than that of the server, so the KDC used that account's key; or the server has another computer password, or an older keytab, than the KDC knows; or the name leads to another machine in DNS. A privilege certificate (PAC) that does not fit its signature ends the same way; --keytab with the key of the server tells the two apart."
}
