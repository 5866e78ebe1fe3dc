import type { AcceptorStep, Identity, Logon } from '../../auth/mechanism.ts'
import { WireError } from '../../bytes/errors.ts'
import { createSigner } from '../../crypto/signing.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Command,
  SecurityMode,
  SessionFlags,
  SessionSetupFlags,
  SessionSetupRequest,
  SessionSetupResponse,
} from '../../wire/smb2/index.ts'
import { Channel } from '../channel.ts'
import { defineCommand } from '../command.ts'
import type { Negotiated } from '../connection.ts'
import { tellRefusal } from '../logon-events.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { Session } from '../session.ts'
import { bind, bindingChannel, provenChannel } from '../session-binding.ts'
import { endChannel, endSession } from '../session-end.ts'
import { deriveKeys, sessionKeys } from '../session-keys.ts'
import { type Steps, wait } from '../steps.ts'

/** MS-SMB2 3.3.5.5. */
export const sessionSetup = defineCommand({
  command: Command.SESSION_SETUP,
  needs: 'nothing',
  body: SessionSetupRequest,
  handler: serveSessionSetup,
})

function* serveSessionSetup(request: Request, body: SessionSetupRequest): Steps<Reply | Failure> {
  const { connection } = request
  const { negotiated } = connection
  if (negotiated === undefined) return fail(NtStatus.INVALID_PARAMETER)
  const isBinding = (body.flags & SessionSetupFlags.BINDING) !== 0
  const channel = isBinding ? bindingChannel(request, negotiated) : findOrCreate(request, negotiated)
  if (failed(channel)) {
    tellRefusal(connection, channel)
    return channel
  }
  request.channel = channel
  const { session } = channel
  // Nothing of this is logged on yet, so nothing that it can read or write may be sealed but with its own older key.
  channel.acceptor ??= connection.server.newAcceptor(connection.transport)
  if (negotiated.preauthHash !== undefined && !channel.isEstablished) {
    channel.preauthHash ??= negotiated.preauthHash.copy()
    channel.preauthHash.update(request.bytes)
  }
  const step = yield* accept(channel, body.securityBuffer)
  if (connection.isClosed) return fail(NtStatus.CONNECTION_DISCONNECTED)
  if (failed(step)) return yield* refuse(request, channel, step)
  if (step.refused !== undefined) {
    channel.told = step.refused
    tellRefusal(connection, step.refused)
  }
  const { preauthHash } = channel
  if (step.complete === undefined) {
    return {
      ...answer(session, step.token, NtStatus.MORE_PROCESSING_REQUIRED),
      ...(preauthHash !== undefined && !channel.isEstablished
        ? { onEncoded: (message: Uint8Array) => preauthHash.update(message) }
        : {}),
    }
  }
  channel.acceptor = undefined
  // The session may have ended while the account was looked up.
  if (connection.channels.get(session.id) !== channel) return fail(NtStatus.USER_SESSION_DELETED)
  const settled = establish(channel, negotiated, body, step.complete)
  if (settled !== undefined) return yield* refuse(request, channel, settled)
  yield* endPrevious(session, body.previousSessionId)
  connection.loggedOn()
  connection.server.emit('logon', {
    remote: connection.transport.remote,
    sessionId: session.id,
    identity: step.complete.identity,
  })
  return answer(session, step.token, NtStatus.SUCCESS)
}

/** The client has proven who it is: for a session that begins, for one that is renewed, or for another channel of one. */
function establish(
  channel: Channel,
  negotiated: Negotiated,
  body: SessionSetupRequest,
  logon: Logon,
): Failure | undefined {
  const { session } = channel
  if (channel.isBinding && !channel.isEstablished) {
    const refused = bind(channel, negotiated, logon)
    if (refused !== undefined) return refused
  } else {
    if (channel.isEstablished && !mayBecome(session, logon.identity)) return fail(NtStatus.ACCESS_DENIED)
    session.identity = logon.identity
    session.expiresAt = logon.expiresAt
    if (!channel.isEstablished) {
      const refused = settle(channel, negotiated, body, logon)
      if (refused !== undefined) return refused
    }
    session.state = 'valid'
  }
  channel.isEstablished = true
  channel.preauthHash = undefined
  return undefined
}

/** MS-SMB2 3.3.5.5.3: the client says that it lost a session; if it was this user's, it ends now. */
function* endPrevious(session: Session, previousSessionId: bigint): Steps<void> {
  if (previousSessionId === session.id || session.isAnonymous) return
  const previous = session.server.sessions.get(previousSessionId)
  if (previous !== undefined && previous.identity?.sid === session.identity?.sid)
    yield* wait(endSession(previous, 'lost'))
}

