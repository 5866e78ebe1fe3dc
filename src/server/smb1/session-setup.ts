import { type Logon, RefusedLogon } from '../../auth/mechanism.ts'
import { checkNtlm } from '../../auth/ntlm-check.ts'
import { WireError } from '../../bytes/errors.ts'
import { Smb1Signer } from '../../crypto/smb1-signing.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Smb1Capabilities,
  type Smb1Link,
  Smb1SessionSetupExtendedRequest,
  Smb1SessionSetupExtendedResponse,
  Smb1SessionSetupRequest,
  Smb1SessionSetupResponse,
  Smb1SetupAction,
  Smb1Status,
  smb1Part,
} from '../../wire/smb1/index.ts'
import { Channel } from '../channel.ts'
import { tellRefusal } from '../logon-events.ts'
import { peerOf } from '../logons.ts'
import { Session } from '../session.ts'
import { endSession } from '../session-end.ts'
import { type Steps, wait } from '../steps.ts'
import { refuse, type Smb1Context, type Smb1Result, succeed } from './context.ts'

/** What the server says that it is; Windows says its version here. */
const NATIVE_OS = 'smbkit'
const NATIVE_LAN_MAN = 'smbkit'

/** Words of the request with extended security, and of the one without. MS-SMB 2.2.4.6.1, MS-CIFS 2.2.4.53.1. */
const EXTENDED_WORDS = 12
const PLAIN_WORDS = 13

/** Begins to sign: with the key of the connection's first logon (MS-CIFS 3.3.5.3). */
export type StartSigning = (signer: Smb1Signer) => void

/** SMB_COM_SESSION_SETUP_ANDX. MS-SMB 3.3.5.3, MS-CIFS 3.3.5.43. */
export function serveSessionSetup(context: Smb1Context, link: Smb1Link, start: StartSigning): Steps<Smb1Result> {
  const isExtended = context.state.challenge === undefined
  // MS-SMB 3.3.5.3: the form is the one that NEGOTIATE has settled.
  if (link.wordCount !== (isExtended ? EXTENDED_WORDS : PLAIN_WORDS))
    throw new ProtocolError(`SESSION_SETUP_ANDX of ${link.wordCount} words where NEGOTIATE has settled another form`)
  return isExtended ? serveExtended(context, link, start) : servePlain(context, link, start)
}

function* serveExtended(context: Smb1Context, link: Smb1Link, start: StartSigning): Steps<Smb1Result> {
  const { connection, state } = context
  const body = context.body(context.form(Smb1SessionSetupExtendedRequest), link)
  const channel = findOrCreate(context)
  if (failed(channel)) return refuse(channel)
  if (channel === undefined) return refuse(Smb1Status.BAD_UID)
  channel.acceptor ??= connection.server.newAcceptor(connection.transport)
  const { acceptor } = channel
  state.setCanRenew(context.uid, (body.capabilities & Smb1Capabilities.DYNAMIC_REAUTH) !== 0)
  state.clientSays(body)
  let step: Awaited<ReturnType<typeof acceptor.accept>>
  try {
    step = yield* wait(acceptor.accept(body.securityBlob))
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    step = fail(NtStatus.INVALID_PARAMETER)
  }
  if (connection.isClosed) return refuse(NtStatus.CONNECTION_DISCONNECTED)
  if (failed(step)) return yield* turnAway(context, channel, step)
  const { complete, token = new Uint8Array(0) } = step
  const answer = (action: number, status: number): Smb1Result => {
    const value = { action, securityBlob: token, nativeOs: NATIVE_OS, nativeLanMan: NATIVE_LAN_MAN }
    return succeed(smb1Part(link.command, context.form(Smb1SessionSetupExtendedResponse), value), status)
  }
  if (complete === undefined) return answer(0, NtStatus.MORE_PROCESSING_REQUIRED)
  channel.acceptor = undefined
  if (connection.server.sessions.get(channel.session.id) !== channel.session) return refuse(Smb1Status.BAD_UID)
  const problem = settle(context, channel, complete)
  if (problem !== undefined) return yield* turnAway(context, channel, problem)
  if (signs(context, complete)) start(new Smb1Signer(complete.sessionKey))
  return answer(actionOf(complete), NtStatus.SUCCESS)
}

