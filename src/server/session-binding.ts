import type { Logon } from '../auth/mechanism.ts'
import { createSigner } from '../crypto/signing.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { Dialect } from '../wire/smb2/index.ts'
import { Channel } from './channel.ts'
import type { Negotiated } from './connection.ts'
import type { Request } from './request.ts'
import type { Session } from './session.ts'
import { deriveKeys } from './session-keys.ts'
import { signatureIsRight } from './signature.ts'

/**
 * The connection of a SESSION_SETUP that asks to become a channel of a session (MS-SMB2 3.3.5.5.2): the channel whose
 * logon begins or goes on, or why it must not.
 */
export function bindingChannel(request: Request, negotiated: Negotiated): Channel | Failure {
  const { connection } = request
  const id = request.header.sessionId
  const known = connection.channels.get(id)
  // It is a channel of the session already.
  if (known?.isEstablished === true) return fail(NtStatus.REQUEST_NOT_ACCEPTED)
  const channel = provenChannel(request)
  if (failed(channel)) return channel
  const { session } = channel
  const problem = mayNotBind(session, negotiated)
  if (problem !== undefined) return problem
  if (!request.isSigned) return fail(NtStatus.INVALID_PARAMETER)
  if (known?.session === session) return known
  const { maxSessionsPerConnection, maxChannelsPerSession } = connection.server.limits
  if (connection.channels.size >= maxSessionsPerConnection) return fail(NtStatus.INSUFFICIENT_RESOURCES)
  if (session.channels.size >= maxChannelsPerSession) return fail(NtStatus.INSUFFICIENT_RESOURCES)
  connection.channels.set(id, channel)
  return channel
}

/**
 * A channel for a session of another connection, kept by nobody yet: answers are signed with the session's own key,
 * once the client has signed with it, too.
 */
export function provenChannel(request: Request): Channel | Failure {
  const { connection } = request
  const session = connection.server.sessions.get(request.header.sessionId)
  if (session === undefined) return fail(NtStatus.USER_SESSION_DELETED)
  const channel = new Channel(session, connection, true)
  if (session.keys === undefined || !request.isSigned) return channel
  channel.signer = createSigner(session.negotiated.signingAlgorithm, session.keys.signingKey)
  if (!signatureIsRight(request, channel.signer)) return fail(NtStatus.ACCESS_DENIED)
  request.channel = channel
  return channel
}

/** What the two connections settled has to go together. */
function mayNotBind(session: Session, negotiated: Negotiated): Failure | undefined {
  const first = session.negotiated
  if (first.signingAlgorithm !== negotiated.signingAlgorithm) {
    // AES-GMAC is for all channels or none.
    if (first.signingAlgorithm === 'aes-gmac') return fail(NtStatus.REQUEST_OUT_OF_SEQUENCE)
    if (negotiated.signingAlgorithm === 'aes-gmac') return fail(NtStatus.NOT_SUPPORTED)
  }
  if (negotiated.dialect < Dialect.SMB_3_0 || !session.server.multichannel) return fail(NtStatus.REQUEST_NOT_ACCEPTED)
  if (first.dialect !== negotiated.dialect || first.cipher !== negotiated.cipher)
    return fail(NtStatus.INVALID_PARAMETER)
  if (session.state === 'in progress') return fail(NtStatus.REQUEST_NOT_ACCEPTED)
  if (session.state === 'expired') return fail(NtStatus.NETWORK_SESSION_EXPIRED)
  return session.keys === undefined ? fail(NtStatus.NOT_SUPPORTED) : undefined
}

/** The logon on a connection that is to be bound has succeeded: it must be the same user's (MS-SMB2 3.3.5.5.3). */
export function bind(channel: Channel, negotiated: Negotiated, logon: Logon): Failure | undefined {
  const { session, connection } = channel
  if (session.server.sessions.get(session.id) !== session) return fail(NtStatus.USER_SESSION_DELETED)
  if (logon.identity.kind !== 'user' || logon.identity.sid !== session.keyOwnerSid) return fail(NtStatus.ACCESS_DENIED)
  const { signingKey } = deriveKeys(negotiated, logon, channel.preauthHash)
  channel.signer = createSigner(negotiated.signingAlgorithm, signingKey)
  session.channels.set(connection, channel)
  return undefined
}
