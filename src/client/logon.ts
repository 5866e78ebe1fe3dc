import { type Established, type InitiatorMechanism, type InitiatorStep, RefusedLogon } from '../auth/mechanism.ts'
import { SpnegoInitiator } from '../auth/spnego-initiator.ts'
import { deriveSessionKeys, type SessionKeys } from '../crypto/key-derivation.ts'
import type { PreauthIntegrityHash } from '../crypto/preauth.ts'
import { createSealer } from '../crypto/sealing.ts'
import { createSigner, type Signer } from '../crypto/signing.ts'
import { type Failure, failed } from '../wire/erref/failure.ts'
import { NtStatus, ntStatusName } from '../wire/erref/ntstatus.ts'
import {
  Capabilities,
  Command,
  Dialect,
  HeaderFlags,
  SecurityMode,
  SessionFlags,
  SessionSetupFlags,
  SessionSetupRequest,
  SessionSetupResponse,
} from '../wire/smb2/index.ts'
import { type Answer, type Call, encodeCall, FRAME_HEADER_BYTES } from './call.ts'
import type { Connection } from './connection.ts'
import { type Occasion, SecurityError, StatusError } from './errors.ts'
import type { Negotiated } from './negotiation.ts'
import { type BoundSession, isSignedBy, type Session, sessionOf } from './session.ts'
import type { Settings } from './settings.ts'

/** Rounds after which a server that always wants one more token is given up. */
export const MAX_ROUNDS = 16

const occasion: Occasion = { operation: 'connect' }

/** What a logon is for, beside a new session. */
export interface LogonPurpose {
  /** The ways to authenticate, the one to be preferred first. */
  readonly mechanisms: readonly InitiatorMechanism[]
  /** The session of before the connection was cut: the server ends it (MS-SMB2 3.3.5.5.3). */
  readonly previousSessionId?: bigint
  /** A session that gets one more connection (MS-SMB2 3.2.4.2.3.1, binding). */
  readonly binds?: BoundSession
}

/** What a logon came to, and by which mechanism. */
interface NamedLogon extends Established {
  readonly mechanism: string
}

interface Round {
  readonly status: NtStatus
  readonly sessionId: bigint
  readonly sessionFlags: number
  readonly token: Uint8Array
  readonly message: Uint8Array
  readonly isSigned: boolean
}

/**
 * Logs on. MS-SMB2 3.2.4.2.3, 3.2.5.3.
 * @throws StatusError, SecurityError, and as `Connection.call`
 */
export async function logOn(
  connection: Connection,
  negotiated: Negotiated,
  settings: Settings,
  purpose: LogonPurpose,
  signal?: AbortSignal,
): Promise<BoundSession> {
  const initiator = new SpnegoInitiator(purpose.mechanisms, {
    onFallback: ({ name }, why) => tellFallback(connection, settings, name, why),
  })
  const preauth = negotiated.preauth?.copy()
  let step = ensure(await firstStep(initiator, negotiated.token))
  let established = step.complete
  let sessionId = purpose.binds?.session.id ?? 0n
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const call = setupCall(connection.about.host, settings, purpose, step.token ?? new Uint8Array(0))
    const context = {
      sessionId,
      seals: false,
      ...(purpose.binds && { bound: { ...purpose.binds, signer: bindingSigner(purpose.binds, negotiated) } }),
    }
    const answer = await connection.call(context, call, signal)
    preauth?.update(call.frame.subarray(FRAME_HEADER_BYTES))
    sessionId = answer.sessionId
    if (answer.status === NtStatus.SUCCESS) {
      if (answer.token.length > 0) established = ensure(await initiator.step(answer.token)).complete ?? established
      const logon = established && { ...established, mechanism: initiator.mechanism ?? '' }
      return finish(connection, negotiated, settings, purpose, answer, logon, preauth)
    }
    preauth?.update(answer.message)
    step = ensure(await initiator.step(answer.token))
    established = step.complete ?? established
  }
  throw new SecurityError('the server goes on asking for tokens and never lets anybody in')
}

function tellFallback({ about }: Connection, { observer }: Settings, mechanism: string, why: Failure): void {
  const reason = why instanceof RefusedLogon ? why.reason : ntStatusName(why.status)
  observer?.event?.({ kind: 'fallback', connection: about, mechanism, reason })
}

/** The server's first token says what it knows; one that cannot be read says nothing. */
export async function firstStep(initiator: SpnegoInitiator, token: Uint8Array): Promise<InitiatorStep | Failure> {
  return initiator.step(token.length > 0 && token[0] === SPNEGO_TAG ? token : undefined)
}
const SPNEGO_TAG = 0x60

/** @throws StatusError */
export function ensure(step: InitiatorStep | Failure): InitiatorStep {
  if (!failed(step)) return step
  const why = step instanceof RefusedLogon ? { reason: step.reason } : {}
  throw new StatusError(step.status, Command.SESSION_SETUP, { ...occasion, ...why })
}

/** One round of a logon. */
export function setupCall(
  host: string,
  settings: Settings,
  { previousSessionId = 0n, binds }: LogonPurpose,
  securityBuffer: Uint8Array,
): Call<Round> {
  const required = settings.signing === 'required' ? SecurityMode.SIGNING_REQUIRED : 0
  return {
    command: Command.SESSION_SETUP,
    frame: encodeCall(SessionSetupRequest, {
      flags: binds === undefined ? 0 : SessionSetupFlags.BINDING,
      securityMode: SecurityMode.SIGNING_ENABLED | required,
      capabilities: Capabilities.DFS,
      previousSessionId,
      securityBuffer,
    }),
    accepts: [NtStatus.MORE_PROCESSING_REQUIRED],
    occasion: { ...occasion, path: host },
    read: readRound,
  }
}

