import assert from 'node:assert/strict'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { deriveSessionKeys } from '../../src/crypto/key-derivation.ts'
import { PreauthIntegrityHash } from '../../src/crypto/preauth.ts'
import { type CipherName, createSealer } from '../../src/crypto/sealing.ts'
import {
  createSigner,
  defaultSigningAlgorithm,
  type SigningAlgorithm as SigningName,
} from '../../src/crypto/signing.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { NtStatus, ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import {
  Capabilities,
  Cipher,
  Command,
  CompressionAlgorithm,
  CompressionCapabilities,
  CompressionCapabilityFlags,
  Dialect,
  EncryptionCapabilities,
  NegotiateContextType,
  NegotiateRequest,
  NegotiateResponse,
  PreauthIntegrityCapabilities,
  SecurityMode,
  SessionFlags,
  SessionSetupFlags,
  SessionSetupRequest,
  SessionSetupResponse,
  SigningAlgorithm,
  SigningCapabilities,
  TreeConnectRequest,
  TreeConnectResponse,
} from '../../src/wire/smb2/index.ts'
import { encodeBody, signatureIsRight } from './messages.ts'
import { type Answer, type CallOptions, type ClientSession, RawClient } from './raw-client.ts'

export const ALL_DIALECTS: readonly number[] = [
  Dialect.SMB_2_0_2,
  Dialect.SMB_2_1,
  Dialect.SMB_3_0,
  Dialect.SMB_3_0_2,
  Dialect.SMB_3_1_1,
]
export const CLIENT_GUID = '7f1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'

const CIPHER_NAMES = new Map<number, CipherName>([
  [Cipher.AES_128_CCM, 'aes-128-ccm'],
  [Cipher.AES_128_GCM, 'aes-128-gcm'],
  [Cipher.AES_256_CCM, 'aes-256-ccm'],
  [Cipher.AES_256_GCM, 'aes-256-gcm'],
])
const SIGNING_NAMES = new Map<number, SigningName>([
  [SigningAlgorithm.HMAC_SHA256, 'hmac-sha256'],
  [SigningAlgorithm.AES_CMAC, 'aes-cmac'],
  [SigningAlgorithm.AES_GMAC, 'aes-gmac'],
])

export type Context = { readonly contextType: number; readonly data: Uint8Array }

export interface NegotiateOptions {
  readonly dialects?: readonly number[]
  readonly securityMode?: number
  readonly capabilities?: number
  readonly clientGuid?: string
  readonly ciphers?: readonly Cipher[]
  readonly signings?: readonly SigningAlgorithm[]
  /** Default: none. */
  readonly compressions?: readonly CompressionAlgorithm[]
  /** Default: true. */
  readonly chained?: boolean
  /** Instead of those that come out of the above. */
  readonly contexts?: readonly Context[]
  /** Changes the request before it is sent; the client's hash keeps what it was. */
  readonly tamper?: (message: Uint8Array) => void
}

export interface LogonOptions {
  readonly user?: string
  readonly password?: string
  readonly domain?: string
  /** Authenticates this one anew. */
  readonly session?: ClientSession
  /** Binds this connection to a session of another one. */
  readonly bind?: ClientSession
  readonly previousSessionId?: bigint
  readonly securityMode?: number
  readonly flags?: number
  /** Sign and seal from then on; default: sign. */
  readonly signs?: boolean
  readonly seals?: boolean
}

export const TESTER = { user: 'tester', password: 'Secret-1' } as const
export const OTHER = { user: 'other', password: 'Secret-2' } as const

export const preauthContext = (hashAlgorithms: readonly 1[] = [1]): Context => ({
  contextType: NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES,
  data: PreauthIntegrityCapabilities.encode({ hashAlgorithms, salt: new Uint8Array(32) }),
})
export const encryptionContext = (ciphers: readonly Cipher[]): Context => ({
  contextType: NegotiateContextType.ENCRYPTION_CAPABILITIES,
  data: EncryptionCapabilities.encode({ ciphers }),
})
export const signingContext = (signingAlgorithms: readonly SigningAlgorithm[]): Context => ({
  contextType: NegotiateContextType.SIGNING_CAPABILITIES,
  data: SigningCapabilities.encode({ signingAlgorithms }),
})

export const compressionContext = (
  compressionAlgorithms: readonly CompressionAlgorithm[],
  chained = true,
): Context => ({
  contextType: NegotiateContextType.COMPRESSION_CAPABILITIES,
  data: CompressionCapabilities.encode({
    flags: chained ? CompressionCapabilityFlags.CHAINED : 0,
    compressionAlgorithms,
  }),
})

