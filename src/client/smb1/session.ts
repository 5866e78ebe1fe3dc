import type { InitiatorMechanism } from '../../auth/mechanism.ts'
import { SpnegoInitiator } from '../../auth/spnego-initiator.ts'
import { Smb1Signer } from '../../crypto/smb1-signing.ts'
import { failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Smb1Capabilities,
  Smb1Command,
  Smb1EchoRequest,
  Smb1EchoResponse,
  Smb1Logoff,
  type Smb1Part,
  Smb1Service,
  Smb1SessionSetupExtendedRequest,
  Smb1SessionSetupExtendedResponse,
  Smb1SessionSetupRequest,
  Smb1SessionSetupResponse,
  Smb1SetupAction,
  Smb1TreeConnectExtendedResponse,
  Smb1TreeConnectFlags,
  Smb1TreeConnectRequest,
  Smb1TreeConnectResponse,
  Smb1TreeDisconnect,
  smb1Part,
} from '../../wire/smb1/index.ts'
import type { Smb1Client, Smb1Server, Smb1Tree } from '../api/smb1.ts'
import { type Occasion, SecurityError, StatusError } from '../errors.ts'
import { warnIfWeak } from '../mechanisms.ts'
import type { Settings } from '../settings.ts'
import type { Smb1Answer, Smb1Exchange } from './exchange.ts'
import type { Smb1Negotiated } from './negotiation.ts'
import { plainResponse } from './plain-response.ts'

/** Rounds after which a server that always wants one more token is given up. */
const MAX_ROUNDS = 16
/** The largest message that is taken: as Windows says. */
const MAX_BUFFER_BYTES = 0x4104
const MAX_MPX_COUNT = 50
/** Without them smbd answers with the errors of DOS. */
const CAPABILITIES = Smb1Capabilities.UNICODE | Smb1Capabilities.NT_STATUS
const NATIVE = { nativeOs: 'smbkit', nativeLanMan: 'smbkit' } as const
/** Words of an answer to TREE_CONNECT_ANDX that tells the access rights. MS-SMB 2.2.4.7.2. */
const EXTENDED_TREE_WORDS = 7

const said = (sessionKey: number) => ({
  maxBufferSize: MAX_BUFFER_BYTES,
  maxMpxCount: MAX_MPX_COUNT,
  // One of zero asks some servers to end the client's other connections (MS-CIFS 2.2.4.53.1).
  vcNumber: 1,
  sessionKey,
})

/** A session of SMB1; see `Smb1Client`. */
export class Smb1Session implements Smb1Client {
  readonly #exchange: Smb1Exchange
  readonly #settings: Settings
  readonly #negotiated: Smb1Negotiated
  readonly #mechanisms: () => readonly InitiatorMechanism[]
  #uid = 0
  #action = 0
  #isClosed = false

  constructor(
    exchange: Smb1Exchange,
    settings: Settings,
    negotiated: Smb1Negotiated,
    mechanisms: () => readonly InitiatorMechanism[],
  ) {
    this.#exchange = exchange
    this.#settings = settings
    this.#negotiated = negotiated
    this.#mechanisms = mechanisms
  }

  get server(): Smb1Server {
    return this.#negotiated.server
  }

