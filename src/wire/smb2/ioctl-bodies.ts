/** What is in `input` and `output` of the control codes that MS-SMB2 defines itself. MS-SMB2 2.2.31 and 2.2.32. */
import {
  array,
  bytes,
  chain,
  guid,
  type Infer,
  octets,
  optionalTail,
  struct,
  tail,
  u16,
  u16be,
  u32,
  u64,
  utf16,
} from '../schema/index.ts'
import { Capabilities, Dialect, SecurityMode } from './constants.ts'

/** MS-SMB2 2.2.31.1.1. */
export const SrvCopychunk = struct('SRV_COPYCHUNK', '2.2.31.1.1', {
  sourceOffset: u64,
  targetOffset: u64,
  length: u32,
  reserved: u32.reserved,
})
export type SrvCopychunk = Infer<typeof SrvCopychunk>

/** Input of SRV_COPYCHUNK and SRV_COPYCHUNK_WRITE. MS-SMB2 2.2.31.1. */
export const SrvCopychunkCopy = struct('SRV_COPYCHUNK_COPY', '2.2.31.1', {
  sourceKey: octets(24),
  chunkCount: u32.countOf('chunks'),
  reserved: u32.reserved,
  chunks: tail(array(SrvCopychunk)),
})
export type SrvCopychunkCopy = Infer<typeof SrvCopychunkCopy>

/** With STATUS_INVALID_PARAMETER it says what the server's limits are. MS-SMB2 2.2.32.1. */
export const SrvCopychunkResponse = struct('SRV_COPYCHUNK_RESPONSE', '2.2.32.1', {
  chunksWritten: u32,
  chunkBytesWritten: u32,
  totalBytesWritten: u32,
})
export type SrvCopychunkResponse = Infer<typeof SrvCopychunkResponse>

/** Output of SRV_REQUEST_RESUME_KEY. MS-SMB2 2.2.32.3. */
export const SrvRequestResumeKeyResponse = struct('SRV_REQUEST_RESUME_KEY Response', '2.2.32.3', {
  resumeKey: octets(24),
  contextLength: u32.lengthOf('context'),
  context: optionalTail(bytes, new Uint8Array(0), { padEmpty: 4 }),
})
export type SrvRequestResumeKeyResponse = Infer<typeof SrvRequestResumeKeyResponse>

/**
 * Output of SRV_ENUMERATE_SNAPSHOTS. MS-SMB2 2.2.32.2. `snapShots` is a list of names, each ended by a zero, the list
 * by another one. `snapShotArraySize` is what it would need where it does not fit, so it is no length here.
 */
export const SrvSnapshotArray = struct('SRV_SNAPSHOT_ARRAY', '2.2.32.2', {
  numberOfSnapShots: u32,
  numberOfSnapShotsReturned: u32,
  snapShotArraySize: u32,
  snapShots: tail(utf16),
})
export type SrvSnapshotArray = Infer<typeof SrvSnapshotArray>

/** MS-SMB2 2.2.31.2. */
export const HashRetrievalType = { HASH_BASED: 0x0000_0001, FILE_BASED: 0x0000_0002 } as const

/** MS-SMB2 2.2.31.2. */
export const SrvReadHashRequest = struct('SRV_READ_HASH Request', '2.2.31.2', {
  hashType: u32,
  hashVersion: u32,
  hashRetrievalType: u32.oneOf(HashRetrievalType),
  length: u32,
  offset: u64,
})
export type SrvReadHashRequest = Infer<typeof SrvReadHashRequest>

/** MS-SMB2 2.2.32.4.2. */
export const SrvHashRetrieveHashBased = struct('SRV_HASH_RETRIEVE_HASH_BASED', '2.2.32.4.2', {
  offset: u64,
  bufferLength: u32.lengthOf('buffer'),
  reserved: u32.reserved,
  buffer: tail(bytes),
})
export type SrvHashRetrieveHashBased = Infer<typeof SrvHashRetrieveHashBased>

/** MS-SMB2 2.2.32.4.3. */
export const SrvHashRetrieveFileBased = struct('SRV_HASH_RETRIEVE_FILE_BASED', '2.2.32.4.3', {
  fileDataOffset: u64,
  fileDataLength: u64,
  bufferLength: u32.lengthOf('buffer'),
  reserved: u32.reserved,
  buffer: tail(bytes),
})
export type SrvHashRetrieveFileBased = Infer<typeof SrvHashRetrieveFileBased>

