/** The interface to the database of accounts, MS-SAMR 3.1.5: what is asked of it. Results are NTSTATUS. */
import { DescriptorBytes, SidList } from '../account-lists.ts'
import {
  conformantVaryingArray,
  contextHandle,
  sid,
  struct,
  u16,
  u32,
  unicodeString,
  union,
  unique,
  wideString,
} from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'
import {
  DisplayInformation,
  DomainInformation,
  EnumerationBuffer,
  NameList,
  NumberList,
  PasswordRules,
} from './domain.ts'
import { AliasInformation, GroupInformation, GroupMembers } from './group.ts'
import { MembershipList, UserInformation } from './user.ts'

/** Names and relative ids of one call (MS-SAMR 3.1.5.11.2). */
export const MAX_SAMR_LOOKUPS = 1000

/** The server's name, which nobody looks at. */
const serverName = unique(wideString)
const opened = { handle: contextHandle, result: u32 } as const
const desiredAccess = u32

/** SAMPR_REVISION_INFO, MS-SAMR 2.2.7.15. */
const RevisionInfo = union('SAMPR_REVISION_INFO', u32, {
  1: struct('SAMPR_REVISION_INFO_V1', { revision: u32, supportedFeatures: u32 }),
})

const enumerated = { resumeHandle: u32, buffer: unique(EnumerationBuffer), countReturned: u32, result: u32 } as const
const byRid = { in: { domain: contextHandle, desiredAccess, relativeId: u32 }, out: opened } as const
const domainQuery = {
  in: { domain: contextHandle, informationClass: u16 },
  out: { information: unique(DomainInformation), result: u32 },
} as const
const userQuery = {
  in: { user: contextHandle, informationClass: u16 },
  out: { information: unique(UserInformation), result: u32 },
} as const
const display = {
  in: { domain: contextHandle, informationClass: u16, index: u32, entryCount: u32, preferredMaximumLength: u32 },
  out: { totalAvailable: u32, totalReturned: u32, information: DisplayInformation, result: u32 },
} as const

