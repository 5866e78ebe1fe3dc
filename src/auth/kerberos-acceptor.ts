import { WireError } from '../bytes/errors.ts'
import { type Filetime, filetimeFromUnixNs } from '../bytes/filetime.ts'
import { lenient } from '../bytes/lenient.ts'
import type { Accepted, GssFailure, GssThread } from '../native/gssapi.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { ApRep, ApReq, decodeGssKerberos, GssTokenId, KerberosCode, principalText } from '../wire/kerberos/index.ts'
import { MechOid } from '../wire/spnego/index.ts'
import type { Authenticator, Granted } from './authenticator.ts'
import { type DomainUser, domainIdentity } from './domain-user.ts'
import { CLOCK_PROBLEMS, establishedBy, kerberosCode, localStatus } from './kerberos.ts'
import { describeKeytab } from './keytab.ts'
import { type Acceptor, type AcceptorStep, type Maybe, type Mechanism, type Peer, RefusedLogon } from './mechanism.ts'
import { type TargetNameValidation, targetNameProblem } from './target-name.ts'

export interface KerberosAcceptorOptions {
  /** File with the server's keys. */
  readonly keytab: string
  readonly thread: GssThread
  /** Knows the users of realms that say nothing of SIDs. */
  readonly authenticator: Authenticator
  /** Reads KERB_VALIDATION_INFO of a PAC. @throws WireError */
  readonly decodeLogonInfo: (logonInfo: Uint8Array) => DomainUser
  /** Whether tickets for names that are not the server's are refused, though it has their keys. Default: off. */
  readonly targetNames?: TargetNameValidation
  /** Names under which the server is known. */
  readonly hostNames: readonly string[]
}

/** Attempts of one logon: a client that is told of a wrong key, or of its clock, may try once more (RFC 4120 3.1.3). */
const MAX_ATTEMPTS = 2
const NANOSECONDS = 1_000_000_000n

/** Kerberos for acceptors, with the keys of a keytab. RFC 4121, MS-KILE 3.4. */
export class KerberosMechanism implements Mechanism {
  readonly name = 'Kerberos'
  readonly oid = MechOid.KERBEROS
  readonly aliases = [MechOid.MS_KERBEROS]
  readonly #options: KerberosAcceptorOptions

  constructor(options: KerberosAcceptorOptions) {
    this.#options = options
  }

  acceptor(peer?: Peer): Acceptor {
    return new KerberosAcceptor(this.#options, peer)
  }

  /** Why nobody can log on by it: a sentence without its full stop; undefined where all is well. */
  async problem(): Promise<string | undefined> {
    const { thread, keytab } = this.#options
    const result = await thread.call('check', { keytab })
    return 'failure' in result ? result.failure.text : undefined
  }
}

/** Of a ticket, for the log. */
interface TicketText {
  readonly service: string
  readonly kvno: number | undefined
}

class KerberosAcceptor implements Acceptor {
  readonly #options: KerberosAcceptorOptions
  readonly #peer: Peer | undefined
  #attempts = 0
  /** A logon in DCE's style, whose client has one more to say. */
  #unfinished: { readonly id: number; readonly ticket: TicketText } | undefined
  #refused: RefusedLogon | undefined

  constructor(options: KerberosAcceptorOptions, peer: Peer | undefined) {
    this.#options = options
    this.#peer = peer
  }

  accept(token: Uint8Array): Maybe<AcceptorStep | Failure> {
    const unfinished = this.#unfinished
    if (unfinished !== undefined) {
      this.#unfinished = undefined
      return isApRep(token) ? this.#ask(token, unfinished.ticket, unfinished.id) : fail(NtStatus.INVALID_PARAMETER)
    }
    const found = apReqOf(token)
    // After a refusal, whatever is no second attempt ends it.
    if (found === undefined) return this.#refused ?? fail(NtStatus.INVALID_PARAMETER)
    if (++this.#attempts > MAX_ATTEMPTS) return this.#refused ?? fail(NtStatus.INVALID_PARAMETER)
    // What the request has of the token is read before anything is waited for.
    const { sname, realm, encPart } = found.request.ticket
    // In DCE's style there is no frame; where a client sends one all the same (impacket), Windows does not mind.
    return this.#ask(this.#peer?.isRpc === true ? found.message : token, {
      service: `${principalText(sname)}@${realm}`,
      kvno: encPart.kvno,
    })
  }

