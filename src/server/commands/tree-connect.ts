import { ProtocolError } from '../../protocol/frame-assembler.ts'
import { canSeal } from '../../protocol/transform.ts'
import { fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Command,
  Dialect,
  ShareCapabilities,
  ShareFlags,
  ShareType,
  TreeConnectRequest,
  TreeConnectResponse,
} from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import type { Connection } from '../connection.ts'
import { makeLinkFolders } from '../dfs/link-folders.ts'
import { reply } from '../reply.ts'
import type { Share } from '../share.ts'
import { allow, isFull } from '../share-access.ts'
import type { Steps } from '../steps.ts'
import { TreeConnect } from '../tree-connect.ts'

/** MS-SMB2 3.3.5.7. */
export const treeConnect = defineCommand({
  command: Command.TREE_CONNECT,
  needs: 'session',
  body: TreeConnectRequest,
  *handler(request, body) {
    const { session, connection } = request
    // MS-SMB2 3.3.5.7: on 3.1.1 this is what proves that nobody has changed NEGOTIATE.
    const isProven = request.sealedBy !== undefined || request.isSigned
    if (connection.negotiated?.dialect === Dialect.SMB_3_1_1 && session.keys !== undefined && !isProven)
      throw new ProtocolError('TREE_CONNECT neither signed nor sealed')
    const match = /^\\\\([^\\]*)\\([^\\]+)$/.exec(body.path)
    if (match === null) return fail(NtStatus.BAD_NETWORK_NAME)
    const name = match[2] as string
    const allowed = allow(session, name)
    if (failed(allowed)) return allowed
    if (session.trees.size >= connection.server.limits.maxTreesPerSession) return fail(NtStatus.INSUFFICIENT_RESOURCES)
    const { share, maximalAccess } = allowed
    const dialect = connection.negotiated?.dialect ?? 0
    const encrypt = share?.options.encryption === 'required'
    // MS-SMB2 3.3.5.7: a client that cannot seal gets no share that wants it.
    if (encrypt && (!canSeal(dialect) || session.keys?.sealer === undefined)) return fail(NtStatus.ACCESS_DENIED)
    if (share !== undefined && isFull(session, share)) return fail(NtStatus.REQUEST_NOT_ACCEPTED)
    if (share !== undefined) yield* prepareNamespace(share)
    const tree = new TreeConnect(session.newTreeId(), session, share, maximalAccess, encrypt)
    session.trees.set(tree.id, tree)
    request.tree = tree
    request.chain.treeId = tree.id
    connection.server.emit('tree', {
      remote: connection.transport.remote,
      share: tree.name,
      identity: session.identity,
    })
    return reply(TreeConnectResponse, {
      shareType: shareType(share),
      shareFlags: shareFlags(connection, share, encrypt),
      capabilities: shareCapabilities(dialect, share),
      maximalAccess,
    })
  },
})

function shareType(share: Share | undefined): ShareType {
  if (share === undefined) return ShareType.PIPE
  return share.options.printer === undefined ? ShareType.DISK : ShareType.PRINT
}

function shareCapabilities(dialect: number, share: Share | undefined): number {
  const isAvailable = dialect >= Dialect.SMB_3_0 && share?.options.continuouslyAvailable === true
  return (
    (isAvailable ? ShareCapabilities.CONTINUOUS_AVAILABILITY : 0) |
    (share?.namespace === undefined ? 0 : ShareCapabilities.DFS)
  )
}

/** Links have folders from the time on when somebody first looks. */
function* prepareNamespace(share: Share): Steps<void> {
  if (share.namespace === undefined || share.hasLinkFolders) return
  share.hasLinkFolders = true
  yield* makeLinkFolders(share.backend, share.namespace)
}

function shareFlags(connection: Connection, share: Share | undefined, encrypt: boolean): number {
  if (share === undefined) return ShareFlags.NO_CACHING
  const { options } = share
  // MS-SMB2 3.3.5.7: for clients with which compression was agreed on.
  const compress = options.compress === true && connection.negotiated?.compression !== undefined
  return (
    (encrypt ? ShareFlags.ENCRYPT_DATA : 0) |
    (compress ? ShareFlags.COMPRESS_DATA : 0) |
    (share.namespace === undefined ? 0 : ShareFlags.DFS | ShareFlags.DFS_ROOT) |
    (options.accessBasedEnumeration === true ? ShareFlags.ACCESS_BASED_DIRECTORY_ENUM : 0)
  )
}
