import { deleteContext, type GssContext, takeContext } from './gssapi-context.ts'
import { type Gssapi, GssError, type GssProblem, isError, isUnfinished, type Slot, Usage } from './gssapi-library.ts'

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

/** Why an initiator is refused, and the KRB-ERROR for it. */
export interface NotAccepted {
  readonly problem: GssProblem
  readonly token: Uint8Array
}

const LOGON_INFO = new TextEncoder().encode('urn:mspac:logon-info')
/** GSS_S_FAILURE. */
const FAILURE = 0x000d_0000

/** The server's end of Kerberos. */
export class GssAcceptor {
  readonly #gss: Gssapi
  readonly #credentials = new Map<string, Slot>()

  constructor(gss: Gssapi) {
    this.#gss = gss
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

  /** GSS_Accept_sec_context, of which one call has to be enough. @throws GssError where the keytab is not good */
  accept(keytab: string, token: Uint8Array): Accepted | NotAccepted {
    const gss = this.#gss
    const credentials = this.#credentialsOf(keytab)
    const [context, client] = [gss.slot(), gss.slot()]
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
    const problem = isError(major) ? gss.failedWith(major) : isUnfinished(major) ? UNFINISHED : undefined
    const answer = gss.take(output)
    try {
      if (problem !== undefined) return { problem, token: answer }
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
      deleteContext(gss, context)
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
      throw new GssError({ major: FAILURE, minor: 0, text: 'the signature of the PAC is wrong' })
    return logonInfo
  }
}

/** A third message is for DCE alone (RFC 4121 does not have it). */
const UNFINISHED: GssProblem = { major: FAILURE, minor: 0, text: 'the client wants to talk on as DCE does' }
