import type { Identity } from '../auth/mechanism.ts'
import {
  AceType,
  AclRevision,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  FILE_ALL_ACCESS,
  SecurityControl,
  type SecurityDescriptor,
  SecurityInformation,
} from '../wire/dtyp/index.ts'

const ADMINISTRATORS = 'S-1-5-32-544'
const USERS = 'S-1-5-32-545'
const EVERYONE = 'S-1-1-0'

/**
 * What a file without a descriptor of its own seems to have: everybody may do everything that the share lets them, and
 * nobody is known to own it, so it is said to be of who asks.
 */
const defaultFor = (identity: Identity | undefined): SecurityDescriptor => ({
  control: SecurityControl.DACL_PRESENT,
  owner: identity?.sid ?? ADMINISTRATORS,
  group: USERS,
  dacl: {
    revision: AclRevision.ACL_REVISION,
    aces: [{ kind: 'basic', type: AceType.ACCESS_ALLOWED, flags: 0, mask: FILE_ALL_ACCESS, sid: EVERYONE }],
  },
})

const descriptorOf = (stored: Uint8Array | undefined, identity: Identity | undefined): SecurityDescriptor => {
  const { owner, group, ...fallback } = defaultFor(identity)
  return stored === undefined
    ? { ...fallback, ...(owner && { owner }), ...(group && { group }) }
    : { ...fallback, ...(owner && { owner }), ...(group && { group }), ...decodeSecurityDescriptor(stored) }
}

const SACL_PARTS =
  SecurityInformation.SACL | SecurityInformation.LABEL | SecurityInformation.ATTRIBUTE | SecurityInformation.SCOPE

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
): Uint8Array {
  const { owner, group, dacl, sacl, control } = descriptorOf(stored, identity)
  let keep = 0
  if ((parts & SecurityInformation.OWNER) !== 0) keep |= OWNER_BITS
  if ((parts & SecurityInformation.GROUP) !== 0) keep |= GROUP_BITS
  if ((parts & SecurityInformation.DACL) !== 0) keep |= DACL_BITS
  if ((parts & SACL_PARTS) !== 0) keep |= SACL_BITS
  return encodeSecurityDescriptor({
    control: control & keep,
    ...((parts & SecurityInformation.OWNER) !== 0 && owner !== undefined && { owner }),
    ...((parts & SecurityInformation.GROUP) !== 0 && group !== undefined && { group }),
    ...((parts & SecurityInformation.DACL) !== 0 && dacl !== undefined && { dacl }),
    ...((parts & SACL_PARTS) !== 0 && sacl !== undefined && { sacl }),
  })
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
): Uint8Array {
  const before = descriptorOf(stored, identity)
  const wanted = decodeSecurityDescriptor(change)
  const take = (bit: number): boolean => (parts & bit) !== 0
  const owner = take(SecurityInformation.OWNER) ? (wanted.owner ?? before.owner) : before.owner
  const group = take(SecurityInformation.GROUP) ? (wanted.group ?? before.group) : before.group
  // Who sets the list with a descriptor that has none takes it away: everybody may do everything.
  const dacl = take(SecurityInformation.DACL) ? (wanted.dacl ?? null) : before.dacl
  const sacl = take(SACL_PARTS) ? wanted.sacl : before.sacl
  let control = before.control
  if (take(SecurityInformation.DACL)) control = (control & ~DACL_BITS) | (wanted.control & DACL_BITS)
  if (take(SACL_PARTS)) control = (control & ~SACL_BITS) | (wanted.control & SACL_BITS)
  // Who asks for inheritance to be applied gets it marked as applied (MS-DTYP 2.5.3.4.1).
  if ((control & SecurityControl.DACL_AUTO_INHERIT_REQ) !== 0)
    control = (control & ~SecurityControl.DACL_AUTO_INHERIT_REQ) | SecurityControl.DACL_AUTO_INHERITED
  if ((control & SecurityControl.SACL_AUTO_INHERIT_REQ) !== 0)
    control = (control & ~SecurityControl.SACL_AUTO_INHERIT_REQ) | SecurityControl.SACL_AUTO_INHERITED
  return encodeSecurityDescriptor({
    control,
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(dacl !== undefined && { dacl }),
    ...(sacl !== undefined && { sacl }),
  })
}
