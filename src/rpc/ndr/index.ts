export {
  conformantArray,
  conformantBytes,
  conformantVaryingArray,
  fixedArray,
  narrowString,
  type Roomy,
  roomyArray,
  varyingArray,
  wideString,
} from './arrays.ts'
export {
  type Arms,
  MemberList,
  nullArms,
  otherArm,
  struct,
  type UnionInput,
  type UnionValue,
  union,
} from './constructed.ts'
export { full, later, ref, unique } from './pointers.ts'
export {
  type ContextHandle,
  contextHandle,
  empty,
  filetime,
  guid,
  i32,
  i64,
  type NdrInteger,
  octets,
  u8,
  u16,
  u32,
  u64,
} from './primitives.ts'
export { defaultNdrLimits, type NdrLimits, NdrReader } from './reader.ts'
export type { InputOf, Members, MembersInput, NdrFields, NdrType, ValueOf } from './type.ts'
export { sid, sidIfAny, unicodeString } from './windows.ts'
export { NdrTooLarge, NdrWriter } from './writer.ts'
