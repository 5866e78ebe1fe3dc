import { kerberosErrorName, kerberosError as known } from '../../wire/kerberos/error-codes.ts'
import { clientNameOf, kerberosRule } from '../evidence/kerberos-rule.ts'
import { advise } from '../evidence/rules.ts'

/**
 * What is no failure (25: say who you are, 52: ask again over TCP, 68: in another realm, 91: another step), and 13: an
 * option, mostly delegation, that is tried without need.
 */
const HARMLESS = [0, 13, 25, 52, 68, 91]
/** What other rules explain. */
const EXPLAINED = [1, 2, 6, 7, 8, 14, 15, 18, 20, 21, 23, 24, 32, 33, 37]

export const kerberosErrorRule = kerberosRule({
  id: 'kerberos-error',
  looksFor: 'Any other error of Kerberos.',
  isMine: ({ errorCode, kind }) =>
    errorCode !== undefined &&
    !HARMLESS.includes(errorCode) &&
    !EXPLAINED.includes(errorCode) &&
    !(errorCode === 31 && kind === 'AS'),
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
