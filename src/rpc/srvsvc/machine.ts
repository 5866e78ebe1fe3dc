/** Disks, statistics and transports of a server, and descriptors of files: MS-SRVS 2.2.4.39, 2.2.4.92 to 2.2.4.96. */
import { conformantBytes, conformantVaryingArray, struct, u16, u32, unique, varyingArray } from '../ndr/index.ts'
import { container, enumStruct, optionalText } from './levels.ts'

/** DISK_ENUM_CONTAINER, MS-SRVS 2.2.4.92: `C:` and its terminator, in UTF-16 units. */
export const DiskEnum = struct('DISK_ENUM_CONTAINER', {
  entriesRead: u32.countOf('disks'),
  disks: unique(conformantVaryingArray(struct('DISK_INFO', { name: varyingArray(u16, 3) }))),
})

/** STAT_SERVER_0, MS-SRVS 2.2.4.39. `start` in seconds since 1970. */
export const ServerStatistics = struct('STAT_SERVER_0', {
  start: u32,
  fileOpens: u32.or(0),
  deviceOpens: u32.or(0),
  jobsQueued: u32.or(0),
  sessionOpens: u32.or(0),
  sessionsTimedOut: u32.or(0),
  sessionsErrorOut: u32.or(0),
  passwordErrors: u32.or(0),
  permissionErrors: u32.or(0),
  systemErrors: u32.or(0),
  bytesSentLow: u32.or(0),
  bytesSentHigh: u32.or(0),
  bytesReceivedLow: u32.or(0),
  bytesReceivedHigh: u32.or(0),
  averageResponse: u32.or(0),
  requestBuffersNeeded: u32.or(0),
  bigBuffersNeeded: u32.or(0),
})

const transport = {
  circuitCount: u32,
  transportName: optionalText,
  transportAddress: unique(conformantBytes),
  transportAddressLength: u32.countOf('transportAddress'),
  networkAddress: optionalText,
} as const

/** SERVER_XPORT_ENUM_STRUCT, MS-SRVS 2.2.4.100: the first two levels. */
export const TransportEnum = enumStruct('SERVER_XPORT', {
  0: container('SERVER_XPORT_INFO_0_CONTAINER', struct('SERVER_TRANSPORT_INFO_0', transport)),
  1: container(
    'SERVER_XPORT_INFO_1_CONTAINER',
    struct('SERVER_TRANSPORT_INFO_1', { ...transport, domain: optionalText }),
  ),
})

/** ADT_SECURITY_DESCRIPTOR, MS-SRVS 2.2.4.103. */
export const FileDescriptor = struct('ADT_SECURITY_DESCRIPTOR', {
  length: u32.countOf('descriptor'),
  descriptor: unique(conformantBytes),
})
