import { deleteContext, type GssContext, takeContext } from './gssapi-context.ts'
import {
  GSS_FAILURE,
  type Gssapi,
  GssError,
  type GssProblem,
  isError,
  isUnfinished,
  type Slot,
  Usage,
} from './gssapi-library.ts'
import { PendingLogons } from './gssapi-pending.ts'

/** What an acceptor found out. */
export interface Accepted extends GssContext {
  /** For the initiator: AP-REP; empty where it wants no mutual authentication. */
  readonly token: Uint8Array
  /** `alice@CORP.EXAMPLE` */
  readonly client: string
  /** Of the ticket: `cifs/fileserver.corp.example@CORP.EXAMPLE`. */
  readonly service: string
  /** KERB_VALIDATION_INFO of the ticket's PAC, whose signature was right. MS-PAC 2.5. */
  readonly logonInfo?: Uint8Array
}

export interface AcceptRequest {
  readonly keytab: string
  readonly token: Uint8Array
  /** Of the logon that this token goes on with. */
  readonly id?: number
}

/** DCE's style: the initiator has one more to say (MS-KILE 3.4.5.1, RFC 4121 has no such thing). */
export interface UnfinishedLogon {
  readonly id: number
  /** For the initiator: AP-REP. */
  readonly token: Uint8Array
}

/** Why an initiator is refused, and the KRB-ERROR for it. */
export interface NotAccepted {
  readonly problem: GssProblem
  readonly token: Uint8Array
}

const LOGON_INFO = new TextEncoder().encode('urn:mspac:logon-info')

/** The server's end of Kerberos. */
export class GssAcceptor {
  readonly #gss: Gssapi
  readonly #credentials = new Map<string, Slot>()
  /** Contexts of clients that talk on, as DCE does. */
  readonly #pending: PendingLogons<Slot>

  constructor(gss: Gssapi) {
    this.#gss = gss
    this.#pending = new PendingLogons((context) => deleteContext(gss, context))
  }

  /** Whether there is a key in a keytab. @throws GssError */
  check(keytab: string): void {
    const known = this.#credentials.get(keytab)
    this.#credentials.delete(keytab)
    if (known !== undefined) this.#gss.call('gss_release_cred', known.address)
    this.#credentialsOf(keytab)
  }

  #credentialsOf(keytab: string): Slot {
    let found = this.#credentials.get(keytab)
    if (found === undefined) {
      found = this.#gss.acquire(Usage.ACCEPT, { keytab })
      this.#credentials.set(keytab, found)
    }
    return found
  }

  /** GSS_Accept_sec_context. @throws GssError where the keytab is not good, or the logon has been given up */
  accept({ keytab, token, id }: AcceptRequest): Accepted | UnfinishedLogon | NotAccepted {
    const gss = this.#gss
    const credentials = this.#credentialsOf(keytab)
    const [context, client] = [id === undefined ? gss.slot() : this.#pending.take(id), gss.slot()]
    const [input, output] = [gss.buffer(token), gss.buffer()]
    const major = gss.call(
      'gss_accept_sec_context',
      context.address,
      credentials.value,
      input.address,
      0,
      client.address,
      0,
      output.address,
      0,
      0,
      0,
    )
    const problem = isError(major) ? gss.failedWith(major) : undefined
    const answer = gss.take(output)
    let isPending = false
    try {
      if (problem !== undefined) return { problem, token: answer }
      if (isUnfinished(major)) {
        isPending = true
        const next = this.#pending.newId()
        this.#pending.keep(next, context)
        return { id: next, token: answer }
      }
      const logonInfo = this.#logonInfo(client.value)
      const service = this.#serviceOf(context.value)
      return {
        token: answer,
        service,
        client: gss.takeName(client),
        ...takeContext(gss, context),
        ...(logonInfo && { logonInfo }),
      }
    } finally {
      if (client.value !== 0) gss.call('gss_release_name', client.address)
      if (!isPending) deleteContext(gss, context)
    }
  }

  #serviceOf(context: number): string {
    const target = this.#gss.slot()
    this.#gss.must('gss_inquire_context', context, 0, target.address, 0, 0, 0, 0, 0)
    return this.#gss.takeName(target)
  }

  #logonInfo(name: number): Uint8Array | undefined {
    const gss = this.#gss
    const [attribute, value, display] = [gss.buffer(LOGON_INFO), gss.buffer(), gss.buffer()]
    const flags = gss.block(12)
    // There is one value, and -1 asks for the first.
    flags.view.setInt32(8, -1, true)
    const major = gss.call(
      'gss_get_name_attribute',
      name,
      attribute.address,
      flags.address,
      flags.address + 4,
      value.address,
      display.address,
      flags.address + 8,
    )
    if (isError(major)) return undefined
    const logonInfo = gss.take(value)
    gss.call('gss_release_buffer', display.address)
    // A PAC that nobody has vouched for says nothing.
    if (flags.view.getInt32(0, true) !== 1)
      throw new GssError({ major: GSS_FAILURE, minor: 0, text: 'the signature of the PAC is wrong' })
    return logonInfo
  }
}
