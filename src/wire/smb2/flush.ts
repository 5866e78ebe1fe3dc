import { type Infer, struct, u16, u32 } from '../schema/index.ts'
import { FileId } from './file-id.ts'

/** SMB2 FLUSH Request. MS-SMB2 2.2.17. */
export const FlushRequest = struct('SMB2 FLUSH Request', '2.2.17', {
  structureSize: u16.fixed(24),
  reserved1: u16.reserved,
  reserved2: u32.reserved,
  fileId: FileId,
})
export type FlushRequest = Infer<typeof FlushRequest>

/** SMB2 FLUSH Response. MS-SMB2 2.2.18. */
export const FlushResponse = struct('SMB2 FLUSH Response', '2.2.18', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type FlushResponse = Infer<typeof FlushResponse>