  get kind(): 'user' | 'guest' | 'anonymous' {
    if ((this.#action & Smb1SetupAction.GUEST) !== 0) return 'guest'
    return this.#settings.anonymous ? 'anonymous' : 'user'
  }

  get signs(): boolean {
    return this.#exchange.signs
  }

  /** @throws StatusError, SecurityError, and as `Smb1Exchange.request` */
  async logOn(): Promise<void> {
    if (this.#negotiated.asked === undefined) await this.#logOnExtended()
    else await this.#logOnPlain()
  }

  /** MS-SMB 3.2.4.2.4, 3.2.5.3. */
  async #logOnExtended(): Promise<void> {
    const initiator = new SpnegoInitiator(this.#mechanisms())
    const { token, sessionKey } = this.#negotiated
    let step = await initiator.step(token.length === 0 ? undefined : token)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (failed(step)) throw this.#problem(step.status, 'SESSION_SETUP_ANDX')
      let { complete } = step
      const value = {
        ...said(sessionKey),
        ...NATIVE,
        capabilities: (CAPABILITIES | Smb1Capabilities.EXTENDED_SECURITY | Smb1Capabilities.DYNAMIC_REAUTH) >>> 0,
        securityBlob: step.token ?? new Uint8Array(0),
      }
      const part = smb1Part(Smb1Command.SESSION_SETUP_ANDX, Smb1SessionSetupExtendedRequest.unicode, value)
      const answer = await this.#call(part, {}, [NtStatus.MORE_PROCESSING_REQUIRED])
      this.#uid = answer.header.uid
      const { action, securityBlob } = answer.body(Smb1SessionSetupExtendedResponse.unicode)
      if (answer.header.status === NtStatus.SUCCESS) {
        if (securityBlob.length > 0) {
          const last = await initiator.step(securityBlob.slice())
          if (failed(last)) throw this.#problem(last.status, 'SESSION_SETUP_ANDX')
          complete = last.complete ?? complete
        }
        if (complete === undefined) throw new SecurityError('the server lets us in before it has shown who it is')
        this.#admit(answer, action, new Smb1Signer(complete.sessionKey))
        return
      }
      step = await initiator.step(securityBlob.slice())
    }
    throw new SecurityError('the server goes on asking for tokens and never lets anybody in')
  }

  /** MS-CIFS 3.2.4.2.4. */
  async #logOnPlain(): Promise<void> {
    const { asked, sessionKey } = this.#negotiated
    if (asked === undefined) return
    const { anonymous, user, domain, lmLevel, ntlm } = this.#settings
    if (!ntlm) throw new SecurityError('The server knows nothing but NTLM, which is switched off.')
    warnIfWeak(lmLevel)
    const nothing = new Uint8Array(0)
    const response = anonymous
      ? { lmResponse: new Uint8Array(1), ntResponse: nothing, sessionKey: nothing }
      : await plainResponse(this.#settings, asked, lmLevel)
    const { lmResponse, ntResponse } = response
    const value = {
      ...said(sessionKey),
      ...NATIVE,
      capabilities: CAPABILITIES,
      oemPassword: lmResponse,
      unicodePassword: ntResponse,
      accountName: user,
      primaryDomain: domain,
    }
    const part = smb1Part(Smb1Command.SESSION_SETUP_ANDX, Smb1SessionSetupRequest.unicode, value)
    const answer = await this.#call(part)
    this.#uid = answer.header.uid
    const { action } = answer.body(Smb1SessionSetupResponse.unicode)
    this.#admit(answer, action, new Smb1Signer(response.sessionKey, ntResponse))
  }

  #admit(answer: Smb1Answer, action: number, signer: Smb1Signer): void {
    this.#action = action
    const { guest, signing } = this.#settings
    if (this.kind === 'guest' && !guest)
      throw new SecurityError(
        'The server lets us in as a guest only: the user is not known to it. Where that will do, ask for guest.',
      )
    if (this.kind === 'user' && this.#negotiated.wantsSigning) this.#exchange.startSigning(signer, answer)
    else if (signing === 'required')
      throw new SecurityError('A session of a guest or of nobody has no key to sign with.')
  }

  async renew(): Promise<void> {
    if (this.#negotiated.asked === undefined) await this.#logOnExtended()
  }

  async tree(share: string): Promise<Smb1Tree> {
    const value = {
      flags: Smb1TreeConnectFlags.EXTENDED_RESPONSE,
      password: new Uint8Array(1),
      path: `\\\\${this.#settings.host}\\${share}`,
      service: Smb1Service.ANY,
    }
    const part = smb1Part(Smb1Command.TREE_CONNECT_ANDX, Smb1TreeConnectRequest.unicode, value)
    const answer = await this.#call(part, { path: share })
    const isLong = answer.wordCount === EXTENDED_TREE_WORDS
    const long = isLong ? answer.body(Smb1TreeConnectExtendedResponse.unicode) : undefined
    const { service, nativeFileSystem } = long ?? answer.body(Smb1TreeConnectResponse.unicode)
    const { tid } = answer.header
    return {
      share,
      service,
      nativeFileSystem,
      ...(long === undefined ? {} : { maximalAccess: long.maximalShareAccessRights }),
      disconnect: async () => {
        await this.#call(smb1Part(Smb1Command.TREE_DISCONNECT, Smb1TreeDisconnect, {}), { path: share }, [], tid)
      },
    }
  }

  async echo(data: Uint8Array = new Uint8Array(0)): Promise<Uint8Array> {
    const answer = await this.#call(smb1Part(Smb1Command.ECHO, Smb1EchoRequest, { echoCount: 1, data }))
    return answer.body(Smb1EchoResponse).data
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#uid !== 0) await this.#call(smb1Part(Smb1Command.LOGOFF_ANDX, Smb1Logoff, {})).catch(() => undefined)
    this.#exchange.fail(new SecurityError('The client has been closed.'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #call(part: Smb1Part, occasion: Occasion = {}, accepts: readonly number[] = [], tid = 0): Promise<Smb1Answer> {
    const place = { flags2: this.#negotiated.flags2, uid: this.#uid, tid }
    const answer = await this.#exchange.request(part, place)
    const { status } = answer.header
    if (status === NtStatus.SUCCESS || accepts.includes(status)) return answer
    const name = Object.entries(Smb1Command).find(([, code]) => code === part.command)?.[0] ?? 'SMB1'
    throw this.#problem(status, name, occasion)
  }

  #problem(status: number, command: string, occasion: Occasion = {}): StatusError {
    return new StatusError(status, command, { operation: 'connect', path: this.#settings.host, ...occasion })
  }
}
