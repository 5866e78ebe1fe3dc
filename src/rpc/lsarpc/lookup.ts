/** Names and SIDs: MS-LSAT 2.2. */
import { countedList } from '../account-lists.ts'
import { conformantArray, i32, sid, sidIfAny, struct, u16, u32, unicodeString, unique } from '../ndr/index.ts'

/** What a SID stands for, MS-LSAT 2.2.13. */
export const SidNameUse = {
  USER: 1,
  GROUP: 2,
  DOMAIN: 3,
  ALIAS: 4,
  WELL_KNOWN_GROUP: 5,
  DELETED_ACCOUNT: 6,
  INVALID: 7,
  UNKNOWN: 8,
  COMPUTER: 9,
  LABEL: 10,
} as const

/** How far a server looks, MS-LSAT 2.2.16. */
export const LookupLevel = {
  /** Here, in the domain, and in the domains and forests that it trusts. */
  WORKSTATION: 1,
  PRIMARY_DOMAIN: 2,
  TRUSTED_DOMAINS: 3,
  GLOBAL_CATALOG: 4,
  FOREST: 5,
  READ_ONLY_CONTROLLER: 7,
} as const

/** What the client understands, MS-LSAT 2.2.17 and 3.1.4.9: that names may lie in other forests. */
export const ClientRevision = { BEFORE_FORESTS: 1, FORESTS: 2 } as const

/** Names and SIDs of one call (MS-LSAT 3.1.4.5, 3.1.4.9). */
export const MAX_LOOKUPS = 1000

/** MS-LSAT 2.2.12; what `domainIndex` of a translation counts in. */
export const ReferencedDomainList = struct('LSAPR_REFERENCED_DOMAIN_LIST', {
  count: u32.countOf('domains'),
  domains: unique(conformantArray(struct('LSAPR_TRUST_INFORMATION', { name: unicodeString(1), sid: unique(sid) }))),
  /** Nobody looks at it. */
  maxEntries: u32,
})

/** `use` is of `SidNameUse`; `domainIndex` is -1 where there is no domain. */
const name = { use: u16, name: unicodeString(), domainIndex: i32 } as const

/** MS-LSAT 2.2.20. */
export const TranslatedNames = countedList('LSAPR_TRANSLATED_NAMES', struct('LSAPR_TRANSLATED_NAME', name))

/** MS-LSAT 2.2.22. */
export const TranslatedNamesEx = countedList(
  'LSAPR_TRANSLATED_NAMES_EX',
  struct('LSAPR_TRANSLATED_NAME_EX', { ...name, flags: u32 }),
)

/** MS-LSAT 2.2.15, 2.2.24: SIDs as relative ids in their domains. */
const translatedSid = { use: u16, relativeId: u32, domainIndex: i32 } as const
export const TranslatedSids = countedList('LSAPR_TRANSLATED_SIDS', struct('LSA_TRANSLATED_SID', translatedSid))
export const TranslatedSidsEx = countedList(
  'LSAPR_TRANSLATED_SIDS_EX',
  struct('LSAPR_TRANSLATED_SID_EX', { ...translatedSid, flags: u32 }),
)

/** MS-LSAT 2.2.26. */
export const TranslatedSidsEx2 = countedList(
  'LSAPR_TRANSLATED_SIDS_EX2',
  struct('LSAPR_TRANSLATED_SID_EX2', { use: u16, sid: unique(sidIfAny), domainIndex: i32, flags: u32 }),
)
