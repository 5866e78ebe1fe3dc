import { array, type Infer, struct, tail, u16, u32, u64 } from '../schema/index.ts'
import { LockFlags } from './file-constants.ts'
import { FileId } from './file-id.ts'

/** SMB2_LOCK_ELEMENT. MS-SMB2 2.2.26.1. */
export const LockElement = struct('SMB2_LOCK_ELEMENT', '2.2.26.1', {
  offset: u64,
  length: u64,
  flags: u32.flags(LockFlags),
  reserved: u32.reserved,
})
export type LockElement = Infer<typeof LockElement>

/**
 * SMB2 LOCK Request. MS-SMB2 2.2.26. StructureSize counts one element. `lockSequence` is LockSequenceNumber in its
 * low 4 bits and LockSequenceIndex in the other 28.
 */
export const LockRequest = struct('SMB2 LOCK Request', '2.2.26', {
  structureSize: u16.fixed(48),
  lockCount: u16.countOf('locks'),
  lockSequence: u32.hex.or(0),
  fileId: FileId,
  locks: tail(array(LockElement)),
})
export type LockRequest = Infer<typeof LockRequest>

export const lockSequenceNumber = (request: { readonly lockSequence: number }): number => request.lockSequence & 0xf
export const lockSequenceIndex = (request: { readonly lockSequence: number }): number => request.lockSequence >>> 4

/** SMB2 LOCK Response. MS-SMB2 2.2.27. */
export const LockResponse = struct('SMB2 LOCK Response', '2.2.27', {
  structureSize: u16.fixed(4),
  reserved: u16.reserved,
})
export type LockResponse = Infer<typeof LockResponse>
