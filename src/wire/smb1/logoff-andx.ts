import { type Infer, struct, u8, u16 } from '../schema/index.ts'
import { andX } from './andx.ts'

/** The same both ways. MS-CIFS 2.2.4.54. */
export const Smb1Logoff = struct('SMB1 LOGOFF_ANDX', 'MS-CIFS 2.2.4.54', {
  wordCount: u8.fixed(2),
  ...andX,
  byteCount: u16.lengthOfRest,
})
export type Smb1Logoff = Infer<typeof Smb1Logoff>
