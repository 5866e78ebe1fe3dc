/** What lsarpc and samr have in common: lists of SIDs, and security descriptors as bytes (MS-LSAD 2.2.3.1, MS-SAMR 2.2.7.3). */
import {
  conformantArray,
  conformantBytes,
  conformantVaryingArray,
  type NdrFields,
  type NdrType,
  sid,
  struct,
  u8,
  u16,
  u32,
  unique,
} from './ndr/index.ts'

/** A list whose number of elements is told twice: beside the pointer, and in front of the elements. */
export function countedList<T, I>(typeName: string, element: NdrType<T, I>) {
  return struct(typeName, {
    count: u32.countOf('entries'),
    entries: unique(conformantArray(element)),
  } satisfies NdrFields)
}

/** SIDs, each behind a pointer. */
export const SidList = countedList('SID list', struct('SID pointer', { sid: unique(sid) }))

/** A self-relative security descriptor. */
export const DescriptorBytes = struct('SR_SECURITY_DESCRIPTOR', {
  length: u32.countOf('descriptor'),
  descriptor: unique(conformantBytes),
})

/** RPC_STRING: text in the server's 8-bit character set. */
export const NarrowText = struct('RPC_STRING', {
  length: u16,
  maximumLength: u16,
  buffer: unique(conformantVaryingArray(u8)),
})
