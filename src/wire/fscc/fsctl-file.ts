import { sid } from '../dtyp/sid.ts'
import {
  bytes,
  filetime,
  guid,
  type Infer,
  octets,
  optionalTail,
  struct,
  tail,
  u8,
  u16,
  u32,
  u64,
  utf16,
} from '../schema/index.ts'
import { FileAttributes } from './file-attributes.ts'
import { bool8, u128 } from './kinds.ts'
import { nameList } from './name-information.ts'
import { CompressionFormat } from './standard-information.ts'

/** Input of FSCTL_SET_COMPRESSION, output of FSCTL_GET_COMPRESSION. MS-FSCC 2.3.18, 2.3.67. */
export const CompressionState = struct('FSCTL_GET_COMPRESSION Reply', '2.3.18', {
  compressionState: u16.oneOf(CompressionFormat),
})
export type CompressionState = Infer<typeof CompressionState>

/** MS-FSCC 2.3.20. */
export const ChecksumAlgorithm = { NONE: 0, CRC32: 1, CRC64: 2, UNCHANGED: 0xffff } as const
export const IntegrityFlags = { CHECKSUM_ENFORCEMENT_OFF: 1 } as const

/** Output of FSCTL_GET_INTEGRITY_INFORMATION. MS-FSCC 2.3.20. */
export const IntegrityInformation = struct('FSCTL_GET_INTEGRITY_INFORMATION_BUFFER', '2.3.20', {
  checksumAlgorithm: u16.oneOf(ChecksumAlgorithm),
  reserved: u16.reserved,
  flags: u32.flags(IntegrityFlags),
  checksumChunkSizeInBytes: u32,
  clusterSizeInBytes: u32,
})
export type IntegrityInformation = Infer<typeof IntegrityInformation>

/** Input of FSCTL_SET_INTEGRITY_INFORMATION. MS-FSCC 2.3.73. */
export const SetIntegrityInformation = struct('FSCTL_SET_INTEGRITY_INFORMATION_BUFFER', '2.3.73', {
  checksumAlgorithm: u16.oneOf(ChecksumAlgorithm),
  reserved: u16.reserved,
  flags: u32.flags(IntegrityFlags),
})
export type SetIntegrityInformation = Infer<typeof SetIntegrityInformation>

/** Input of FSCTL_SET_INTEGRITY_INFORMATION_EX. MS-FSCC 2.3.75. */
export const SetIntegrityInformationEx = struct('FSCTL_SET_INTEGRITY_INFORMATION_BUFFER_EX', '2.3.75', {
  enableIntegrity: bool8,
  keepIntegrityStateUnchanged: bool8,
  reserved1: u16.reserved,
  flags: u32.flags(IntegrityFlags),
  version: u8.or(1),
  reserved2: octets(7).reserved,
})
export type SetIntegrityInformationEx = Infer<typeof SetIntegrityInformationEx>

/** Object id of a file, with where it was made. MS-FSCC 2.1.3.1. */
export const FileObjectIdBuffer = struct('FILE_OBJECTID_BUFFER_1', '2.1.3.1', {
  objectId: guid,
  birthVolumeId: guid,
  birthObjectId: guid,
  domainId: guid,
})
export type FileObjectIdBuffer = Infer<typeof FileObjectIdBuffer>

/** Object id of a file, with 48 bytes of the owner's. MS-FSCC 2.1.3.2. */
export const FileObjectIdBuffer2 = struct('FILE_OBJECTID_BUFFER_2', '2.1.3.2', {
  objectId: guid,
  extendedInfo: octets(48),
})
export type FileObjectIdBuffer2 = Infer<typeof FileObjectIdBuffer2>

/** Input of FSCTL_SET_OBJECT_ID_EXTENDED. MS-FSCC 2.3.79. */
export const ObjectIdExtendedInfo = struct('EXTENDED_INFO', '2.3.79', { extendedInfo: octets(48) })
export type ObjectIdExtendedInfo = Infer<typeof ObjectIdExtendedInfo>

/** Optional input of FSCTL_READ_FILE_USN_DATA: which versions of the record are understood. MS-FSCC 2.3.61. */
export const ReadFileUsnData = struct('READ_FILE_USN_DATA', '2.3.61', { minMajorVersion: u16, maxMajorVersion: u16 })
export type ReadFileUsnData = Infer<typeof ReadFileUsnData>

/** Begins each record of a change journal. MS-FSCC 2.3.62.1. */
export const UsnRecordCommonHeader = struct('USN_RECORD_COMMON_HEADER', '2.3.62.1', {
  recordLength: u32,
  majorVersion: u16,
  minorVersion: u16,
})
export type UsnRecordCommonHeader = Infer<typeof UsnRecordCommonHeader>

/** Output of FSCTL_READ_FILE_USN_DATA. MS-FSCC 2.3.62.2. */
export const UsnRecordV2 = struct('USN_RECORD_V2', '2.3.62.2', {
  recordLength: u32,
  majorVersion: u16.fixed(2),
  minorVersion: u16.reserved,
  fileReferenceNumber: u64.hex,
  parentFileReferenceNumber: u64.hex,
  usn: u64,
  timeStamp: filetime,
  reason: u32.hex,
  sourceInfo: u32.hex,
  securityId: u32,
  fileAttributes: u32.flags(FileAttributes),
  fileNameLength: u16.lengthOf('fileName'),
  fileNameOffset: u16.offsetOf('fileName'),
  fileName: tail(utf16),
})
export type UsnRecordV2 = Infer<typeof UsnRecordV2>

