import { bytes, type Infer, optionalTail, struct, u8, u16 } from '../schema/index.ts'

const nothing = new Uint8Array(0)

/** No words, and as a rule no bytes: answers that say nothing, and those to what has failed. MS-CIFS 2.2.3. */
export const Smb1Empty = struct('SMB1 empty body', 'MS-CIFS 2.2.3', {
  wordCount: u8.fixed(0),
  byteCount: u16.lengthOfRest,
  data: optionalTail(bytes, nothing),
})
export type Smb1Empty = Infer<typeof Smb1Empty>
