import type { Identity } from '../auth/mechanism.ts'
import {
  type Ace,
  AceFlags,
  AclRevision,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  mapGeneric,
  SecurityControl,
} from '../wire/dtyp/index.ts'

const CREATOR_OWNER = 'S-1-3-0'
const CREATOR_GROUP = 'S-1-3-1'
const USERS = 'S-1-5-32-545'

const { CONTAINER_INHERIT, INHERIT_ONLY, INHERITED, NO_PROPAGATE_INHERIT, OBJECT_INHERIT } = AceFlags
const PROPAGATION = CONTAINER_INHERIT | OBJECT_INHERIT | NO_PROPAGATE_INHERIT | INHERIT_ONLY

/**
 * The security descriptor of something new: what its directory hands down (MS-DTYP 2.5.3.4). Undefined where that has
 * nothing to hand down: then none is stored.
 */
export function inheritDescriptor(
  parent: Uint8Array | undefined,
  creator: Identity | undefined,
  isDirectory: boolean,
): Uint8Array | undefined {
  if (parent === undefined || creator === undefined) return undefined
  const { dacl, group } = decodeSecurityDescriptor(parent)
  if (dacl === undefined || dacl === null) return undefined
  const aces = dacl.aces.flatMap((ace) => handDown(ace, creator.sid, group ?? USERS, isDirectory))
  if (aces.length === 0) return undefined
  return encodeSecurityDescriptor({
    control: SecurityControl.DACL_AUTO_INHERITED,
    owner: creator.sid,
    group: group ?? USERS,
    dacl: { revision: AclRevision.ACL_REVISION, aces },
  })
}

/** What becomes of one entry: nothing, an entry that counts here, one that is only handed on, or both. */
function handDown(ace: Ace, owner: string, group: string, isDirectory: boolean): Ace[] {
  if (ace.kind !== 'basic') return []
  const counts = (ace.flags & (isDirectory ? CONTAINER_INHERIT : OBJECT_INHERIT)) !== 0
  const goesOn =
    isDirectory && (ace.flags & NO_PROPAGATE_INHERIT) === 0 && (ace.flags & (CONTAINER_INHERIT | OBJECT_INHERIT)) !== 0
  const kept = ace.flags & ~PROPAGATION
  const sid = ace.sid === CREATOR_OWNER ? owner : ace.sid === CREATOR_GROUP ? group : ace.sid
  const mask = mapGeneric(ace.mask)
  const handed = ace.flags & (CONTAINER_INHERIT | OBJECT_INHERIT)
  const inherited: Ace[] = []
  if (counts) {
    // An entry that changes on the way counts here as it is now, and goes on as it was.
    const same = sid === ace.sid && mask === ace.mask
    const flags = kept | INHERITED | (goesOn && same ? handed : 0)
    inherited.push({ ...ace, sid, mask, flags })
    if (goesOn && !same) inherited.push({ ...ace, flags: kept | INHERITED | handed | INHERIT_ONLY })
  } else if (goesOn) inherited.push({ ...ace, flags: kept | INHERITED | handed | INHERIT_ONLY })
  return inherited
}