/** The same with ids of 128 bits. MS-FSCC 2.3.62.3. */
export const UsnRecordV3 = struct('USN_RECORD_V3', '2.3.62.3', {
  recordLength: u32,
  majorVersion: u16.fixed(3),
  minorVersion: u16.reserved,
  fileReferenceNumber: u128,
  parentFileReferenceNumber: u128,
  usn: u64,
  timeStamp: filetime,
  reason: u32.hex,
  sourceInfo: u32.hex,
  securityId: u32,
  fileAttributes: u32.flags(FileAttributes),
  fileNameLength: u16.lengthOf('fileName'),
  fileNameOffset: u16.offsetOf('fileName'),
  fileName: tail(utf16),
})
export type UsnRecordV3 = Infer<typeof UsnRecordV3>

/** Output of FSCTL_WRITE_USN_CLOSE_RECORD. MS-FSCC 2.3.93. */
export const UsnReply = struct('FSCTL_WRITE_USN_CLOSE_RECORD Reply', '2.3.93', { usn: u64 })
export type UsnReply = Infer<typeof UsnReply>

/** Input of FSCTL_FIND_FILES_BY_SID. MS-FSCC 2.3.15. */
export const FindBySidData = struct('FIND_BY_SID_DATA', '2.3.15', { restart: u32, sid: tail(sid) })
export type FindBySidData = Infer<typeof FindBySidData>

/** Output of FSCTL_FIND_FILES_BY_SID: paths below the directory. MS-FSCC 2.3.16. */
export const FindFilesBySidReply = struct('FSCTL_FIND_FILES_BY_SID Reply', '2.3.16', {
  names: tail(nameList),
})
export type FindFilesBySidReply = Infer<typeof FindFilesBySidReply>

/** Input of FSCTL_IS_PATHNAME_VALID. MS-FSCC 2.3.35. */
export const IsPathnameValid = struct('FSCTL_IS_PATHNAME_VALID Request', '2.3.35', {
  pathNameLength: u32.lengthOf('pathName'),
  pathName: tail(utf16),
})
export type IsPathnameValid = Infer<typeof IsPathnameValid>

/** Input of FSCTL_LMR_SET_LINK_TRACKING_INFORMATION. MS-FSCC 2.3.37.2. */
export const RemoteLinkTrackingInformation = struct('SMB2_REMOTE_LINK_TRACKING_INFORMATION', '2.3.37.2', {
  targetFileObject: u64.or(0n),
  targetLinkTrackingInformationLength: u32.lengthOf('targetLinkTrackingInformation'),
  targetLinkTrackingInformation: tail(bytes),
})
export type RemoteLinkTrackingInformation = Infer<typeof RemoteLinkTrackingInformation>

/** Link tracking information of 36 bytes and more. `netBiosName`: ASCII, ended by a zero. MS-FSCC 2.3.37.3.2. */
export const TargetLinkTrackingInformation = struct('TARGET_LINK_TRACKING_INFORMATION_Buffer_2', '2.3.37.3.2', {
  type: u32,
  volumeId: guid,
  objectId: guid,
  netBiosName: optionalTail(bytes, new Uint8Array(0)),
})
export type TargetLinkTrackingInformation = Infer<typeof TargetLinkTrackingInformation>

/** MS-FSCC 2.3.39. */
export const MarkHandleFlags = { READ_COPY: 0x80, NOT_READ_COPY: 0x100 } as const

/** Input of FSCTL_MARK_HANDLE. MS-FSCC 2.3.39. */
export const MarkHandleInfo = struct('MARK_HANDLE_INFO', '2.3.39', {
  copyNumber: u32,
  unused: u32.reserved,
  volumeHandle: u64.or(0n),
  handleInfo: u32.flags(MarkHandleFlags),
  reserved: u32.reserved,
})
export type MarkHandleInfo = Infer<typeof MarkHandleInfo>

/** Input of FSCTL_SET_DEFECT_MANAGEMENT. MS-FSCC 2.3.69. */
export const SetDefectManagement = struct('FILE_SET_DEFECT_MGMT_BUFFER', '2.3.69', { disable: bool8 })
export type SetDefectManagement = Infer<typeof SetDefectManagement>

/** MS-FSCC 2.3.71. */
export const EncryptionOperation = {
  FILE_SET_ENCRYPTION: 1,
  FILE_CLEAR_ENCRYPTION: 2,
  STREAM_SET_ENCRYPTION: 3,
  STREAM_CLEAR_ENCRYPTION: 4,
} as const

/** Input of FSCTL_SET_ENCRYPTION. MS-FSCC 2.3.71. */
export const EncryptionBuffer = struct('ENCRYPTION_BUFFER', '2.3.71', {
  encryptionOperation: u32.oneOf(EncryptionOperation),
  private: optionalTail(bytes, new Uint8Array(0)),
})
export type EncryptionBuffer = Infer<typeof EncryptionBuffer>

/** Output of FSCTL_SET_ENCRYPTION. MS-FSCC 2.3.72.1. */
export const DecryptionStatus = struct('DECRYPTION_STATUS_BUFFER', '2.3.72.1', { noEncryptedStreams: bool8 })
export type DecryptionStatus = Infer<typeof DecryptionStatus>

/** MS-FSCC 2.3.89. */
export const SisCopyFileFlags = { LINK: 1, REPLACE: 2 } as const

/** Input of FSCTL_SIS_COPYFILE; both names end in a zero, which their lengths count. MS-FSCC 2.3.89. */
export const SisCopyFile = struct('SI_COPYFILE', '2.3.89', {
  sourceFileNameLength: u32.lengthOf('sourceFileName'),
  destinationFileNameLength: u32.lengthOf('destinationFileName'),
  flags: u32.flags(SisCopyFileFlags),
  sourceFileName: tail(utf16),
  destinationFileName: tail(utf16),
})
export type SisCopyFile = Infer<typeof SisCopyFile>