export const Samr = rpcInterface(
  'samr',
  { uuid: '12345778-1234-abcd-ef00-0123456789ac', version: '1.0', pipe: 'samr' },
  {
    /** MS-SAMR 3.1.5.1.4. One character stands for the server's name. */
    SamrConnect: op(0, 'SamrConnect', { in: { serverName: unique(u16), desiredAccess }, out: opened }),
    /** MS-SAMR 3.1.5.13.1. */
    SamrCloseHandle: op(1, 'SamrCloseHandle', { in: { handle: contextHandle }, out: opened }),
    /** MS-SAMR 3.1.5.12.2. */
    SamrQuerySecurityObject: op(3, 'SamrQuerySecurityObject', {
      in: { handle: contextHandle, securityInformation: u32 },
      out: { securityDescriptor: unique(DescriptorBytes), result: u32 },
    }),
    /** MS-SAMR 3.1.5.11.1. */
    SamrLookupDomain: op(5, 'SamrLookupDomain', {
      in: { server: contextHandle, name: unicodeString() },
      out: { domainSid: unique(sid), result: u32 },
    }),
    /** MS-SAMR 3.1.5.2.1. */
    SamrEnumerateDomains: op(6, 'SamrEnumerateDomains', {
      in: { server: contextHandle, resumeHandle: u32, preferredMaximumLength: u32 },
      out: enumerated,
    }),
    /** MS-SAMR 3.1.5.1.5. */
    SamrOpenDomain: op(7, 'SamrOpenDomain', {
      in: { server: contextHandle, desiredAccess, domainSid: sid },
      out: opened,
    }),
    /** MS-SAMR 3.1.5.5.2. `informationClass` is of `DomainInformationClass`. */
    SamrQueryInformationDomain: op(8, 'SamrQueryInformationDomain', domainQuery),
    /** MS-SAMR 3.1.5.2.3. */
    SamrEnumerateGroups: op(11, 'SamrEnumerateGroups', {
      in: { domain: contextHandle, resumeHandle: u32, preferredMaximumLength: u32 },
      out: enumerated,
    }),
    /** MS-SAMR 3.1.5.2.5. `userAccountControl`: only those with one of these bits; 0 for all. */
    SamrEnumerateUsers: op(13, 'SamrEnumerateUsers', {
      in: { domain: contextHandle, resumeHandle: u32, userAccountControl: u32, preferredMaximumLength: u32 },
      out: enumerated,
    }),
    /** MS-SAMR 3.1.5.2.4. */
    SamrEnumerateAliases: op(15, 'SamrEnumerateAliases', {
      in: { domain: contextHandle, resumeHandle: u32, preferredMaximumLength: u32 },
      out: enumerated,
    }),
    /** MS-SAMR 3.1.5.9.2. */
    SamrGetAliasMembership: op(16, 'SamrGetAliasMembership', {
      in: { domain: contextHandle, sids: SidList },
      out: { membership: NumberList, result: u32 },
    }),
    /** MS-SAMR 3.1.5.11.2. */
    SamrLookupNames: op(17, 'SamrLookupNames', {
      in: {
        domain: contextHandle,
        count: u32.countOf('names'),
        names: conformantVaryingArray(unicodeString(), MAX_SAMR_LOOKUPS),
      },
      out: { relativeIds: NumberList, use: NumberList, result: u32 },
    }),
    /** MS-SAMR 3.1.5.11.3. */
    SamrLookupIds: op(18, 'SamrLookupIds', {
      in: {
        domain: contextHandle,
        count: u32.countOf('relativeIds'),
        relativeIds: conformantVaryingArray(u32, MAX_SAMR_LOOKUPS),
      },
      out: { names: NameList, use: NumberList, result: u32 },
    }),
    /** MS-SAMR 3.1.5.1.7. */
    SamrOpenGroup: op(19, 'SamrOpenGroup', byRid),
    /** MS-SAMR 3.1.5.5.3. */
    SamrQueryInformationGroup: op(20, 'SamrQueryInformationGroup', {
      in: { group: contextHandle, informationClass: u16 },
      out: { information: unique(GroupInformation), result: u32 },
    }),
    /** MS-SAMR 3.1.5.8.3. */
    SamrGetMembersInGroup: op(25, 'SamrGetMembersInGroup', {
      in: { group: contextHandle },
      out: { members: unique(GroupMembers), result: u32 },
    }),
    /** MS-SAMR 3.1.5.1.8. */
    SamrOpenAlias: op(27, 'SamrOpenAlias', byRid),
    /** MS-SAMR 3.1.5.5.4. */
    SamrQueryInformationAlias: op(28, 'SamrQueryInformationAlias', {
      in: { alias: contextHandle, informationClass: u16 },
      out: { information: unique(AliasInformation), result: u32 },
    }),
    /** MS-SAMR 3.1.5.8.4. */
    SamrGetMembersInAlias: op(33, 'SamrGetMembersInAlias', {
      in: { alias: contextHandle },
      out: { members: SidList, result: u32 },
    }),
    /** MS-SAMR 3.1.5.1.9. */
    SamrOpenUser: op(34, 'SamrOpenUser', byRid),
    /** MS-SAMR 3.1.5.5.6. `informationClass` is of `UserInformationClass`. */
    SamrQueryInformationUser: op(36, 'SamrQueryInformationUser', userQuery),
    /** MS-SAMR 3.1.5.9.1. */
    SamrGetGroupsForUser: op(39, 'SamrGetGroupsForUser', {
      in: { user: contextHandle },
      out: { groups: unique(MembershipList), result: u32 },
    }),
    /** MS-SAMR 3.1.5.3.3. */
    SamrQueryDisplayInformation: op(40, 'SamrQueryDisplayInformation', display),
    /** MS-SAMR 3.1.5.13.7. */
    SamrGetUserDomainPasswordInformation: op(44, 'SamrGetUserDomainPasswordInformation', {
      in: { user: contextHandle },
      out: { passwordInformation: PasswordRules, result: u32 },
    }),
    /** MS-SAMR 3.1.5.5.1. */
    SamrQueryInformationDomain2: op(46, 'SamrQueryInformationDomain2', domainQuery),
    /** MS-SAMR 3.1.5.5.5. */
    SamrQueryInformationUser2: op(47, 'SamrQueryInformationUser2', userQuery),
    /** MS-SAMR 3.1.5.3.2. */
    SamrQueryDisplayInformation2: op(48, 'SamrQueryDisplayInformation2', display),
    /** MS-SAMR 3.1.5.3.1. */
    SamrQueryDisplayInformation3: op(51, 'SamrQueryDisplayInformation3', display),
    /** MS-SAMR 3.1.5.13.8. */
    SamrGetDomainPasswordInformation: op(56, 'SamrGetDomainPasswordInformation', {
      in: { unused: unique(unicodeString()) },
      out: { passwordInformation: PasswordRules, result: u32 },
    }),
    /** MS-SAMR 3.1.5.1.3. */
    SamrConnect2: op(57, 'SamrConnect2', { in: { serverName, desiredAccess }, out: opened }),
    /** MS-SAMR 3.1.5.1.2. */
    SamrConnect4: op(62, 'SamrConnect4', { in: { serverName, clientRevision: u32, desiredAccess }, out: opened }),
    /** MS-SAMR 3.1.5.1.1. */
    SamrConnect5: op(64, 'SamrConnect5', {
      in: { serverName, desiredAccess, inVersion: u32.switchOf('inRevisionInfo'), inRevisionInfo: RevisionInfo },
      out: { outVersion: u32.switchOf('outRevisionInfo'), outRevisionInfo: RevisionInfo, ...opened },
    }),
    /** MS-SAMR 3.1.5.13.5. */
    SamrRidToSid: op(65, 'SamrRidToSid', {
      in: { handle: contextHandle, relativeId: u32 },
      out: { sid: unique(sid), result: u32 },
    }),
  },
)
