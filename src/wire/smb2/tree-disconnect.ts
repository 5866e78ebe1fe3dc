import { type Infer, struct, u16 } from '../schema/index.ts'

/** SMB2 TREE_DISCONNECT Request. MS-SMB2 2.2.11. */
export const TreeDisconnectRequest = struct('SMB2 TREE_DISCONNECT Request', '2.2.11', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type TreeDisconnectRequest = Infer<typeof TreeDisconnectRequest>

/** SMB2 TREE_DISCONNECT Response. MS-SMB2 2.2.12. */
export const TreeDisconnectResponse = struct('SMB2 TREE_DISCONNECT Response', '2.2.12', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type TreeDisconnectResponse = Infer<typeof TreeDisconnectResponse>
