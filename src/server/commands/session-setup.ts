import type { AcceptorStep, Identity } from '../../auth/mechanism.ts'
import { WireError } from '../../bytes/errors.ts'
import { deriveSessionKeys } from '../../crypto/key-derivation.ts'
import { createSealer } from '../../crypto/sealing.ts'
import { createSigner } from '../../crypto/signing.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Command,
  Dialect,
  SecurityMode,
  SessionFlags,
  SessionSetupFlags,
  SessionSetupRequest,
  SessionSetupResponse,
} from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import type { Connection, Negotiated } from '../connection.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { Session, type SessionKeys } from '../session.ts'
import { endSession } from '../session-end.ts'
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
  if ((body.flags & SessionSetupFlags.BINDING) !== 0) return refuseBinding(request, negotiated)
  const session = findOrCreate(request)
  if (failed(session)) return session
  request.session = session
  // Nothing of this is logged on yet, so nothing that it can read or write may be sealed but with its own older key.
  session.acceptor ??= connection.server.newAcceptor()
  if (negotiated.preauthHash !== undefined && session.state === 'in progress') {
    session.preauthHash ??= negotiated.preauthHash.copy()
    session.preauthHash.update(request.bytes)
  }
  const step = yield* accept(session, body.securityBuffer)
  if (connection.isClosed) return fail(NtStatus.CONNECTION_DISCONNECTED)
  if (failed(step)) {
    yield* refuse(request, session, step)
    return step
  }
  if (step.complete === undefined) {
    const { preauthHash } = session
    return {
      ...answer(session, step.token, NtStatus.MORE_PROCESSING_REQUIRED),
      ...(preauthHash !== undefined && session.state === 'in progress'
        ? { onEncoded: (message: Uint8Array) => preauthHash.update(message) }
        : {}),
    }
  }
  const complete = step.complete
  session.acceptor = undefined
  const isReauthentication = session.state !== 'in progress'
  // The session may have ended while the account was looked up.
  if (connection.sessions.get(session.id) !== session) return fail(NtStatus.USER_SESSION_DELETED)
  if (isReauthentication && !mayBecome(session, complete.identity)) {
    yield* refuse(request, session, fail(NtStatus.ACCESS_DENIED))
    return fail(NtStatus.ACCESS_DENIED)
  }
  const { previousSessionId } = body
  session.identity = complete.identity
  session.expiresAt = complete.expiresAt
  if (!isReauthentication) {
    const settled = settle(connection, negotiated, session, body, complete)
    if (settled !== undefined) {
      yield* refuse(request, session, settled)
      return settled
    }
  }
  session.state = 'valid'
  session.preauthHash = undefined
  // MS-SMB2 3.3.5.5.3: the client says that it lost a session; if it was this user's, it ends now.
  const previous = previousSessionId === session.id ? undefined : connection.server.sessions.get(previousSessionId)
  if (previous !== undefined && previous.identity?.sid === complete.identity.sid && !session.isAnonymous)
    yield* wait(endSession(previous))
  connection.loggedOn()
  connection.server.emit('logon', {
    remote: connection.transport.remote,
    sessionId: session.id,
    identity: complete.identity,
  })
  return answer(session, step.token, NtStatus.SUCCESS)
}

/**
 * A session keeps its keys when it is authenticated anew: whoever has them would act for the new user. So it stays with
 * the user whom its keys belong to, or who passes the logon of somebody else on could get into a session with it.
 */
const mayBecome = (session: Session, identity: Identity): boolean =>
  identity.kind !== 'user' || identity.sid === session.keyOwnerSid

/** Sessions on several connections are not offered (NEGOTIATE did not say MULTI_CHANNEL): MS-SMB2 3.3.5.5. */
function refuseBinding(request: Request, negotiated: Negotiated): Failure {
  const { connection } = request
  if (negotiated.dialect < Dialect.SMB_3_0) return fail(NtStatus.REQUEST_NOT_ACCEPTED)
  const known = connection.server.sessions.get(request.header.sessionId)
  return fail(known === undefined ? NtStatus.USER_SESSION_DELETED : NtStatus.REQUEST_NOT_ACCEPTED)
}

function findOrCreate(request: Request): Session | Failure {
  const { connection } = request
  const { server, sessions } = connection
  const id = request.header.sessionId
  if (id !== 0n) return request.maybeSession ?? sessions.get(id) ?? fail(NtStatus.USER_SESSION_DELETED)
  if (sessions.size >= server.limits.maxSessionsPerConnection) return fail(NtStatus.INSUFFICIENT_RESOURCES)
  const session = new Session(server.newSessionId(), connection, server.clock.now())
  sessions.set(session.id, session)
  server.sessions.set(session.id, session)
  return session
}

function* accept(session: Session, token: Uint8Array): Steps<AcceptorStep | Failure> {
  if (session.acceptor === undefined) return fail(NtStatus.INVALID_PARAMETER)
  try {
    return yield* wait(session.acceptor.accept(token))
  } catch (error) {
    if (error instanceof WireError) return fail(NtStatus.INVALID_PARAMETER)
    throw error
  }
}

/** A failed logon ends the session that it was for, also a live one that should have been renewed (MS-SMB2 3.3.5.5.3). */
function* refuse(request: Request, session: Session, why: Failure): Steps<void> {
  const { connection } = request
  connection.server.emit('logonFailed', { remote: connection.transport.remote, status: why.status })
  session.acceptor = undefined
  yield* wait(endSession(session))
}

/** Keys, signing and sealing of a new session (MS-SMB2 3.3.5.5.3). Says why the client cannot have one. */
function settle(
  connection: Connection,
  negotiated: Negotiated,
  session: Session,
  body: SessionSetupRequest,
  complete: NonNullable<AcceptorStep['complete']>,
): Failure | undefined {
  const { server } = connection
  const { kind } = complete.identity
  const wantsSigning =
    server.signing === 'required' ||
    ((body.securityMode | negotiated.clientSecurityMode) & SecurityMode.SIGNING_REQUIRED) !== 0
  if (kind === 'anonymous') return server.encryption === 'required' ? fail(NtStatus.ACCESS_DENIED) : undefined
  session.sessionKey = complete.sessionKey
  // A guest has no key that it could sign or seal with.
  if (kind === 'guest')
    return server.signing === 'required' || server.encryption === 'required' ? fail(NtStatus.ACCESS_DENIED) : undefined
  session.keys = makeKeys(negotiated, session, complete)
  session.keyOwnerSid = complete.identity.sid
  session.signingRequired = wantsSigning
  if (server.encryption === 'required') {
    if (session.keys.sealer === undefined) return fail(NtStatus.ACCESS_DENIED)
    session.encryptData = true
  }
  return undefined
}

function makeKeys(
  negotiated: Negotiated,
  session: Session,
  complete: NonNullable<AcceptorStep['complete']>,
): SessionKeys {
  const { dialect, cipher, signingAlgorithm } = negotiated
  const keys = deriveSessionKeys({
    dialect,
    sessionKey: complete.sessionKey,
    fullSessionKey: complete.fullSessionKey,
    preauthHash: session.preauthHash?.value,
    cipher,
  })
  const signer = createSigner(signingAlgorithm, keys.signingKey)
  if (cipher === undefined) return { signer }
  return {
    signer,
    opener: createSealer(cipher, keys.clientToServerKey),
    sealer: createSealer(cipher, keys.serverToClientKey),
  }
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
