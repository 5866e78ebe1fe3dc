import { filetime, guid, type Infer, octets, struct, tail, u32, u64, utf16 } from '../schema/index.ts'
import { bool8 } from './kinds.ts'

/** MS-FSCC 2.5.9. */
export const FileFsVolumeInformation = struct('FileFsVolumeInformation', '2.5.9', {
  volumeCreationTime: filetime,
  volumeSerialNumber: u32.hex,
  volumeLabelLength: u32.lengthOf('volumeLabel'),
  supportsObjects: bool8,
  reserved: octets(1).reserved,
  volumeLabel: tail(utf16),
})
export type FileFsVolumeInformation = Infer<typeof FileFsVolumeInformation>

/** MS-FSCC 2.5.5. */
export const FileFsLabelInformation = struct('FileFsLabelInformation', '2.5.5', {
  volumeLabelLength: u32.lengthOf('volumeLabel'),
  volumeLabel: tail(utf16),
})
export type FileFsLabelInformation = Infer<typeof FileFsLabelInformation>

/** MS-FSCC 2.5.8. */
export const FileFsSizeInformation = struct('FileFsSizeInformation', '2.5.8', {
  totalAllocationUnits: u64,
  availableAllocationUnits: u64,
  sectorsPerAllocationUnit: u32,
  bytesPerSector: u32,
})
export type FileFsSizeInformation = Infer<typeof FileFsSizeInformation>

/** MS-FSCC 2.5.4. */
export const FileFsFullSizeInformation = struct('FileFsFullSizeInformation', '2.5.4', {
  totalAllocationUnits: u64,
  callerAvailableAllocationUnits: u64,
  actualAvailableAllocationUnits: u64,
  sectorsPerAllocationUnit: u32,
  bytesPerSector: u32,
})
export type FileFsFullSizeInformation = Infer<typeof FileFsFullSizeInformation>

/** MS-FSCC 2.5.10. */
export const DeviceType = { CD_ROM: 0x02, DISK: 0x07, NAMED_PIPE: 0x11 } as const

/** MS-FSCC 2.5.10. */
export const DeviceCharacteristics = {
  REMOVABLE_MEDIA: 0x0000_0001,
  READ_ONLY_DEVICE: 0x0000_0002,
  FLOPPY_DISKETTE: 0x0000_0004,
  WRITE_ONCE_MEDIA: 0x0000_0008,
  REMOTE_DEVICE: 0x0000_0010,
  DEVICE_IS_MOUNTED: 0x0000_0020,
  VIRTUAL_VOLUME: 0x0000_0040,
  SECURE_OPEN: 0x0000_0100,
  TS_DEVICE: 0x0000_1000,
  WEBDAV_DEVICE: 0x0000_2000,
  ALLOW_APPCONTAINER_TRAVERSAL: 0x0002_0000,
  PORTABLE_DEVICE: 0x0004_0000,
} as const

/** MS-FSCC 2.5.10. */
export const FileFsDeviceInformation = struct('FileFsDeviceInformation', '2.5.10', {
  deviceType: u32.oneOf(DeviceType),
  characteristics: u32.flags(DeviceCharacteristics),
})
export type FileFsDeviceInformation = Infer<typeof FileFsDeviceInformation>

/** What a file system can do (MS-FSCC 2.5.1). */
export const FileSystemAttributes = {
  CASE_SENSITIVE_SEARCH: 0x0000_0001,
  CASE_PRESERVED_NAMES: 0x0000_0002,
  UNICODE_ON_DISK: 0x0000_0004,
  PERSISTENT_ACLS: 0x0000_0008,
  FILE_COMPRESSION: 0x0000_0010,
  VOLUME_QUOTAS: 0x0000_0020,
  SUPPORTS_SPARSE_FILES: 0x0000_0040,
  SUPPORTS_REPARSE_POINTS: 0x0000_0080,
  SUPPORTS_REMOTE_STORAGE: 0x0000_0100,
  RETURNS_CLEANUP_RESULT_INFO: 0x0000_0200,
  SUPPORTS_POSIX_UNLINK_RENAME: 0x0000_0400,
  VOLUME_IS_COMPRESSED: 0x0000_8000,
  SUPPORTS_OBJECT_IDS: 0x0001_0000,
  SUPPORTS_ENCRYPTION: 0x0002_0000,
  NAMED_STREAMS: 0x0004_0000,
  READ_ONLY_VOLUME: 0x0008_0000,
  SEQUENTIAL_WRITE_ONCE: 0x0010_0000,
  SUPPORTS_TRANSACTIONS: 0x0020_0000,
  SUPPORTS_HARD_LINKS: 0x0040_0000,
  SUPPORTS_EXTENDED_ATTRIBUTES: 0x0080_0000,
  SUPPORTS_OPEN_BY_FILE_ID: 0x0100_0000,
  SUPPORTS_USN_JOURNAL: 0x0200_0000,
  SUPPORTS_INTEGRITY_STREAMS: 0x0400_0000,
  SUPPORTS_BLOCK_REFCOUNTING: 0x0800_0000,
  SUPPORTS_SPARSE_VDL: 0x1000_0000,
  DAX_VOLUME: 0x2000_0000,
  SUPPORTS_GHOSTING: 0x4000_0000,
} as const

