/** What samr tells of a user: MS-SAMR 2.2.6. */
import { countedList, DescriptorBytes } from '../account-lists.ts'
import { conformantVaryingArray, filetime, struct, u8, u16, u32, unicodeString, union, unique } from '../ndr/index.ts'

/** MS-SAMR 2.2.6.28 (USER_INFORMATION_CLASS). */
export const UserInformationClass = {
  GENERAL: 1,
  PREFERENCES: 2,
  LOGON: 3,
  ACCOUNT: 5,
  NAME: 6,
  ACCOUNT_NAME: 7,
  FULL_NAME: 8,
  PRIMARY_GROUP: 9,
  HOME: 10,
  SCRIPT: 11,
  PROFILE: 12,
  ADMIN_COMMENT: 13,
  WORKSTATIONS: 14,
  CONTROL: 16,
  EXPIRES: 17,
  PARAMETERS: 20,
  ALL: 21,
} as const

/** USER_ACCOUNT codes, MS-SAMR 2.2.1.12. */
export const UserAccountControl = {
  ACCOUNT_DISABLED: 0x0000_0001,
  NORMAL_ACCOUNT: 0x0000_0010,
  DONT_EXPIRE_PASSWORD: 0x0000_0200,
} as const

/** SE_GROUP attributes of a membership (MS-SAMR 2.2.1.10): it is, by default and always. */
export const GROUP_ATTRIBUTES = 7

/** What `whichFields` of the level ALL says: all that a client may read. */
export const ALL_FIELDS = 0x00ff_ffff

const text = unicodeString()

/** Bytes told in 16-bit units: RPC_SHORT_BLOB, MS-SAMR 2.2.7.5. */
const ShortBlob = struct('RPC_SHORT_BLOB', {
  length: u16,
  maximumLength: u16,
  buffer: unique(conformantVaryingArray(u16)),
})
export const noBlob = { length: 0, maximumLength: 0, buffer: null } as const

/** SAMPR_LOGON_HOURS, MS-SAMR 2.2.6.5: a bit for each part of the week. */
const LogonHours = struct('SAMPR_LOGON_HOURS', {
  unitsPerWeek: u16,
  logonHours: unique(conformantVaryingArray(u8, 1260)),
})

const names = { userName: text, fullName: text } as const
const home = { homeDirectory: text, homeDirectoryDrive: text } as const
const places = { ...home, scriptPath: text, profilePath: text } as const
const counts = { badPasswordCount: u16, logonCount: u16 } as const

const All = struct('SAMPR_USER_ALL_INFORMATION', {
  lastLogon: filetime,
  lastLogoff: filetime,
  passwordLastSet: filetime,
  accountExpires: filetime,
  passwordCanChange: filetime,
  passwordMustChange: filetime,
  ...names,
  ...places,
  adminComment: text,
  workStations: text,
  userComment: text,
  parameters: ShortBlob,
  lmOwfPassword: ShortBlob,
  ntOwfPassword: ShortBlob,
  privateData: text,
  securityDescriptor: DescriptorBytes,
  userId: u32,
  primaryGroupId: u32,
  userAccountControl: u32,
  whichFields: u32,
  logonHours: LogonHours,
  ...counts,
  countryCode: u16,
  codePage: u16,
  lmPasswordPresent: u8,
  ntPasswordPresent: u8,
  passwordExpired: u8,
  privateDataSensitive: u8,
})

/** SAMPR_USER_INFO_BUFFER, MS-SAMR 2.2.6.29. */
export const UserInformation = union('SAMPR_USER_INFO_BUFFER', u16, {
  [UserInformationClass.GENERAL]: struct('SAMPR_USER_GENERAL_INFORMATION', {
    ...names,
    primaryGroupId: u32,
    adminComment: text,
    userComment: text,
  }),
  [UserInformationClass.PREFERENCES]: struct('SAMPR_USER_PREFERENCES_INFORMATION', {
    userComment: text,
    reserved: text,
    countryCode: u16,
    codePage: u16,
  }),
  [UserInformationClass.LOGON]: struct('SAMPR_USER_LOGON_INFORMATION', {
    ...names,
    userId: u32,
    primaryGroupId: u32,
    ...places,
    workStations: text,
    lastLogon: filetime,
    lastLogoff: filetime,
    passwordLastSet: filetime,
    passwordCanChange: filetime,
    passwordMustChange: filetime,
    logonHours: LogonHours,
    ...counts,
    userAccountControl: u32,
  }),
  [UserInformationClass.ACCOUNT]: struct('SAMPR_USER_ACCOUNT_INFORMATION', {
    ...names,
    userId: u32,
    primaryGroupId: u32,
    ...places,
    adminComment: text,
    workStations: text,
    lastLogon: filetime,
    lastLogoff: filetime,
    logonHours: LogonHours,
    ...counts,
    passwordLastSet: filetime,
    accountExpires: filetime,
    userAccountControl: u32,
  }),
  [UserInformationClass.NAME]: struct('SAMPR_USER_NAME_INFORMATION', names),
  [UserInformationClass.ACCOUNT_NAME]: struct('SAMPR_USER_A_NAME_INFORMATION', { userName: text }),
  [UserInformationClass.FULL_NAME]: struct('SAMPR_USER_F_NAME_INFORMATION', { fullName: text }),
  [UserInformationClass.PRIMARY_GROUP]: struct('USER_PRIMARY_GROUP_INFORMATION', { primaryGroupId: u32 }),
  [UserInformationClass.HOME]: struct('SAMPR_USER_HOME_INFORMATION', home),
  [UserInformationClass.SCRIPT]: struct('SAMPR_USER_SCRIPT_INFORMATION', { scriptPath: text }),
  [UserInformationClass.PROFILE]: struct('SAMPR_USER_PROFILE_INFORMATION', { profilePath: text }),
  [UserInformationClass.ADMIN_COMMENT]: struct('SAMPR_USER_ADMIN_COMMENT_INFORMATION', { adminComment: text }),
  [UserInformationClass.WORKSTATIONS]: struct('SAMPR_USER_WORKSTATIONS_INFORMATION', { workStations: text }),
  [UserInformationClass.CONTROL]: struct('USER_CONTROL_INFORMATION', { userAccountControl: u32 }),
  [UserInformationClass.EXPIRES]: struct('USER_EXPIRES_INFORMATION', { accountExpires: filetime }),
  [UserInformationClass.PARAMETERS]: struct('SAMPR_USER_PARAMETERS_INFORMATION', { parameters: ShortBlob }),
  [UserInformationClass.ALL]: All,
})

/** SAMPR_GET_GROUPS_BUFFER, MS-SAMR 2.2.7.13. */
export const MembershipList = countedList(
  'SAMPR_GET_GROUPS_BUFFER',
  struct('GROUP_MEMBERSHIP', { relativeId: u32, attributes: u32 }),
)