/** A client that negotiates, logs on and connects to shares; for files see `files.ts`. */
export class Client extends RawClient {
  /** The last NEGOTIATE answer. */
  negotiated: NegotiateResponse | undefined

  async negotiate(options: NegotiateOptions = {}): Promise<Answer> {
    const dialects = options.dialects ?? ALL_DIALECTS
    const offers311 = dialects.includes(Dialect.SMB_3_1_1)
    const { ciphers = [Cipher.AES_128_GCM, Cipher.AES_128_CCM], signings, compressions, chained } = options
    const contexts = options.contexts ?? [
      preauthContext(),
      ...(ciphers.length > 0 ? [encryptionContext(ciphers)] : []),
      ...(signings === undefined ? [] : [signingContext(signings)]),
      ...(compressions === undefined ? [] : [compressionContext(compressions, chained)]),
    ]
    const body = encodeBody(NegotiateRequest, {
      securityMode: options.securityMode ?? SecurityMode.SIGNING_ENABLED,
      capabilities: options.capabilities ?? Capabilities.ENCRYPTION | Capabilities.LARGE_MTU | Capabilities.DFS,
      clientGuid: options.clientGuid ?? CLIENT_GUID,
      dialects: dialects,
      negotiateContexts: offers311 ? (contexts as never) : [],
    })
    const request = this.prepare(Command.NEGOTIATE, body, { session: null })
    const hash = new PreauthIntegrityHash()
    hash.update(request.message.slice())
    options.tamper?.(request.message)
    const answer = await (this.send([request])[0] as Promise<Answer>)
    if (answer.status !== NtStatus.SUCCESS) return answer
    const response = answer.body(NegotiateResponse)
    this.negotiated = response
    this.dialect = response.dialectRevision
    this.#readContexts(response)
    hash.update(answer.message)
    this.preauth = this.dialect === Dialect.SMB_3_1_1 ? hash : undefined
    return answer
  }

