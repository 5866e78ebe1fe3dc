/** The short names of SDDL (MS-DTYP 2.5.1.1). */
import {
  AccessMask,
  FILE_ALL_ACCESS,
  FILE_GENERIC_EXECUTE,
  FILE_GENERIC_READ,
  FILE_GENERIC_WRITE,
} from './access-mask.ts'
import { AceFlags, AceType } from './ace.ts'
import { type Sid, WellKnownSid as W } from './sid.ts'

/** SIDs that are the same everywhere. */
export const SDDL_SIDS: Readonly<Record<string, Sid>> = {
  AA: W.ACCESS_CONTROL_ASSISTANCE_OPERATORS,
  AC: W.ALL_APP_PACKAGES,
  AN: W.ANONYMOUS,
  AO: W.ACCOUNT_OPERATORS,
  AS: W.AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY,
  AU: W.AUTHENTICATED_USERS,
  BA: W.BUILTIN_ADMINISTRATORS,
  BG: W.BUILTIN_GUESTS,
  BO: W.BACKUP_OPERATORS,
  BU: W.BUILTIN_USERS,
  CD: W.CERTIFICATE_SERVICE_DCOM_ACCESS,
  CG: W.CREATOR_GROUP,
  CO: W.CREATOR_OWNER,
  CY: W.CRYPTOGRAPHIC_OPERATORS,
  ED: W.ENTERPRISE_DOMAIN_CONTROLLERS,
  ER: W.EVENT_LOG_READERS,
  ES: W.RDS_ENDPOINT_SERVERS,
  HA: W.HYPER_V_ADMINISTRATORS,
  HI: W.ML_HIGH,
  IS: W.IIS_IUSRS,
  IU: W.INTERACTIVE,
  LS: W.LOCAL_SERVICE,
  LU: W.PERFORMANCE_LOG_USERS,
  LW: W.ML_LOW,
  ME: W.ML_MEDIUM,
  MP: W.ML_MEDIUM_PLUS,
  MS: W.RDS_MANAGEMENT_SERVERS,
  MU: W.PERFORMANCE_MONITOR_USERS,
  NO: W.NETWORK_CONFIGURATION_OPERATORS,
  NS: W.NETWORK_SERVICE,
  NU: W.NETWORK,
  OW: W.OWNER_RIGHTS,
  PO: W.PRINTER_OPERATORS,
  PS: W.PRINCIPAL_SELF,
  PU: W.POWER_USERS,
  RA: W.RDS_REMOTE_ACCESS_SERVERS,
  RC: W.RESTRICTED_CODE,
  RD: W.REMOTE_DESKTOP,
  RE: W.REPLICATOR,
  RM: W.REMOTE_MANAGEMENT_USERS,
  RU: W.PRE_WINDOWS_2000_COMPATIBLE_ACCESS,
  SI: W.ML_SYSTEM,
  SO: W.SERVER_OPERATORS,
  SS: W.SERVICE_ASSERTED_IDENTITY,
  SU: W.SERVICE,
  SY: W.LOCAL_SYSTEM,
  UD: W.USER_MODE_DRIVERS,
  WD: W.EVERYONE,
  WR: W.WRITE_RESTRICTED_CODE,
}

/** SIDs of a domain: the last part of each. */
export const SDDL_DOMAIN_RIDS: Readonly<Record<string, number>> = {
  RO: 498,
  LA: 500,
  LG: 501,
  DA: 512,
  DU: 513,
  DG: 514,
  DC: 515,
  DD: 516,
  CA: 517,
  SA: 518,
  EA: 519,
  PA: 520,
  CN: 522,
  AP: 525,
  KA: 526,
  EK: 527,
  RS: 553,
}

export const SDDL_ACE_TYPES: Readonly<Record<string, number>> = {
  A: AceType.ACCESS_ALLOWED,
  D: AceType.ACCESS_DENIED,
  AU: AceType.SYSTEM_AUDIT,
  AL: AceType.SYSTEM_ALARM,
  OA: AceType.ACCESS_ALLOWED_OBJECT,
  OD: AceType.ACCESS_DENIED_OBJECT,
  OU: AceType.SYSTEM_AUDIT_OBJECT,
  OL: AceType.SYSTEM_ALARM_OBJECT,
  XA: AceType.ACCESS_ALLOWED_CALLBACK,
  XD: AceType.ACCESS_DENIED_CALLBACK,
  ZA: AceType.ACCESS_ALLOWED_CALLBACK_OBJECT,
  XU: AceType.SYSTEM_AUDIT_CALLBACK,
  ML: AceType.SYSTEM_MANDATORY_LABEL,
  RA: AceType.SYSTEM_RESOURCE_ATTRIBUTE,
  SP: AceType.SYSTEM_SCOPED_POLICY_ID,
}

export const SDDL_ACE_FLAGS: Readonly<Record<string, number>> = {
  OI: AceFlags.OBJECT_INHERIT,
  CI: AceFlags.CONTAINER_INHERIT,
  NP: AceFlags.NO_PROPAGATE_INHERIT,
  IO: AceFlags.INHERIT_ONLY,
  ID: AceFlags.INHERITED,
  SA: AceFlags.SUCCESSFUL_ACCESS,
  FA: AceFlags.FAILED_ACCESS,
}

/** Rights of files, each a whole mask. Written where they are all of a mask. */
export const SDDL_FILE_RIGHTS: Readonly<Record<string, number>> = {
  FA: FILE_ALL_ACCESS,
  FR: FILE_GENERIC_READ,
  FW: FILE_GENERIC_WRITE,
  FX: FILE_GENERIC_EXECUTE,
}

/** Single bits that mean the same on every object. Written where they make up a whole mask. */
export const SDDL_STANDARD_RIGHTS: Readonly<Record<string, number>> = {
  GA: AccessMask.GENERIC_ALL,
  GX: AccessMask.GENERIC_EXECUTE,
  GW: AccessMask.GENERIC_WRITE,
  GR: AccessMask.GENERIC_READ,
  RC: AccessMask.READ_CONTROL,
  SD: AccessMask.DELETE,
  WD: AccessMask.WRITE_DAC,
  WO: AccessMask.WRITE_OWNER,
}

/** What is only read: rights of directory services and of registry keys. */
export const SDDL_OTHER_RIGHTS: Readonly<Record<string, number>> = {
  CC: 0x0000_0001,
  DC: 0x0000_0002,
  LC: 0x0000_0004,
  SW: 0x0000_0008,
  RP: 0x0000_0010,
  WP: 0x0000_0020,
  DT: 0x0000_0040,
  LO: 0x0000_0080,
  CR: 0x0000_0100,
  KA: 0x000f_003f,
  KR: 0x0002_0019,
  KW: 0x0002_0006,
  KX: 0x0002_0019,
}

/** What a mandatory label forbids to those below it. */
export const SDDL_LABEL_RIGHTS: Readonly<Record<string, number>> = { NW: 1, NR: 2, NX: 4 }
