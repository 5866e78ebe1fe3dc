import { type Infer, struct, u8, u16, u32, u64 } from '../schema/index.ts'
import { bool8 } from './kinds.ts'

/** MS-FSCC 2.4.47. */
export const FileStandardInformation = struct('FileStandardInformation', '2.4.47', {
  allocationSize: u64,
  endOfFile: u64,
  numberOfLinks: u32,
  deletePending: bool8,
  directory: bool8,
  reserved: u16.reserved,
})
export type FileStandardInformation = Infer<typeof FileStandardInformation>

/** MS-FSCC 2.4.48. */
export const FileStandardLinkInformation = struct('FileStandardLinkInformation', '2.4.48', {
  numberOfAccessibleLinks: u32,
  totalNumberOfLinks: u32,
  deletePending: bool8,
  directory: bool8,
  reserved: u16.reserved,
})
export type FileStandardLinkInformation = Infer<typeof FileStandardLinkInformation>

/** MS-FSCC 2.4.27. */
export const FileInternalInformation = struct('FileInternalInformation', '2.4.27', { indexNumber: u64.hex })
export type FileInternalInformation = Infer<typeof FileInternalInformation>

/** MS-FSCC 2.4.13. */
export const FileEaInformation = struct('FileEaInformation', '2.4.13', { eaSize: u32 })
export type FileEaInformation = Infer<typeof FileEaInformation>

/** MS-FSCC 2.4.9. */
export const CompressionFormat = { NONE: 0, DEFAULT: 1, LZNT1: 2 } as const

/** MS-FSCC 2.4.9. */
export const FileCompressionInformation = struct('FileCompressionInformation', '2.4.9', {
  compressedFileSize: u64,
  compressionFormat: u16.oneOf(CompressionFormat),
  compressionUnitShift: u8,
  chunkShift: u8,
  clusterShift: u8,
  reserved1: u8.reserved,
  reserved2: u16.reserved,
})
export type FileCompressionInformation = Infer<typeof FileCompressionInformation>
