import { NULL_GUID } from '../../bytes/guid.ts'
import { defaultSigningAlgorithm } from '../../crypto/signing.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import {
  SMB1_HEADER_SIZE,
  Smb1Command,
  Smb1Dialect,
  Smb1Flags,
  Smb1Header,
  Smb1NegotiateRefusal,
  Smb1NegotiateRequest,
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
import { negotiateAnswer } from './negotiate.ts'

const FRAME_HEADER_BYTES = 4
const NO_SIGNATURE = new Uint8Array(16)

/**
 * A client that begins with SMB1's NEGOTIATE and says that it speaks SMB2, too (MS-SMB2 3.3.5.3). The answer is one of
 * SMB2: dialect 2.0.2, or the wildcard that asks for a proper SMB2 NEGOTIATE. Without SMB2 there is no common dialect.
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
  return refusal(header)
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

function refusal(request: Smb1Header): Uint8Array[] {
  const { frame, view } = newFrame(SMB1_HEADER_SIZE + Smb1NegotiateRefusal.sizeOfEncoded({}))
  Smb1Header.encodeInto(view, FRAME_HEADER_BYTES, {
    command: Smb1Command.NEGOTIATE,
    flags: Smb1Flags.REPLY,
    flags2: request.flags2,
    securityFeatures: new Uint8Array(8),
    pidHigh: request.pidHigh,
    pidLow: request.pidLow,
    mid: request.mid,
  })
  Smb1NegotiateRefusal.encodeInto(view, FRAME_HEADER_BYTES + SMB1_HEADER_SIZE, {})
  return [frame]
}

function newFrame(size: number): { frame: Uint8Array; view: DataView } {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + size)
  const view = new DataView(frame.buffer)
  view.setUint32(0, size, false)
  return { frame, view }
}
