import { FileInformationClass } from '../fscc/information-class.ts'
import { bytes, type Infer, struct, tail, u8, u16, u32, utf16 } from '../schema/index.ts'
import { QueryDirectoryFlags } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2 QUERY_DIRECTORY Request. MS-SMB2 2.2.33. */
export const QueryDirectoryRequest = struct('SMB2 QUERY_DIRECTORY Request', '2.2.33', {
  structureSize: u16.fixed(33),
  fileInformationClass: u8.oneOf(FileInformationClass),
  flags: u8.flags(QueryDirectoryFlags),
  fileIndex: u32.or(0),
  fileId: FileId,
  fileNameOffset: u16.offsetOf('fileName'),
  fileNameLength: u16.lengthOf('fileName'),
  outputBufferLength: u32,
  fileName: tail(utf16, { padEmpty: 1 }),
})
export type QueryDirectoryRequest = Infer<typeof QueryDirectoryRequest>

/** SMB2 QUERY_DIRECTORY Response. MS-SMB2 2.2.34. */
export const QueryDirectoryResponse = struct('SMB2 QUERY_DIRECTORY Response', '2.2.34', {
  structureSize: u16.fixed(9),
  outputBufferOffset: u16.offsetOf('outputBuffer'),
  outputBufferLength: u32.lengthOf('outputBuffer'),
  outputBuffer: tail(bytes, { padEmpty: 1 }),
})
export type QueryDirectoryResponse = Infer<typeof QueryDirectoryResponse>
