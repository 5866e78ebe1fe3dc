import { bytes, type Infer, optionalTail, struct, tail, u8, u16, u32 } from '../schema/index.ts'
import { AdditionalInformation, InfoType, QueryInfoFlags } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2 QUERY_INFO Request. MS-SMB2 2.2.37. Without an input buffer nothing follows the fixed part. */
export const QueryInfoRequest = struct('SMB2 QUERY_INFO Request', '2.2.37', {
  structureSize: u16.fixed(41),
  infoType: u8.oneOf(InfoType),
  fileInfoClass: u8.hex,
  outputBufferLength: u32,
  inputBufferOffset: u16.offsetOf('inputBuffer'),
  reserved: u16.reserved,
  inputBufferLength: u32.lengthOf('inputBuffer'),
  additionalInformation: u32.flags(AdditionalInformation).or(0),
  flags: u32.flags(QueryInfoFlags).or(0),
  fileId: FileId,
  inputBuffer: optionalTail(bytes, new Uint8Array(0)),
})
export type QueryInfoRequest = Infer<typeof QueryInfoRequest>

/** SMB2 QUERY_INFO Response. MS-SMB2 2.2.38. */
export const QueryInfoResponse = struct('SMB2 QUERY_INFO Response', '2.2.38', {
  structureSize: u16.fixed(9),
  outputBufferOffset: u16.offsetOf('outputBuffer'),
  outputBufferLength: u32.lengthOf('outputBuffer'),
  outputBuffer: tail(bytes, { padEmpty: 1 }),
})
export type QueryInfoResponse = Infer<typeof QueryInfoResponse>

/** Input of a QUERY_INFO for quotas: whose; without list and SID, those of all users. MS-SMB2 2.2.37.1. */
export const QueryQuotaInfo = struct('SMB2_QUERY_QUOTA_INFO', '2.2.37.1', {
  returnSingle: u8.or(0),
  restartScan: u8.or(0),
  reserved: u16.reserved,
  sidListLength: u32.or(0),
  startSidLength: u32.or(0),
  startSidOffset: u32.or(0),
  /** As long a FileGetQuotaInformation as `sidListLength` says, or the SID to begin at. */
  sidBuffer: optionalTail(bytes, new Uint8Array(0)),
})
export type QueryQuotaInfo = Infer<typeof QueryQuotaInfo>
