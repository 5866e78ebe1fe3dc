/** What is in the `data` of create contexts. MS-SMB2 2.2.13.2 (requests) and 2.2.14.2 (responses). */
import { AccessMask } from '../dtyp/access-mask.ts'
import { sid } from '../dtyp/sid.ts'
import { NtStatus } from '../erref/ntstatus.ts'
import { filetime, guid, type Infer, octets, struct, tail, u8, u16, u32, u64 } from '../schema/index.ts'
import { DurableHandleFlags, LeaseFlags, LeaseState } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** MS-SMB2 2.2.13.2.3. */
export const DurableHandleRequest = struct('SMB2_CREATE_DURABLE_HANDLE_REQUEST', '2.2.13.2.3', {
  durableRequest: octets(16).reserved,
})
export type DurableHandleRequest = Infer<typeof DurableHandleRequest>

/** MS-SMB2 2.2.14.2.3. */
export const DurableHandleResponse = struct('SMB2_CREATE_DURABLE_HANDLE_RESPONSE', '2.2.14.2.3', {
  reserved: u64.reserved,
})
export type DurableHandleResponse = Infer<typeof DurableHandleResponse>

/** MS-SMB2 2.2.13.2.4. */
export const DurableHandleReconnect = struct('SMB2_CREATE_DURABLE_HANDLE_RECONNECT', '2.2.13.2.4', {
  fileId: FileId,
})
export type DurableHandleReconnect = Infer<typeof DurableHandleReconnect>

/** The request may also have no data at all: then nothing is compared. MS-SMB2 2.2.13.2.5. */
export const MaximalAccessRequest = struct('SMB2_CREATE_QUERY_MAXIMAL_ACCESS_REQUEST', '2.2.13.2.5', {
  timestamp: filetime,
})
export type MaximalAccessRequest = Infer<typeof MaximalAccessRequest>

/** MS-SMB2 2.2.14.2.5. */
export const MaximalAccessResponse = struct('SMB2_CREATE_QUERY_MAXIMAL_ACCESS_RESPONSE', '2.2.14.2.5', {
  queryStatus: u32.oneOf(NtStatus),
  maximalAccess: u32.flags(AccessMask),
})
export type MaximalAccessResponse = Infer<typeof MaximalAccessResponse>

/** MS-SMB2 2.2.13.2.6. */
export const AllocationSize = struct('SMB2_CREATE_ALLOCATION_SIZE', '2.2.13.2.6', { allocationSize: u64 })
export type AllocationSize = Infer<typeof AllocationSize>

/** Which snapshot is meant. MS-SMB2 2.2.13.2.7. */
export const TimewarpToken = struct('SMB2_CREATE_TIMEWARP_TOKEN', '2.2.13.2.7', { timestamp: filetime })
export type TimewarpToken = Infer<typeof TimewarpToken>

/** The request has no data. MS-SMB2 2.2.14.2.9. */
export const QueryOnDiskIdResponse = struct('SMB2_CREATE_QUERY_ON_DISK_ID', '2.2.14.2.9', {
  diskFileId: u64.hex,
  volumeId: u64.hex,
  reserved: octets(16).reserved,
})
export type QueryOnDiskIdResponse = Infer<typeof QueryOnDiskIdResponse>

const leaseFields = {
  leaseKey: guid,
  leaseState: u32.flags(LeaseState),
  leaseFlags: u32.flags(LeaseFlags).or(0),
  leaseDuration: u64.reserved,
}

/** SMB2_CREATE_REQUEST_LEASE and its response. MS-SMB2 2.2.13.2.8, 2.2.14.2.10. */
export const LeaseV1 = struct('SMB2_CREATE_REQUEST_LEASE', '2.2.13.2.8', leaseFields)
export type LeaseV1 = Infer<typeof LeaseV1>

/** SMB2_CREATE_REQUEST_LEASE_V2 and its response: told from V1 by its length. MS-SMB2 2.2.13.2.10, 2.2.14.2.11. */
export const LeaseV2 = struct('SMB2_CREATE_REQUEST_LEASE_V2', '2.2.13.2.10', {
  ...leaseFields,
  parentLeaseKey: guid,
  epoch: u16,
  reserved: u16.reserved,
})
export type LeaseV2 = Infer<typeof LeaseV2>

