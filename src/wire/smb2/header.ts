import { NtStatus } from '../erref/ntstatus.ts'
import { type Infer, octets, struct, u16, u32, u64 } from '../schema/index.ts'
import { Command, HeaderFlags } from './constants.ts'

/** First four bytes of each message: 0xFE 'SMB'. */
export const SMB2_PROTOCOL_ID = 0x424d_53fe
/** Bytes of the header; bodies begin here. */
export const SMB2_HEADER_SIZE = 64

/**
 * The header of a synchronous message. MS-SMB2 2.2.1.2. In requests of dialect 3.x the low 16 bits of `status` are
 * the channel sequence.
 */
export const Smb2Header = struct('SMB2 header', '2.2.1.2', {
  protocolId: u32.hex.fixed(SMB2_PROTOCOL_ID),
  structureSize: u16.fixed(SMB2_HEADER_SIZE),
  creditCharge: u16.or(0),
  status: u32.oneOf(NtStatus).or(0),
  command: u16.oneOf(Command),
  credits: u16,
  flags: u32.flags(HeaderFlags),
  nextCommand: u32.or(0),
  messageId: u64,
  processId: u32.hex.or(0),
  treeId: u32.hex,
  sessionId: u64.hex,
  signature: octets(16),
})
export type Smb2Header = Infer<typeof Smb2Header>

/** The header of a message whose flags have ASYNC_COMMAND. MS-SMB2 2.2.1.1. */
export const Smb2AsyncHeader = struct('SMB2 header (async)', '2.2.1.1', {
  protocolId: u32.hex.fixed(SMB2_PROTOCOL_ID),
  structureSize: u16.fixed(SMB2_HEADER_SIZE),
  creditCharge: u16.or(0),
  status: u32.oneOf(NtStatus).or(0),
  command: u16.oneOf(Command),
  credits: u16,
  flags: u32.flags(HeaderFlags),
  nextCommand: u32.or(0),
  messageId: u64,
  asyncId: u64,
  sessionId: u64.hex,
  signature: octets(16),
})
export type Smb2AsyncHeader = Infer<typeof Smb2AsyncHeader>

/** The channel sequence in the status field of a request of dialect 3.x. MS-SMB2 2.2.1.2. */
export const channelSequence = (header: { readonly status: number }): number => header.status & 0xffff
