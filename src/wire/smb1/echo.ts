import { bytes, type Infer, struct, tail, u8, u16 } from '../schema/index.ts'

/** MS-CIFS 2.2.4.39.1. */
export const Smb1EchoRequest = struct('SMB1 ECHO Request', 'MS-CIFS 2.2.4.39.1', {
  wordCount: u8.fixed(1),
  /** How many answers there are to be. */
  echoCount: u16,
  byteCount: u16.lengthOfRest,
  data: tail(bytes),
})
export type Smb1EchoRequest = Infer<typeof Smb1EchoRequest>

/** MS-CIFS 2.2.4.39.2. */
export const Smb1EchoResponse = struct('SMB1 ECHO Response', 'MS-CIFS 2.2.4.39.2', {
  wordCount: u8.fixed(1),
  /** The first is 1. */
  sequenceNumber: u16,
  byteCount: u16.lengthOfRest,
  data: tail(bytes),
})
export type Smb1EchoResponse = Infer<typeof Smb1EchoResponse>