/** The header before the content information of a file. MS-SMB2 2.2.32.4.1. */
export const HashHeader = struct('HASH_HEADER', '2.2.32.4.1', {
  hashType: u32,
  hashVersion: u32,
  sourceFileChangeTime: u64,
  sourceFileSize: u64,
  hashBlobLength: u32,
  hashBlobOffset: u32,
  dirty: u16,
  sourceFileNameLength: u16.lengthOf('sourceFileName'),
  sourceFileName: tail(utf16),
})
export type HashHeader = Infer<typeof HashHeader>

/** Input of LMR_REQUEST_RESILIENCY; `timeout` in milliseconds. MS-SMB2 2.2.31.3. */
export const NetworkResiliencyRequest = struct('NETWORK_RESILIENCY_REQUEST', '2.2.31.3', {
  timeout: u32,
  reserved: u32.reserved,
})
export type NetworkResiliencyRequest = Infer<typeof NetworkResiliencyRequest>

/** MS-SMB2 2.2.31.4. */
export const ValidateNegotiateInfoRequest = struct('VALIDATE_NEGOTIATE_INFO Request', '2.2.31.4', {
  capabilities: u32.flags(Capabilities),
  guid,
  securityMode: u16.flags(SecurityMode),
  dialectCount: u16.countOf('dialects'),
  dialects: tail(array(u16.oneOf(Dialect))),
})
export type ValidateNegotiateInfoRequest = Infer<typeof ValidateNegotiateInfoRequest>

/** MS-SMB2 2.2.32.6. */
export const ValidateNegotiateInfoResponse = struct('VALIDATE_NEGOTIATE_INFO Response', '2.2.32.6', {
  capabilities: u32.flags(Capabilities),
  guid,
  securityMode: u16.flags(SecurityMode),
  dialect: u16.oneOf(Dialect),
})
export type ValidateNegotiateInfoResponse = Infer<typeof ValidateNegotiateInfoResponse>

/** MS-SMB2 2.2.32.5. */
export const InterfaceCapability = { RSS_CAPABLE: 0x0000_0001, RDMA_CAPABLE: 0x0000_0002 } as const

/** MS-SMB2 2.2.32.5.1; the numbers are those of Windows. */
export const AddressFamily = { IPV4: 0x0002, IPV6: 0x0017 } as const

/** One network interface; `linkSpeed` in bits a second; `sockaddr` is a SockaddrIn or SockaddrIn6. MS-SMB2 2.2.32.5. */
export const NetworkInterfaceInfo = struct('NETWORK_INTERFACE_INFO', '2.2.32.5', {
  next: u32.reserved,
  ifIndex: u32,
  capability: u32.flags(InterfaceCapability),
  reserved: u32.reserved,
  linkSpeed: u64,
  sockaddr: octets(128),
})
export type NetworkInterfaceInfo = Infer<typeof NetworkInterfaceInfo>

/** Output of QUERY_NETWORK_INTERFACE_INFO. MS-SMB2 2.2.32.5. */
export const NetworkInterfaceInfoResponse = struct('NETWORK_INTERFACE_INFO Response', '2.2.32.5', {
  interfaces: tail(chain(NetworkInterfaceInfo, { align: 8, limit: 1024 })),
})
export type NetworkInterfaceInfoResponse = Infer<typeof NetworkInterfaceInfoResponse>

/** MS-SMB2 2.2.32.5.1.1. */
export const SockaddrIn = struct('SOCKADDR_IN', '2.2.32.5.1.1', {
  family: u16.fixed(AddressFamily.IPV4),
  port: u16be.or(0),
  address: octets(4),
})
export type SockaddrIn = Infer<typeof SockaddrIn>

/** MS-SMB2 2.2.32.5.1.2. */
export const SockaddrIn6 = struct('SOCKADDR_IN6', '2.2.32.5.1.2', {
  family: u16.fixed(AddressFamily.IPV6),
  port: u16be.or(0),
  flowInfo: u32.or(0),
  address: octets(16),
  scopeId: u32.or(0),
})
export type SockaddrIn6 = Infer<typeof SockaddrIn6>
