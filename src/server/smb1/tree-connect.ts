import { failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  type Smb1Link,
  Smb1Service,
  Smb1TreeConnectExtendedResponse,
  Smb1TreeConnectFlags,
  Smb1TreeConnectRequest,
  Smb1TreeConnectResponse,
  smb1Part,
} from '../../wire/smb1/index.ts'
import { endTree } from '../session-end.ts'
import type { Share } from '../share.ts'
import { allow, isFull } from '../share-access.ts'
import { type Steps, wait } from '../steps.ts'
import { TreeConnect } from '../tree-connect.ts'
import { isResult, refuse, type Smb1Context, type Smb1Result, succeed } from './context.ts'

/** SMB_COM_TREE_CONNECT_ANDX. MS-SMB 3.3.5.4, MS-CIFS 3.3.5.45. */
export function* serveTreeConnect(context: Smb1Context, link: Smb1Link): Steps<Smb1Result> {
  const { connection, state } = context
  const { server } = connection
  const body = context.body(context.form(Smb1TreeConnectRequest), link)
  const session = context.session()
  if (isResult(session)) return session
  if ((body.flags & Smb1TreeConnectFlags.DISCONNECT_TID) !== 0) {
    const before = state.tree(context.tid, session)
    if (before !== undefined) yield* wait(endTree(before))
  }
  const match = /^\\\\[^\\]*\\([^\\]+)$/.exec(body.path)
  if (match === null) return refuse(NtStatus.BAD_NETWORK_NAME)
  const allowed = allow(session, match[1] as string)
  if (failed(allowed)) return refuse(allowed)
  const { share, maximalAccess } = allowed
  // Nothing of SMB1 is sealed.
  if (share?.options.encryption === 'required') return refuse(NtStatus.ACCESS_DENIED)
  if (share !== undefined && isFull(session, share)) return refuse(NtStatus.REQUEST_NOT_ACCEPTED)
  const service = serviceOf(share)
  if (body.service !== Smb1Service.ANY && body.service !== service) return refuse(NtStatus.BAD_DEVICE_TYPE)
  if (session.trees.size >= server.limits.maxTreesPerSession) return refuse(NtStatus.INSUFFICIENT_RESOURCES)
  const tree = new TreeConnect(session.newTreeId(), session, share, maximalAccess, false)
  session.trees.set(tree.id, tree)
  context.tid = state.newTid()
  state.addTree(context.tid, tree)
  server.emit('tree', { remote: connection.transport.remote, share: tree.name, identity: session.identity })
  const value = { optionalSupport: 0, service, nativeFileSystem: share === undefined ? '' : 'NTFS' }
  if ((body.flags & Smb1TreeConnectFlags.EXTENDED_RESPONSE) === 0)
    return succeed(smb1Part(link.command, context.form(Smb1TreeConnectResponse), value))
  const rights = { maximalShareAccessRights: maximalAccess, guestMaximalShareAccessRights: 0 }
  return succeed(smb1Part(link.command, context.form(Smb1TreeConnectExtendedResponse), { ...value, ...rights }))
}

function serviceOf(share: Share | undefined): string {
  if (share === undefined) return Smb1Service.PIPE
  return share.options.printer === undefined ? Smb1Service.DISK : Smb1Service.PRINTER
}
