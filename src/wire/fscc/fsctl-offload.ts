import { type Infer, octets, struct, u16be, u32, u32be, u64 } from '../schema/index.ts'

/** MS-FSCC 2.1.11. */
export const OffloadTokenType = { ZERO_DATA: 0xffff_0001 } as const

/** Stands for data that a device keeps. MS-FSCC 2.1.11. Big-endian. */
export const StorageOffloadToken = struct('STORAGE_OFFLOAD_TOKEN', '2.1.11', {
  tokenType: u32be.oneOf(OffloadTokenType),
  reserved: octets(2).reserved,
  tokenIdLength: u16be,
  tokenId: octets(504),
})
export type StorageOffloadToken = Infer<typeof StorageOffloadToken>

/** `tokenTimeToLive` in milliseconds, 0 for what is usual. MS-FSCC 2.3.41. */
export const OffloadReadInput = struct('FSCTL_OFFLOAD_READ_INPUT', '2.3.41', {
  size: u32.or(32),
  flags: u32.or(0),
  tokenTimeToLive: u32,
  reserved: u32.reserved,
  fileOffset: u64,
  copyLength: u64,
})
export type OffloadReadInput = Infer<typeof OffloadReadInput>

/** MS-FSCC 2.3.42. */
export const OffloadReadFlags = { ALL_ZERO_BEYOND_CURRENT_RANGE: 1 } as const

/** MS-FSCC 2.3.42. */
export const OffloadReadOutput = struct('FSCTL_OFFLOAD_READ_OUTPUT', '2.3.42', {
  size: u32.or(528),
  flags: u32.flags(OffloadReadFlags),
  transferLength: u64,
  token: StorageOffloadToken,
})
export type OffloadReadOutput = Infer<typeof OffloadReadOutput>

/** MS-FSCC 2.3.43. */
export const OffloadWriteInput = struct('FSCTL_OFFLOAD_WRITE_INPUT', '2.3.43', {
  size: u32.or(544),
  flags: u32.or(0),
  fileOffset: u64,
  copyLength: u64,
  transferOffset: u64,
  token: StorageOffloadToken,
})
export type OffloadWriteInput = Infer<typeof OffloadWriteInput>

/** MS-FSCC 2.3.44. */
export const OffloadWriteOutput = struct('FSCTL_OFFLOAD_WRITE_OUTPUT', '2.3.44', {
  size: u32.or(16),
  flags: u32.or(0),
  lengthWritten: u64,
})
export type OffloadWriteOutput = Infer<typeof OffloadWriteOutput>