  async #ask(token: Uint8Array, ticket: TicketText, id?: number): Promise<AcceptorStep | Failure> {
    const { thread, keytab } = this.#options
    const result = await thread.call('accept', { keytab, token, ...(id !== undefined && { id }) })
    if ('failure' in result) return this.#refuse(result.failure, ticket)
    const { value } = result
    if (!('id' in value)) return this.#logOn(value)
    this.#unfinished = { id: value.id, ticket }
    return { token: value.token }
  }

  #refuse(failure: GssFailure, { service, kvno }: TicketText): AcceptorStep | Failure {
    const code = kerberosCode(failure)
    const isClock = code !== undefined && CLOCK_PROBLEMS.has(code)
    const status = localStatus(failure) ?? (isClock ? NtStatus.TIME_DIFFERENCE_AT_DC : NtStatus.LOGON_FAILURE)
    const isKey = code !== undefined && KEY_PROBLEMS.has(code)
    const ticket = `ticket for ${service}${kvno === undefined ? '' : ` kvno ${kvno}`}`
    const keys = isKey ? `, ${describeKeytab(this.#options.keytab, service)}` : ''
    // The library's own sentence begins with what has just been said.
    const why = failure.text.replace(/^Request ticket server \S+ (?:kvno \d+ )?/, '')
    this.#refused = new RefusedLogon(
      status,
      code === KerberosCode.NOT_FOR_US ? ticket + keys : `${ticket}${keys}: ${why}`,
    )
    if (failure.token === undefined || this.#attempts >= MAX_ATTEMPTS) return this.#refused
    return { token: failure.token, refused: this.#refused }
  }

  async #logOn(accepted: Accepted): Promise<AcceptorStep | Failure> {
    const { targetNames = 'off', hostNames, thread } = this.#options
    const { localAddress } = this.#peer ?? {}
    const names = localAddress === undefined ? hostNames : [...hostNames, localAddress]
    const problem = targetNameProblem(accepted.service, targetNames, names)
    if (problem !== undefined) return new RefusedLogon(NtStatus.ACCESS_DENIED, problem, accepted.client)
    const granted = await this.#identify(accepted)
    if (failed(granted)) return granted
    const ticketEnd = filetimeOf(accepted.ticketEndsAt)
    const { identity, expiresAt = ticketEnd } = granted
    return {
      ...(accepted.token.length > 0 && { token: accepted.token }),
      complete: {
        ...establishedBy(thread, accepted),
        identity,
        expiresAt: expiresAt < ticketEnd ? expiresAt : ticketEnd,
      },
    }
  }

  async #identify({ client, service, logonInfo }: Accepted): Promise<Granted | Failure> {
    const { authenticator, decodeLogonInfo } = this.#options
    try {
      if (logonInfo !== undefined) return { identity: domainIdentity(decodeLogonInfo(logonInfo), '') }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return new RefusedLogon(NtStatus.LOGON_FAILURE, `the PAC of the ticket cannot be read: ${error.message}`, client)
    }
    const user = localUser(client, service)
    if (user === undefined) return notLocal(client, 'it is of another realm, or has several parts')
    const granted = await authenticator.vouch(user, client.slice(client.lastIndexOf('@') + 1))
    if (!failed(granted) || granted.status !== NtStatus.NO_SUCH_USER) return granted
    return notLocal(client, `there is no user ${user}`)
  }
}

const notLocal = (client: string, why: string): RefusedLogon =>
  new RefusedLogon(NtStatus.LOGON_FAILURE, `${client} is no user of this server: ${why}`, client)

/** Refusals that come from the keys that the server has. */
const KEY_PROBLEMS: ReadonlySet<number> = new Set([
  KerberosCode.WRONG_KEY,
  KerberosCode.NOT_FOR_US,
  KerberosCode.KEY_VERSION_UNKNOWN,
  KerberosCode.NO_KEY,
])

/** The AP-REQ of a token, framed or in DCE's style: native code gets nothing that is not one. Undefined for anything else. */
function apReqOf(token: Uint8Array): { readonly request: ApReq; readonly message: Uint8Array } | undefined {
  return lenient(() => {
    const found = decodeGssKerberos(token)
    const isOurs = found?.mechanism === MechOid.KERBEROS || found?.mechanism === undefined
    if (!isOurs || found?.tokenId !== GssTokenId.AP_REQ) return undefined
    return { request: ApReq.decode(found.message), message: found.message }
  })
}

/** The last token in DCE's style. */
function isApRep(token: Uint8Array): boolean {
  const found = lenient(() => {
    const reply = decodeGssKerberos(token)
    return reply?.tokenId === GssTokenId.AP_REP ? ApRep.decode(reply.message) : undefined
  })
  return found !== undefined
}

/**
 * The user of this server whom a principal means: of a realm that says nothing of SIDs, a name of one part in the
 * server's own realm. Whoever runs another realm must not become a user here by giving somebody his name.
 */
function localUser(client: string, service: string): string | undefined {
  const at = client.lastIndexOf('@')
  const realm = service.slice(service.lastIndexOf('@'))
  const name = client.slice(0, at)
  return at > 0 && client.slice(at) === realm && !/[/\\@]/.test(name) ? name : undefined
}

const filetimeOf = (unixSeconds: number): Filetime => filetimeFromUnixNs(BigInt(unixSeconds) * NANOSECONDS)
