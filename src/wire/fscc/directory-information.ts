import { filetime, guid, type Infer, struct, tail, u16, u32, u64, utf16 } from '../schema/index.ts'
import { FileAttributes } from './file-attributes.ts'
import { FileInformationClass } from './information-class.ts'
import { shortName, u128 } from './kinds.ts'
import { FilePosixDirectoryInformation } from './posix-information.ts'
import { ReparseTag } from './reparse-tag.ts'

/** Every directory entry starts so, but for its size of extended attributes, ids and names. */
export const directoryEntryStart = {
  nextEntryOffset: u32.or(0),
  fileIndex: u32.or(0),
  creationTime: filetime,
  lastAccessTime: filetime,
  lastWriteTime: filetime,
  changeTime: filetime,
  endOfFile: u64,
  allocationSize: u64,
  fileAttributes: u32.flags(FileAttributes),
  fileNameLength: u32.lengthOf('fileName'),
} as const

const fileName = tail(utf16)
const reparseTag = u32.oneOf(ReparseTag)

/** MS-FSCC 2.4.10. */
export const FileDirectoryInformation = struct('FileDirectoryInformation', '2.4.10', {
  ...directoryEntryStart,
  fileName,
})
export type FileDirectoryInformation = Infer<typeof FileDirectoryInformation>

/** MS-FSCC 2.4.15. */
export const FileFullDirectoryInformation = struct('FileFullDirectoryInformation', '2.4.15', {
  ...directoryEntryStart,
  eaSize: u32,
  fileName,
})
export type FileFullDirectoryInformation = Infer<typeof FileFullDirectoryInformation>

/** MS-FSCC 2.4.24. */
export const FileIdFullDirectoryInformation = struct('FileIdFullDirectoryInformation', '2.4.24', {
  ...directoryEntryStart,
  eaSize: u32,
  reserved: u32.reserved,
  fileId: u64.hex,
  fileName,
})
export type FileIdFullDirectoryInformation = Infer<typeof FileIdFullDirectoryInformation>

/** MS-FSCC 2.4.8. */
export const FileBothDirectoryInformation = struct('FileBothDirectoryInformation', '2.4.8', {
  ...directoryEntryStart,
  eaSize: u32,
  shortName,
  fileName,
})
export type FileBothDirectoryInformation = Infer<typeof FileBothDirectoryInformation>

/** MS-FSCC 2.4.22. */
export const FileIdBothDirectoryInformation = struct('FileIdBothDirectoryInformation', '2.4.22', {
  ...directoryEntryStart,
  eaSize: u32,
  shortName,
  reserved: u16.reserved,
  fileId: u64.hex,
  fileName,
})
export type FileIdBothDirectoryInformation = Infer<typeof FileIdBothDirectoryInformation>

/** MS-FSCC 2.4.33. */
export const FileNamesInformation = struct('FileNamesInformation', '2.4.33', {
  nextEntryOffset: u32.or(0),
  fileIndex: u32.or(0),
  fileNameLength: u32.lengthOf('fileName'),
  fileName,
})
export type FileNamesInformation = Infer<typeof FileNamesInformation>

/** MS-FSCC 2.4.25. */
export const TxInfoFlags = { WRITELOCKED: 0x1, VISIBLE_TO_TX: 0x2, VISIBLE_OUTSIDE_TX: 0x4 } as const

/** MS-FSCC 2.4.25. */
export const FileIdGlobalTxDirectoryInformation = struct('FileIdGlobalTxDirectoryInformation', '2.4.25', {
  ...directoryEntryStart,
  fileId: u64.hex,
  lockingTransactionId: guid.or('00000000-0000-0000-0000-000000000000'),
  txInfoFlags: u32.or(0),
  fileName,
})
export type FileIdGlobalTxDirectoryInformation = Infer<typeof FileIdGlobalTxDirectoryInformation>

/** MS-FSCC 2.4.23. */
export const FileIdExtdDirectoryInformation = struct('FileIdExtdDirectoryInformation', '2.4.23', {
  ...directoryEntryStart,
  eaSize: u32,
  reparseTag,
  fileId: u128,
  fileName,
})
export type FileIdExtdDirectoryInformation = Infer<typeof FileIdExtdDirectoryInformation>

