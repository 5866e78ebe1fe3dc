/** What a domain says about a user who has logged on: the same in a PAC and in netlogon's answers. */
import type { DomainUser } from '../../auth/domain-user.ts'
import { WireError } from '../../bytes/errors.ts'
import {
  conformantArray,
  filetime,
  fixedArray,
  type Members,
  octets,
  sid,
  struct,
  u16,
  u32,
  unicodeString,
  unique,
} from '../ndr/index.ts'
import { parameters } from '../operation.ts'

/** MS-PAC 2.2.2, MS-NRPC 2.2.1.4.11. */
const GroupMembership = struct('GROUP_MEMBERSHIP', { relativeId: u32, attributes: u32 })
/** MS-PAC 2.2.1, MS-NRPC 2.2.1.4.11. */
const SidAndAttributes = struct('KERB_SID_AND_ATTRIBUTES', { sid: unique(sid), attributes: u32 })

/** What KERB_VALIDATION_INFO and NETLOGON_VALIDATION_SAM_INFO2 begin with, up to the SIDs of other domains. */
const sessionMembers = {
  logonTime: filetime,
  logoffTime: filetime,
  kickOffTime: filetime,
  passwordLastSet: filetime,
  passwordCanChange: filetime,
  passwordMustChange: filetime,
  effectiveName: unicodeString(),
  fullName: unicodeString(),
  logonScript: unicodeString(),
  profilePath: unicodeString(),
  homeDirectory: unicodeString(),
  homeDirectoryDrive: unicodeString(),
  logonCount: u16,
  badPasswordCount: u16,
  userId: u32,
  primaryGroupId: u32,
  groupCount: u32.countOf('groupIds'),
  groupIds: unique(conformantArray(GroupMembership)),
  userFlags: u32,
  userSessionKey: octets(16),
  logonServer: unicodeString(),
  logonDomainName: unicodeString(),
  logonDomainId: unique(sid),
} as const

/** MS-PAC 2.5. */
const KerbValidationInfo = struct('KERB_VALIDATION_INFO', {
  ...sessionMembers,
  reserved1: fixedArray(u32, 2),
  userAccountControl: u32,
  subAuthStatus: u32,
  lastSuccessfulLogon: filetime,
  lastFailedLogon: filetime,
  failedLogonCount: u32,
  reserved3: u32,
  sidCount: u32.countOf('extraSids'),
  extraSids: unique(conformantArray(SidAndAttributes)),
  resourceGroupDomainSid: unique(sid),
  resourceGroupCount: u32.countOf('resourceGroupIds'),
  resourceGroupIds: unique(conformantArray(GroupMembership)),
})

/** MS-NRPC 2.2.1.4.13: what NetrLogonSamLogonEx answers. */
export const ValidationSamInfo4 = struct('NETLOGON_VALIDATION_SAM_INFO4', {
  ...sessionMembers,
  lmKey: octets(8),
  userAccountControl: u32,
  subAuthStatus: u32,
  lastSuccessfulLogon: filetime,
  lastFailedLogon: filetime,
  failedLogonCount: u32,
  reserved4: u32,
  sidCount: u32.countOf('extraSids'),
  extraSids: unique(conformantArray(SidAndAttributes)),
  dnsLogonDomainName: unicodeString(),
  upn: unicodeString(),
  expansionStrings: fixedArray(unicodeString(), 10),
})

type Validation = Members<typeof sessionMembers> & {
  readonly extraSids: readonly { readonly sid: string | null }[] | null
  readonly resourceGroupDomainSid?: string | null
  readonly resourceGroupIds?: readonly { readonly relativeId: number }[] | null
}

/** Type serialization version 1 puts two headers ahead of the structure (MS-RPCE 2.2.6). */
const HEADERS_BYTES = 16
const COMMON_HEADER_BYTES = 8
const LITTLE_ENDIAN = 0x10

/** SIDs are refused above these numbers: no domain gives so many. */
const MAX_SIDS = 4096

/** A PAC's logon information is a pointer, as a parameter would be. */
const LogonInfo = parameters('PAC', { info: unique(KerbValidationInfo) })

/** The user whom the logon information of a PAC speaks of (MS-PAC 2.5). @throws WireError */
export function decodeLogonInfo(bytes: Uint8Array): DomainUser {
  const isHeader =
    bytes.length > HEADERS_BYTES && bytes[0] === 1 && bytes[1] === LITTLE_ENDIAN && bytes[2] === COMMON_HEADER_BYTES
  if (!isHeader) throw new WireError('PAC', 0, 'MS-PAC 2.5', 'its logon information is in no form that is known')
  const { info } = LogonInfo.read(bytes.subarray(HEADERS_BYTES), { maxDepth: 8, maxElements: MAX_SIDS })
  if (info === null) throw new WireError('PAC', 0, 'MS-PAC 2.5', 'it has no logon information')
  return domainUserOf(info)
}

/** Who that is. @throws WireError where the domain has no SID */
export function domainUserOf(info: Validation): DomainUser {
  const { logonDomainId: domainSid } = info
  if (domainSid === null) throw new WireError('PAC', 0, 'MS-PAC 2.5', 'a domain without a SID')
  const groups = new Set<string>([`${domainSid}-${info.primaryGroupId}`])
  for (const { relativeId } of info.groupIds ?? []) groups.add(`${domainSid}-${relativeId}`)
  for (const { sid: extra } of info.extraSids ?? []) if (extra !== null) groups.add(extra)
  const { resourceGroupDomainSid } = info
  if (typeof resourceGroupDomainSid === 'string')
    for (const { relativeId } of info.resourceGroupIds ?? []) groups.add(`${resourceGroupDomainSid}-${relativeId}`)
  return {
    user: info.effectiveName ?? '',
    domain: info.logonDomainName ?? '',
    domainSid,
    sid: `${domainSid}-${info.userId}`,
    groupSids: [...groups],
  }
}
