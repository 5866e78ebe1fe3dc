import { WireError } from '../bytes/errors.ts'
import { viewOf } from '../bytes/utf16.ts'
import { ProtocolError } from '../protocol/frame-assembler.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { Command, HeaderFlags, SMB2_HEADER_SIZE } from '../wire/smb2/index.ts'
import { type Answer, type Call, stepOf } from './call.ts'
import { SecurityError } from './errors.ts'
import { type Context, signs } from './outgoing.ts'
import { type BoundSession, isSignedBy } from './session.ts'

const NEXT_COMMAND_AT = 20

/** The messages of a chain, one after the other. @throws WireError where one is not within the chain */
export function* messagesOf(chain: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; ; ) {
    const left = chain.length - at
    if (left < SMB2_HEADER_SIZE) throw new WireError('SMB2 header', at, '2.2.1', `needs 64 bytes, has ${left}`)
    const next = viewOf(chain).getUint32(at + NEXT_COMMAND_AT, true)
    if (next !== 0 && (next < SMB2_HEADER_SIZE || next >= left || next % 8 !== 0))
      throw new WireError('SMB2 header.nextCommand', at + NEXT_COMMAND_AT, '2.2.1', `${next} is not within the chain`)
    yield chain.subarray(at, next === 0 ? chain.length : at + next)
    if (next === 0) return
    at += next
  }
}

/** Sessions of a connection, by their id. */
type Sessions = ReadonlyMap<bigint, BoundSession>

/** Answers of a server that knows nothing of the session, and can therefore neither sign nor seal. */
const SESSION_LOST: ReadonlySet<NtStatus> = new Set([NtStatus.USER_SESSION_DELETED, NtStatus.NETWORK_SESSION_EXPIRED])

/**
 * MS-SMB2 3.2.5.1.1 and 3.2.5.1.3: what is to be sealed is sealed, what is to be signed is signed, and rightly so.
 * `sealedBy`: the session whose key has opened the answer, if it was sealed.
 * @throws SecurityError, ProtocolError
 */
export function checkProtection(
  answer: Answer,
  { call, context }: { readonly call: Call<unknown>; readonly context: Context },
  sealedBy: bigint | undefined,
  sessions: Sessions,
): void {
  const { flags, status } = answer.header
  // Who logs on looks at it himself: only then is there a key.
  if (call.command === Command.SESSION_SETUP) return
  if (sealedBy !== undefined) {
    if (context.bound !== undefined && sealedBy !== context.bound.session.id)
      throw new ProtocolError('an answer that another session has sealed')
    return
  }
  if ((flags & HeaderFlags.SIGNED) !== 0 && context.bound?.signer !== undefined) return checkSignature(answer, sessions)
  // A server that has lost the session has no key; one that is still at work need not sign.
  if (status === NtStatus.PENDING || SESSION_LOST.has(status)) return
  if (context.seals) throw new SecurityError(`the answer to ${stepOf(call)} is not sealed`)
  if (signs(context)) throw new SecurityError(`the answer to ${stepOf(call)} is not signed`)
}

/** @throws SecurityError */
export function checkSignature({ header, message }: Answer, sessions: Sessions): void {
  const signer = sessions.get(header.sessionId)?.signer
  if (signer !== undefined && isSignedBy(message, header.messageId, signer)) return
  throw new SecurityError('an answer of the server has a wrong signature')
}
