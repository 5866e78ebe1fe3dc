import { bytes, type Infer, struct, tail, u8, u16, u32 } from '../schema/index.ts'
import { AdditionalInformation, InfoType } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2 SET_INFO Request. MS-SMB2 2.2.39. */
export const SetInfoRequest = struct('SMB2 SET_INFO Request', '2.2.39', {
  structureSize: u16.fixed(33),
  infoType: u8.oneOf(InfoType),
  fileInfoClass: u8.hex,
  bufferLength: u32.lengthOf('buffer'),
  bufferOffset: u16.offsetOf('buffer'),
  reserved: u16.reserved,
  additionalInformation: u32.flags(AdditionalInformation).or(0),
  fileId: FileId,
  buffer: tail(bytes, { padEmpty: 1 }),
})
export type SetInfoRequest = Infer<typeof SetInfoRequest>

/** SMB2 SET_INFO Response. MS-SMB2 2.2.40. */
export const SetInfoResponse = struct('SMB2 SET_INFO Response', '2.2.40', {
  structureSize: u16.fixed(2),
})
export type SetInfoResponse = Infer<typeof SetInfoResponse>
