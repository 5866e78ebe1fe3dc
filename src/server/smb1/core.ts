import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Struct } from '../../wire/schema/index.ts'
import { Smb1Status } from '../../wire/smb1/index.ts'
import { SMB2_HEADER_SIZE, Smb2Header } from '../../wire/smb2/index.ts'
import type { DefinedCommand } from '../command.ts'
import type { Open, PipeOpen } from '../open.ts'
import type { Reply } from '../reply.ts'
import { Request } from '../request.ts'
import { isThere, serveFor } from '../served-for.ts'
import type { Steps } from '../steps.ts'
import type { TreeConnect } from '../tree-connect.ts'
import { isResult, refuse, type Smb1Context, type Smb1Result } from './context.ts'

const NO_SIGNATURE = new Uint8Array(16)

/** Where a command of SMB1 is served: the message, and the tree that it is about. */
export interface Place {
  readonly context: Smb1Context
  readonly tree: TreeConnect
}

/** Session and tree of a message, where both are there and the share is still offered. */
export function* findPlace(context: Smb1Context): Steps<Place | Smb1Result> {
  const session = context.session()
  if (isResult(session)) return session
  const tree = context.tree(session)
  if (isResult(tree)) return tree
  return (yield* isThere(tree)) ? { context, tree } : refuse(Smb1Status.BAD_TID)
}

/**
 * Asks the server in the words of SMB2: there is one meaning of opening, reading and the rest, and one place where it is
 * written down (docs/decisions/0031-smb1-files.md).
 */
export function* ask<B, I>({ context, tree }: Place, command: DefinedCommand<B, I>, body: I): Steps<Reply | Failure> {
  const { connection, header, state } = context
  const channel = state.channel(context.uid)
  // A command before may have ended the session.
  if (channel === undefined) return fail(NtStatus.USER_SESSION_DELETED)
  const view = new DataView(new ArrayBuffer(SMB2_HEADER_SIZE + command.body.sizeOfEncoded(body, SMB2_HEADER_SIZE)))
  Smb2Header.encodeInto(view, 0, {
    command: command.command,
    credits: 0,
    flags: 0,
    messageId: BigInt(header.mid),
    treeId: tree.id,
    sessionId: tree.session.id,
    signature: NO_SIGNATURE,
  })
  command.body.encodeInto(view, SMB2_HEADER_SIZE, body, 0)
  const request = new Request({
    connection,
    header: Smb2Header.decode(view),
    view,
    start: 0,
    end: view.byteLength,
    sealedBy: undefined,
    chain: { valid: true, sessionId: tree.session.id, treeId: tree.id, open: undefined },
  })
  request.channel = channel
  request.tree = tree
  context.request = request
  try {
    return yield* serveFor(request, command)
  } finally {
    context.request = undefined
    connection.finish(request)
  }
}

/** The body of an answer that is known to be this one. */
export function answered<T, I>(reply: Reply, body: Struct<T, I>): I {
  if (reply.body !== (body as unknown)) throw new Error(`the answer is no ${body.structName}`)
  return reply.value as I
}

/** The open that a FID names, or the one that the chain has made. */
export function openOf({ context, tree }: Place, fid: number): Open | PipeOpen | Failure {
  const open = context.opened ?? context.state.open(fid)
  // A number of another user, or of another tree, is nobody's.
  return open !== undefined && open.tree === tree ? open : fail(NtStatus.INVALID_HANDLE)
}
