import { bytes, type Infer, optionalTail, struct, tail, u16, u32, u64 } from '../schema/index.ts'
import { Channel } from './constants.ts'
import { WriteFlags } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2 WRITE Request. MS-SMB2 2.2.21. */
export const WriteRequest = struct('SMB2 WRITE Request', '2.2.21', {
  structureSize: u16.fixed(49),
  dataOffset: u16.offsetOf('data'),
  length: u32.lengthOf('data'),
  offset: u64,
  fileId: FileId,
  channel: u32.oneOf(Channel).or(0),
  remainingBytes: u32.or(0),
  writeChannelInfoOffset: u16.offsetOf('channelInfo'),
  writeChannelInfoLength: u16.lengthOf('channelInfo'),
  flags: u32.flags(WriteFlags).or(0),
  channelInfo: optionalTail(bytes, new Uint8Array(0), { zeroOffsetWhenEmpty: true }),
  data: tail(bytes, { padEmpty: 1 }),
})
export type WriteRequest = Infer<typeof WriteRequest>

/** SMB2 WRITE Response; nothing follows its 16 bytes. MS-SMB2 2.2.22. */
export const WriteResponse = struct('SMB2 WRITE Response', '2.2.22', {
  structureSize: u16.fixed(17),
  reserved: u16.reserved,
  count: u32,
  remaining: u32.or(0),
  writeChannelInfoOffset: u16.reserved,
  writeChannelInfoLength: u16.reserved,
})
export type WriteResponse = Infer<typeof WriteResponse>
