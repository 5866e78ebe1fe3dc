import { type Infer, struct, u8, u16 } from '../schema/index.ts'

/** The same both ways. MS-CIFS 2.2.4.51. */
export const Smb1TreeDisconnect = struct('SMB1 TREE_DISCONNECT', 'MS-CIFS 2.2.4.51', {
  wordCount: u8.fixed(0),
  byteCount: u16.lengthOfRest,
})
export type Smb1TreeDisconnect = Infer<typeof Smb1TreeDisconnect>
