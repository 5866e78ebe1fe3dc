import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { type FieldNode, optionalTail, struct, u8, u16, u32 } from '../schema/index.ts'
import { type Acl, optionalAcl } from './acl.ts'
import { optionalSid, type Sid } from './sid.ts'

/** Control bits of a security descriptor (MS-DTYP 2.4.6). */
export const SecurityControl = {
  OWNER_DEFAULTED: 0x0001,
  GROUP_DEFAULTED: 0x0002,
  DACL_PRESENT: 0x0004,
  DACL_DEFAULTED: 0x0008,
  SACL_PRESENT: 0x0010,
  SACL_DEFAULTED: 0x0020,
  DACL_TRUSTED: 0x0040,
  SERVER_SECURITY: 0x0080,
  DACL_AUTO_INHERIT_REQ: 0x0100,
  SACL_AUTO_INHERIT_REQ: 0x0200,
  DACL_AUTO_INHERITED: 0x0400,
  SACL_AUTO_INHERITED: 0x0800,
  DACL_PROTECTED: 0x1000,
  SACL_PROTECTED: 0x2000,
  RM_CONTROL_VALID: 0x4000,
  SELF_RELATIVE: 0x8000,
} as const

/** Which parts of a security descriptor are meant (SECURITY_INFORMATION, MS-DTYP 2.4.7). */
export const SecurityInformation = {
  OWNER: 0x0000_0001,
  GROUP: 0x0000_0002,
  DACL: 0x0000_0004,
  SACL: 0x0000_0008,
  LABEL: 0x0000_0010,
  ATTRIBUTE: 0x0000_0020,
  SCOPE: 0x0000_0040,
  BACKUP: 0x0001_0000,
  UNPROTECTED_SACL: 0x1000_0000,
  UNPROTECTED_DACL: 0x2000_0000,
  PROTECTED_SACL: 0x4000_0000,
  PROTECTED_DACL: 0x8000_0000,
} as const

/**
 * Who owns a file and who may do what. A list that is absent says nothing; one that is null (present, but without a
 * list) allows everything; an empty one allows nothing.
 */
export interface SecurityDescriptor {
  /** SecurityControl bits. DACL_PRESENT, SACL_PRESENT and SELF_RELATIVE are set by the encoder. */
  readonly control: number
  /** For the resource manager; valid with RM_CONTROL_VALID. */
  readonly sbz1?: number
  readonly owner?: Sid
  readonly group?: Sid
  readonly sacl?: Acl | null
  readonly dacl?: Acl | null
}

const HEADER_BYTES = 20
const SPEC = '2.4.6'
/** Bytes of the largest descriptor that is taken from a peer. */
export const MAX_SECURITY_DESCRIPTOR_BYTES = 0x4_0000

/** Self-relative SECURITY_DESCRIPTOR as it lies on the wire. MS-DTYP 2.4.6. */
export const SecurityDescriptorStructure = struct('SECURITY_DESCRIPTOR', SPEC, {
  revision: u8.fixed(1),
  sbz1: u8.or(0),
  control: u16.flags(SecurityControl),
  offsetOwner: u32.offsetOf('owner'),
  offsetGroup: u32.offsetOf('group'),
  offsetSacl: u32.offsetOf('sacl'),
  offsetDacl: u32.offsetOf('dacl'),
  owner: optionalTail(optionalSid, null, { zeroOffsetWhenEmpty: true }),
  group: optionalTail(optionalSid, null, { zeroOffsetWhenEmpty: true }),
  sacl: optionalTail(optionalAcl, null, {
    zeroOffsetWhenEmpty: true,
    when: (view, base) => (view.getUint16(base + 2, true) & SecurityControl.SACL_PRESENT) !== 0,
  }),
  dacl: optionalTail(optionalAcl, null, {
    zeroOffsetWhenEmpty: true,
    when: (view, base) => (view.getUint16(base + 2, true) & SecurityControl.DACL_PRESENT) !== 0,
  }),
})

/**
 * Decodes a self-relative security descriptor into an object of its own.
 * @throws WireError
 */
export function decodeSecurityDescriptor(
  source: Uint8Array | DataView,
  base = 0,
  end = source.byteLength,
): SecurityDescriptor {
  const view = source instanceof DataView ? source : viewOf(source)
  const raw = SecurityDescriptorStructure.decode(view, base, end)
  // An offset into the header would make a list or SID out of other offsets.
  for (const name of ['offsetOwner', 'offsetGroup', 'offsetSacl', 'offsetDacl'] as const)
    if (raw[name] !== 0 && raw[name] < HEADER_BYTES)
      throw new WireError(`SECURITY_DESCRIPTOR.${name}`, base, SPEC, `offset ${raw[name]} is within the header`)
  const { control, owner, group } = raw
  if (raw.offsetOwner !== 0 && owner === null) throw new WireError('SECURITY_DESCRIPTOR.owner', end, SPEC, 'cut off')
  if (raw.offsetGroup !== 0 && group === null) throw new WireError('SECURITY_DESCRIPTOR.group', end, SPEC, 'cut off')
  const listed = (present: boolean, offset: number, list: Acl | null): Acl | null | undefined => {
    if (!present) return undefined
    if (offset !== 0 && list === null) throw new WireError('SECURITY_DESCRIPTOR', end, SPEC, 'list is cut off')
    return list
  }
  const sacl = listed((control & SecurityControl.SACL_PRESENT) !== 0, raw.offsetSacl, raw.sacl)
  const dacl = listed((control & SecurityControl.DACL_PRESENT) !== 0, raw.offsetDacl, raw.dacl)
  return {
    control,
    ...(raw.sbz1 !== 0 && { sbz1: raw.sbz1 }),
    ...(owner !== null && { owner }),
    ...(group !== null && { group }),
    ...(sacl !== undefined && { sacl }),
    ...(dacl !== undefined && { dacl }),
  }
}

/**
 * Encodes a security descriptor as self-relative, in the order owner, group, SACL, DACL.
 * @throws RangeError when a list is larger than 65,532 bytes
 */
export function encodeSecurityDescriptor(descriptor: SecurityDescriptor): Uint8Array<ArrayBuffer> {
  const { DACL_PRESENT, SACL_PRESENT, SELF_RELATIVE } = SecurityControl
  let control = descriptor.control & ~(DACL_PRESENT | SACL_PRESENT)
  control |= SELF_RELATIVE
  if (descriptor.dacl !== undefined) control |= DACL_PRESENT
  if (descriptor.sacl !== undefined) control |= SACL_PRESENT
  return SecurityDescriptorStructure.encode({
    control,
    sbz1: descriptor.sbz1 ?? 0,
    owner: descriptor.owner ?? null,
    group: descriptor.group ?? null,
    sacl: descriptor.sacl ?? null,
    dacl: descriptor.dacl ?? null,
  })
}

/** The descriptor as a field tree; stops at damage. */
export const dissectSecurityDescriptor = (view: DataView, base = 0, end = view.byteLength): FieldNode[] =>
  SecurityDescriptorStructure.dissect(view, base, end)
