/** The local security authority's interface as far as it has names: MS-LSAT 3.1.4, MS-LSAD 3.1.4. Results are NTSTATUS. */

import { DescriptorBytes, SidList } from '../account-lists.ts'
import {
  conformantArray,
  contextHandle,
  sid,
  struct,
  u16,
  u32,
  unicodeString,
  unique,
  wideString,
} from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'
import {
  ReferencedDomainList,
  TranslatedNames,
  TranslatedNamesEx,
  TranslatedSids,
  TranslatedSidsEx,
  TranslatedSidsEx2,
} from './lookup.ts'
import { ObjectAttributes, PolicyInformation, RevisionInfo } from './policy.ts'
import { AccountPrivileges, Luid, PrivilegeList, RightList, TrustedDomainList, TrustedDomainListEx } from './rights.ts'

/** The server's name, which nobody looks at. */
const systemName = unique(wideString)
const policyHandle = contextHandle
/** `lookupLevel` is of `LookupLevel`. */
const lookup = { lookupLevel: u16, mappedCount: u32 } as const
const revision = { lookupOptions: u32, clientRevision: u32 } as const
/** A pointer to a pointer: the outer one says that the name is wanted. */
const WantedName = struct('name wanted', { name: unique(unicodeString()) })
const names = { count: u32.countOf('names'), names: conformantArray(unicodeString()) } as const
/** Where a list goes on, and about how many bytes of it are wanted. */
const enumeration = { enumerationContext: u32, preferredMaximumLength: u32 } as const
const sidsEx2 = {
  referencedDomains: unique(ReferencedDomainList),
  translatedSids: TranslatedSidsEx2,
  mappedCount: u32,
  result: u32,
} as const
const query = {
  in: { policyHandle, informationClass: u16 },
  out: { policyInformation: unique(PolicyInformation), result: u32 },
} as const

