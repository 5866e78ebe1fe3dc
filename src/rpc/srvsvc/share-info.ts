/** Share information levels, MS-SRVS 2.2.4.22 to 2.2.4.39. */
import { conformantBytes, empty, struct, u32, union, unique } from '../ndr/index.ts'
import { container, optionalText } from './levels.ts'

/** STYPE, MS-SRVS 2.2.2.4. */
export const ShareType = {
  DISK: 0,
  PRINT_QUEUE: 1,
  DEVICE: 2,
  IPC: 3,
  CLUSTER_FS: 0x0200_0000,
  TEMPORARY: 0x4000_0000,
  SPECIAL: 0x8000_0000,
} as const

/** `flags` of levels 501 and 1005, MS-SRVS 2.2.2.5. */
export const ShareFlag = { ACCESS_BASED_DIRECTORY_ENUM: 0x800, ENCRYPT_DATA: 0x8000, DFS: 1, DFS_ROOT: 2 } as const

/** `maxUses` of a share without a limit. */
export const UNLIMITED_USES = 0xffff_ffff

const name = { name: optionalText } as const
const described = { ...name, type: u32, comment: optionalText } as const
const detailed = {
  ...described,
  permissions: u32,
  maxUses: u32,
  currentUses: u32,
  path: optionalText,
  password: optionalText,
} as const
const securityDescriptor = {
  securityDescriptorLength: u32.countOf('securityDescriptor'),
  securityDescriptor: unique(conformantBytes),
} as const

export const ShareInfo0 = struct('SHARE_INFO_0', name)
export const ShareInfo1 = struct('SHARE_INFO_1', described)
export const ShareInfo2 = struct('SHARE_INFO_2', detailed)
export const ShareInfo501 = struct('SHARE_INFO_501', { ...described, flags: u32 })
export const ShareInfo502 = struct('SHARE_INFO_502_I', { ...detailed, ...securityDescriptor })
export const ShareInfo503 = struct('SHARE_INFO_503_I', {
  ...detailed,
  serverName: optionalText,
  ...securityDescriptor,
})
export const ShareInfo1004 = struct('SHARE_INFO_1004', { comment: optionalText })
export const ShareInfo1005 = struct('SHARE_INFO_1005', { flags: u32 })
export const ShareInfo1006 = struct('SHARE_INFO_1006', { maxUses: u32 })
export const ShareInfo1007 = struct('SHARE_INFO_1007', { flags: u32, alternateDirectoryName: optionalText })
export const ShareInfo1501 = struct('SHARE_INFO_1501_I', securityDescriptor)

/** SHARE_ENUM_UNION, MS-SRVS 2.2.3.6. A level that it has not is answered, not refused: ERROR_INVALID_LEVEL. */
const ShareEnumUnion = union(
  'SHARE_ENUM_UNION',
  u32,
  {
    0: container('SHARE_INFO_0_CONTAINER', ShareInfo0),
    1: container('SHARE_INFO_1_CONTAINER', ShareInfo1),
    2: container('SHARE_INFO_2_CONTAINER', ShareInfo2),
    501: container('SHARE_INFO_501_CONTAINER', ShareInfo501),
    502: container('SHARE_INFO_502_CONTAINER', ShareInfo502),
    503: container('SHARE_INFO_503_CONTAINER', ShareInfo503),
    // Not in MS-SRVS; Samba's clients know lists of these, and ask for them.
    1004: container('SHARE_INFO_1004_CONTAINER', ShareInfo1004),
    1005: container('SHARE_INFO_1005_CONTAINER', ShareInfo1005),
    1006: container('SHARE_INFO_1006_CONTAINER', ShareInfo1006),
    1007: container('SHARE_INFO_1007_CONTAINER', ShareInfo1007),
    1501: container('SHARE_INFO_1501_CONTAINER', ShareInfo1501),
  },
  empty,
)

/** SHARE_ENUM_STRUCT, MS-SRVS 2.2.4.38. */
export const ShareEnum = struct('SHARE_ENUM_STRUCT', { level: u32.switchOf('info'), info: ShareEnumUnion })

/** SHARE_INFO, MS-SRVS 2.2.3.7. */
export const ShareInfo = union(
  'SHARE_INFO',
  u32,
  {
    0: unique(ShareInfo0),
    1: unique(ShareInfo1),
    2: unique(ShareInfo2),
    501: unique(ShareInfo501),
    502: unique(ShareInfo502),
    503: unique(ShareInfo503),
    1004: unique(ShareInfo1004),
    1005: unique(ShareInfo1005),
    1006: unique(ShareInfo1006),
    1007: unique(ShareInfo1007),
    1501: unique(ShareInfo1501),
  },
  empty,
)
