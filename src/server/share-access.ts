import { AccessMask, FILE_ALL_ACCESS } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { maximalAccess, sidsOf } from './access-check.ts'
import type { ServerCore } from './server-core.ts'
import type { Session } from './session.ts'
import type { Share } from './share.ts'
import type { TreeConnect } from './tree-connect.ts'

/** What somebody may do with a share at most, whatever its files say. */
export type ShareRight = 'none' | 'read' | 'change' | 'full'

const {
  FILE_EXECUTE,
  FILE_READ_ATTRIBUTES,
  FILE_READ_DATA,
  FILE_READ_EA,
  FILE_DELETE_CHILD,
  READ_CONTROL,
  SYNCHRONIZE,
  WRITE_DAC,
  WRITE_OWNER,
} = AccessMask

/** What a read-only share leaves of the access rights. */
const READ_ONLY_ACCESS =
  FILE_READ_DATA | FILE_READ_EA | FILE_EXECUTE | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE

/** As Windows' dialog for shares has them. */
const RIGHTS: Readonly<Record<Exclude<ShareRight, 'none'>, number>> = {
  read: READ_ONLY_ACCESS,
  change: FILE_ALL_ACCESS & ~(WRITE_DAC | WRITE_OWNER | FILE_DELETE_CHILD),
  full: FILE_ALL_ACCESS,
}

/** What IPC$ tells: 0x001F01FF, as Windows does. */
const PIPE_ACCESS = FILE_ALL_ACCESS

/** A share as somebody may use it; IPC$ is no share of the list. */
export interface Allowed {
  readonly share: Share | undefined
  readonly maximalAccess: number
}

/** Finds the share, and what this user may do with it at most. */
export function allow(session: Session, name: string): Allowed | Failure {
  if (name.toUpperCase() === 'IPC$') return { share: undefined, maximalAccess: PIPE_ACCESS }
  const share = session.server.share(name)
  if (share === undefined) return fail(NtStatus.BAD_NETWORK_NAME)
  const access = shareAccess(session, share)
  return access === 0 ? fail(NtStatus.ACCESS_DENIED) : { share, maximalAccess: access }
}

/** On which server somebody is who. */
type Somebody = Pick<Session, 'server' | 'identity'>

/** The rights that a share leaves to somebody; 0 where he may not connect. */
export function shareAccess(somebody: Somebody, share: Share): number {
  const { identity } = somebody
  // Anonymous sessions are for IPC$ alone.
  if (identity === undefined || identity.kind === 'anonymous') return 0
  const { users, securityDescriptor } = share.options
  if (users !== undefined && !users.some((allowed) => isUser(somebody, allowed))) return 0
  let access = permitted(somebody, share)
  if (securityDescriptor !== undefined) access &= maximalAccess(securityDescriptor, identity)
  if (share.readOnly) access &= READ_ONLY_ACCESS
  return access >>> 0
}

/** Connections to a share, of all sessions. */
export function usesOf(server: ServerCore, share: Share): number {
  let uses = 0
  for (const { trees } of server.sessions.values())
    for (const tree of trees.values()) if (share.isSameAs(tree.share)) uses++
  return uses
}

/** MS-SMB2 3.3.5.7: a share with a limit has as many connections as it may have. */
export function isFull({ server }: Session, share: Share): boolean {
  const { maxUses } = share.options
  return maxUses !== undefined && usesOf(server, share) >= maxUses
}

/** By the share's list of names: what is denied is, and of what is granted the most counts. */
function permitted(somebody: Somebody, share: Share): number {
  const { identity, server } = somebody
  const { permissions } = share.options
  if (permissions === undefined) return FILE_ALL_ACCESS
  const sids = sidsOf(identity)
  let access = 0
  for (const [who, right] of Object.entries(permissions)) {
    const isMeant = who.startsWith('@')
      ? sids.has(server.logons.identities.groupSid(who.slice(1)))
      : isUser(somebody, who)
    if (!isMeant && who.toLowerCase() !== 'everyone') continue
    if (right === 'none') return 0
    access |= RIGHTS[right]
  }
  return access
}

/**
 * Whether somebody is meant by `anna`, an account of the server, or by `EXAMPLE\anna`, one of that domain. A guest says any
 * name: only who has logged on as somebody is somebody.
 */
function isUser({ identity, server }: Somebody, name: string): boolean {
  if (identity?.kind !== 'user') return false
  const [user = '', domain] = name.toUpperCase().split('\\').toReversed()
  const home = identity.isOfDomain === true ? identity.domain.toUpperCase() : server.name
  return identity.user.toUpperCase() === user && home === (domain ?? server.name)
}

/** True if the share of a tree is offered to its user as it was when the tree was connected. */
export function isStillOffered(tree: TreeConnect): boolean {
  const { session, share, encrypt } = tree
  tree.generation = session.server.shareGeneration
  if (share === undefined) return true
  const allowed = allow(session, share.name)
  if (failed(allowed) || allowed.share === undefined) return false
  const { files, options } = allowed.share
  return (
    files === share.files &&
    allowed.maximalAccess === tree.maximalAccess &&
    (options.encryption === 'required') === encrypt
  )
}
