import { chain, guid, type Infer, octets, struct, tail, u32, u64, utf16 } from '../schema/index.ts'
import { u128, unitsLengthOf } from './kinds.ts'
import { ReparseTag } from './reparse-tag.ts'

/** MS-FSCC 2.4.26. */
export const FileIdInformation = struct('FileIdInformation', '2.4.26', {
  volumeSerialNumber: u64.hex,
  fileId: u128,
})
export type FileIdInformation = Infer<typeof FileIdInformation>

/** An entry of a volume's list of object ids. MS-FSCC 2.4.36.1. */
export const FileObjectIdInformation = struct('FileObjectIdInformation', '2.4.36.1', {
  fileReferenceNumber: u64.hex,
  objectId: guid,
  birthVolumeId: guid,
  birthObjectId: guid,
  domainId: guid,
})
export type FileObjectIdInformation = Infer<typeof FileObjectIdInformation>

/** The same with 48 bytes of the owner's. MS-FSCC 2.4.36.2. */
export const FileObjectIdInformation2 = struct('FileObjectIdInformation', '2.4.36.2', {
  fileReferenceNumber: u64.hex,
  objectId: guid,
  extendedInfo: octets(48),
})
export type FileObjectIdInformation2 = Infer<typeof FileObjectIdInformation2>

/** An entry of a volume's list of reparse points. MS-FSCC 2.4.44. */
export const FileReparsePointInformation = struct('FileReparsePointInformation', '2.4.44', {
  fileReferenceNumber: u64.hex,
  tag: u32.oneOf(ReparseTag),
})
export type FileReparsePointInformation = Infer<typeof FileReparsePointInformation>

/** One name of a file. MS-FSCC 2.4.17.1. */
export const FileLinkEntry = struct('FILE_LINK_ENTRY_INFORMATION', '2.4.17.1', {
  nextEntryOffset: u32.reserved,
  reserved: u32.reserved,
  parentFileId: u64.hex,
  /** On the wire in UTF-16 units, unlike all other lengths of names. */
  fileNameLength: unitsLengthOf('fileName'),
  fileName: tail(utf16),
})
export type FileLinkEntry = Infer<typeof FileLinkEntry>

/** MS-FSCC 2.4.17. */
export const FileHardLinkInformation = struct('FileHardLinkInformation', '2.4.17', {
  bytesNeeded: u32,
  entriesReturned: u32,
  entries: tail(chain(FileLinkEntry, { align: 8 })),
})
export type FileHardLinkInformation = Infer<typeof FileHardLinkInformation>
