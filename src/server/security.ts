import type { Identity } from '../auth/mechanism.ts'
import {
  AccessMask,
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
  SecurityInformation,
} from '../wire/dtyp/index.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { mayMakeOwner } from './access-check.ts'

const ADMINISTRATORS = 'S-1-5-32-544'
const USERS = 'S-1-5-32-545'
const EVERYONE = 'S-1-1-0'

/**
 * What a file without a descriptor of its own seems to have: everybody may do everything that the share lets them, and
 * nobody is known to own it, so it is said to be of who asks.
 */
const defaultFor = (identity: Identity | undefined, isDirectory: boolean): SecurityDescriptor => ({
  control: SecurityControl.DACL_PRESENT,
  owner: identity?.sid ?? ADMINISTRATORS,
  group: USERS,
  dacl: {
    revision: AclRevision.ACL_REVISION,
    aces: [
      {
        kind: 'basic',
        type: AceType.ACCESS_ALLOWED,
        flags: isDirectory ? AceFlags.CONTAINER_INHERIT | AceFlags.OBJECT_INHERIT : 0,
        mask: FILE_ALL_ACCESS,
        sid: EVERYONE,
      },
    ],
  },
})

const descriptorOf = (
  stored: Uint8Array | undefined,
  identity: Identity | undefined,
  isDirectory: boolean,
): SecurityDescriptor => {
  const { owner, group, ...fallback } = defaultFor(identity, isDirectory)
  return stored === undefined
    ? { ...fallback, ...(owner && { owner }), ...(group && { group }) }
    : { ...fallback, ...(owner && { owner }), ...(group && { group }), ...decodeSecurityDescriptor(stored) }
}

/** Generic rights as what they mean for files, in entries that count for the file itself (MS-DTYP 2.5.3.4.6). */
export function withSpecificRights(descriptor: SecurityDescriptor): SecurityDescriptor {
  const { dacl, sacl, ...rest } = descriptor
  return {
    ...rest,
    ...(dacl === undefined ? {} : { dacl: dacl === null ? null : specific(dacl) }),
    ...(sacl === undefined ? {} : { sacl: sacl === null ? null : specific(sacl) }),
  }
}

const specific = (list: Acl): Acl => ({ ...list, aces: list.aces.map(withSpecificMask) })

const withSpecificMask = (ace: Ace): Ace =>
  ace.kind === 'basic' && (ace.flags & AceFlags.INHERIT_ONLY) === 0 ? { ...ace, mask: mapGeneric(ace.mask) } : ace

const { ATTRIBUTE, DACL, GROUP, LABEL, OWNER, SACL, SCOPE } = SecurityInformation
const SACL_PARTS = SACL | LABEL | ATTRIBUTE | SCOPE

/** What somebody must be allowed who reads these parts of a descriptor: MS-FSA 2.1.5.14. */
export const rightsToRead = (parts: number): number =>
  ((parts & (OWNER | GROUP | DACL | LABEL)) !== 0 ? AccessMask.READ_CONTROL : 0) |
  ((parts & (SACL | ATTRIBUTE | SCOPE)) !== 0 ? AccessMask.ACCESS_SYSTEM_SECURITY : 0)

/** What somebody must be allowed who sets these parts of a descriptor: MS-FSA 2.1.5.17. Zero: there are none. */
export const rightsToSet = (parts: number): number =>
  ((parts & (OWNER | GROUP | LABEL)) !== 0 ? AccessMask.WRITE_OWNER : 0) |
  ((parts & (DACL | ATTRIBUTE)) !== 0 ? AccessMask.WRITE_DAC : 0) |
  ((parts & (SACL | SCOPE)) !== 0 ? AccessMask.ACCESS_SYSTEM_SECURITY : 0)

