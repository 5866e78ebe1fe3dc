import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'
import { isDisconnected } from './disconnect.ts'

/**
 * A session takes up an open that waits for its client (MS-SMB2 3.3.5.9.7). What was under way on the connection that
 * was lost comes to its end first: what the client sends next must not be overtaken by it.
 */
export function* takeUp(request: Request, open: Open): Steps<Failure | undefined> {
  const { session, tree } = request
  for (let unused = open.unused; unused !== undefined; unused = open.unused) {
    yield* wait(unused)
    if (open.closed || !isDisconnected(open)) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  }
  if (session.trees.get(tree.id) !== tree) return fail(NtStatus.NETWORK_NAME_DELETED)
  const { server } = session
  server.durableOpens.reconnected(open)
  open.connection = request.connection
  open.maybeSession = session
  open.tree = tree
  open.volatileId = server.newOpenId()
  // The client counts its channels anew.
  open.channelSequence = request.newChannelSequence()
  session.opens.set(open.volatileId, open)
  request.chain.open = open
  return undefined
}

/** The share that it is on is the tree's, and the tree lets its user do as much as the open does. */
export function fitsTree({ share, grantedAccess }: Open, { tree }: Request): boolean {
  // To read audit lists is a privilege, and none of the tree's.
  const needed = grantedAccess & ~AccessMask.ACCESS_SYSTEM_SECURITY
  return share.isSameAs(tree.share) && (needed & ~tree.maximalAccess) === 0
}