  #readContexts(response: NegotiateResponse): void {
    this.signing = defaultSigningAlgorithm(this.dialect)
    const seals30 = (response.capabilities & Capabilities.ENCRYPTION) !== 0
    this.cipher = seals30 ? 'aes-128-ccm' : undefined
    for (const { contextType, data } of response.negotiateContexts) {
      if (contextType === NegotiateContextType.ENCRYPTION_CAPABILITIES)
        this.cipher = CIPHER_NAMES.get(EncryptionCapabilities.decode(viewOf(data)).ciphers[0] ?? 0)
      if (contextType === NegotiateContextType.COMPRESSION_CAPABILITIES) this.#readCompression(data)
      if (contextType === NegotiateContextType.SIGNING_CAPABILITIES)
        this.signing = SIGNING_NAMES.get(SigningCapabilities.decode(viewOf(data)).signingAlgorithms[0] ?? 0)
    }
  }

  #readCompression(data: Uint8Array): void {
    const { compressionAlgorithms, flags } = CompressionCapabilities.decode(viewOf(data))
    const algorithms = [...compressionAlgorithms].filter((one) => one !== CompressionAlgorithm.NONE)
    const chained = (flags & CompressionCapabilityFlags.CHAINED) !== 0
    this.compression = algorithms.length === 0 ? undefined : { algorithms, chained }
  }

  /** Logs on; the last answer, and the session if it has one. */
  async tryLogon(options: LogonOptions = {}): Promise<{ answer: Answer; session: ClientSession | undefined }> {
    const { user = TESTER.user, password = TESTER.password, domain = '' } = options
    const initiator = new SpnegoInitiator([new NtlmInitiatorMechanism({ user, password, domain })])
    const known = options.session
    const preauth = known === undefined ? this.preauth?.copy() : undefined
    const { bind } = options
    let sessionId = known?.id ?? bind?.id ?? 0n
    if (bind !== undefined) this.sessions.set(bind.id, this.#bindingSession(bind))
    let token: Uint8Array | undefined
    let established: { readonly sessionKey: Uint8Array; readonly fullSessionKey?: Uint8Array } | undefined
    for (;;) {
      const step = await initiator.step(token)
      assert.ok(!failed(step), 'the client accepts the server’s token')
      established = step.complete ?? established
      const body = encodeBody(SessionSetupRequest, {
        flags: options.flags ?? (bind === undefined ? 0 : SessionSetupFlags.BINDING),
        securityMode: options.securityMode ?? SecurityMode.SIGNING_ENABLED,
        capabilities: 0,
        previousSessionId: options.previousSessionId ?? 0n,
        securityBuffer: step.token ?? new Uint8Array(0),
      })
      const request = this.prepare(Command.SESSION_SETUP, body, {
        session: known ?? (bind === undefined ? null : (this.sessions.get(bind.id) ?? null)),
        sessionId,
        treeId: 0,
        ...(known === undefined ? {} : { sign: known.signs && !known.seals }),
        ...(bind === undefined ? {} : { sign: true, seal: false }),
      })
      const sent = this.send([request])[0] as Promise<Answer>
      // As it went out: signed.
      preauth?.update(request.message)
      const answer = await sent
      if (answer.status !== NtStatus.SUCCESS && answer.status !== NtStatus.MORE_PROCESSING_REQUIRED)
        return { answer, session: undefined }
      sessionId = answer.header.sessionId
      const { securityBuffer, sessionFlags } = answer.body(SessionSetupResponse)
      token = securityBuffer.slice()
      if (answer.status === NtStatus.MORE_PROCESSING_REQUIRED) {
        preauth?.update(answer.message)
        continue
      }
      if (token.length > 0) {
        const last = await initiator.step(token)
        assert.ok(!failed(last), 'the client accepts the server’s last token')
        established = last.complete ?? established
      }
      if (known !== undefined) return { answer, session: known }
      const session = this.#begin(sessionId, sessionFlags, established, preauth, options)
      if (session.keys !== undefined && answer.isSigned)
        assert.ok(signatureIsRight(answer.message, session.keys.signer), 'the logon’s last answer is signed')
      return { answer, session }
    }
  }

  /** As long as the logon on this connection is under way, the session's own key signs. */
  #bindingSession(bind: ClientSession): ClientSession {
    assert.ok(bind.signingKey !== undefined)
    const signer = createSigner(bind.signing ?? 'aes-cmac', bind.signingKey)
    return { ...bind, isBinding: true, signs: true, seals: false, keys: { ...bind.keys, signer } }
  }

  #begin(
    id: bigint,
    flags: number,
    established: { readonly sessionKey: Uint8Array; readonly fullSessionKey?: Uint8Array } | undefined,
    preauth: PreauthIntegrityHash | undefined,
    options: LogonOptions,
  ): ClientSession {
    const hasKeys = (flags & (SessionFlags.IS_GUEST | SessionFlags.IS_NULL)) === 0
    assert.ok(established !== undefined, 'the client is satisfied, too')
    const keys = deriveSessionKeys({
      dialect: this.dialect,
      sessionKey: established.sessionKey,
      fullSessionKey: established.fullSessionKey,
      preauthHash: preauth?.value,
      cipher: this.cipher,
    })
    const { cipher } = this
    const session: ClientSession = {
      id,
      flags,
      ...(hasKeys ? { signingKey: options.bind?.signingKey ?? keys.signingKey } : {}),
      ...(this.signing === undefined ? {} : { signing: options.bind?.signing ?? this.signing }),
      signs: hasKeys && (options.signs ?? true),
      seals: hasKeys && (options.seals ?? (flags & SessionFlags.ENCRYPT_DATA) !== 0),
      keys: hasKeys
        ? {
            signer: createSigner(this.signing ?? 'hmac-sha256', keys.signingKey),
            ...(cipher === undefined
              ? {}
              : {
                  sealer: options.bind?.keys?.sealer ?? createSealer(cipher, keys.clientToServerKey),
                  opener: options.bind?.keys?.opener ?? createSealer(cipher, keys.serverToClientKey),
                }),
          }
        : undefined,
    }
    this.sessions.set(id, session)
    return session
  }

  /** The first half of a logon. */
  async halfLogon(): Promise<Answer> {
    const step = await new SpnegoInitiator([new NtlmInitiatorMechanism(TESTER)]).step()
    assert.ok(!failed(step) && step.token !== undefined)
    const value = { securityMode: SecurityMode.SIGNING_ENABLED, capabilities: 0, securityBuffer: step.token }
    return this.call(Command.SESSION_SETUP, SessionSetupRequest, value, { session: null, treeId: 0 })
  }

  /** Logs on, and uses the session from then on. */
  async logon(options: LogonOptions = {}): Promise<ClientSession> {
    const { answer, session } = await this.tryLogon(options)
    assert.equal(ntStatusName(answer.status), 'STATUS_SUCCESS')
    assert.ok(session !== undefined)
    this.session = session
    return session
  }

  treeConnect(share: string, options: CallOptions = {}): Promise<Answer> {
    return this.call(Command.TREE_CONNECT, TreeConnectRequest, { path: `\\\\server\\${share}` }, options)
  }

  /** Connects to a share, and uses it from then on. */
  async useShare(share: string, options: CallOptions = {}): Promise<TreeConnectResponse> {
    const answer = await this.treeConnect(share, options)
    assert.equal(answer.statusName, 'STATUS_SUCCESS')
    this.treeId = answer.header.treeId
    return answer.body(TreeConnectResponse)
  }
}
