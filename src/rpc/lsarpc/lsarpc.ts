/** The local security authority's interface as far as it has names: MS-LSAT 3.1.4, MS-LSAD 3.1.4. Results are NTSTATUS. */
import { conformantArray, contextHandle, u16, u32, unicodeString, unique, wideString } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'
import { ReferencedDomainList, SidEnumBuffer, TranslatedNames, TranslatedNamesEx, TranslatedSidsEx2 } from './lookup.ts'
import { ObjectAttributes, PolicyInformation, RevisionInfo } from './policy.ts'

/** The server's name, which nobody looks at. */
const systemName = unique(wideString)
const policyHandle = contextHandle
/** `lookupLevel` is of `LookupLevel`. */
const lookup = { lookupLevel: u16, mappedCount: u32 } as const
const revision = { lookupOptions: u32, clientRevision: u32 } as const
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
    /** MS-LSAD 3.1.4.4.4. `informationClass` is of `PolicyInformationClass`. */
    LsarQueryInformationPolicy: op(7, 'LsarQueryInformationPolicy', query),
    /** MS-LSAT 3.1.4.11. */
    LsarLookupSids: op(15, 'LsarLookupSids', {
      in: { policyHandle, sids: SidEnumBuffer, translatedNames: TranslatedNames, ...lookup },
      out: {
        referencedDomains: unique(ReferencedDomainList),
        translatedNames: TranslatedNames,
        mappedCount: u32,
        result: u32,
      },
    }),
    /** MS-LSAD 3.1.4.4.1. `desiredAccess` is of `PolicyAccess`. */
    LsarOpenPolicy2: op(44, 'LsarOpenPolicy2', {
      in: { systemName, objectAttributes: ObjectAttributes, desiredAccess: u32 },
      out: { policyHandle, result: u32 },
    }),
    /** MS-LSAD 3.1.4.4.3. */
    LsarQueryInformationPolicy2: op(46, 'LsarQueryInformationPolicy2', query),
    /** MS-LSAT 3.1.4.10. `clientRevision` is of `ClientRevision`. */
    LsarLookupSids2: op(57, 'LsarLookupSids2', {
      in: { policyHandle, sids: SidEnumBuffer, translatedNames: TranslatedNamesEx, ...lookup, ...revision },
      out: {
        referencedDomains: unique(ReferencedDomainList),
        translatedNames: TranslatedNamesEx,
        mappedCount: u32,
        result: u32,
      },
    }),
    /** MS-LSAT 3.1.4.6. */
    LsarLookupNames3: op(68, 'LsarLookupNames3', {
      in: {
        policyHandle,
        count: u32.countOf('names'),
        names: conformantArray(unicodeString()),
        translatedSids: TranslatedSidsEx2,
        ...lookup,
        ...revision,
      },
      out: {
        referencedDomains: unique(ReferencedDomainList),
        translatedSids: TranslatedSidsEx2,
        mappedCount: u32,
        result: u32,
      },
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
