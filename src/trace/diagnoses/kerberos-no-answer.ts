import { Groups } from '../evidence/groups.ts'
import { advise, findingOf } from '../evidence/rules.ts'
import type { KerberosExchange, Rule } from '../model.ts'

export const kerberosNoAnswer: Rule = {
  id: 'kerberos-no-answer',
  looksFor: 'A KDC that does not answer.',
  start() {
    const groups = new Groups<KerberosExchange>()
    const answering = new Set<string>()
    return {
      kerberos(exchange) {
        const { client, kdc, request, response } = exchange
        if (response !== undefined) answering.add(kdc.address)
        else groups.of(`${client.address} ${kdc.address}`, () => exchange)?.add([request?.frame], exchange.serviceName)
      },
      findings: () =>
        groups.all().flatMap((group) => {
          const { client, kdc, serviceName } = group.first
          // One that answers others was asked too near to the end of the capture, or asked again over TCP.
          if (answering.has(kdc.address) || answering.size === 0) return []
          const told = {
            severity: 'problem' as const,
            title: `The KDC ${kdc.address} does not answer ${client.address}`,
            cause: `${group.count} questions${serviceName === undefined ? '' : ` (first for ${serviceName})`} got no answer. A client waits for seconds with each, tries the next controller, and falls back to NTLM in the end: logons are slow, or fail.`,
            advice: advise({
              network: 'Port 88, TCP and UDP, to the domain controllers.',
              windows:
                'nltest /dsgetdc:DOMAIN; nslookup -type=SRV _kerberos._tcp.DOMAIN: are there controllers that no longer exist?',
              samba: 'kdc in krb5.conf; dns_lookup_kdc.',
            }),
          }
          return [findingOf('kerberos-no-answer', group, told, undefined)]
        }),
    }
  },
}
