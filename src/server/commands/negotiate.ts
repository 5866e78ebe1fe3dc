import { PreauthIntegrityHash } from '../../crypto/preauth.ts'
import type { CipherName } from '../../crypto/sealing.ts'
import { defaultSigningAlgorithm } from '../../crypto/signing.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Capabilities,
  Command,
  Dialect,
  NegotiateRequest,
  NegotiateResponse,
  SecurityMode,
} from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import type { Connection } from '../connection.ts'
import { answerContexts, NO_CONTEXTS } from '../negotiate-contexts.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import type { ServerCore } from '../server-core.ts'

/** Below 2.1 a client reads and writes at most this much at a time. */
const MAX_BYTES_2_0_2 = 65_536

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
  const contexts = dialect === Dialect.SMB_3_1_1 ? answerContexts(server, body.negotiateContexts) : NO_CONTEXTS
  if (failed(contexts)) return contexts
  const cipher =
    server.encryption === 'off' ? undefined : dialect === Dialect.SMB_3_1_1 ? contexts.cipher : oldCipher(dialect, body)
  const capabilities = capabilitiesFor(connection, dialect, body, cipher)
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
    supportsMultiCredit: hasMultiCredit(connection, dialect),
    signingAlgorithm: contexts.signing ?? defaultSigningAlgorithm(dialect),
    ...(cipher === undefined ? {} : { cipher }),
    posix: contexts.posix === true,
    ...(contexts.compression === undefined ? {} : { compression: contexts.compression }),
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

/** MS-SMB2 3.3.5.4: from 2.1 on, and where lengths have room for it. */
const hasMultiCredit = (connection: Connection, dialect: number): boolean =>
  dialect >= Dialect.SMB_2_1 && connection.transport.overNetbios !== true

/** What is in every NEGOTIATE answer, also the one to SMB1's. */
export function negotiateAnswer(connection: Connection, dialect: number, capabilities: number) {
  const { server } = connection
  const small = !hasMultiCredit(connection, dialect) || dialect === Dialect.WILDCARD
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
  connection: Connection,
  dialect: number,
  body: NegotiateRequest,
  cipher: CipherName | undefined,
): number {
  const { server } = connection
  let capabilities = server.isDfsCapable ? Capabilities.DFS : 0
  if (dialect >= Dialect.SMB_2_1) capabilities |= Capabilities.LEASING
  if (hasMultiCredit(connection, dialect)) capabilities |= Capabilities.LARGE_MTU
  // MS-SMB2 3.3.5.4: only to a client that says that it understands them.
  if (dialect >= Dialect.SMB_3_0) capabilities |= body.capabilities & Capabilities.DIRECTORY_LEASING
  const offersChannels = (body.capabilities & Capabilities.MULTI_CHANNEL) !== 0
  if (dialect >= Dialect.SMB_3_0 && offersChannels && server.multichannel) capabilities |= Capabilities.MULTI_CHANNEL
  const offersPersistence = (body.capabilities & Capabilities.PERSISTENT_HANDLES) !== 0
  if (dialect >= Dialect.SMB_3_0 && offersPersistence && server.isContinuouslyAvailable)
    capabilities |= Capabilities.PERSISTENT_HANDLES
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
