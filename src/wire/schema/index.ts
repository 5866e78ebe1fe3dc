export { SmbError, WireError } from '../../bytes/errors.ts'
export { chain } from './chain.ts'
export { array, bytes, type Content, latin1, utf16 } from './content.ts'
export { type FieldNode, formatTree, movedTree } from './dissect.ts'
export {
  type Fields,
  type Infer,
  type InferInput,
  optionalTail,
  type Struct,
  type Tail,
  tail,
} from './fields.ts'
export {
  type BigKind,
  filetime,
  flagNames,
  guid,
  type IntKind,
  i16,
  i32,
  type Kind,
  octets,
  u8,
  u16,
  u16be,
  u32,
  u32be,
  u64,
} from './kind.ts'
export { struct, toPlain } from './struct.ts'
