import { AccessMask } from '../dtyp/access-mask.ts'
import { bytes, type Infer, octets, struct, tail, u8, u16, u32, utf16 } from '../schema/index.ts'
import { ShareCapabilities, ShareFlags, ShareType, TreeConnectContextType, TreeConnectFlags } from './constants.ts'
import { packedList } from './packed-list.ts'

/**
 * SMB2 TREE_CONNECT Request. MS-SMB2 2.2.9. With EXTENSION_PRESENT in the flags it can also be read as
 * `TreeConnectRequestExtended`.
 */
export const TreeConnectRequest = struct('SMB2 TREE_CONNECT Request', '2.2.9', {
  structureSize: u16.fixed(9),
  flags: u16.flags(TreeConnectFlags).or(0),
  pathOffset: u16.offsetOf('path'),
  pathLength: u16.lengthOf('path'),
  path: tail(utf16, { padEmpty: 1 }),
})
export type TreeConnectRequest = Infer<typeof TreeConnectRequest>

/** One tree connect context, its data still encoded. MS-SMB2 2.2.9.2. */
export const TreeConnectContext = struct('SMB2 TREE_CONNECT_CONTEXT', '2.2.9.2', {
  contextType: u16.oneOf(TreeConnectContextType),
  dataLength: u16.lengthOf('data'),
  reserved: u32.reserved,
  data: tail(bytes),
})
export type TreeConnectContext = Infer<typeof TreeConnectContext>

/** SMB2 TREE_CONNECT Request with its extension (dialect 3.1.1). MS-SMB2 2.2.9.1. */
export const TreeConnectRequestExtended = struct('SMB2 TREE_CONNECT Request (extended)', '2.2.9.1', {
  structureSize: u16.fixed(9),
  flags: u16.flags(TreeConnectFlags).or(TreeConnectFlags.EXTENSION_PRESENT),
  pathOffset: u16.offsetOf('path'),
  pathLength: u16.lengthOf('path'),
  treeConnectContextOffset: u32.offsetOf('treeConnectContexts'),
  treeConnectContextCount: u16.countOf('treeConnectContexts'),
  reserved: octets(10).reserved,
  path: tail(utf16),
  treeConnectContexts: tail(packedList(TreeConnectContext, { align: 8, limit: 64 }), { align: 8 }),
})
export type TreeConnectRequestExtended = Infer<typeof TreeConnectRequestExtended>

/** SMB2 TREE_CONNECT Response. MS-SMB2 2.2.10. */
export const TreeConnectResponse = struct('SMB2 TREE_CONNECT Response', '2.2.10', {
  structureSize: u16.fixed(16),
  shareType: u8.oneOf(ShareType),
  reserved: u8.reserved,
  shareFlags: u32.flags(ShareFlags),
  capabilities: u32.flags(ShareCapabilities),
  maximalAccess: u32.flags(AccessMask),
})
export type TreeConnectResponse = Infer<typeof TreeConnectResponse>
