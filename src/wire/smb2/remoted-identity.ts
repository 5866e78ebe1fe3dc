/** Data of the tree connect context by which a client speaks for another user. MS-SMB2 2.2.9.2.1. */
import { bytes, type Infer, struct, tail, u16, u32, u64 } from '../schema/index.ts'
import { packedList } from './packed-list.ts'

/**
 * SMB2_REMOTED_IDENTITY_TREE_CONNECT. MS-SMB2 2.2.9.2.1. The fields from `user` on are offsets from its start to what
 * lies in `ticketInfo`: BlobData, SidAttrData, SidArrayData or PrivilegeArrayData; zero where there is none.
 */
export const RemotedIdentity = struct('SMB2_REMOTED_IDENTITY_TREE_CONNECT', '2.2.9.2.1', {
  ticketType: u16.fixed(1),
  ticketSize: u16,
  user: u16,
  userName: u16,
  domain: u16,
  groups: u16,
  restrictedGroups: u16,
  privileges: u16,
  primaryGroup: u16,
  owner: u16,
  defaultDacl: u16,
  deviceGroups: u16,
  userClaims: u16,
  deviceClaims: u16,
  ticketInfo: tail(bytes),
})
export type RemotedIdentity = Infer<typeof RemotedIdentity>

/** BLOB_DATA. MS-SMB2 2.2.9.2.1.1. */
export const BlobData = struct('BLOB_DATA', '2.2.9.2.1.1', {
  blobSize: u16.lengthOf('blobData'),
  blobData: tail(bytes),
})
export type BlobData = Infer<typeof BlobData>

const SidAttributes = struct('SID_ATTR_DATA.Attr', '2.2.9.2.1.2', { value: u32.hex })

/** A SID, still encoded, and its SE_GROUP attributes. MS-SMB2 2.2.9.2.1.2. */
export const SidAttrData = struct('SID_ATTR_DATA', '2.2.9.2.1.2', {
  sidSize: u16.lengthOf('sidData'),
  sidData: tail(bytes),
  attributes: tail(SidAttributes),
})
export type SidAttrData = Infer<typeof SidAttrData>

/** SID_ARRAY_DATA. MS-SMB2 2.2.9.2.1.3. */
export const SidArrayData = struct('SID_ARRAY_DATA', '2.2.9.2.1.3', {
  sidAttrCount: u16.countOf('sidAttrList'),
  sidAttrList: tail(packedList(SidAttrData, { align: 1 })),
})
export type SidArrayData = Infer<typeof SidArrayData>

/** LUID_ATTR_DATA. MS-SMB2 2.2.9.2.1.4. */
export const LuidAttrData = struct('LUID_ATTR_DATA', '2.2.9.2.1.4', { luid: u64, attributes: u32.hex })
export type LuidAttrData = Infer<typeof LuidAttrData>

/** PRIVILEGE_DATA. MS-SMB2 2.2.9.2.1.5. */
export const PrivilegeData = struct('PRIVILEGE_DATA', '2.2.9.2.1.5', {
  blobSize: u16.fixed(12),
  blobData: LuidAttrData,
})
export type PrivilegeData = Infer<typeof PrivilegeData>

/** PRIVILEGE_ARRAY_DATA. MS-SMB2 2.2.9.2.1.6. */
export const PrivilegeArrayData = struct('PRIVILEGE_ARRAY_DATA', '2.2.9.2.1.6', {
  privilegeCount: u16.countOf('privilegeList'),
  privilegeList: tail(packedList(PrivilegeData, { align: 1 })),
})
export type PrivilegeArrayData = Infer<typeof PrivilegeArrayData>
