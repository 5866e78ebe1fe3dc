import { randomBytes } from 'node:crypto'
import { viewOf } from '../../bytes/utf16.ts'
import { PreauthIntegrityHash } from '../../crypto/preauth.ts'
import type { CipherName } from '../../crypto/sealing.ts'
import { defaultSigningAlgorithm, type SigningAlgorithm as SigningName } from '../../crypto/signing.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Capabilities,
  Cipher,
  Command,
  Dialect,
  EncryptionCapabilities,
  HashAlgorithm,
  NegotiateContextType,
  NegotiateRequest,
  NegotiateResponse,
  PreauthIntegrityCapabilities,
  SecurityMode,
  SigningAlgorithm,
  SigningCapabilities,
} from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import type { Connection } from '../connection.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import type { ServerCore } from '../server-core.ts'

/** Below 2.1 a client reads and writes at most this much at a time. */
const MAX_BYTES_2_0_2 = 65_536
const SALT_BYTES = 32

/** In the order in which this server likes them: GCM is several times as fast as CCM in OpenSSL. */
const CIPHERS: readonly (readonly [number, CipherName])[] = [
  [Cipher.AES_128_GCM, 'aes-128-gcm'],
  [Cipher.AES_256_GCM, 'aes-256-gcm'],
  [Cipher.AES_128_CCM, 'aes-128-ccm'],
  [Cipher.AES_256_CCM, 'aes-256-ccm'],
]

const SIGNINGS: readonly (readonly [number, SigningName])[] = [
  [SigningAlgorithm.AES_GMAC, 'aes-gmac'],
  [SigningAlgorithm.AES_CMAC, 'aes-cmac'],
  [SigningAlgorithm.HMAC_SHA256, 'hmac-sha256'],
]

/** MS-SMB2 3.3.5.4. */
export const negotiate = defineCommand({
  command: Command.NEGOTIATE,
  needs: 'nothing',
  body: NegotiateRequest,
  handler: serveNegotiate,
})