function readRound(answer: Answer): Round {
  const { sessionFlags, securityBuffer } = answer.body(SessionSetupResponse)
  const { status, sessionId, flags } = answer.header
  const isSigned = (flags & HeaderFlags.SIGNED) !== 0
  return { status, sessionId, sessionFlags, token: securityBuffer.slice(), message: answer.message.slice(), isSigned }
}

/** Binding is signed with the key that the session already has, by this connection's algorithm (MS-SMB2 3.2.4.2.3). */
function bindingSigner({ session }: BoundSession, negotiated: Negotiated): Signer | undefined {
  return session.signingKey === undefined ? undefined : createSigner(negotiated.signingAlgorithm, session.signingKey)
}

function finish(
  connection: Connection,
  negotiated: Negotiated,
  settings: Settings,
  purpose: LogonPurpose,
  last: Round,
  established: NamedLogon | undefined,
  preauth: PreauthIntegrityHash | undefined,
): BoundSession {
  // Who asked to be nobody is it: Samba does not say so.
  const sessionFlags = last.sessionFlags | (settings.anonymous ? SessionFlags.IS_NULL : 0)
  const answer: Round = { ...last, sessionFlags }
  if (established === undefined) throw new SecurityError('the server lets us in before it has shown who it is')
  const hasKeys = (answer.sessionFlags & (SessionFlags.IS_GUEST | SessionFlags.IS_NULL)) === 0
  if (!hasKeys) refuseUnlessAsked(answer, settings)
  const keys = hasKeys ? keysOf(negotiated, established, preauth) : undefined
  const signer = keys && createSigner(negotiated.signingAlgorithm, keys.signingKey)
  if (signer !== undefined) checkLastAnswer(answer, signer, negotiated, settings)
  const session = purpose.binds?.session ?? newSession(negotiated, settings, answer, keys, established)
  const bound: BoundSession = { session, signer }
  connection.admit(bound)
  return bound
}

/** A guest, or nobody, is let in without a check of who we are: the server need not be who it says either. */
function refuseUnlessAsked({ sessionFlags }: Round, { guest, anonymous, signing, encryption }: Settings): void {
  const isGuest = (sessionFlags & SessionFlags.IS_GUEST) !== 0
  if (isGuest && !guest)
    throw new SecurityError(
      'The server lets us in as a guest only: the user is not known to it. Where that will do, ask for guest.',
    )
  if (!isGuest && !anonymous) throw new SecurityError('The server lets us in as nobody, though we said who we are.')
  const wanted = signing === 'required' ? 'sign' : encryption === 'required' ? 'seal' : undefined
  if (wanted !== undefined)
    throw new SecurityError(`A session of ${isGuest ? 'a guest' : 'nobody'} has no key to ${wanted} with.`)
}

function keysOf(
  { dialect, cipher }: Negotiated,
  { sessionKey, fullSessionKey }: Established,
  preauth: PreauthIntegrityHash | undefined,
): SessionKeys {
  return deriveSessionKeys({ dialect, sessionKey, fullSessionKey, preauthHash: preauth?.value, cipher })
}

/** MS-SMB2 3.2.5.3.1: the last answer is signed; with 3.1.1 that proves all that was said before. */
function checkLastAnswer(answer: Round, signer: Signer, negotiated: Negotiated, settings: Settings): void {
  const mustBe = negotiated.dialect === Dialect.SMB_3_1_1 || settings.signing === 'required'
  if (!answer.isSigned) {
    if (mustBe) throw new SecurityError('the server’s last answer to the logon is not signed')
    return
  }
  const messageId = new DataView(answer.message.buffer).getBigUint64(24, true)
  if (!isSignedBy(answer.message, messageId, signer))
    throw new SecurityError('the server’s last answer to the logon has a wrong signature: somebody may be between')
}

function newSession(
  negotiated: Negotiated,
  settings: Settings,
  { sessionId, sessionFlags }: Round,
  keys: SessionKeys | undefined,
  { mechanism, principal = '' }: NamedLogon,
): Session {
  // Who logs on with a ticket need not say who he is.
  const [, owner = '', realm = ''] = /^(.*)@([^@]*)$/.exec(principal) ?? []
  const { cipher } = negotiated
  const canSeal = keys !== undefined && cipher !== undefined
  const mustSeal = (sessionFlags & SessionFlags.ENCRYPT_DATA) !== 0
  if (settings.encryption === 'required' && !canSeal)
    throw new SecurityError('Encryption is required, and this server has none (or none in common with us).')
  const requiresSigning = (negotiated.securityMode & SecurityMode.SIGNING_REQUIRED) !== 0
  return sessionOf({
    id: sessionId,
    flags: sessionFlags,
    user: settings.user || owner,
    domain: settings.domain || realm,
    mechanism,
    signs: keys !== undefined && (settings.signing !== 'off' || requiresSigning),
    seals: canSeal && (mustSeal || settings.encryption !== 'off'),
    signingKey: keys?.signingKey,
    sealer: canSeal ? createSealer(cipher, keys.clientToServerKey) : undefined,
    opener: canSeal ? createSealer(cipher, keys.serverToClientKey) : undefined,
  })
}
