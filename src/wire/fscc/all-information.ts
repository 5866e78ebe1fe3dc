import { type Infer, struct, tail, u32, utf16 } from '../schema/index.ts'
import { FileBasicInformation } from './basic-information.ts'
import {
  FileAccessInformation,
  FileAlignmentInformation,
  FileModeInformation,
  FilePositionInformation,
} from './open-information.ts'
import { FileEaInformation, FileInternalInformation, FileStandardInformation } from './standard-information.ts'

/** MS-FSCC 2.4.2. */
export const FileAllInformation = struct('FileAllInformation', '2.4.2', {
  basic: FileBasicInformation,
  standard: FileStandardInformation,
  internal: FileInternalInformation,
  ea: FileEaInformation,
  access: FileAccessInformation,
  position: FilePositionInformation,
  mode: FileModeInformation,
  alignment: FileAlignmentInformation,
  fileNameLength: u32.lengthOf('fileName'),
  fileName: tail(utf16),
})
export type FileAllInformation = Infer<typeof FileAllInformation>
