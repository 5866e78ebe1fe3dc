import { AccessMask } from '../dtyp/access-mask.ts'
import { type Infer, struct, u32, u64 } from '../schema/index.ts'

/** MS-FSCC 2.4.1. */
export const FileAccessInformation = struct('FileAccessInformation', '2.4.1', { accessFlags: u32.flags(AccessMask) })
export type FileAccessInformation = Infer<typeof FileAccessInformation>

/** MS-FSCC 2.4.40. */
export const FilePositionInformation = struct('FilePositionInformation', '2.4.40', { currentByteOffset: u64 })
export type FilePositionInformation = Infer<typeof FilePositionInformation>

/** How a file was opened (MS-FSCC 2.4.31). */
export const FileMode = {
  WRITE_THROUGH: 0x0000_0002,
  SEQUENTIAL_ONLY: 0x0000_0004,
  NO_INTERMEDIATE_BUFFERING: 0x0000_0008,
  SYNCHRONOUS_IO_ALERT: 0x0000_0010,
  SYNCHRONOUS_IO_NONALERT: 0x0000_0020,
  DELETE_ON_CLOSE: 0x0000_1000,
} as const

/** MS-FSCC 2.4.31. */
export const FileModeInformation = struct('FileModeInformation', '2.4.31', { mode: u32.flags(FileMode) })
export type FileModeInformation = Infer<typeof FileModeInformation>

/** MS-FSCC 2.4.3. */
export const FileAlignment = {
  BYTE: 0x000,
  WORD: 0x001,
  LONG: 0x003,
  QUAD: 0x007,
  OCTA: 0x00f,
  BYTES_32: 0x01f,
  BYTES_64: 0x03f,
  BYTES_128: 0x07f,
  BYTES_256: 0x0ff,
  BYTES_512: 0x1ff,
} as const

/** MS-FSCC 2.4.3. */
export const FileAlignmentInformation = struct('FileAlignmentInformation', '2.4.3', {
  alignmentRequirement: u32.hex,
})
export type FileAlignmentInformation = Infer<typeof FileAlignmentInformation>
