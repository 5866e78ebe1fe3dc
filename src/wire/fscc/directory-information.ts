import { filetime, guid, type Infer, struct, tail, u16, u32, u64, utf16 } from '../schema/index.ts'
import { FileAttributes } from './file-attributes.ts'
import { FileInformationClass } from './information-class.ts'
import { shortName, u128 } from './kinds.ts'
import { ReparseTag } from './reparse-tag.ts'

/** Every directory entry starts so, but for its size of extended attributes, ids and names. */
const common = {
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

const directoryFields = { ...common, fileName } as const
const fullFields = { ...common, eaSize: u32, fileName } as const
const idFullFields = { ...common, eaSize: u32, reserved: u32.reserved, fileId: u64.hex, fileName } as const
const bothFields = { ...common, eaSize: u32, shortName, fileName } as const
const idBothFields = { ...common, eaSize: u32, shortName, reserved: u16.reserved, fileId: u64.hex, fileName } as const
const namesFields = {
  nextEntryOffset: u32.or(0),
  fileIndex: u32.or(0),
  fileNameLength: u32.lengthOf('fileName'),
  fileName,
} as const
const idGlobalTxFields = {
  ...common,
  fileId: u64.hex,
  lockingTransactionId: guid.or('00000000-0000-0000-0000-000000000000'),
  txInfoFlags: u32.or(0),
  fileName,
} as const
const idExtdFields = { ...common, eaSize: u32, reparseTag, fileId: u128, fileName } as const
const idExtdBothFields = { ...common, eaSize: u32, reparseTag, fileId: u128, shortName, fileName } as const
const id64ExtdFields = { ...common, eaSize: u32, reparseTag, fileId: u64.hex, fileName } as const
const id64ExtdBothFields = { ...common, eaSize: u32, reparseTag, fileId: u64.hex, shortName, fileName } as const
const idAllExtdFields = { ...common, eaSize: u32, reparseTag, fileId: u64.hex, fileId128: u128, fileName } as const
const idAllExtdBothFields = {
  ...common,
  eaSize: u32,
  reparseTag,
  fileId: u64.hex,
  fileId128: u128,
  shortName,
  fileName,
} as const

/** MS-FSCC 2.4.10. */
export const FileDirectoryInformation = struct('FileDirectoryInformation', '2.4.10', directoryFields)
export type FileDirectoryInformation = Infer<typeof FileDirectoryInformation>

/** MS-FSCC 2.4.15. */
export const FileFullDirectoryInformation = struct('FileFullDirectoryInformation', '2.4.15', fullFields)
export type FileFullDirectoryInformation = Infer<typeof FileFullDirectoryInformation>

/** MS-FSCC 2.4.24. */
export const FileIdFullDirectoryInformation = struct('FileIdFullDirectoryInformation', '2.4.24', idFullFields)
export type FileIdFullDirectoryInformation = Infer<typeof FileIdFullDirectoryInformation>

/** MS-FSCC 2.4.8. */
export const FileBothDirectoryInformation = struct('FileBothDirectoryInformation', '2.4.8', bothFields)
export type FileBothDirectoryInformation = Infer<typeof FileBothDirectoryInformation>

/** MS-FSCC 2.4.22. */
export const FileIdBothDirectoryInformation = struct('FileIdBothDirectoryInformation', '2.4.22', idBothFields)
export type FileIdBothDirectoryInformation = Infer<typeof FileIdBothDirectoryInformation>

/** MS-FSCC 2.4.33. */
export const FileNamesInformation = struct('FileNamesInformation', '2.4.33', namesFields)
export type FileNamesInformation = Infer<typeof FileNamesInformation>

/** MS-FSCC 2.4.25. */
export const TxInfoFlags = { WRITELOCKED: 0x1, VISIBLE_TO_TX: 0x2, VISIBLE_OUTSIDE_TX: 0x4 } as const

/** MS-FSCC 2.4.25. */
export const FileIdGlobalTxDirectoryInformation = struct(
  'FileIdGlobalTxDirectoryInformation',
  '2.4.25',
  idGlobalTxFields,
)
export type FileIdGlobalTxDirectoryInformation = Infer<typeof FileIdGlobalTxDirectoryInformation>

/** MS-FSCC 2.4.23. */
export const FileIdExtdDirectoryInformation = struct('FileIdExtdDirectoryInformation', '2.4.23', idExtdFields)
export type FileIdExtdDirectoryInformation = Infer<typeof FileIdExtdDirectoryInformation>

/** FILE_ID_EXTD_BOTH_DIR_INFORMATION of the Windows driver kit (class 63). */
export const FileIdExtdBothDirectoryInformation = struct('FileIdExtdBothDirectoryInformation', '', idExtdBothFields)
export type FileIdExtdBothDirectoryInformation = Infer<typeof FileIdExtdBothDirectoryInformation>

/** MS-FSCC 2.4.19. */
export const FileId64ExtdDirectoryInformation = struct('FileId64ExtdDirectoryInformation', '2.4.19', id64ExtdFields)
export type FileId64ExtdDirectoryInformation = Infer<typeof FileId64ExtdDirectoryInformation>

/** MS-FSCC 2.4.18. */
export const FileId64ExtdBothDirectoryInformation = struct(
  'FileId64ExtdBothDirectoryInformation',
  '2.4.18',
  id64ExtdBothFields,
)
export type FileId64ExtdBothDirectoryInformation = Infer<typeof FileId64ExtdBothDirectoryInformation>

/** MS-FSCC 2.4.21. */
export const FileIdAllExtdDirectoryInformation = struct('FileIdAllExtdDirectoryInformation', '2.4.21', idAllExtdFields)
export type FileIdAllExtdDirectoryInformation = Infer<typeof FileIdAllExtdDirectoryInformation>

/** MS-FSCC 2.4.20. */
export const FileIdAllExtdBothDirectoryInformation = struct(
  'FileIdAllExtdBothDirectoryInformation',
  '2.4.20',
  idAllExtdBothFields,
)
export type FileIdAllExtdBothDirectoryInformation = Infer<typeof FileIdAllExtdBothDirectoryInformation>

const C = FileInformationClass

/** The entry's structure and its fields, in order, by class. */
export const directoryEntries = {
  [C.FileDirectoryInformation]: { structure: FileDirectoryInformation, fields: directoryFields },
  [C.FileFullDirectoryInformation]: { structure: FileFullDirectoryInformation, fields: fullFields },
  [C.FileIdFullDirectoryInformation]: { structure: FileIdFullDirectoryInformation, fields: idFullFields },
  [C.FileBothDirectoryInformation]: { structure: FileBothDirectoryInformation, fields: bothFields },
  [C.FileIdBothDirectoryInformation]: { structure: FileIdBothDirectoryInformation, fields: idBothFields },
  [C.FileNamesInformation]: { structure: FileNamesInformation, fields: namesFields },
  [C.FileIdGlobalTxDirectoryInformation]: { structure: FileIdGlobalTxDirectoryInformation, fields: idGlobalTxFields },
  [C.FileIdExtdDirectoryInformation]: { structure: FileIdExtdDirectoryInformation, fields: idExtdFields },
  [C.FileIdExtdBothDirectoryInformation]: { structure: FileIdExtdBothDirectoryInformation, fields: idExtdBothFields },
  [C.FileId64ExtdDirectoryInformation]: { structure: FileId64ExtdDirectoryInformation, fields: id64ExtdFields },
  [C.FileId64ExtdBothDirectoryInformation]: {
    structure: FileId64ExtdBothDirectoryInformation,
    fields: id64ExtdBothFields,
  },
  [C.FileIdAllExtdDirectoryInformation]: { structure: FileIdAllExtdDirectoryInformation, fields: idAllExtdFields },
  [C.FileIdAllExtdBothDirectoryInformation]: {
    structure: FileIdAllExtdBothDirectoryInformation,
    fields: idAllExtdBothFields,
  },
} as const

/** Classes in which a directory is listed. */
export type DirectoryInformationClass = keyof typeof directoryEntries

/** Tells whether a directory can be listed in this class. */
export const isDirectoryClass = (infoClass: number): infoClass is DirectoryInformationClass =>
  Object.hasOwn(directoryEntries, infoClass)