function* servePlain(context: Smb1Context, link: Smb1Link, start: StartSigning): Steps<Smb1Result> {
  const { connection, state } = context
  const { logons, allowAnonymous } = connection.server
  const body = context.body(context.form(Smb1SessionSetupRequest), link)
  state.clientSays(body)
  const { accountName: user, primaryDomain: domain } = body
  const serverChallenge = state.challenge ?? new Uint8Array(8)
  const [lmResponse, ntResponse] = [body.oemPassword.slice(), body.unicodePassword.slice()]
  const channel = create(context)
  if (failed(channel)) return refuse(channel)
  const names = { user, domain, workstation: '' }
  const isNobody = user === '' && ntResponse.length === 0 && lmResponse.every((byte) => byte === 0)
  if (isNobody && !allowAnonymous)
    return yield* turnAway(context, channel, new RefusedLogon(NtStatus.ACCESS_DENIED, 'nobody logs on without a name'))
  const attempt = { ...names, serverChallenge, ntResponse, lmResponse, hasSessionSecurity: false }
  const checked = isNobody
    ? { identity: logons.identities.anonymous('') }
    : yield* wait(checkNtlm(logons.ntlmPolicy, attempt, peerOf(connection.transport)))
  if (connection.isClosed) return refuse(NtStatus.CONNECTION_DISCONNECTED)
  if (failed(checked)) return yield* turnAway(context, channel, checked)
  const { sessionBaseKey = new Uint8Array(16), ...granted } = { sessionBaseKey: undefined, ...checked }
  const logon: Logon = { ...granted, sessionKey: sessionBaseKey }
  const problem = settle(context, channel, logon)
  if (problem !== undefined) return yield* turnAway(context, channel, problem)
  // MS-CIFS 3.1.4.1: the client's response is part of the key.
  if (signs(context, logon)) start(new Smb1Signer(sessionBaseKey, ntResponse.length === 0 ? lmResponse : ntResponse))
  const value = { action: actionOf(logon), nativeOs: NATIVE_OS, nativeLanMan: NATIVE_LAN_MAN }
  const primaryDomain = connection.server.name
  return succeed(smb1Part(link.command, context.form(Smb1SessionSetupResponse), { ...value, primaryDomain }))
}

/** The logon that goes on, the session that is renewed, or a new one; undefined where the UID is nobody's. */
function findOrCreate(context: Smb1Context): Channel | Failure | undefined {
  return context.uid === 0 ? create(context) : context.state.channel(context.uid)
}

function create(context: Smb1Context): Channel | Failure {
  const { connection, state } = context
  const { negotiated, server } = connection
  if (negotiated === undefined || state.size >= server.limits.maxSessionsPerConnection)
    return fail(NtStatus.INSUFFICIENT_RESOURCES)
  const session = new Session(server.newSessionId(), connection, negotiated)
  const channel = new Channel(session, connection, false)
  session.channels.set(connection, channel)
  connection.channels.set(session.id, channel)
  server.sessions.set(session.id, session)
  context.uid = state.add(channel)
  return channel
}

/** Who it is stays who it was; and signing is as both ends want it. */
function settle(context: Smb1Context, channel: Channel, logon: Logon): Failure | undefined {
  const { session, connection } = channel
  const { server } = connection
  const { identity } = logon
  if (channel.isEstablished && identity.kind === 'user' && identity.sid !== session.keyOwnerSid)
    return new RefusedLogon(NtStatus.ACCESS_DENIED, 'a session stays with its user', identity.user)
  const problem = signingProblem(context, logon)
  if (problem !== undefined) return problem
  session.identity = identity
  session.expiresAt = logon.expiresAt
  if (!channel.isEstablished) {
    session.sessionKey = logon.sessionKey
    session.keyOwnerSid = identity.sid
  }
  session.state = 'valid'
  channel.isEstablished = true
  channel.connection.loggedOn()
  server.emit('logon', { remote: connection.transport.remote, sessionId: session.id, identity })
  return undefined
}

function signingProblem(context: Smb1Context, { identity }: Logon): Failure | undefined {
  if (context.connection.server.signing !== 'required') return undefined
  const why = !context.has('SECURITY_SIGNATURE')
    ? 'signing is required here, and the client has it switched off'
    : identity.kind === 'user'
      ? undefined
      : 'signing is required here, and guests have no key'
  return why === undefined ? undefined : new RefusedLogon(NtStatus.ACCESS_DENIED, why, identity.user)
}

/** The client says that it can: then both do. */
const signs = (context: Smb1Context, { identity }: Logon): boolean =>
  identity.kind === 'user' && context.has('SECURITY_SIGNATURE')

const actionOf = ({ identity }: Logon): number => (identity.kind === 'guest' ? Smb1SetupAction.GUEST : 0)

function* turnAway({ connection }: Smb1Context, { session }: Channel, why: Failure): Steps<Smb1Result> {
  tellRefusal(connection, why)
  yield* wait(endSession(session, 'lost'))
  return refuse(why)
}
