import { type Infer, struct, u16 } from '../schema/index.ts'

/** SMB2 ECHO Request. MS-SMB2 2.2.28. */
export const EchoRequest = struct('SMB2 ECHO Request', '2.2.28', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type EchoRequest = Infer<typeof EchoRequest>

/** SMB2 ECHO Response. MS-SMB2 2.2.29. */
export const EchoResponse = struct('SMB2 ECHO Response', '2.2.29', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type EchoResponse = Infer<typeof EchoResponse>
