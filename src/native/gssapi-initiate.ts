import { deleteContext, type GssInitiatedContext, takeContext } from './gssapi-context.ts'
import { type InitialCredentials, Krb5 } from './gssapi-initial.ts'
import {
  GSS_FAILURE,
  type Gssapi,
  GssError,
  INDEFINITE,
  isError,
  isUnfinished,
  type Slot,
  Usage,
} from './gssapi-library.ts'
import { PendingLogons } from './gssapi-pending.ts'

/** Whose ticket is used. */
export type GssCredentials =
  | InitialCredentials
  /** Tickets that are there: of this credential cache, or the default one; of this client, or the cache's own. */
  | { readonly cache?: string; readonly client?: string }

export interface InitiateRequest {
  readonly credentials: GssCredentials
  /** A principal: `cifs/server@REALM`; with nothing behind the @ the realm is looked for. */
  readonly service: string
  /** The server may act as the user elsewhere. */
  readonly delegates: boolean
  /** In DCE's style: one message more, and none of them framed (GSS_C_DCE_STYLE, MS-KILE 3.2.1). */
  readonly isDce: boolean
  /** Messages are to be sealed, and not signed alone. */
  readonly seals: boolean
}

/** One more token; `context` is there when the acceptor has been believed. */
export interface Initiated {
  /** Names the logon that goes on. */
  readonly id: number
  readonly token: Uint8Array
  readonly context?: GssInitiatedContext
}

/** GSS_C_DELEG_FLAG and the others of RFC 2744 4. */
const DELEGATE = 1
const DCE_STYLE = 0x1000
const CONFIDENTIAL = 16
const MUTUAL_REPLAY_SEQUENCE_INTEGRITY = 2 | 4 | 8 | 32

/** KRB5KDC_ERR_BADOPTION: what the KDC says where a ticket is not to be passed on (RFC 4120 7.5.9). */
const BAD_OPTION = 0x96c7_3a0d
/** The user's ticket is not forwardable, or the account is one that must not be delegated. */
const NOT_DELEGATED = {
  major: GSS_FAILURE,
  minor: BAD_OPTION,
  text: 'there is no ticket with which the server could act as the user: it is not forwardable, or the KDC forbids it',
} as const

interface Pending {
  readonly context: Slot
  readonly name: Slot
  readonly credentials: Slot
  readonly flags: number
  /** A credential cache that was made for this logon. */
  readonly cache: string | undefined
}

/** The client's end of Kerberos. */
export class GssInitiator {
  readonly #gss: Gssapi
  readonly #pending: PendingLogons<Pending>
  #krb5: Krb5 | undefined

  constructor(gss: Gssapi) {
    this.#gss = gss
    this.#pending = new PendingLogons((logon) => this.#end(logon))
  }

  get #library(): Krb5 {
    this.#krb5 ??= new Krb5(this.#gss)
    return this.#krb5
  }

  /** The first token. @throws GssError */
  begin({ credentials, service, delegates, isDce, seals }: InitiateRequest): Initiated {
    const gss = this.#gss
    const id = this.#pending.newId()
    const cache = 'secret' in credentials ? `MEMORY:smbkit-${id}` : undefined
    const [name, owned, client, context] = [gss.slot(), gss.slot(), gss.slot(), gss.slot()]
    const more = (delegates ? DELEGATE : 0) | (isDce ? DCE_STYLE : 0) | (seals ? CONFIDENTIAL : 0)
    const flags = MUTUAL_REPLAY_SEQUENCE_INTEGRITY | more
    const pending: Pending = { context, name, credentials: owned, flags, cache }
    try {
      if ('secret' in credentials)
        this.#library.authenticate(credentials, { cache: cache as string, isForwardable: delegates })
      else if (credentials.client !== undefined) client.value = gss.importName(credentials.client).value
      const found = cache ?? ('cache' in credentials ? credentials.cache : undefined)
      owned.value = gss.acquire(Usage.INITIATE, found === undefined ? {} : { ccache: found }, client.value).value
      // Otherwise the library asks for sealing whatever it is told.
      if (!seals) gss.must('gss_set_cred_option', owned.address, gss.oids.onlyGivenFlags.address, gss.buffer().address)
      name.value = gss.importName(service).value
    } catch (error) {
      this.#end(pending)
      throw error
    } finally {
      if (client.value !== 0) gss.call('gss_release_name', client.address)
    }
    return this.#step(id, pending, undefined)
  }

  /** The answer to the acceptor's token. @throws GssError */
  proceed(id: number, token: Uint8Array): Initiated {
    return this.#step(id, this.#pending.take(id), token)
  }

  #step(id: number, pending: Pending, token: Uint8Array | undefined): Initiated {
    const gss = this.#gss
    const [input, output, granted] = [gss.buffer(token), gss.buffer(), gss.block(4)]
    let isPending = false
    try {
      const { credentials, context, name, flags } = pending
      const { krb5 } = gss.oids
      const major = gss.call(
        'gss_init_sec_context',
        credentials.value,
        context.address,
        name.value,
        krb5.address,
        flags,
        INDEFINITE,
        0,
        token === undefined ? 0 : input.address,
        0,
        output.address,
        granted.address,
        0,
      )
      const problem = isError(major) ? gss.failedWith(major) : undefined
      const next = gss.take(output)
      if (problem !== undefined) throw new GssError(problem)
      // The library itself goes on without.
      if ((flags & DELEGATE & ~granted.view.getUint32(0, true)) !== 0) throw new GssError(NOT_DELEGATED)
      if (!isUnfinished(major)) {
        const client = this.#clientOf(context.value)
        return { id, token: next, context: { ...takeContext(gss, context), client } }
      }
      isPending = true
      this.#pending.keep(id, pending)
      return { id, token: next }
    } finally {
      if (!isPending) this.#end(pending)
    }
  }

  #clientOf(context: number): string {
    const client = this.#gss.slot()
    this.#gss.must('gss_inquire_context', context, client.address, 0, 0, 0, 0, 0, 0)
    return this.#gss.takeName(client)
  }

  #end({ context, name, credentials, cache }: Pending): void {
    const gss = this.#gss
    deleteContext(gss, context)
    if (name.value !== 0) gss.call('gss_release_name', name.address)
    if (credentials.value !== 0) gss.call('gss_release_cred', credentials.address)
    if (cache !== undefined) this.#library.destroy(cache)
  }
}
