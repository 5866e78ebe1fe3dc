import {
  array,
  bytes,
  chain,
  filetime,
  type Infer,
  octets,
  struct,
  tail,
  u16,
  u32,
  u64,
  utf16,
} from '../schema/index.ts'

/** MS-FSCC 2.3.65. */
export const StreamSnapshotOperation = {
  INVALID: 0,
  CREATE: 1,
  LIST: 2,
  QUERY_DELTAS: 3,
  REVERT: 4,
  SET_SHADOW_BTREE: 5,
  CLEAR_SHADOW_BTREE: 6,
} as const

/** Input of FSCTL_REFS_STREAM_SNAPSHOT_MANAGEMENT. MS-FSCC 2.3.65. */
export const StreamSnapshotManagement = struct('REFS_STREAM_SNAPSHOT_MANAGEMENT_INPUT_BUFFER', '2.3.65', {
  operation: u32.oneOf(StreamSnapshotOperation),
  snapshotNameLength: u16.lengthOf('snapshotName'),
  operationInputBufferLength: u16.lengthOf('operationInput'),
  reserved: octets(16).reserved,
  snapshotName: tail(utf16),
  operationInput: tail(bytes, { align: 8 }),
})
export type StreamSnapshotManagement = Infer<typeof StreamSnapshotManagement>

/** MS-FSCC 2.3.65.1. */
export const StreamSnapshotQueryDeltasInput = struct('REFS_STREAM_SNAPSHOT_QUERY_DELTAS_INPUT_BUFFER', '2.3.65.1', {
  startingVcn: u64,
  flags: u32.or(0),
  reserved: u32.reserved,
})
export type StreamSnapshotQueryDeltasInput = Infer<typeof StreamSnapshotQueryDeltasInput>

/** MS-FSCC 2.3.66.1.1. */
export const StreamSnapshotEntry = struct('REFS_STREAM_SNAPSHOT_LIST_OUTPUT_BUFFER_ENTRY', '2.3.66.1.1', {
  nextEntryOffset: u32.reserved,
  snapshotNameLength: u16.lengthOf('snapshotName'),
  snapshotCreationTime: filetime,
  streamSize: u64,
  streamAllocationSize: u64,
  reserved: octets(16).reserved,
  snapshotName: tail(utf16),
})
export type StreamSnapshotEntry = Infer<typeof StreamSnapshotEntry>

/** MS-FSCC 2.3.66.1. */
export const StreamSnapshotList = struct('REFS_STREAM_SNAPSHOT_LIST_OUTPUT_BUFFER', '2.3.66.1', {
  entryCount: u32.countOf('entries'),
  bufferSizeRequiredForQuery: u32,
  reserved: octets(8).reserved,
  entries: tail(chain(StreamSnapshotEntry, { align: 8 })),
})
export type StreamSnapshotList = Infer<typeof StreamSnapshotList>

/** MS-FSCC 2.3.66.2.1. */
export const StreamExtentProperties = {
  SPARSE: 0x0008,
  VALID: 0x0010,
  STREAM_RESERVED: 0x0020,
  CRC32: 0x0080,
  CRC64: 0x0100,
  GHOSTED: 0x0200,
  READONLY: 0x0400,
} as const

/** MS-FSCC 2.3.66.2.1. */
export const StreamExtent = struct('REFS_STREAM_EXTENT', '2.3.66.2.1', {
  vcn: u64,
  lcn: u64,
  length: u64,
  properties: u32.flags(StreamExtentProperties),
  padding: u32.reserved,
})
export type StreamExtent = Infer<typeof StreamExtent>

/** MS-FSCC 2.3.66.2. */
export const StreamSnapshotDeltas = struct('REFS_STREAM_SNAPSHOT_QUERY_DELTAS_OUTPUT_BUFFER', '2.3.66.2', {
  extentCount: u32.countOf('extents'),
  reserved: octets(8).reserved,
  extents: tail(array(StreamExtent)),
})
export type StreamSnapshotDeltas = Infer<typeof StreamSnapshotDeltas>
