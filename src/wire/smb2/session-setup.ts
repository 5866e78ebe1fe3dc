import { bytes, type Infer, struct, tail, u8, u16, u32, u64 } from '../schema/index.ts'
import { Capabilities, SecurityMode, SessionFlags, SessionSetupFlags } from './constants.ts'

/** SMB2 SESSION_SETUP Request. MS-SMB2 2.2.5. */
export const SessionSetupRequest = struct('SMB2 SESSION_SETUP Request', '2.2.5', {
  structureSize: u16.fixed(25),
  flags: u8.flags(SessionSetupFlags).or(0),
  securityMode: u8.flags(SecurityMode),
  capabilities: u32.flags(Capabilities),
  channel: u32.reserved,
  securityBufferOffset: u16.offsetOf('securityBuffer'),
  securityBufferLength: u16.lengthOf('securityBuffer'),
  previousSessionId: u64.hex.or(0n),
  securityBuffer: tail(bytes, { padEmpty: 1 }),
})
export type SessionSetupRequest = Infer<typeof SessionSetupRequest>

/** SMB2 SESSION_SETUP Response; also with STATUS_MORE_PROCESSING_REQUIRED. MS-SMB2 2.2.6. */
export const SessionSetupResponse = struct('SMB2 SESSION_SETUP Response', '2.2.6', {
  structureSize: u16.fixed(9),
  sessionFlags: u16.flags(SessionFlags),
  securityBufferOffset: u16.offsetOf('securityBuffer'),
  securityBufferLength: u16.lengthOf('securityBuffer'),
  securityBuffer: tail(bytes),
})
export type SessionSetupResponse = Infer<typeof SessionSetupResponse>
