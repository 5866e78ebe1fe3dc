import { guid, type Infer, struct, u16, u32, u64 } from '../schema/index.ts'
import { LeaseBreakFlags, LeaseState } from './file-constants.ts'

/** Sent by the server with message id 2^64-1. MS-SMB2 2.2.23.2. */
export const LeaseBreakNotification = struct('SMB2 Lease Break Notification', '2.2.23.2', {
  structureSize: u16.fixed(44),
  newEpoch: u16.or(0),
  flags: u32.flags(LeaseBreakFlags),
  leaseKey: guid,
  currentLeaseState: u32.flags(LeaseState),
  newLeaseState: u32.flags(LeaseState),
  breakReason: u32.reserved,
  accessMaskHint: u32.reserved,
  shareMaskHint: u32.reserved,
})
export type LeaseBreakNotification = Infer<typeof LeaseBreakNotification>

const fields = {
  structureSize: u16.fixed(36),
  reserved: u16.reserved,
  flags: u32.or(0),
  leaseKey: guid,
  leaseState: u32.flags(LeaseState),
  leaseDuration: u64.reserved,
}

/** MS-SMB2 2.2.24.2. */
export const LeaseBreakAcknowledgment = struct('SMB2 Lease Break Acknowledgment', '2.2.24.2', fields)
export type LeaseBreakAcknowledgment = Infer<typeof LeaseBreakAcknowledgment>

/** MS-SMB2 2.2.25.2. */
export const LeaseBreakResponse = struct('SMB2 Lease Break Response', '2.2.25.2', fields)
export type LeaseBreakResponse = Infer<typeof LeaseBreakResponse>
