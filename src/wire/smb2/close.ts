import { FileAttributes } from '../fscc/file-attributes.ts'
import { filetime, type Infer, struct, u16, u32, u64 } from '../schema/index.ts'
import { CloseFlags } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2 CLOSE Request. MS-SMB2 2.2.15. */
export const CloseRequest = struct('SMB2 CLOSE Request', '2.2.15', {
  structureSize: u16.fixed(24),
  flags: u16.flags(CloseFlags),
  reserved: u32.reserved,
  fileId: FileId,
})
export type CloseRequest = Infer<typeof CloseRequest>

/** SMB2 CLOSE Response; times and sizes are zero unless POSTQUERY_ATTRIB is set. MS-SMB2 2.2.16. */
export const CloseResponse = struct('SMB2 CLOSE Response', '2.2.16', {
  structureSize: u16.fixed(60),
  flags: u16.flags(CloseFlags),
  reserved: u32.reserved,
  creationTime: filetime,
  lastAccessTime: filetime,
  lastWriteTime: filetime,
  changeTime: filetime,
  allocationSize: u64,
  endOfFile: u64,
  fileAttributes: u32.flags(FileAttributes),
})
export type CloseResponse = Infer<typeof CloseResponse>
