import { explainStatus } from '../../wire/erref/explain.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isFailedSetup, isKerberos, mechanismOf } from '../evidence/logon-rule.ts'
import { serverOf, statusOf, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

/** Statuses of logons that have rules of their own. */
const EXPLAINED = new Set<number>([
  NtStatus.WRONG_PASSWORD,
  NtStatus.NO_SUCH_USER,
  NtStatus.ACCOUNT_DISABLED,
  NtStatus.ACCOUNT_LOCKED_OUT,
  NtStatus.ACCOUNT_EXPIRED,
  NtStatus.ACCOUNT_RESTRICTION,
  NtStatus.PASSWORD_EXPIRED,
  NtStatus.PASSWORD_MUST_CHANGE,
  NtStatus.INVALID_LOGON_HOURS,
  NtStatus.INVALID_WORKSTATION,
  NtStatus.LOGON_TYPE_NOT_GRANTED,
  NtStatus.LOGON_NOT_GRANTED,
  NtStatus.TRUSTED_RELATIONSHIP_FAILURE,
  NtStatus.NO_TRUST_SAM_ACCOUNT,
  NtStatus.NO_TRUST_LSA_SECRET,
  NtStatus.TRUSTED_DOMAIN_FAILURE,
  NtStatus.NO_LOGON_SERVERS,
  NtStatus.NETLOGON_NOT_STARTED,
  NtStatus.DOMAIN_CONTROLLER_NOT_FOUND,
  NtStatus.NO_SUCH_DOMAIN,
  NtStatus.TIME_DIFFERENCE_AT_DC,
  NtStatus.NTLM_BLOCKED,
  NtStatus.AUTHENTICATION_FIREWALL_FAILED,
  NtStatus.ACCESS_DENIED,
  // Told as what the session met, and not as a logon.
  NtStatus.USER_SESSION_DELETED,
  NtStatus.NETWORK_SESSION_EXPIRED,
])

export const logonRefused = transactionRule({
  id: 'logon-refused',
  looksFor: 'A logon that is refused for any other reason.',
  sign(transaction) {
    if (!isFailedSetup(transaction) || isKerberos(transaction) || EXPLAINED.has(transaction.status ?? 0))
      return undefined
    const isAnonymous = mechanismOf(transaction) === 'anonymous'
    if (transaction.status === NtStatus.LOGON_FAILURE && !isAnonymous) return undefined
    return { key: `${transaction.status} ${userOf(transaction.session)} ${transaction.conversation.server.address}` }
  },
  tell({ first }) {
    const isAnonymous = mechanismOf(first) === 'anonymous'
    return {
      // Many programs try as nobody first and go on with a name.
      severity: isAnonymous ? 'note' : 'problem',
      title: `${serverOf(first.conversation.server)} refuses the logon of ${userOf(first.session)}: ${statusOf(first)}`,
      cause: isAnonymous
        ? 'The client tried to log on as nobody, and the server does not allow it.'
        : `${explainStatus(first.status ?? 0)} The logon was by ${mechanismOf(first)}, from ${first.conversation.client.address}.`,
      advice: advise({
        user: `smbkit explain ${statusOf(first)} says what is known of it.`,
        windows: 'Event log Security of the server (4625), and SMBServer/Security.',
        samba: 'log level = 3 auth:5.',
        smbkit: 'smbkit serve --debug.',
      }),
    }
  },
})
