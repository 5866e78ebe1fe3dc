import { bytes, type Infer, optionalTail, struct, tail, u8, u16, u32, u64 } from '../schema/index.ts'
import { Channel } from './constants.ts'
import { ReadFlags, ReadResponseFlags } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2 READ Request. MS-SMB2 2.2.19. */
export const ReadRequest = struct('SMB2 READ Request', '2.2.19', {
  structureSize: u16.fixed(49),
  padding: u8.or(0),
  flags: u8.flags(ReadFlags).or(0),
  length: u32,
  offset: u64,
  fileId: FileId,
  minimumCount: u32.or(0),
  channel: u32.oneOf(Channel).or(0),
  remainingBytes: u32.or(0),
  readChannelInfoOffset: u16.offsetOf('channelInfo'),
  readChannelInfoLength: u16.lengthOf('channelInfo'),
  channelInfo: optionalTail(bytes, new Uint8Array(0), { padEmpty: 1, zeroOffsetWhenEmpty: true }),
})
export type ReadRequest = Infer<typeof ReadRequest>

/** SMB2 READ Response. MS-SMB2 2.2.20. */
export const ReadResponse = struct('SMB2 READ Response', '2.2.20', {
  structureSize: u16.fixed(17),
  dataOffset: u8.offsetOf('data'),
  reserved: u8.reserved,
  dataLength: u32.lengthOf('data'),
  dataRemaining: u32.or(0),
  flags: u32.flags(ReadResponseFlags).or(0),
  data: tail(bytes, { padEmpty: 1 }),
})
export type ReadResponse = Infer<typeof ReadResponse>