/** FILE_ID_EXTD_BOTH_DIR_INFORMATION of the Windows driver kit (class 63). */
export const FileIdExtdBothDirectoryInformation = struct('FileIdExtdBothDirectoryInformation', '', {
  ...directoryEntryStart,
  eaSize: u32,
  reparseTag,
  fileId: u128,
  shortName,
  fileName,
})
export type FileIdExtdBothDirectoryInformation = Infer<typeof FileIdExtdBothDirectoryInformation>

/** MS-FSCC 2.4.19. */
export const FileId64ExtdDirectoryInformation = struct('FileId64ExtdDirectoryInformation', '2.4.19', {
  ...directoryEntryStart,
  eaSize: u32,
  reparseTag,
  fileId: u64.hex,
  fileName,
})
export type FileId64ExtdDirectoryInformation = Infer<typeof FileId64ExtdDirectoryInformation>

/** MS-FSCC 2.4.18. */
export const FileId64ExtdBothDirectoryInformation = struct('FileId64ExtdBothDirectoryInformation', '2.4.18', {
  ...directoryEntryStart,
  eaSize: u32,
  reparseTag,
  fileId: u64.hex,
  shortName,
  fileName,
})
export type FileId64ExtdBothDirectoryInformation = Infer<typeof FileId64ExtdBothDirectoryInformation>

/** MS-FSCC 2.4.21. */
export const FileIdAllExtdDirectoryInformation = struct('FileIdAllExtdDirectoryInformation', '2.4.21', {
  ...directoryEntryStart,
  eaSize: u32,
  reparseTag,
  fileId: u64.hex,
  fileId128: u128,
  fileName,
})
export type FileIdAllExtdDirectoryInformation = Infer<typeof FileIdAllExtdDirectoryInformation>

/** MS-FSCC 2.4.20. */
export const FileIdAllExtdBothDirectoryInformation = struct('FileIdAllExtdBothDirectoryInformation', '2.4.20', {
  ...directoryEntryStart,
  eaSize: u32,
  reparseTag,
  fileId: u64.hex,
  fileId128: u128,
  shortName,
  fileName,
})
export type FileIdAllExtdBothDirectoryInformation = Infer<typeof FileIdAllExtdBothDirectoryInformation>

const C = FileInformationClass

/** The entry's structure, by class. */
export const directoryEntries = {
  [C.FileDirectoryInformation]: FileDirectoryInformation,
  [C.FileFullDirectoryInformation]: FileFullDirectoryInformation,
  [C.FileIdFullDirectoryInformation]: FileIdFullDirectoryInformation,
  [C.FileBothDirectoryInformation]: FileBothDirectoryInformation,
  [C.FileIdBothDirectoryInformation]: FileIdBothDirectoryInformation,
  [C.FileNamesInformation]: FileNamesInformation,
  [C.FileIdGlobalTxDirectoryInformation]: FileIdGlobalTxDirectoryInformation,
  [C.FileIdExtdDirectoryInformation]: FileIdExtdDirectoryInformation,
  [C.FileIdExtdBothDirectoryInformation]: FileIdExtdBothDirectoryInformation,
  [C.FileId64ExtdDirectoryInformation]: FileId64ExtdDirectoryInformation,
  [C.FileId64ExtdBothDirectoryInformation]: FileId64ExtdBothDirectoryInformation,
  [C.FileIdAllExtdDirectoryInformation]: FileIdAllExtdDirectoryInformation,
  [C.FileIdAllExtdBothDirectoryInformation]: FileIdAllExtdBothDirectoryInformation,
  [C.FilePosixInformation]: FilePosixDirectoryInformation,
} as const

/** Classes in which a directory is listed. */
export type DirectoryInformationClass = keyof typeof directoryEntries

/** Tells whether a directory can be listed in this class. */
export const isDirectoryClass = (infoClass: number): infoClass is DirectoryInformationClass =>
  Object.hasOwn(directoryEntries, infoClass)
