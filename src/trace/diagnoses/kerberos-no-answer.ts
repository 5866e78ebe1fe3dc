import { Groups } from '../evidence/groups.ts'
import { countOf } from '../evidence/names.ts'
import { advise, findingOf } from '../evidence/rules.ts'
import type { KerberosExchange, Rule } from '../model.ts'

/** Clients ask again after a second. RFC 4120 7.2.1. */
const MIN_WAIT_NS = 2e9

export const kerberosNoAnswer: Rule = {
  id: 'kerberos-no-answer',
  looksFor: 'A KDC that does not answer.',
  start() {
    const groups = new Groups<KerberosExchange>()
    const answering = new Set<string>()
    let lastNs = 0
    return {
      kerberos(exchange) {
        const { client, kdc, request, askedAgain, response } = exchange
        lastNs = Math.max(lastNs, request?.timeNs ?? 0, askedAgain?.timeNs ?? 0)
        if (response !== undefined) answering.add(kdc.address)
        else
          groups
            .of(`${client.address} ${kdc.address}`, () => exchange)
            ?.add([request?.frame, askedAgain?.frame], exchange.serviceName)
      },
      conversationEnds({ last }) {
        lastNs = Math.max(lastNs, last.timeNs)
      },
      findings: () =>
        groups.all().flatMap((group) => {
          const { client, kdc, serviceName } = group.first
          // One that answers others was asked too near to the end of the capture, or asked again over TCP.
          if (answering.has(kdc.address)) return []
          // Where nobody answers it may be that the capture ends, unless there was time to.
          const waitedNs = lastNs - (group.first.request?.timeNs ?? lastNs)
          if (answering.size === 0 && waitedNs < MIN_WAIT_NS) return []
          const told = {
            severity: 'problem' as const,
            title: `The KDC ${kdc.address} does not answer ${client.address}`,
            cause: `${countOf(group.count, 'question')}${serviceName === undefined ? '' : ` (first for ${serviceName})`} got no answer. A client waits for seconds with each, tries the next controller, and falls back to NTLM in the end: logons are slow, or fail.`,
            advice: advise({
              network: 'Port 88, TCP and UDP, to the domain controllers.',
              windows:
                'nltest /dsgetdc:DOMAIN; nslookup -type=SRV _kerberos._tcp.DOMAIN: are there controllers that no longer exist?',
              samba: 'kdc in krb5.conf; dns_lookup_kdc.',
              smbkit:
                "--kerberos off spares the wait where there is no KDC; smbkit finds it by krb5.conf and DNS, as MIT's library does.",
            }),
          }
          return [findingOf('kerberos-no-answer', group, told, undefined)]
        }),
    }
  },
}
