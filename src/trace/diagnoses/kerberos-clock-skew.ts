import { kerberosRule, skewOf } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

export const kerberosClockSkew = kerberosRule({
  id: 'kerberos-clock-skew',
  looksFor: 'Clocks that are too far apart for Kerberos.',
  isMine: (exchange) => exchange.errorCode === 37 || exchange.errorCode === 33,
  about: () => '',
  title: (exchange) => `Clocks too far apart for Kerberos${skewOf(exchange)}`,
  cause:
    'Messages of Kerberos carry the time, so that nobody can send them again later; five minutes of difference are all that is allowed.',
  advice: advise({
    user: 'Set the clock and its time zone.',
    windows: 'w32tm /resync, w32tm /query /status; policy "Maximum tolerance for computer clock synchronization".',
    samba: 'chronyc makestep; clockskew in krb5.conf.',
    network: 'UDP 123 to the domain controllers.',
  }),
})