function serveNegotiate(request: Request, body: NegotiateRequest): Reply | Failure {
  const { connection } = request
  const { server } = connection
  // MS-SMB2 3.3.5.4: a second NEGOTIATE ends the connection.
  if (connection.negotiated !== undefined) throw new ProtocolError('a second NEGOTIATE')
  if (body.dialects.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  const dialect = Math.max(...server.dialects.filter((known) => body.dialects.includes(known)))
  if (dialect === Number.NEGATIVE_INFINITY) return fail(NtStatus.NOT_SUPPORTED)
  const contexts = dialect === Dialect.SMB_3_1_1 ? answerContexts(server, body) : NO_CONTEXTS
  if (failed(contexts)) return contexts
  const cipher =
    server.encryption === 'off' ? undefined : dialect === Dialect.SMB_3_1_1 ? contexts.cipher : oldCipher(dialect, body)
  const capabilities = capabilitiesFor(server, dialect, body, cipher)
  const securityMode = serverSecurityMode(server)
  const preauthHash = dialect === Dialect.SMB_3_1_1 ? new PreauthIntegrityHash() : undefined
  preauthHash?.update(request.bytes)
  connection.negotiated = {
    dialect,
    clientDialects: [...body.dialects],
    clientGuid: body.clientGuid,
    clientCapabilities: body.capabilities,
    clientSecurityMode: body.securityMode,
    serverCapabilities: capabilities,
    serverSecurityMode: securityMode,
    supportsMultiCredit: dialect >= Dialect.SMB_2_1,
    signingAlgorithm: contexts.signing ?? defaultSigningAlgorithm(dialect),
    ...(cipher === undefined ? {} : { cipher }),
    ...(preauthHash === undefined ? {} : { preauthHash }),
  }
  connection.afterNegotiate()
  return {
    ...reply(NegotiateResponse, {
      ...negotiateAnswer(connection, dialect, capabilities),
      negotiateContexts: contexts.answer,
    }),
    ...(preauthHash === undefined ? {} : { onEncoded: (message: Uint8Array) => preauthHash.update(message) }),
  }
}

/** What is in every NEGOTIATE answer, also the one to SMB1's. */
export function negotiateAnswer(connection: Connection, dialect: number, capabilities: number) {
  const { server } = connection
  const small = dialect === Dialect.SMB_2_0_2 || dialect === Dialect.WILDCARD
  const most = (limit: number): number => (small ? Math.min(limit, MAX_BYTES_2_0_2) : limit)
  return {
    securityMode: serverSecurityMode(server),
    dialectRevision: dialect,
    serverGuid: server.guid,
    capabilities,
    maxTransactSize: most(server.limits.maxTransactBytes),
    maxReadSize: most(server.limits.maxReadBytes),
    maxWriteSize: most(server.limits.maxWriteBytes),
    systemTime: server.clock.now(),
    serverStartTime: 0n,
    securityBuffer: server.initialToken,
  }
}

function serverSecurityMode(server: ServerCore): number {
  return SecurityMode.SIGNING_ENABLED | (server.signing === 'required' ? SecurityMode.SIGNING_REQUIRED : 0)
}

function capabilitiesFor(
  server: ServerCore,
  dialect: number,
  body: NegotiateRequest,
  cipher: CipherName | undefined,
): number {
  let capabilities = 0
  if (dialect >= Dialect.SMB_2_1) capabilities |= Capabilities.LARGE_MTU | Capabilities.LEASING
  const offersChannels = (body.capabilities & Capabilities.MULTI_CHANNEL) !== 0
  if (dialect >= Dialect.SMB_3_0 && offersChannels && server.multichannel) capabilities |= Capabilities.MULTI_CHANNEL
  // MS-SMB2 3.3.5.4: only 3.0 and 3.0.2 say it here, and only to a client that did. On 3.1.1 it would mislead Windows.
  const old = dialect === Dialect.SMB_3_0 || dialect === Dialect.SMB_3_0_2
  if (old && cipher !== undefined && (body.capabilities & Capabilities.ENCRYPTION) !== 0 && server.encryption !== 'off')
    capabilities |= Capabilities.ENCRYPTION
  return capabilities
}

function oldCipher(dialect: number, body: NegotiateRequest): CipherName | undefined {
  const can = dialect === Dialect.SMB_3_0 || dialect === Dialect.SMB_3_0_2
  return can && (body.capabilities & Capabilities.ENCRYPTION) !== 0 ? 'aes-128-ccm' : undefined
}

interface ContextAnswer {
  readonly cipher?: CipherName
  readonly signing?: SigningName
  readonly answer: readonly { readonly contextType: number; readonly data: Uint8Array }[]
}

const NO_CONTEXTS: ContextAnswer = { answer: [] }

/** MS-SMB2 3.3.5.4, negotiate contexts of 3.1.1. */
function answerContexts(server: ServerCore, body: NegotiateRequest): ContextAnswer | Failure {
  const answer: { contextType: number; data: Uint8Array }[] = []
  const seen = new Set<number>()
  let cipher: CipherName | undefined
  let signing: SigningName | undefined
  for (const { contextType, data } of body.negotiateContexts) {
    const known =
      contextType === NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES ||
      contextType === NegotiateContextType.ENCRYPTION_CAPABILITIES ||
      contextType === NegotiateContextType.SIGNING_CAPABILITIES
    if (!known) continue
    // Each of these may be there once.
    if (seen.has(contextType)) return fail(NtStatus.INVALID_PARAMETER)
    seen.add(contextType)
    if (contextType === NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES) {
      const { hashAlgorithms } = PreauthIntegrityCapabilities.decode(viewOf(data))
      if (hashAlgorithms.length === 0) return fail(NtStatus.INVALID_PARAMETER)
      if (!hashAlgorithms.includes(HashAlgorithm.SHA_512)) return fail(NtStatus.SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP)
      const ours = { hashAlgorithms: [HashAlgorithm.SHA_512], salt: randomBytes(SALT_BYTES) }
      answer.push({ contextType, data: PreauthIntegrityCapabilities.encode(ours) })
    } else if (contextType === NegotiateContextType.ENCRYPTION_CAPABILITIES) {
      const { ciphers } = EncryptionCapabilities.decode(viewOf(data))
      if (ciphers.length === 0) return fail(NtStatus.INVALID_PARAMETER)
      if (server.encryption === 'off') continue
      const common = CIPHERS.find(([id]) => ciphers.includes(id))
      cipher = common?.[1]
      answer.push({ contextType, data: EncryptionCapabilities.encode({ ciphers: [common?.[0] ?? 0] }) })
    } else {
      const { signingAlgorithms } = SigningCapabilities.decode(viewOf(data))
      if (signingAlgorithms.length === 0) return fail(NtStatus.INVALID_PARAMETER)
      const common = SIGNINGS.find(([id]) => signingAlgorithms.includes(id))
      if (common === undefined) continue
      signing = common[1]
      answer.push({ contextType, data: SigningCapabilities.encode({ signingAlgorithms: [common[0]] }) })
    }
  }
  if (!seen.has(NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES)) return fail(NtStatus.INVALID_PARAMETER)
  return { answer, ...(cipher === undefined ? {} : { cipher }), ...(signing === undefined ? {} : { signing }) }
}
