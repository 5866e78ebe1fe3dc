import { type Infer, octets, struct, tail, u32, u64, utf16 } from '../schema/index.ts'
import { bool8 } from './kinds.ts'

/** As SMB1 sends it (type 1). MS-FSCC 2.4.42.1. */
export const FileRenameInformationType1 = struct('FileRenameInformation', '2.4.42.1', {
  replaceIfExists: bool8,
  reserved: octets(3).reserved,
  rootDirectory: u32.or(0),
  fileNameLength: u32.lengthOf('fileName'),
  fileName: tail(utf16),
})
export type FileRenameInformationType1 = Infer<typeof FileRenameInformationType1>

/** As SMB2 sends it (type 2). MS-FSCC 2.4.42.2. Clients may pad it: bytes after the name mean nothing. */
export const FileRenameInformation = struct('FileRenameInformation', '2.4.42.2', {
  replaceIfExists: bool8,
  reserved: octets(7).reserved,
  rootDirectory: u64.or(0n),
  fileNameLength: u32.lengthOf('fileName'),
  fileName: tail(utf16),
})
export type FileRenameInformation = Infer<typeof FileRenameInformation>

/** Flags of FileRenameInformationEx (MS-FSCC 2.4.43) and FileLinkInformationEx. */
export const RenameFlags = {
  REPLACE_IF_EXISTS: 0x0000_0001,
  POSIX_SEMANTICS: 0x0000_0002,
  SUPPRESS_PIN_STATE_INHERITANCE: 0x0000_0004,
  SUPPRESS_STORAGE_RESERVE_INHERITANCE: 0x0000_0008,
  NO_INCREASE_AVAILABLE_SPACE: 0x0000_0010,
  NO_DECREASE_AVAILABLE_SPACE: 0x0000_0020,
  IGNORE_READONLY_ATTRIBUTE: 0x0000_0040,
  FORCE_RESIZE_TARGET_SR: 0x0000_0080,
  FORCE_RESIZE_SOURCE_SR: 0x0000_0100,
} as const

const flaggedNameFields = {
  flags: u32.flags(RenameFlags),
  reserved: u32.reserved,
  rootDirectory: u64.or(0n),
  fileNameLength: u32.lengthOf('fileName'),
  fileName: tail(utf16),
} as const

/** MS-FSCC 2.4.43. */
export const FileRenameInformationEx = struct('FileRenameInformationEx', '2.4.43', flaggedNameFields)
export type FileRenameInformationEx = Infer<typeof FileRenameInformationEx>

/** As SMB2 sends it (type 2). MS-FSCC 2.4.28.2. */
export const FileLinkInformation = struct('FileLinkInformation', '2.4.28.2', {
  replaceIfExists: bool8,
  reserved: octets(7).reserved,
  rootDirectory: u64.or(0n),
  fileNameLength: u32.lengthOf('fileName'),
  fileName: tail(utf16),
})
export type FileLinkInformation = Infer<typeof FileLinkInformation>

/** Class 72 (Windows 10 1809). */
export const FileLinkInformationEx = struct('FileLinkInformationEx', '', flaggedNameFields)
export type FileLinkInformationEx = Infer<typeof FileLinkInformationEx>

/** MS-FSCC 2.4.11. */
export const FileDispositionInformation = struct('FileDispositionInformation', '2.4.11', { deletePending: bool8 })
export type FileDispositionInformation = Infer<typeof FileDispositionInformation>

/** Flags of FileDispositionInformationEx (MS-FSCC 2.4.12). */
export const DispositionFlags = {
  DELETE: 0x01,
  POSIX_SEMANTICS: 0x02,
  FORCE_IMAGE_SECTION_CHECK: 0x04,
  ON_CLOSE: 0x08,
  IGNORE_READONLY_ATTRIBUTE: 0x10,
} as const

/** MS-FSCC 2.4.12. */
export const FileDispositionInformationEx = struct('FileDispositionInformationEx', '2.4.12', {
  flags: u32.flags(DispositionFlags),
})
export type FileDispositionInformationEx = Infer<typeof FileDispositionInformationEx>