const OWNER_BITS = SecurityControl.OWNER_DEFAULTED
const GROUP_BITS = SecurityControl.GROUP_DEFAULTED
const DACL_BITS =
  SecurityControl.DACL_DEFAULTED |
  SecurityControl.DACL_AUTO_INHERITED |
  SecurityControl.DACL_AUTO_INHERIT_REQ |
  SecurityControl.DACL_PROTECTED
const SACL_BITS =
  SecurityControl.SACL_DEFAULTED |
  SecurityControl.SACL_AUTO_INHERITED |
  SecurityControl.SACL_AUTO_INHERIT_REQ |
  SecurityControl.SACL_PROTECTED

/** The parts of a stored descriptor that were asked for (MS-FSA 2.1.5.14), self-relative. */
export function selectSecurity(
  stored: Uint8Array | undefined,
  parts: number,
  identity: Identity | undefined,
  isDirectory: boolean,
): Uint8Array {
  const { owner, group, dacl, sacl, control } = descriptorOf(stored, identity, isDirectory)
  let keep = 0
  if ((parts & OWNER) !== 0) keep |= OWNER_BITS
  if ((parts & GROUP) !== 0) keep |= GROUP_BITS
  if ((parts & DACL) !== 0) keep |= DACL_BITS
  if ((parts & SACL_PARTS) !== 0) keep |= SACL_BITS
  return encodeSecurityDescriptor({
    control: control & keep,
    ...((parts & OWNER) !== 0 && owner !== undefined && { owner }),
    ...((parts & GROUP) !== 0 && group !== undefined && { group }),
    ...((parts & DACL) !== 0 && dacl !== undefined && { dacl }),
    ...((parts & SACL_PARTS) !== 0 && sacl !== undefined && { sacl }),
  })
}

const { DACL_AUTO_INHERITED, DACL_AUTO_INHERIT_REQ, SACL_AUTO_INHERITED, SACL_AUTO_INHERIT_REQ } = SecurityControl

/**
 * The control bits of a descriptor that a client gives: a list takes part in inheriting only if the client says so twice,
 * and the request itself is not kept (MS-DTYP 2.4.6).
 */
export function settledControl(given: number): number {
  let control = given
  if ((given & DACL_AUTO_INHERIT_REQ) === 0) control &= ~DACL_AUTO_INHERITED
  if ((given & SACL_AUTO_INHERIT_REQ) === 0) control &= ~SACL_AUTO_INHERITED
  return control & ~(DACL_AUTO_INHERIT_REQ | SACL_AUTO_INHERIT_REQ)
}

/**
 * A stored descriptor with some parts replaced by those of `change` (MS-FSA 2.1.5.17), self-relative.
 * @throws WireError where `change` is no descriptor
 */
export function mergeSecurity(
  stored: Uint8Array | undefined,
  change: Uint8Array,
  parts: number,
  identity: Identity | undefined,
  isDirectory: boolean,
): Uint8Array | Failure {
  const before = descriptorOf(stored, identity, isDirectory)
  const wanted = withSpecificRights(decodeSecurityDescriptor(change))
  const take = (bit: number): boolean => (parts & bit) !== 0
  const owner = take(OWNER) ? (wanted.owner ?? before.owner) : before.owner
  if (owner !== undefined && owner !== before.owner && !mayMakeOwner(identity, owner))
    return fail(NtStatus.INVALID_OWNER)
  const group = take(GROUP) ? (wanted.group ?? before.group) : before.group
  // Who sets the list with a descriptor that has none takes it away: everybody may do everything.
  const dacl = take(DACL) ? (wanted.dacl ?? null) : before.dacl
  const sacl = take(SACL_PARTS) ? wanted.sacl : before.sacl
  let control = before.control
  const given = settledControl(wanted.control)
  if (take(DACL)) control = (control & ~DACL_BITS) | (given & DACL_BITS)
  if (take(SACL_PARTS)) control = (control & ~SACL_BITS) | (given & SACL_BITS)
  return encodeSecurityDescriptor({
    control,
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(dacl !== undefined && { dacl }),
    ...(sacl !== undefined && { sacl }),
  })
}
