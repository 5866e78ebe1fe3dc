import { bytes, type Infer, struct, tail, u16, u32 } from '../schema/index.ts'
import { CompletionFilter, NotifyFlags } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2 CHANGE_NOTIFY Request. MS-SMB2 2.2.35. */
export const ChangeNotifyRequest = struct('SMB2 CHANGE_NOTIFY Request', '2.2.35', {
  structureSize: u16.fixed(32),
  flags: u16.flags(NotifyFlags),
  outputBufferLength: u32,
  fileId: FileId,
  completionFilter: u32.flags(CompletionFilter),
  reserved: u32.reserved,
})
export type ChangeNotifyRequest = Infer<typeof ChangeNotifyRequest>

/** SMB2 CHANGE_NOTIFY Response: FILE_NOTIFY_INFORMATION records. MS-SMB2 2.2.36. */
export const ChangeNotifyResponse = struct('SMB2 CHANGE_NOTIFY Response', '2.2.36', {
  structureSize: u16.fixed(9),
  outputBufferOffset: u16.offsetOf('outputBuffer'),
  outputBufferLength: u32.lengthOf('outputBuffer'),
  outputBuffer: tail(bytes, { padEmpty: 1 }),
})
export type ChangeNotifyResponse = Infer<typeof ChangeNotifyResponse>
