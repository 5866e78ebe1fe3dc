import { KerberosCode } from '../../wire/kerberos/index.ts'
import { clientNameOf, kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

export const kerberosTicketExpired = kerberosRule({
  id: 'kerberos-ticket-expired',
  looksFor: 'A ticket that is not good any more.',
  isMine: (code) =>
    code === KerberosCode.TICKET_EXPIRED ||
    code === KerberosCode.TICKET_REVOKED ||
    code === KerberosCode.SERVICE_EXPIRED,
  about: (exchange) => clientNameOf(exchange),
  title: (exchange) => `A ticket of ${clientNameOf(exchange)} has expired`,
  cause:
    'Tickets are good for ten hours as a rule and can be renewed for a week. After that the user has to log on again.',
  severity: 'warning',
  advice: advise({
    user: 'Log on again: lock and unlock the computer, kinit.',
    windows: 'Policies "Maximum lifetime for user ticket" and "... for user ticket renewal"; klist purge.',
    samba: 'winbind refresh tickets = yes; a cron job with kinit -R.',
    smbkit:
      'smbkit uses the ticket in KRB5CCNAME; with --user and a password, or --keytab, it gets new ones by itself.',
  }),
})
