import type { Identity } from '../auth/mechanism.ts'
import {
  AccessMask,
  AceFlags,
  AceType,
  decodeSecurityDescriptor,
  FILE_ALL_ACCESS,
  FILE_GENERIC_READ,
  FILE_GENERIC_WRITE,
  mapGeneric,
  type SecurityDescriptor,
} from '../wire/dtyp/index.ts'
import { CreateOptions } from '../wire/smb2/index.ts'

const EVERYONE = 'S-1-1-0'
const AUTHENTICATED_USERS = 'S-1-5-11'
const NETWORK = 'S-1-5-2'
const ANONYMOUS = 'S-1-5-7'
const OWNER_RIGHTS = 'S-1-3-4'

/** SIDs that speak for somebody in an access check. */
export function sidsOf(identity: Identity | undefined): ReadonlySet<string> {
  const sids = new Set([EVERYONE, NETWORK])
  if (identity === undefined) return sids
  sids.add(identity.sid)
  for (const group of identity.groupSids) sids.add(group)
  sids.add(identity.kind === 'anonymous' ? ANONYMOUS : AUTHENTICATED_USERS)
  return sids
}

const ADMINISTRATORS = 'S-1-5-32-544'

/** Administrators hold the privileges to see and set audit lists, and to take what is not theirs (MS-FSA 2.1.5.1.2.1). */
export const isAdministrator = (identity: Identity | undefined): boolean =>
  identity?.kind === 'user' && identity.groupSids.includes(ADMINISTRATORS)

const BACKUP_OPERATORS = 'S-1-5-32-551'

/** Who holds the privileges to back up and to restore. */
const isBackupOperator = (identity: Identity | undefined): boolean =>
  isAdministrator(identity) || (identity?.kind === 'user' && identity.groupSids.includes(BACKUP_OPERATORS))

/** Whether those privileges count for a CREATE: where it says that this is what it is for. */
export const backsUp = (identity: Identity | undefined, createOptions: number): boolean =>
  (createOptions & CreateOptions.OPEN_FOR_BACKUP_INTENT) !== 0 && isBackupOperator(identity)

/** What those privileges give beyond the descriptor (MS-FSA 2.1.5.1.2.1: HasBackupAccess and HasRestoreAccess). */
export const BACKUP_ACCESS =
  FILE_GENERIC_READ |
  FILE_GENERIC_WRITE |
  AccessMask.FILE_EXECUTE |
  AccessMask.WRITE_DAC |
  AccessMask.WRITE_OWNER |
  AccessMask.DELETE

/**
 * Whom somebody may make an owner: himself or a group that he is in; for another it takes a privilege (MS-DTYP 2.5.3.4.1,
 * MS-FSA 2.1.5.17). Windows has marks on the groups that may own; smbtorture (smb2.acls.SDFLAGSVSCHOWN) wants Everyone to.
 */
export const mayMakeOwner = (identity: Identity | undefined, sid: string): boolean =>
  identity === undefined || sidsOf(identity).has(sid) || isBackupOperator(identity)

/**
 * Every right that a security descriptor gives to somebody (MS-DTYP 2.5.3.2, as for MAXIMUM_ALLOWED). A file without a
 * descriptor, or with a null list, gives all.
 */
export function maximalAccess(descriptor: Uint8Array | undefined, identity: Identity | undefined): number {
  return descriptor === undefined ? FILE_ALL_ACCESS : evaluate(decodeSecurityDescriptor(descriptor), sidsOf(identity))
}

function evaluate(descriptor: SecurityDescriptor, sids: ReadonlySet<string>): number {
  if (descriptor.dacl === undefined || descriptor.dacl === null) return FILE_ALL_ACCESS
  const isOwner = descriptor.owner !== undefined && sids.has(descriptor.owner)
  const aces = descriptor.dacl.aces.filter((ace) => (ace.flags & AceFlags.INHERIT_ONLY) === 0)
  let allowed = 0
  let denied = 0
  // The owner may always read and change the list, unless an entry says what owners may (MS-DTYP 2.5.3.2).
  if (isOwner && !aces.some((ace) => ace.kind === 'basic' && ace.sid === OWNER_RIGHTS))
    allowed = AccessMask.READ_CONTROL | AccessMask.WRITE_DAC
  for (const ace of aces) {
    if (ace.kind !== 'basic') continue
    if (!sids.has(ace.sid) && !(isOwner && ace.sid === OWNER_RIGHTS)) continue
    const mask = mapGeneric(ace.mask)
    // The first entry that speaks of a right decides about it.
    if (ace.type === AceType.ACCESS_ALLOWED) allowed |= mask & ~denied
    else if (ace.type === AceType.ACCESS_DENIED) denied |= mask & ~allowed
  }
  return allowed >>> 0
}
