import { randomBytes } from 'node:crypto'
import { NULL_GUID } from '../../bytes/guid.ts'
import { defaultSigningAlgorithm } from '../../crypto/signing.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import {
  encodeSmb1Frame,
  SMB1_HEADER_SIZE,
  Smb1Capabilities,
  Smb1Command,
  Smb1Dialect,
  Smb1Flags,
  Smb1Flags2,
  Smb1Header,
  Smb1NegotiateExtendedResponse,
  Smb1NegotiateRefusal,
  Smb1NegotiateRequest,
  Smb1NegotiateResponse,
  Smb1SecurityMode,
  smb1Part,
} from '../../wire/smb1/index.ts'
import {
  Command,
  Dialect,
  HeaderFlags,
  NegotiateResponse,
  SMB2_HEADER_SIZE,
  Smb2Header,
} from '../../wire/smb2/index.ts'
import type { Connection } from '../connection.ts'
import type { ServerCore } from '../server-core.ts'
import { MAX_MPX_COUNT, Smb1Connection } from '../smb1/smb1-connection.ts'
import { Smb1State } from '../smb1/state.ts'
import { negotiateAnswer } from './negotiate.ts'

const FRAME_HEADER_BYTES = 4
const NO_SIGNATURE = new Uint8Array(16)

/**
 * A client that begins with SMB1's NEGOTIATE and says that it speaks SMB2, too (MS-SMB2 3.3.5.3). The answer is one of
 * SMB2: dialect 2.0.2, or the wildcard that asks for a proper SMB2 NEGOTIATE. Who knows no SMB2 gets SMB1 where the server
 * is told to speak it; else there is no dialect in common.
 */
export function answerSmb1Negotiate(connection: Connection, view: DataView): Uint8Array[] {
  const header = Smb1Header.decode(view)
  if (header.command !== Smb1Command.NEGOTIATE) throw new ProtocolError('SMB1 command other than NEGOTIATE')
  const { dialects } = Smb1NegotiateRequest.decode(view, SMB1_HEADER_SIZE)
  const { server } = connection
  const speaksLater = server.dialects.some((dialect) => dialect > Dialect.SMB_2_0_2)
  if (dialects.includes(Smb1Dialect.SMB_2_WILDCARD) && speaksLater) {
    connection.multiProtocol = true
    return smb2Answer(connection, Dialect.WILDCARD)
  }
  if (dialects.includes(Smb1Dialect.SMB_2_002) && server.dialects.includes(Dialect.SMB_2_0_2)) {
    const answer = smb2Answer(connection, Dialect.SMB_2_0_2)
    connection.negotiated = {
      dialect: Dialect.SMB_2_0_2,
      clientDialects: [Dialect.SMB_2_0_2],
      clientGuid: NULL_GUID,
      clientCapabilities: 0,
      clientSecurityMode: 0,
      serverCapabilities: 0,
      serverSecurityMode: negotiateAnswer(connection, Dialect.SMB_2_0_2, 0).securityMode,
      supportsMultiCredit: false,
      signingAlgorithm: defaultSigningAlgorithm(Dialect.SMB_2_0_2),
    }
    connection.afterNegotiate()
    return answer
  }
  const dialectIndex = dialects.indexOf(Smb1Dialect.NT_LM)
  const isExtended = (header.flags2 & Smb1Flags2.EXTENDED_SECURITY) !== 0
  return dialectIndex >= 0 && speaksNtLm(server, isExtended)
    ? startNtLm(connection, header, dialectIndex)
    : refusal(header)
}

/** Nothing of SMB1 can be sealed; without extended security nobody can log on but by NTLM. */
const speaksNtLm = (server: ServerCore, isExtended: boolean): boolean =>
  server.smb1 && server.encryption !== 'required' && (isExtended || server.logons.offersNtlm)

const CHALLENGE_BYTES = 8
const MAX_BUFFER_BYTES = 0x4104
const MAX_RAW_BYTES = 0x1_0000
/** What status and others show: 1.0. */
const NT_LM_DIALECT = 0x0100

const CAPABILITIES =
  Smb1Capabilities.UNICODE |
  Smb1Capabilities.LARGE_FILES |
  Smb1Capabilities.NT_SMBS |
  Smb1Capabilities.RPC_REMOTE_APIS |
  Smb1Capabilities.NT_STATUS |
  Smb1Capabilities.LEVEL_II_OPLOCKS |
  Smb1Capabilities.NT_FIND |
  Smb1Capabilities.INFOLEVEL_PASSTHRU |
  Smb1Capabilities.LARGE_READX |
  Smb1Capabilities.LARGE_WRITEX