/** MS-FSCC 2.5.1. The length of the longest name is in UTF-16 units. */
export const FileFsAttributeInformation = struct('FileFsAttributeInformation', '2.5.1', {
  fileSystemAttributes: u32.flags(FileSystemAttributes),
  maximumComponentNameLength: u32,
  fileSystemNameLength: u32.lengthOf('fileSystemName'),
  fileSystemName: tail(utf16),
})
export type FileFsAttributeInformation = Infer<typeof FileFsAttributeInformation>

/** MS-FSCC 2.5.2. */
export const FileSystemControlFlags = {
  QUOTA_TRACK: 0x0000_0001,
  QUOTA_ENFORCE: 0x0000_0002,
  CONTENT_INDEX_DISABLED: 0x0000_0008,
  LOG_QUOTA_THRESHOLD: 0x0000_0010,
  LOG_QUOTA_LIMIT: 0x0000_0020,
  LOG_VOLUME_THRESHOLD: 0x0000_0040,
  LOG_VOLUME_LIMIT: 0x0000_0080,
  QUOTAS_INCOMPLETE: 0x0000_0100,
  QUOTAS_REBUILDING: 0x0000_0200,
} as const

/** MS-FSCC 2.5.2. */
export const FileFsControlInformation = struct('FileFsControlInformation', '2.5.2', {
  freeSpaceStartFiltering: u64,
  freeSpaceThreshold: u64,
  freeSpaceStopFiltering: u64,
  defaultQuotaThreshold: u64,
  defaultQuotaLimit: u64,
  fileSystemControlFlags: u32.flags(FileSystemControlFlags),
  padding: u32.reserved,
})
export type FileFsControlInformation = Infer<typeof FileFsControlInformation>

/** MS-FSCC 2.5.6. */
export const FileFsObjectIdInformation = struct('FileFsObjectIdInformation', '2.5.6', {
  objectId: guid,
  extendedInfo: octets(48),
})
export type FileFsObjectIdInformation = Infer<typeof FileFsObjectIdInformation>

/** MS-FSCC 2.5.3. */
export const FileFsDriverPathInformation = struct('FileFsDriverPathInformation', '2.5.3', {
  driverInPath: bool8,
  reserved: octets(3).reserved,
  driverNameLength: u32.lengthOf('driverName'),
  driverName: tail(utf16),
})
export type FileFsDriverPathInformation = Infer<typeof FileFsDriverPathInformation>

/** MS-FSCC 2.5.7. */
export const SectorSizeFlags = {
  ALIGNED_DEVICE: 0x1,
  PARTITION_ALIGNED_ON_DEVICE: 0x2,
  NO_SEEK_PENALTY: 0x4,
  TRIM_ENABLED: 0x8,
} as const

/** MS-FSCC 2.5.7. Sizes and offsets in bytes. */
export const FileFsSectorSizeInformation = struct('FileFsSectorSizeInformation', '2.5.7', {
  logicalBytesPerSector: u32,
  physicalBytesPerSectorForAtomicity: u32,
  physicalBytesPerSectorForPerformance: u32,
  effectivePhysicalBytesPerSectorForAtomicity: u32,
  flags: u32.flags(SectorSizeFlags),
  byteOffsetForSectorAlignment: u32,
  byteOffsetForPartitionAlignment: u32,
})
export type FileFsSectorSizeInformation = Infer<typeof FileFsSectorSizeInformation>