export const Lsarpc = rpcInterface(
  'lsarpc',
  { uuid: '12345778-1234-abcd-ef00-0123456789ab', version: '0.0', pipe: 'lsarpc' },
  {
    /** MS-LSAD 3.1.4.9.4. */
    LsarClose: op(0, 'LsarClose', { in: { handle: contextHandle }, out: { handle: contextHandle, result: u32 } }),
    /** MS-LSAD 3.1.4.8.1. */
    LsarEnumeratePrivileges: op(2, 'LsarEnumeratePrivileges', {
      in: { policyHandle, ...enumeration },
      out: { enumerationContext: u32, privileges: PrivilegeList, result: u32 },
    }),
    /** MS-LSAD 3.1.4.9.1. */
    LsarQuerySecurityObject: op(3, 'LsarQuerySecurityObject', {
      in: { handle: contextHandle, securityInformation: u32 },
      out: { securityDescriptor: unique(DescriptorBytes), result: u32 },
    }),
    /** MS-LSAD 3.1.4.4.2. One character stands for the server's name. */
    LsarOpenPolicy: op(6, 'LsarOpenPolicy', {
      in: { systemName: unique(u16), objectAttributes: ObjectAttributes, desiredAccess: u32 },
      out: { policyHandle, result: u32 },
    }),
    /** MS-LSAD 3.1.4.4.4. `informationClass` is of `PolicyInformationClass`. */
    LsarQueryInformationPolicy: op(7, 'LsarQueryInformationPolicy', query),
    /** MS-LSAD 3.1.4.5.2. */
    LsarEnumerateAccounts: op(11, 'LsarEnumerateAccounts', {
      in: { policyHandle, ...enumeration },
      out: { enumerationContext: u32, accounts: SidList, result: u32 },
    }),
    /** MS-LSAD 3.1.4.7.8. */
    LsarEnumerateTrustedDomains: op(13, 'LsarEnumerateTrustedDomains', {
      in: { policyHandle, ...enumeration },
      out: { enumerationContext: u32, domains: TrustedDomainList, result: u32 },
    }),
    /** MS-LSAT 3.1.4.8. */
    LsarLookupNames: op(14, 'LsarLookupNames', {
      in: { policyHandle, ...names, translatedSids: TranslatedSids, ...lookup },
      out: {
        referencedDomains: unique(ReferencedDomainList),
        translatedSids: TranslatedSids,
        mappedCount: u32,
        result: u32,
      },
    }),
    /** MS-LSAT 3.1.4.11. */
    LsarLookupSids: op(15, 'LsarLookupSids', {
      in: { policyHandle, sids: SidList, translatedNames: TranslatedNames, ...lookup },
      out: {
        referencedDomains: unique(ReferencedDomainList),
        translatedNames: TranslatedNames,
        mappedCount: u32,
        result: u32,
      },
    }),
    /** MS-LSAD 3.1.4.5.3. */
    LsarOpenAccount: op(17, 'LsarOpenAccount', {
      in: { policyHandle, accountSid: sid, desiredAccess: u32 },
      out: { accountHandle: contextHandle, result: u32 },
    }),
    /** MS-LSAD 3.1.4.5.4. */
    LsarEnumeratePrivilegesAccount: op(18, 'LsarEnumeratePrivilegesAccount', {
      in: { accountHandle: contextHandle },
      out: { privileges: unique(AccountPrivileges), result: u32 },
    }),
    /** MS-LSAD 3.1.4.8.3. */
    LsarLookupPrivilegeValue: op(31, 'LsarLookupPrivilegeValue', {
      in: { policyHandle, name: unicodeString() },
      out: { value: Luid, result: u32 },
    }),
    /** MS-LSAD 3.1.4.8.2. */
    LsarLookupPrivilegeName: op(32, 'LsarLookupPrivilegeName', {
      in: { policyHandle, value: Luid },
      out: { name: unique(unicodeString()), result: u32 },
    }),
    /** MS-LSAD 3.1.4.8.4. Languages are of Windows (LANGID). */
    LsarLookupPrivilegeDisplayName: op(33, 'LsarLookupPrivilegeDisplayName', {
      in: { policyHandle, name: unicodeString(), clientLanguage: u16, clientSystemLanguage: u16 },
      out: { displayName: unique(unicodeString()), language: u16, result: u32 },
    }),
    /** MS-LSAD 3.1.4.5.5. */
    LsarEnumerateAccountsWithUserRight: op(35, 'LsarEnumerateAccountsWithUserRight', {
      in: { policyHandle, userRight: unique(unicodeString()) },
      out: { accounts: SidList, result: u32 },
    }),
    /** MS-LSAD 3.1.4.5.10. */
    LsarEnumerateAccountRights: op(36, 'LsarEnumerateAccountRights', {
      in: { policyHandle, accountSid: sid },
      out: { userRights: RightList, result: u32 },
    }),
    /** MS-LSAD 3.1.4.4.1. `desiredAccess` is of `PolicyAccess`. */
    LsarOpenPolicy2: op(44, 'LsarOpenPolicy2', {
      in: { systemName, objectAttributes: ObjectAttributes, desiredAccess: u32 },
      out: { policyHandle, result: u32 },
    }),
    /** MS-LSAT 3.1.4.4. Who asks. */
    LsarGetUserName: op(45, 'LsarGetUserName', {
      in: { systemName, userName: unique(unicodeString()), domainName: unique(WantedName) },
      out: { userName: unique(unicodeString()), domainName: unique(WantedName), result: u32 },
    }),
    /** MS-LSAD 3.1.4.4.3. */
    LsarQueryInformationPolicy2: op(46, 'LsarQueryInformationPolicy2', query),
    /** MS-LSAD 3.1.4.7.10. */
    LsarEnumerateTrustedDomainsEx: op(50, 'LsarEnumerateTrustedDomainsEx', {
      in: { policyHandle, ...enumeration },
      out: { enumerationContext: u32, domains: TrustedDomainListEx, result: u32 },
    }),
    /** MS-LSAT 3.1.4.10. `clientRevision` is of `ClientRevision`. */
    LsarLookupSids2: op(57, 'LsarLookupSids2', {
      in: { policyHandle, sids: SidList, translatedNames: TranslatedNamesEx, ...lookup, ...revision },
      out: {
        referencedDomains: unique(ReferencedDomainList),
        translatedNames: TranslatedNamesEx,
        mappedCount: u32,
        result: u32,
      },
    }),
    /** MS-LSAT 3.1.4.7. */
    LsarLookupNames2: op(58, 'LsarLookupNames2', {
      in: { policyHandle, ...names, translatedSids: TranslatedSidsEx, ...lookup, ...revision },
      out: {
        referencedDomains: unique(ReferencedDomainList),
        translatedSids: TranslatedSidsEx,
        mappedCount: u32,
        result: u32,
      },
    }),
    /** MS-LSAT 3.1.4.6. */
    LsarLookupNames3: op(68, 'LsarLookupNames3', {
      in: { policyHandle, ...names, translatedSids: TranslatedSidsEx2, ...lookup, ...revision },
      out: sidsEx2,
    }),
    /** MS-LSAT 3.1.4.9: without a policy, for domain controllers and their members. */
    LsarLookupSids3: op(76, 'LsarLookupSids3', {
      in: { sids: SidList, translatedNames: TranslatedNamesEx, ...lookup, ...revision },
      out: {
        referencedDomains: unique(ReferencedDomainList),
        translatedNames: TranslatedNamesEx,
        mappedCount: u32,
        result: u32,
      },
    }),
    /** MS-LSAT 3.1.4.5: the same. */
    LsarLookupNames4: op(77, 'LsarLookupNames4', {
      in: { ...names, translatedSids: TranslatedSidsEx2, ...lookup, ...revision },
      out: sidsEx2,
    }),
    /** MS-LSAD 3.1.4.4.9: also settles what both ends can do. */
    LsarOpenPolicy3: op(130, 'LsarOpenPolicy3', {
      in: {
        systemName,
        objectAttributes: ObjectAttributes,
        desiredAccess: u32,
        inVersion: u32.switchOf('inRevisionInfo'),
        inRevisionInfo: RevisionInfo,
      },
      out: {
        outVersion: u32.switchOf('outRevisionInfo'),
        outRevisionInfo: RevisionInfo,
        policyHandle,
        result: u32,
      },
    }),
  },
)
