import { viewOf } from '../bytes/utf16.ts'
import { ProtocolError } from '../protocol/frame-assembler.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { Command, HeaderFlags, Smb2AsyncHeader } from '../wire/smb2/index.ts'
import type { CommandDefinition } from './command.ts'
import { cancel } from './commands/cancel.ts'
import { changeNotify } from './commands/change-notify.ts'
import { close } from './commands/close.ts'
import { create } from './commands/create.ts'
import { echo } from './commands/echo.ts'
import { flush } from './commands/flush.ts'
import { ioctl } from './commands/ioctl.ts'
import { lock } from './commands/lock.ts'
import { logoff } from './commands/logoff.ts'
import { negotiate } from './commands/negotiate.ts'
import { oplockBreak } from './commands/oplock-break.ts'
import { queryDirectory } from './commands/query-directory.ts'
import { queryInfo } from './commands/query-info.ts'
import { read } from './commands/read.ts'
import { sessionSetup } from './commands/session-setup.ts'
import { setInfo } from './commands/set-info.ts'
import { treeConnect } from './commands/tree-connect.ts'
import { treeDisconnect } from './commands/tree-disconnect.ts'
import { write } from './commands/write.ts'
import type { Reply } from './reply.ts'
import type { ChainState, Request } from './request.ts'
import { isThere, serveFor } from './served-for.ts'
import { provenChannel } from './session-binding.ts'
import { signatureIsRight } from './signature.ts'
import type { Steps } from './steps.ts'

const commands: (CommandDefinition | undefined)[] = []
for (const definition of [
  negotiate,
  sessionSetup,
  logoff,
  treeConnect,
  treeDisconnect,
  create,
  close,
  flush,
  read,
  write,
  lock,
  ioctl,
  echo,
  queryDirectory,
  changeNotify,
  queryInfo,
  setInfo,
  oplockBreak,
])
  commands[definition.command] = definition

/** Commands that a session may still send when its ticket has run out (MS-SMB2 3.3.5.2.9). */
const ALLOWED_WHEN_EXPIRED: ReadonlySet<number> = new Set([
  Command.SESSION_SETUP,
  Command.LOGOFF,
  Command.CLOSE,
  Command.LOCK,
])

function* serve(request: Request): Steps<Reply | Failure> {
  const definition = commands[request.command]
  const { connection, chain } = request
  // MS-SMB2 3.3.5.2: until NEGOTIATE has settled the dialect nothing else is served.
  if (connection.negotiated === undefined && request.command !== Command.NEGOTIATE)
    throw new ProtocolError('a command before NEGOTIATE')
  if (definition === undefined) {
    if (request.command > Command.OPLOCK_BREAK) return fail(NtStatus.INVALID_PARAMETER)
    throw new ProtocolError(`unexpected command ${request.command}`)
  }
  // MS-SMB2 3.3.5.2.7.2: the first of a chain has nothing that it could be related to, nor has one after a failure.
  if (request.isRelated && !chain.valid) {
    if (chain.expired === undefined) return fail(NtStatus.INVALID_PARAMETER)
    // The session is known: it goes on to be told, and signed, that its ticket has ended.
    request.channel = chain.expired
    return fail(NtStatus.NETWORK_SESSION_EXPIRED)
  }
  chain.expired = undefined
  const problem = findSession(request, definition)
  if (problem !== undefined) {
    if (problem.status === NtStatus.NETWORK_SESSION_EXPIRED) chain.expired = request.channel
    return broken(chain, problem)
  }
  if (definition.needs === 'tree') {
    const tree = request.session.trees.get(request.treeId)
    if (tree === undefined) return broken(chain, fail(NtStatus.NETWORK_NAME_DELETED))
    // Asked in steps only where something has been said of the shares: this is the way of every request.
    const isAsBefore = tree.generation === connection.server.shareGeneration
    if (!isAsBefore && !(yield* isThere(tree))) return broken(chain, fail(NtStatus.NETWORK_NAME_DELETED))
    request.tree = tree
    // MS-SMB2 3.3.5.2.11: a share that wants sealing gets no plain requests.
    if (tree.encrypt && request.sealedBy === undefined) return fail(NtStatus.ACCESS_DENIED)
  }
  const { sessionId, treeId } = request
  chain.sessionId = sessionId
  chain.treeId = treeId
  chain.valid = true
  return yield* serveFor(request, definition)
}

/** Nothing of a request without session or tree can be taken over by the next. */
function broken(chain: ChainState, problem: Failure): Failure {
  chain.valid = false
  return problem
}

/** Session, signature and sealing (MS-SMB2 3.3.5.2.4, 3.3.5.2.9). */
function findSession(request: Request, definition: CommandDefinition): Failure | undefined {
  const { connection, sealedBy } = request
  const id = request.sessionId
  const channel = connection.channels.get(id)
  if (channel === undefined) {
    if (request.command === Command.SESSION_SETUP || (definition.needs === 'nothing' && !request.isSigned))
      return undefined
    // A client that has the session on another connection is told so under its signature.
    provenChannel(request)
    return fail(NtStatus.USER_SESSION_DELETED)
  }
  const { session } = channel
  // A sealed message speaks for the session that sealed it and no other.
  if (sealedBy !== undefined && sealedBy !== session) return fail(NtStatus.USER_SESSION_DELETED)
  if (sealedBy === undefined && channel.signer !== undefined) {
    if (request.isSigned) {
      if (!signatureIsRight(request, channel.signer)) {
        if (channel.isBinding) provenChannel(request)
        return fail(NtStatus.ACCESS_DENIED)
      }
    } else if (session.signingRequired && request.command !== Command.NEGOTIATE) return fail(NtStatus.ACCESS_DENIED)
    if (session.encryptData && definition.needs !== 'nothing') return fail(NtStatus.ACCESS_DENIED)
  }
  if (definition.needs === 'nothing') {
    request.channel = channel
    return undefined
  }
  // Also the answer that says no belongs to the session: it is signed with its key.
  request.channel = channel
  if (!channel.isEstablished) return fail(NtStatus.USER_SESSION_DELETED)
  if (session.expiresAt !== undefined && session.expiresAt <= connection.server.clock.now()) session.state = 'expired'
  if (session.state === 'expired' && !ALLOWED_WHEN_EXPIRED.has(request.command))
    return fail(NtStatus.NETWORK_SESSION_EXPIRED)
  return undefined
}

/** CANCEL has no answer, whatever happens (MS-SMB2 3.3.5.16). */
function serveCancel(request: Request): void {
  const { connection } = request
  const channel = connection.channels.get(request.sessionId)
  if (channel === undefined) return
  const { session, signer } = channel
  if (request.sealedBy !== undefined && request.sealedBy !== session) return
  if (request.sealedBy === undefined && signer !== undefined) {
    if (request.isSigned ? !signatureIsRight(request, signer) : session.signingRequired) return
  }
  const isAsync = (request.header.flags & HeaderFlags.ASYNC_COMMAND) !== 0
  const asyncId = isAsync ? Smb2AsyncHeader.decode(viewOf(request.bytes)).asyncId : 0n
  cancel(connection, session, { flags: request.header.flags, messageId: request.messageId, asyncId })
}

export const dispatch = { serve, cancel: serveCancel }