/** `timeout` in milliseconds, 0 leaves it to the server. MS-SMB2 2.2.13.2.11. */
export const DurableHandleRequestV2 = struct('SMB2_CREATE_DURABLE_HANDLE_REQUEST_V2', '2.2.13.2.11', {
  timeout: u32,
  flags: u32.flags(DurableHandleFlags).or(0),
  reserved: u64.reserved,
  createGuid: guid,
})
export type DurableHandleRequestV2 = Infer<typeof DurableHandleRequestV2>

/** `timeout` in milliseconds. MS-SMB2 2.2.14.2.12. */
export const DurableHandleResponseV2 = struct('SMB2_CREATE_DURABLE_HANDLE_RESPONSE_V2', '2.2.14.2.12', {
  timeout: u32,
  flags: u32.flags(DurableHandleFlags).or(0),
})
export type DurableHandleResponseV2 = Infer<typeof DurableHandleResponseV2>

/** MS-SMB2 2.2.13.2.12. */
export const DurableHandleReconnectV2 = struct('SMB2_CREATE_DURABLE_HANDLE_RECONNECT_V2', '2.2.13.2.12', {
  fileId: FileId,
  createGuid: guid,
  flags: u32.flags(DurableHandleFlags).or(0),
})
export type DurableHandleReconnectV2 = Infer<typeof DurableHandleReconnectV2>

/** MS-SMB2 2.2.13.2.13. */
export const AppInstanceId = struct('SMB2_CREATE_APP_INSTANCE_ID', '2.2.13.2.13', {
  structureSize: u16.fixed(20),
  reserved: u16.reserved,
  appInstanceId: guid,
})
export type AppInstanceId = Infer<typeof AppInstanceId>

/** MS-SMB2 2.2.13.2.15. */
export const AppInstanceVersion = struct('SMB2_CREATE_APP_INSTANCE_VERSION', '2.2.13.2.15', {
  structureSize: u16.fixed(24),
  reserved: u16.reserved,
  padding: u32.reserved,
  appInstanceVersionHigh: u64,
  appInstanceVersionLow: u64,
})
export type AppInstanceVersion = Infer<typeof AppInstanceVersion>

const svhdxFields = {
  hasInitiatorId: u8,
  reserved: octets(3).reserved,
  initiatorId: guid,
  flags: u32.or(0),
  originatorFlags: u32,
  openRequestId: u64,
  /** Bytes of `initiatorHostName` in use. */
  initiatorHostNameLength: u16,
  initiatorHostName: octets(126),
}

/** Request and response. MS-SMB2 2.2.13.2.14, MS-RSVD 2.2.4.12. */
export const SvhdxOpenDeviceContext = struct('SVHDX_OPEN_DEVICE_CONTEXT', 'MS-RSVD 2.2.4.12', {
  version: u32.fixed(1),
  ...svhdxFields,
})
export type SvhdxOpenDeviceContext = Infer<typeof SvhdxOpenDeviceContext>

/** Request and response. MS-RSVD 2.2.4.32. */
export const SvhdxOpenDeviceContextV2 = struct('SVHDX_OPEN_DEVICE_CONTEXT_V2', 'MS-RSVD 2.2.4.32', {
  version: u32.fixed(2),
  ...svhdxFields,
  virtualDiskPropertiesInitialized: u32,
  serverServiceVersion: u32,
  virtualSectorSize: u32,
  physicalSectorSize: u32,
  virtualSize: u64,
})
export type SvhdxOpenDeviceContextV2 = Infer<typeof SvhdxOpenDeviceContextV2>

/** POSIX extensions: the mode of a file to be made. */
export const PosixCreateRequest = struct('POSIX create context Request', 'POSIX-SMB2 2.2.13.2.16', { mode: u32 })
export type PosixCreateRequest = Infer<typeof PosixCreateRequest>

/** POSIX extensions: what was opened. */
export const PosixCreateResponse = struct('POSIX create context Response', 'POSIX-SMB2 2.2.14.2.16', {
  numberOfLinks: u32,
  reparseTag: u32.hex,
  mode: u32,
  owner: tail(sid),
  group: tail(sid),
})
export type PosixCreateResponse = Infer<typeof PosixCreateResponse>
