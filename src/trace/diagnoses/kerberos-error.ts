import { KerberosCode, kerberosErrorName, kerberosError as known } from '../../wire/kerberos/index.ts'
import { clientNameOf, kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

/** What is no failure, and an option, mostly delegation, that is tried without need. */
const HARMLESS: readonly number[] = [
  KerberosCode.NONE,
  KerberosCode.BAD_OPTION,
  KerberosCode.PREAUTHENTICATION_REQUIRED,
  KerberosCode.RESPONSE_TOO_BIG,
  KerberosCode.WRONG_REALM,
  KerberosCode.MORE_PREAUTHENTICATION_REQUIRED,
]
/** What other rules explain. */
const EXPLAINED: readonly number[] = [
  KerberosCode.CLIENT_EXPIRED,
  KerberosCode.SERVICE_EXPIRED,
  KerberosCode.CLIENT_UNKNOWN,
  KerberosCode.SERVER_UNKNOWN,
  KerberosCode.PRINCIPAL_NOT_UNIQUE,
  KerberosCode.ENCRYPTION_TYPE_UNKNOWN,
  KerberosCode.CHECKSUM_TYPE_UNKNOWN,
  KerberosCode.CLIENT_REVOKED,
  KerberosCode.TICKET_REVOKED,
  KerberosCode.CLIENT_NOT_YET_VALID,
  KerberosCode.PASSWORD_EXPIRED,
  KerberosCode.PREAUTHENTICATION_FAILED,
  KerberosCode.TICKET_EXPIRED,
  KerberosCode.TICKET_NOT_YET_VALID,
  KerberosCode.CLOCK_SKEW,
]

export const kerberosErrorRule = kerberosRule({
  id: 'kerberos-error',
  looksFor: 'Any other error of Kerberos.',
  isMine: (code, { kind }) =>
    !HARMLESS.includes(code) && !EXPLAINED.includes(code) && !(code === KerberosCode.WRONG_KEY && kind === 'AS'),
  about: (exchange) => exchange.serviceName ?? clientNameOf(exchange),
  title: (exchange) =>
    `Kerberos fails for ${exchange.serviceName ?? clientNameOf(exchange)}: ${kerberosErrorName(exchange.errorCode ?? 0)}`,
  cause({ errorCode = 0 }) {
    const error = known(errorCode)
    return error === undefined ? 'This number has no meaning in RFC 4120.' : `${error.meaning} ${error.advice}`
  },
  advice: advise({
    windows: 'Events 4768, 4769 and 4771 on the domain controller have the reason.',
    samba: 'KRB5_TRACE=/dev/stderr before kinit or smbclient shows each step.',
    user: 'smbkit explain NAME says what is known of the error.',
    smbkit: '--kerberos off goes by NTLM; smbkit ls --explain says what failed.',
  }),
})
