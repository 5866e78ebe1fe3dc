/** Security descriptors of what services have handles of, and the parts of one that a client asks for. */
import {
  AceType,
  AclRevision,
  encodeSecurityDescriptor,
  SecurityControl,
  type SecurityDescriptor,
  SecurityInformation,
  type Sid,
  WellKnownSid,
} from '../../wire/dtyp/index.ts'

/** Everybody may have some rights, administrators all; theirs it is. */
export function objectDescriptor(everyonesRights: number, allRights: number): SecurityDescriptor {
  const allow = (sid: Sid, mask: number) => ({
    kind: 'basic' as const,
    type: AceType.ACCESS_ALLOWED,
    flags: 0,
    mask,
    sid,
  })
  return {
    control: SecurityControl.DACL_PRESENT,
    owner: WellKnownSid.BUILTIN_ADMINISTRATORS,
    group: WellKnownSid.BUILTIN_ADMINISTRATORS,
    dacl: {
      revision: AclRevision.ACL_REVISION,
      aces: [allow(WellKnownSid.EVERYONE, everyonesRights), allow(WellKnownSid.BUILTIN_ADMINISTRATORS, allRights)],
    },
  }
}

/** The parts that `securityInformation` (MS-DTYP 2.4.7) names, as bytes. Audit lists are nobody's business. */
export function partsOf(descriptor: SecurityDescriptor, securityInformation: number): Uint8Array {
  const has = (part: number): boolean => (securityInformation & part) !== 0
  const { control, owner, group, dacl } = descriptor
  return encodeSecurityDescriptor({
    control: has(SecurityInformation.DACL) ? control : control & ~SecurityControl.DACL_PRESENT,
    ...(has(SecurityInformation.OWNER) && owner !== undefined && { owner }),
    ...(has(SecurityInformation.GROUP) && group !== undefined && { group }),
    ...(has(SecurityInformation.DACL) && dacl !== undefined && { dacl }),
  })
}
