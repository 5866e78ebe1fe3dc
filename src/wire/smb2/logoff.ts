import { type Infer, struct, u16 } from '../schema/index.ts'

/** SMB2 LOGOFF Request. MS-SMB2 2.2.7. */
export const LogoffRequest = struct('SMB2 LOGOFF Request', '2.2.7', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type LogoffRequest = Infer<typeof LogoffRequest>

/** SMB2 LOGOFF Response. MS-SMB2 2.2.8. */
export const LogoffResponse = struct('SMB2 LOGOFF Response', '2.2.8', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type LogoffResponse = Infer<typeof LogoffResponse>
