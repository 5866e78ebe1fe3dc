import { filetime, type Infer, octets, struct, u16, u32, u64 } from '../schema/index.ts'
import { bool8 } from './kinds.ts'

/** Output of FSCTL_GET_NTFS_VOLUME_DATA. Sizes in bytes, the rest in clusters. MS-FSCC 2.3.22. */
export const NtfsVolumeData = struct('NTFS_VOLUME_DATA_BUFFER', '2.3.22', {
  volumeSerialNumber: u64.hex,
  numberSectors: u64,
  totalClusters: u64,
  freeClusters: u64,
  totalReserved: u64,
  bytesPerSector: u32,
  bytesPerCluster: u32,
  bytesPerFileRecordSegment: u32,
  clustersPerFileRecordSegment: u32,
  mftValidDataLength: u64,
  mftStartLcn: u64,
  mft2StartLcn: u64,
  mftZoneStart: u64,
  mftZoneEnd: u64,
})
export type NtfsVolumeData = Infer<typeof NtfsVolumeData>

/** Output of FSCTL_GET_REFS_VOLUME_DATA. MS-FSCC 2.3.24. */
export const RefsVolumeData = struct('REFS_VOLUME_DATA_BUFFER', '2.3.24', {
  byteCount: u32.or(152),
  majorVersion: u32,
  minorVersion: u32,
  bytesPerPhysicalSector: u32,
  volumeSerialNumber: u64.hex,
  numberSectors: u64,
  totalClusters: u64,
  freeClusters: u64,
  totalReserved: u64,
  bytesPerSector: u32,
  bytesPerCluster: u32,
  maximumSizeOfResidentFile: u64,
  reserved: octets(80).reserved,
})
export type RefsVolumeData = Infer<typeof RefsVolumeData>

/** MS-FSCC 2.3.12.1. */
export const FileSystemStatisticsType = { NTFS: 1, FAT: 2, EXFAT: 3, REFS: 4 } as const

/** Begins the output of FSCTL_FILESYSTEM_GET_STATISTICS. MS-FSCC 2.3.12.1. */
export const FileSystemStatistics = struct('FILESYSTEM_STATISTICS', '2.3.12.1', {
  fileSystemType: u16.oneOf(FileSystemStatisticsType),
  version: u16.or(1),
  sizeOfCompleteStructure: u32,
  userFileReads: u32,
  userFileReadBytes: u32,
  userDiskReads: u32,
  userFileWrites: u32,
  userFileWriteBytes: u32,
  userDiskWrites: u32,
  metaDataReads: u32,
  metaDataReadBytes: u32,
  metaDataDiskReads: u32,
  metaDataWrites: u32,
  metaDataWriteBytes: u32,
  metaDataDiskWrites: u32,
})
export type FileSystemStatistics = Infer<typeof FileSystemStatistics>

/** Output of FSCTL_QUERY_ON_DISK_VOLUME_INFO. Texts are UTF-16LE, filled up with zeros. MS-FSCC 2.3.58. */
export const OnDiskVolumeInfo = struct('FILE_QUERY_ON_DISK_VOL_INFO_BUFFER', '2.3.58', {
  directoryCount: u64,
  fileCount: u64,
  fsFormatMajVersion: u16,
  fsFormatMinVersion: u16,
  fsFormatName: octets(24),
  formatTime: filetime,
  lastUpdateTime: filetime,
  copyrightInfo: octets(68),
  abstractInfo: octets(68),
  formattingImplementationInfo: octets(68),
  lastModifyingImplementationInfo: octets(68),
})
export type OnDiskVolumeInfo = Infer<typeof OnDiskVolumeInfo>

/** Output of FSCTL_QUERY_SPARING_INFO. MS-FSCC 2.3.60. */
export const SparingInfo = struct('FILE_QUERY_SPARING_BUFFER', '2.3.60', {
  sparingUnitBytes: u32,
  softwareSparing: bool8,
  reserved: octets(3).reserved,
  totalSpareBlocks: u32,
  freeSpareBlocks: u32,
})
export type SparingInfo = Infer<typeof SparingInfo>

/** Output of FSCTL_QUERY_FAT_BPB: the start of the volume's first sector. MS-FSCC 2.3.54. */
export const FatBpb = struct('FSCTL_QUERY_FAT_BPB Reply', '2.3.54', { first0x24BytesOfBootSector: octets(0x24) })
export type FatBpb = Infer<typeof FatBpb>
