/** What samr tells of a domain: MS-SAMR 2.2.3, 2.2.4. */
import { countedList, NarrowText } from '../account-lists.ts'
import { empty, filetime, struct, u8, u16, u32, u64, unicodeString, union } from '../ndr/index.ts'

/** MS-SAMR 2.2.3.16 (DOMAIN_INFORMATION_CLASS). */
export const DomainInformationClass = {
  PASSWORD: 1,
  GENERAL: 2,
  LOGOFF: 3,
  OEM: 4,
  NAME: 5,
  REPLICATION: 6,
  SERVER_ROLE: 7,
  MODIFIED: 8,
  STATE: 9,
  GENERAL2: 11,
  LOCKOUT: 12,
  MODIFIED2: 13,
} as const

/** MS-SAMR 2.2.3.12. */
export const DomainServerRole = { BACKUP: 2, PRIMARY: 3 } as const

/** Times that are not points but spans are negative, in 100 ns; the least of all is never. */
export const NEVER = 0x8000_0000_0000_0000n

const general = {
  forceLogoff: filetime,
  oemInformation: unicodeString(),
  domainName: unicodeString(),
  replicaSourceNodeName: unicodeString(),
  domainModifiedCount: filetime,
  domainServerState: u32,
  domainServerRole: u32,
  uasCompatibilityRequired: u8,
  userCount: u32,
  groupCount: u32,
  aliasCount: u32,
} as const
const General = struct('SAMPR_DOMAIN_GENERAL_INFORMATION', general)
const lockout = { lockoutDuration: u64, lockoutObservationWindow: u64, lockoutThreshold: u16 } as const

/** SAMPR_DOMAIN_INFO_BUFFER, MS-SAMR 2.2.4.17. */
export const DomainInformation = union('SAMPR_DOMAIN_INFO_BUFFER', u16, {
  [DomainInformationClass.PASSWORD]: struct('DOMAIN_PASSWORD_INFORMATION', {
    minPasswordLength: u16,
    passwordHistoryLength: u16,
    passwordProperties: u32,
    maxPasswordAge: filetime,
    minPasswordAge: filetime,
  }),
  [DomainInformationClass.GENERAL]: General,
  [DomainInformationClass.LOGOFF]: struct('DOMAIN_LOGOFF_INFORMATION', { forceLogoff: filetime }),
  [DomainInformationClass.OEM]: struct('SAMPR_DOMAIN_OEM_INFORMATION', { oemInformation: unicodeString() }),
  [DomainInformationClass.NAME]: struct('SAMPR_DOMAIN_NAME_INFORMATION', { domainName: unicodeString() }),
  [DomainInformationClass.REPLICATION]: struct('SAMPR_DOMAIN_REPLICATION_INFORMATION', {
    replicaSourceNodeName: unicodeString(),
  }),
  [DomainInformationClass.SERVER_ROLE]: struct('DOMAIN_SERVER_ROLE_INFORMATION', { domainServerRole: u32 }),
  [DomainInformationClass.MODIFIED]: struct('DOMAIN_MODIFIED_INFORMATION', {
    domainModifiedCount: filetime,
    creationTime: filetime,
  }),
  [DomainInformationClass.STATE]: struct('DOMAIN_STATE_INFORMATION', { domainServerState: u32 }),
  [DomainInformationClass.GENERAL2]: struct('SAMPR_DOMAIN_GENERAL_INFORMATION2', { general: General, ...lockout }),
  [DomainInformationClass.LOCKOUT]: struct('SAMPR_DOMAIN_LOCKOUT_INFORMATION', lockout),
  [DomainInformationClass.MODIFIED2]: struct('DOMAIN_MODIFIED_INFORMATION2', {
    domainModifiedCount: filetime,
    creationTime: filetime,
    modifiedCountAtLastPromotion: filetime,
  }),
})

/** SAMPR_ENUMERATION_BUFFER, MS-SAMR 2.2.7.10. `relativeId` is 0 for domains. */
export const EnumerationBuffer = countedList(
  'SAMPR_ENUMERATION_BUFFER',
  struct('SAMPR_RID_ENUMERATION', { relativeId: u32, name: unicodeString() }),
)

/** SAMPR_ULONG_ARRAY, MS-SAMR 2.2.7.4: relative ids, or uses of names (`SidNameUse`). */
export const NumberList = countedList('SAMPR_ULONG_ARRAY', u32)

/** SAMPR_RETURNED_USTRING_ARRAY, MS-SAMR 2.2.7.7. */
export const NameList = countedList('SAMPR_RETURNED_USTRING_ARRAY', unicodeString())

const displayed = {
  index: u32,
  rid: u32,
  attributes: u32,
  accountName: unicodeString(),
  adminComment: unicodeString(),
} as const

const oemName = { index: u32, accountName: NarrowText } as const

/** SAMPR_DISPLAY_INFO_BUFFER, MS-SAMR 2.2.8.12: users, machines, groups. */
export const DisplayInformation = union(
  'SAMPR_DISPLAY_INFO_BUFFER',
  u16,
  {
    1: countedList(
      'SAMPR_DOMAIN_DISPLAY_USER_BUFFER',
      struct('SAMPR_DOMAIN_DISPLAY_USER', { ...displayed, fullName: unicodeString() }),
    ),
    2: countedList('SAMPR_DOMAIN_DISPLAY_MACHINE_BUFFER', struct('SAMPR_DOMAIN_DISPLAY_MACHINE', displayed)),
    3: countedList('SAMPR_DOMAIN_DISPLAY_GROUP_BUFFER', struct('SAMPR_DOMAIN_DISPLAY_GROUP', displayed)),
    4: countedList('SAMPR_DOMAIN_DISPLAY_OEM_USER_BUFFER', struct('SAMPR_DOMAIN_DISPLAY_OEM_USER', oemName)),
    5: countedList('SAMPR_DOMAIN_DISPLAY_OEM_GROUP_BUFFER', struct('SAMPR_DOMAIN_DISPLAY_OEM_GROUP', oemName)),
  },
  empty,
)

/** USER_DOMAIN_PASSWORD_INFORMATION, MS-SAMR 2.2.3.9. */
export const PasswordRules = struct('USER_DOMAIN_PASSWORD_INFORMATION', {
  minPasswordLength: u16,
  passwordProperties: u32,
})
