import { WireError } from '../bytes/errors.ts'
import type { GssCredentials, GssFailure, GssResult, GssThread, Initiated } from '../native/gssapi.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { extendedErrorStatus, KerberosCode } from '../wire/kerberos/index.ts'
import { MechOid } from '../wire/spnego/index.ts'
import { CLOCK_PROBLEMS, establishedBy, Krb5Code, kerberosCode, localStatus } from './kerberos.ts'
import { type Initiator, type InitiatorMechanism, type InitiatorStep, RefusedLogon } from './mechanism.ts'

export interface KerberosInitiatorOptions {
  readonly thread: GssThread
  readonly credentials: GssCredentials
  /** The server's name, as it was given: with it the KDC is asked for a ticket. */
  readonly host: string
  /** What the server calls itself, asked where the KDC knows none of that name; undefined: there is nothing to try. */
  readonly otherHost?: () => Promise<string | undefined>
  /** The server may act as the user elsewhere. Default false. */
  readonly delegates?: boolean
  /** Which of the server's principals the ticket is for. Default `cifs`. */
  readonly service?: 'cifs' | 'host'
  /** In the style of DCE/RPC: one message more (MS-KILE 3.2.1). Default false. */
  readonly isDce?: boolean
  /** Messages are to be sealed. Where they are only to be signed, Samba's servers want to hear of no more. Default true. */
  readonly seals?: boolean
}

/** Kerberos for initiators, with mutual authentication. RFC 4121, MS-KILE 3.2. */
export class KerberosInitiatorMechanism implements InitiatorMechanism {
  readonly name = 'Kerberos'
  readonly oid = MechOid.KERBEROS
  readonly #options: KerberosInitiatorOptions

  constructor(options: KerberosInitiatorOptions) {
    this.#options = options
  }

  initiator(): Initiator {
    return new KerberosInitiator(this.#options)
  }
}

class KerberosInitiator implements Initiator {
  readonly #options: KerberosInitiatorOptions
  #id: number | undefined
  #isSpent = false

  constructor(options: KerberosInitiatorOptions) {
    this.#options = options
  }

  async step(token?: Uint8Array): Promise<InitiatorStep | Failure> {
    if (this.#isSpent) return fail(NtStatus.INVALID_PARAMETER)
    this.#isSpent = true
    const { thread } = this.#options
    if (this.#id === undefined) return this.#conclude(await this.#begin(), beginStatus)
    if (token === undefined) return fail(NtStatus.INVALID_PARAMETER)
    return this.#conclude(await thread.call('proceed', { id: this.#id, token }), answerStatus)
  }

  async #begin(): Promise<GssResult<Initiated>> {
    const { thread, credentials, host, otherHost, delegates = false } = this.#options
    const { service = 'cifs', isDce = false, seals = true } = this.#options
    const begin = (name: string) =>
      thread.call('begin', { credentials, service: serviceOf(service, name), delegates, isDce, seals })
    const result = await begin(host)
    if (!('failure' in result) || kerberosCode(result.failure) !== KerberosCode.SERVER_UNKNOWN) return result
    const other = await otherHost?.()
    return other === undefined ? result : begin(other)
  }

  #conclude(result: GssResult<Initiated>, statusOf: (failure: GssFailure) => NtStatus): InitiatorStep | Failure {
    if ('failure' in result) return new RefusedLogon(statusOf(result.failure), sentenceOf(result.failure))
    const { id, token, context } = result.value
    const more = token.length > 0 ? { token } : {}
    if (context !== undefined)
      return { ...more, complete: { ...establishedBy(this.#options.thread, context), principal: context.client } }
    this.#id = id
    this.#isSpent = false
    return more
  }
}

/** Names of hosts are the same in any case, and KDCs other than Windows' tell cases apart. The realm is to be found. */
const serviceOf = (service: string, host: string): string => `${service}/${host.toLowerCase().replace(/\.$/, '')}@`

function sentenceOf({ text }: GssFailure): string {
  return text === '' ? 'Kerberos has failed and does not say why' : text
}

/** Why there is no ticket: what the KDC says about the account, in Windows' words where it has some. */
function beginStatus(failure: GssFailure): NtStatus {
  const told = errorDataStatus(failure.errorData)
  if (told !== undefined) return told
  const code = kerberosCode(failure)
  // Samba's KDC says of all refusals but this one why.
  if (code === KerberosCode.CLIENT_REVOKED && failure.errorData !== undefined) return NtStatus.ACCOUNT_LOCKED_OUT
  return localStatus(failure) ?? commonStatus(code)
}

/** What is damaged says nothing. */
function errorDataStatus(errorData: Uint8Array | undefined): NtStatus | undefined {
  try {
    return extendedErrorStatus(errorData)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

/** Why the server refuses the ticket, or cannot be believed. */
function answerStatus(failure: GssFailure): NtStatus {
  const code = kerberosCode(failure)
  if (code !== undefined && SERVER_KEY_PROBLEMS.has(code)) return NtStatus.TRUSTED_RELATIONSHIP_FAILURE
  return localStatus(failure) ?? commonStatus(code)
}

/** The server has other keys than the KDC thinks. */
const SERVER_KEY_PROBLEMS: ReadonlySet<number> = new Set([
  KerberosCode.WRONG_KEY,
  KerberosCode.NOT_FOR_US,
  KerberosCode.MODIFIED,
  KerberosCode.KEY_VERSION_UNKNOWN,
  KerberosCode.NO_KEY,
])

function commonStatus(code: number | undefined): NtStatus {
  if (code === undefined) return NtStatus.LOGON_FAILURE
  if (CLOCK_PROBLEMS.has(code)) return NtStatus.TIME_DIFFERENCE_AT_DC
  return STATUSES[code] ?? NtStatus.LOGON_FAILURE
}

const STATUSES: Readonly<Record<number, NtStatus>> = {
  [KerberosCode.CLIENT_EXPIRED]: NtStatus.ACCOUNT_EXPIRED,
  [KerberosCode.SERVER_UNKNOWN]: NtStatus.NO_TRUST_SAM_ACCOUNT,
  [KerberosCode.POLICY]: NtStatus.ACCOUNT_RESTRICTION,
  [KerberosCode.BAD_OPTION]: NtStatus.ACCOUNT_RESTRICTION,
  [KerberosCode.CLIENT_REVOKED]: NtStatus.ACCOUNT_DISABLED,
  [KerberosCode.PASSWORD_EXPIRED]: NtStatus.PASSWORD_EXPIRED,
  [Krb5Code.REALM_UNKNOWN]: NtStatus.NO_LOGON_SERVERS,
  [Krb5Code.KDC_UNREACHABLE]: NtStatus.NO_LOGON_SERVERS,
  [Krb5Code.REALM_CANNOT_RESOLVE]: NtStatus.NO_LOGON_SERVERS,
  [Krb5Code.NO_CACHE]: NtStatus.NO_SUCH_LOGON_SESSION,
  [Krb5Code.CACHE_NOT_FOUND]: NtStatus.NO_SUCH_LOGON_SESSION,
}
