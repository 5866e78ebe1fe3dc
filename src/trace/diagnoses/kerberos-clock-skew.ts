import { KerberosCode } from '../../wire/kerberos/index.ts'
import { kerberosRule, skewOf } from '../evidence/kerberos-rule.ts'
import { durationOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'
import type { KerberosExchange } from '../model.ts'

/** Clocks that are no more apart than this are called right. */
const SAME_NS = 60e9

/** How the KDC's clock goes by that of the computer that captured: whose is wrong. */
function kdcClockText({ kdcTimeNs, response }: KerberosExchange): string {
  if (kdcTimeNs === undefined || response === undefined) return ''
  const aheadNs = kdcTimeNs - response.timeNs
  if (Math.abs(aheadNs) <= SAME_NS)
    return " The clock of the KDC and that of the computer that captured this agree, so it is the client's that is wrong (or, if this was captured at the client, that of its program alone)."
  return ` The clock of the KDC is ${durationOf(Math.abs(aheadNs))} ${aheadNs > 0 ? 'ahead of' : 'behind'} that of the computer that captured this: if that is the client, it is off by as much; if not, the KDC's may be wrong.`
}

export const kerberosClockSkew = kerberosRule({
  id: 'kerberos-clock-skew',
  looksFor: 'Clocks that are too far apart for Kerberos.',
  isMine: (code) => code === KerberosCode.CLOCK_SKEW || code === KerberosCode.TICKET_NOT_YET_VALID,
  about: () => '',
  title: (exchange) => `Clocks too far apart for Kerberos${skewOf(exchange)}`,
  cause: (exchange) =>
    `Messages of Kerberos carry the time, so that nobody can send them again later; five minutes of difference are all that is allowed.${kdcClockText(exchange)}`,
  advice: advise({
    user: 'Set the clock and its time zone.',
    windows: 'w32tm /resync, w32tm /query /status; policy "Maximum tolerance for computer clock synchronization".',
    samba: 'chronyc makestep; clockskew in krb5.conf.',
    network: 'UDP 123 to the domain controllers.',
    smbkit: 'smbkit goes by krb5.conf (clockskew) and the clock of the machine, as client and as server.',
  }),
})
