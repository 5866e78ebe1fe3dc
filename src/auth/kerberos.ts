/** What both ends of Kerberos have in common: codes as statuses, and the context that a logon leaves behind. */
import type { GssContext, GssFailure, GssThread } from '../native/gssapi.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { KerberosCode } from '../wire/kerberos/index.ts'
import { KerberosMessages, protectsMessages } from './kerberos-messages.ts'
import type { Established, Integrity } from './mechanism.ts'

/** Bytes of a session key that SMB uses where it does not want all of it (MS-SMB2 3.3.5.5.3). */
const SESSION_KEY_BYTES = 16

/** Where libkrb5's numbers for errors begin: those of RFC 4120 7.5.9 first, its own from 128 on. */
const KRB5_ERRORS = 0x96c7_3a00

/** The number of an error in RFC 4120 7.5.9, or one of `Krb5Code`; undefined where it is no error of Kerberos. */
export function kerberosCode({ minor }: Pick<GssFailure, 'minor'>): number | undefined {
  const code = minor - KRB5_ERRORS
  return code > 0 && code < 256 ? code : undefined
}

/** libkrb5's own. */
export const Krb5Code = {
  REALM_UNKNOWN: 154,
  KDC_UNREACHABLE: 156,
  NO_CACHE: 195,
  CACHE_NOT_FOUND: 141,
  REALM_CANNOT_RESOLVE: 220,
} as const

/** Codes that mean that the clocks of two machines differ. */
export const CLOCK_PROBLEMS: ReadonlySet<number> = new Set([
  KerberosCode.CLOCK_SKEW,
  KerberosCode.TICKET_EXPIRED,
  KerberosCode.TICKET_NOT_YET_VALID,
])

/** The status for calls that did not come to Kerberos itself; undefined for the others. */
export function localStatus({ kind }: GssFailure): NtStatus | undefined {
  if (kind === 'unavailable') return NtStatus.NOT_SUPPORTED
  if (kind === 'busy') return NtStatus.INSUFF_SERVER_RESOURCES
  return kind === 'timeout' ? NtStatus.NO_LOGON_SERVERS : undefined
}

/** What both ends derive from an established context. */
export function establishedBy(thread: GssThread, context: GssContext): Established {
  const sessionKey = new Uint8Array(SESSION_KEY_BYTES)
  sessionKey.set(context.sessionKey.subarray(0, SESSION_KEY_BYTES))
  const { messageKey } = context
  const messages =
    messageKey !== undefined && protectsMessages(messageKey) ? new KerberosMessages(messageKey) : undefined
  return {
    sessionKey,
    fullSessionKey: context.sessionKey,
    integrity: new ContextIntegrity(thread, context.exported, messages),
    ...(messages && { messages }),
  }
}

/** The context lies here as bytes: nothing is left behind in the library when a logon is not finished. */
class ContextIntegrity implements Integrity {
  readonly #thread: GssThread
  readonly #exported: Uint8Array
  /** What is signed here counts there. */
  readonly #messages: KerberosMessages | undefined

  constructor(thread: GssThread, exported: Uint8Array, messages: KerberosMessages | undefined) {
    this.#thread = thread
    this.#exported = exported
    this.#messages = messages
  }

  async sign(data: Uint8Array): Promise<Uint8Array> {
    const result = await this.#thread.call('sign', { exported: this.#exported, message: data })
    this.#messages?.countSent()
    // A MIC that nobody can make is one that nobody takes for right.
    return 'value' in result ? result.value : new Uint8Array(0)
  }

  async verify(data: Uint8Array, mic: Uint8Array): Promise<boolean> {
    const result = await this.#thread.call('verify', { exported: this.#exported, message: data, mic })
    const isRight = 'value' in result && result.value
    if (isRight) this.#messages?.countReceived()
    return isRight
  }
}
