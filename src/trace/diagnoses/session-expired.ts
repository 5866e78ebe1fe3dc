import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { serverOf, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

export const sessionExpired = transactionRule({
  id: 'session-expired',
  looksFor: 'A session whose ticket has ended.',
  sign: ({ status, session, conversation }) =>
    status === NtStatus.NETWORK_SESSION_EXPIRED
      ? { key: `${userOf(session)} ${conversation.server.address}` }
      : undefined,
  tell: ({ first, count }) => ({
    severity: count > 3 ? 'warning' : 'note',
    title: `The session of ${userOf(first.session)} at ${serverOf(first.conversation.server)} has expired`,
    cause:
      'The ticket of Kerberos that the session was opened with has ended, and the server wants to see a new one (STATUS_NETWORK_SESSION_EXPIRED). Once in about ten hours that is normal, and the client logs on again on the same connection. If it repeats, the client gets no new ticket, or tickets are very short.',
    advice: advise({
      windows: 'Policy "Maximum lifetime for service ticket"; klist on the client.',
      samba: 'winbind refresh tickets = yes; kinit -R.',
      smbkit: 'The session ends with its ticket; the client of smbkit logs on again by itself.',
    }),
  }),
})
