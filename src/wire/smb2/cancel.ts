import { type Infer, struct, u16 } from '../schema/index.ts'

/** SMB2 CANCEL Request; it has no response. MS-SMB2 2.2.30. */
export const CancelRequest = struct('SMB2 CANCEL Request', '2.2.30', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type CancelRequest = Infer<typeof CancelRequest>
