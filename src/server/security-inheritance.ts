import type { Identity } from '../auth/mechanism.ts'
import {
  type Ace,
  AceFlags,
  AceType,
  type Acl,
  AclRevision,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  FILE_ALL_ACCESS,
  mapGeneric,
  SecurityControl,
  type SecurityDescriptor,
} from '../wire/dtyp/index.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { mayMakeOwner } from './access-check.ts'
import { settledControl, withSpecificRights } from './security.ts'

const CREATOR_OWNER = 'S-1-3-0'
const CREATOR_GROUP = 'S-1-3-1'
const USERS = 'S-1-5-32-545'
const SYSTEM = 'S-1-5-18'

const { CONTAINER_INHERIT, INHERIT_ONLY, INHERITED, NO_PROPAGATE_INHERIT, OBJECT_INHERIT } = AceFlags
const PROPAGATION = CONTAINER_INHERIT | OBJECT_INHERIT | NO_PROPAGATE_INHERIT | INHERIT_ONLY

/** Who makes something, and what. */
interface Making {
  readonly owner: string
  readonly group: string
  readonly isDirectory: boolean
}

/**
 * The security descriptor of something new: what its maker gives it, and otherwise what its directory hands down
 * (MS-DTYP 2.5.3.4). Undefined where neither has any: then none is stored.
 * @throws WireError where `given` is no descriptor
 */
export function descriptorOfNew(
  given: Uint8Array | undefined,
  parent: Uint8Array | undefined,
  creator: Identity | undefined,
  isDirectory: boolean,
): Uint8Array | undefined | Failure {
  const explicit = given === undefined ? undefined : withSpecificRights(decodeSecurityDescriptor(given))
  const from = parent === undefined ? undefined : decodeSecurityDescriptor(parent)
  if (creator === undefined) return given
  if (explicit === undefined && from === undefined) return undefined
  const owner = explicit?.owner ?? creator.sid
  if (!mayMakeOwner(creator, owner)) return fail(NtStatus.INVALID_OWNER)
  const making: Making = { owner, group: explicit?.group ?? from?.group ?? USERS, isDirectory }
  const { dacl, sacl, control } = listsOfNew(explicit, from, making)
  return encodeSecurityDescriptor({
    control,
    owner: making.owner,
    group: making.group,
    ...(dacl === undefined ? {} : { dacl }),
    ...(sacl === undefined ? {} : { sacl }),
  })
}

const { DACL_AUTO_INHERITED, SACL_AUTO_INHERITED } = SecurityControl

interface Lists {
  readonly control: number
  readonly dacl: Acl | null | undefined
  readonly sacl: Acl | null | undefined
}

function listsOfNew(
  explicit: SecurityDescriptor | undefined,
  from: SecurityDescriptor | undefined,
  making: Making,
): Lists {
  const control = settledControl(explicit?.control ?? 0)
  const sacl = explicit?.sacl ?? handedDown(from?.sacl, from, SACL_AUTO_INHERITED, making)
  // What the maker gives counts alone, also where it is a list that lets everybody do everything.
  if (explicit?.dacl !== undefined) return { dacl: explicit.dacl, sacl, control }
  const dacl = handedDown(from?.dacl, from, DACL_AUTO_INHERITED, making)
  if (dacl === undefined) return { dacl: from === undefined ? undefined : ownersOnly(making.owner), sacl, control }
  return { dacl, sacl, control: control | ((from?.control ?? 0) & DACL_AUTO_INHERITED) }
}

/** Where a directory with a list of its own hands nothing down, what is made in it is its maker's (MS-DTYP 2.5.3.4.1). */
const ownersOnly = (owner: string): Acl => ({
  revision: AclRevision.ACL_REVISION,
  aces: [owner, SYSTEM].map((sid) => ({
    kind: 'basic',
    type: AceType.ACCESS_ALLOWED,
    flags: 0,
    mask: FILE_ALL_ACCESS,
    sid,
  })),
})

function handedDown(
  list: Acl | null | undefined,
  from: SecurityDescriptor | undefined,
  autoInherited: number,
  making: Making,
): Acl | undefined {
  if (list === undefined || list === null) return undefined
  // Entries are marked as inherited only below a directory whose own list takes part in inheriting.
  const mark = ((from?.control ?? 0) & autoInherited) !== 0 ? INHERITED : 0
  const aces = list.aces.flatMap((ace) => handDown(ace, making, mark))
  return aces.length === 0 ? undefined : { revision: list.revision, aces }
}

/** What becomes of one entry: nothing, an entry that counts here, one that is only handed on, or both. */
function handDown(ace: Ace, { owner, group, isDirectory }: Making, mark: number): Ace[] {
  if (ace.kind !== 'basic') return []
  const counts = (ace.flags & (isDirectory ? CONTAINER_INHERIT : OBJECT_INHERIT)) !== 0
  const goesOn =
    isDirectory && (ace.flags & NO_PROPAGATE_INHERIT) === 0 && (ace.flags & (CONTAINER_INHERIT | OBJECT_INHERIT)) !== 0
  const kept = (ace.flags & ~PROPAGATION & ~INHERITED) | mark
  const sid = ace.sid === CREATOR_OWNER ? owner : ace.sid === CREATOR_GROUP ? group : ace.sid
  const mask = mapGeneric(ace.mask)
  const handed = ace.flags & (CONTAINER_INHERIT | OBJECT_INHERIT)
  const inherited: Ace[] = []
  if (counts) {
    // An entry that changes on the way counts here as it is now, and goes on as it was.
    const same = sid === ace.sid && mask === ace.mask
    const flags = kept | (goesOn && same ? handed : 0)
    inherited.push({ ...ace, sid, mask, flags })
    if (goesOn && !same) inherited.push({ ...ace, flags: kept | handed | INHERIT_ONLY })
  } else if (goesOn) inherited.push({ ...ace, flags: kept | handed | INHERIT_ONLY })
  return inherited
}