/**
 * A session keeps its keys when it is authenticated anew: whoever has them would act for the new user. So it stays with
 * the user whom its keys belong to, or who passes the logon of somebody else on could get into a session with it.
 */
const mayBecome = (session: Session, identity: Identity): boolean =>
  identity.kind !== 'user' || identity.sid === session.keyOwnerSid

/** Its session has not ended. */
const isAlive = ({ session }: Channel): boolean => session.server.sessions.get(session.id) === session

function findOrCreate(request: Request, negotiated: Negotiated): Channel | Failure {
  const { connection } = request
  const { server, channels } = connection
  const id = request.header.sessionId
  if (id !== 0n) {
    const known = request.channel ?? channels.get(id)
    // A connection that is about to be bound goes on by binding.
    if (known !== undefined && isAlive(known) && (!known.isBinding || known.isEstablished)) return known
    // Who has the keys of the session is told so under its signature.
    const proven = provenChannel(request)
    return failed(proven) ? proven : fail(NtStatus.USER_SESSION_DELETED)
  }
  for (const channel of channels.values()) if (!isAlive(channel)) channels.delete(channel.session.id)
  if (channels.size >= server.limits.maxSessionsPerConnection) return fail(NtStatus.INSUFFICIENT_RESOURCES)
  const session = new Session(server.newSessionId(), connection, negotiated)
  const channel = new Channel(session, connection, false)
  session.channels.set(connection, channel)
  channels.set(session.id, channel)
  server.sessions.set(session.id, session)
  return channel
}

function* accept(channel: Channel, token: Uint8Array): Steps<AcceptorStep | Failure> {
  if (channel.acceptor === undefined) return fail(NtStatus.INVALID_PARAMETER)
  try {
    return yield* wait(channel.acceptor.accept(token))
  } catch (error) {
    if (error instanceof WireError) return fail(NtStatus.INVALID_PARAMETER)
    throw error
  }
}

/**
 * A failed logon ends the session that it was for, also a live one that should have been renewed (MS-SMB2 3.3.5.5.3);
 * but not one that another connection should have been bound to.
 */
function* refuse(request: Request, channel: Channel, why: Failure): Steps<Failure> {
  const { connection } = request
  if (why !== channel.told) tellRefusal(connection, why)
  channel.acceptor = undefined
  if (channel.isBinding && !channel.isEstablished) yield* wait(endChannel(channel, 'refused'))
  else yield* wait(endSession(channel.session, 'refused'))
  return why
}

/** Keys, signing and sealing of a new session (MS-SMB2 3.3.5.5.3). Says why the client cannot have one. */
function settle(
  channel: Channel,
  negotiated: Negotiated,
  body: SessionSetupRequest,
  logon: Logon,
): Failure | undefined {
  const { session } = channel
  const { server } = session
  const { kind } = logon.identity
  const wantsSigning =
    server.signing === 'required' ||
    ((body.securityMode | negotiated.clientSecurityMode) & SecurityMode.SIGNING_REQUIRED) !== 0
  if (kind === 'anonymous') return server.encryption === 'required' ? fail(NtStatus.ACCESS_DENIED) : undefined
  session.sessionKey = logon.sessionKey
  // A guest has no key that it could sign or seal with.
  if (kind === 'guest')
    return server.signing === 'required' || server.encryption === 'required' ? fail(NtStatus.ACCESS_DENIED) : undefined
  const keys = deriveKeys(negotiated, logon, channel.preauthHash)
  session.keys = sessionKeys(negotiated, keys)
  channel.signer = createSigner(negotiated.signingAlgorithm, keys.signingKey)
  session.keyOwnerSid = logon.identity.sid
  session.signingRequired = wantsSigning
  if (server.encryption === 'required') {
    if (session.keys.sealer === undefined) return fail(NtStatus.ACCESS_DENIED)
    session.encryptData = true
  }
  return undefined
}

function answer(session: Session, token: Uint8Array | undefined, status: NtStatus): Reply {
  let sessionFlags = 0
  if (status === NtStatus.SUCCESS) {
    if (session.isGuest) sessionFlags |= SessionFlags.IS_GUEST
    if (session.isAnonymous) sessionFlags |= SessionFlags.IS_NULL
    if (session.encryptData) sessionFlags |= SessionFlags.ENCRYPT_DATA
  }
  return reply(SessionSetupResponse, { sessionFlags, securityBuffer: token ?? new Uint8Array(0) }, status)
}
