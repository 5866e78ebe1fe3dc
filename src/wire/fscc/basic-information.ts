import { filetime, type Infer, struct, u32, u64 } from '../schema/index.ts'
import { FileAttributes } from './file-attributes.ts'
import { u128 } from './kinds.ts'
import { ReparseTag } from './reparse-tag.ts'

/**
 * Times that do not mean a time when they are set (MS-FSCC 2.4.7): 0 leaves the time as it is, -1 stops that further
 * operations of this open change it, -2 lets them again.
 */
export const SpecialTime = { UNCHANGED: 0n, FREEZE: 0xffff_ffff_ffff_ffffn, THAW: 0xffff_ffff_ffff_fffen } as const

/** MS-FSCC 2.4.7. */
export const FileBasicInformation = struct('FileBasicInformation', '2.4.7', {
  creationTime: filetime,
  lastAccessTime: filetime,
  lastWriteTime: filetime,
  changeTime: filetime,
  fileAttributes: u32.flags(FileAttributes),
  reserved: u32.reserved,
})
export type FileBasicInformation = Infer<typeof FileBasicInformation>

/** MS-FSCC 2.4.34. */
export const FileNetworkOpenInformation = struct('FileNetworkOpenInformation', '2.4.34', {
  creationTime: filetime,
  lastAccessTime: filetime,
  lastWriteTime: filetime,
  changeTime: filetime,
  allocationSize: u64,
  endOfFile: u64,
  fileAttributes: u32.flags(FileAttributes),
  reserved: u32.reserved,
})
export type FileNetworkOpenInformation = Infer<typeof FileNetworkOpenInformation>

/** MS-FSCC 2.4.6. */
export const FileAttributeTagInformation = struct('FileAttributeTagInformation', '2.4.6', {
  fileAttributes: u32.flags(FileAttributes),
  reparseTag: u32.oneOf(ReparseTag),
})
export type FileAttributeTagInformation = Infer<typeof FileAttributeTagInformation>

/** What the caller may do, and what POSIX keeps: FILE_STAT_INFORMATION of the Windows driver kit. */
const statFields = {
  fileId: u64.hex,
  creationTime: filetime,
  lastAccessTime: filetime,
  lastWriteTime: filetime,
  changeTime: filetime,
  allocationSize: u64,
  endOfFile: u64,
  fileAttributes: u32.flags(FileAttributes),
  reparseTag: u32.oneOf(ReparseTag),
  numberOfLinks: u32,
} as const

/** FILE_STAT_INFORMATION (class 68, Windows 10 1709). */
export const FileStatInformation = struct('FileStatInformation', '', { ...statFields, effectiveAccess: u32.hex })
export type FileStatInformation = Infer<typeof FileStatInformation>

/** Which parts of FileStatLxInformation are valid. */
export const LxFlags = {
  HAS_UID: 0x01,
  HAS_GID: 0x02,
  HAS_MODE: 0x04,
  HAS_DEVICE_ID: 0x08,
  CASE_SENSITIVE_DIRECTORY: 0x10,
} as const

/** FILE_STAT_LX_INFORMATION (class 70, Windows 10 1803). */
export const FileStatLxInformation = struct('FileStatLxInformation', '', {
  ...statFields,
  effectiveAccess: u32.hex,
  lxFlags: u32.flags(LxFlags),
  lxUid: u32,
  lxGid: u32,
  lxMode: u32.hex,
  lxDeviceIdMajor: u32,
  lxDeviceIdMinor: u32,
})
export type FileStatLxInformation = Infer<typeof FileStatLxInformation>

/** FILE_STAT_BASIC_INFORMATION (class 77, Windows 11 24H2). */
export const FileStatBasicInformation = struct('FileStatBasicInformation', '', {
  ...statFields,
  deviceType: u32.hex,
  deviceCharacteristics: u32.hex,
  reserved: u32.reserved,
  volumeSerialNumber: u64.hex,
  fileId128: u128,
})
export type FileStatBasicInformation = Infer<typeof FileStatBasicInformation>

export const CaseSensitiveFlags = { CASE_SENSITIVE_DIRECTORY: 1 } as const

/** FILE_CASE_SENSITIVE_INFORMATION (class 71). */
export const FileCaseSensitiveInformation = struct('FileCaseSensitiveInformation', '', {
  flags: u32.flags(CaseSensitiveFlags),
})
export type FileCaseSensitiveInformation = Infer<typeof FileCaseSensitiveInformation>