/** From here on the connection speaks SMB1. MS-SMB 3.3.5.2, MS-CIFS 3.3.5.42. */
function startNtLm(connection: Connection, header: Smb1Header, dialectIndex: number): Uint8Array[] {
  const { server } = connection
  const isExtended = (header.flags2 & Smb1Flags2.EXTENDED_SECURITY) !== 0
  const challenge = isExtended ? undefined : new Uint8Array(randomBytes(CHALLENGE_BYTES))
  const settled = {
    dialectIndex,
    securityMode:
      Smb1SecurityMode.USER_SECURITY |
      Smb1SecurityMode.ENCRYPT_PASSWORDS |
      Smb1SecurityMode.SECURITY_SIGNATURES_ENABLED |
      (server.signing === 'required' ? Smb1SecurityMode.SECURITY_SIGNATURES_REQUIRED : 0),
    maxMpxCount: MAX_MPX_COUNT,
    maxBufferSize: MAX_BUFFER_BYTES,
    maxRawSize: MAX_RAW_BYTES,
    systemTime: server.clock.now(),
    serverTimeZone: 0,
  }
  const capabilities = (CAPABILITIES | (isExtended ? Smb1Capabilities.EXTENDED_SECURITY : 0)) >>> 0
  const names = { domainName: server.name, serverName: server.name }
  const form = (header.flags2 & Smb1Flags2.UNICODE) !== 0 ? Smb1NegotiateResponse.unicode : Smb1NegotiateResponse.oem
  const part =
    challenge === undefined
      ? smb1Part(Smb1Command.NEGOTIATE, Smb1NegotiateExtendedResponse, {
          ...settled,
          capabilities,
          serverGuid: server.guid,
          securityBlob: server.initialToken,
        })
      : smb1Part(Smb1Command.NEGOTIATE, form, { ...settled, ...names, capabilities, challenge })
  connection.negotiated = {
    dialect: NT_LM_DIALECT,
    clientDialects: [],
    clientGuid: NULL_GUID,
    clientCapabilities: 0,
    clientSecurityMode: 0,
    serverCapabilities: 0,
    serverSecurityMode: 0,
    supportsMultiCredit: false,
    signingAlgorithm: defaultSigningAlgorithm(NT_LM_DIALECT),
  }
  connection.smb1 = new Smb1Connection(connection, new Smb1State(challenge, randomBytes(2).readUInt16LE()))
  connection.afterNegotiate()
  const flags2 = header.flags2 & ~Smb1Flags2.SECURITY_SIGNATURE_REQUIRED
  return [encodeSmb1Frame({ ...answerHeader(header), flags2 }, [part])]
}

function smb2Answer(connection: Connection, dialect: number): Uint8Array[] {
  const body = negotiateAnswer(connection, dialect, 0)
  const size = SMB2_HEADER_SIZE + NegotiateResponse.sizeOfEncoded(body, SMB2_HEADER_SIZE)
  const { frame, view } = newFrame(size)
  Smb2Header.encodeInto(view, FRAME_HEADER_BYTES, {
    command: Command.NEGOTIATE,
    // The SMB1 request used up message id 0, and its answer brings the credit for the next.
    credits: connection.creditsForSmb1Negotiate(),
    flags: HeaderFlags.SERVER_TO_REDIR,
    messageId: 0n,
    treeId: 0,
    sessionId: 0n,
    signature: NO_SIGNATURE,
  })
  NegotiateResponse.encodeInto(view, FRAME_HEADER_BYTES + SMB2_HEADER_SIZE, body, FRAME_HEADER_BYTES)
  return [frame]
}

const answerHeader = ({ flags2, pidHigh, pidLow, mid }: Smb1Header) => ({
  command: Smb1Command.NEGOTIATE,
  flags: Smb1Flags.REPLY,
  flags2,
  securityFeatures: new Uint8Array(8),
  pidHigh,
  pidLow,
  mid,
})

const refusal = (request: Smb1Header): Uint8Array[] => [
  encodeSmb1Frame(answerHeader(request), [smb1Part(Smb1Command.NEGOTIATE, Smb1NegotiateRefusal, {})]),
]

function newFrame(size: number): { frame: Uint8Array; view: DataView } {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + size)
  const view = new DataView(frame.buffer)
  view.setUint32(0, size, false)
  return { frame, view }
}
