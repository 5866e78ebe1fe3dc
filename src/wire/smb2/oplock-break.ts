import { type Infer, struct, u8, u16, u32 } from '../schema/index.ts'
import { OplockLevel } from './file-constants.ts'
import { FileId } from './file-id.ts'

const fields = {
  structureSize: u16.fixed(24),
  oplockLevel: u8.oneOf(OplockLevel),
  reserved: u8.reserved,
  reserved2: u32.reserved,
  fileId: FileId,
}

/** Sent by the server with message id 2^64-1. MS-SMB2 2.2.23.1. */
export const OplockBreakNotification = struct('SMB2 OPLOCK_BREAK Notification', '2.2.23.1', fields)
export type OplockBreakNotification = Infer<typeof OplockBreakNotification>

/** MS-SMB2 2.2.24.1. */
export const OplockBreakAcknowledgment = struct('SMB2 OPLOCK_BREAK Acknowledgment', '2.2.24.1', fields)
export type OplockBreakAcknowledgment = Infer<typeof OplockBreakAcknowledgment>

/** MS-SMB2 2.2.25.1. */
export const OplockBreakResponse = struct('SMB2 OPLOCK_BREAK Response', '2.2.25.1', fields)
export type OplockBreakResponse = Infer<typeof OplockBreakResponse>
