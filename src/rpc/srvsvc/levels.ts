/** How enumerations of srvsvc and wkssvc are laid out: a level, and a container of entries of that level. */
import {
  type Arms,
  conformantArray,
  empty,
  type NdrFields,
  type NdrType,
  struct,
  u32,
  union,
  unique,
  wideString,
} from '../ndr/index.ts'

export const optionalText = unique(wideString)

/** Entries of one level; the number of them stands before. */
export function container<T, I>(typeName: string, element: NdrType<T, I>) {
  return unique(
    struct(typeName, {
      entriesRead: u32.countOf('entries'),
      entries: unique(conformantArray(element)),
    } satisfies NdrFields),
  )
}

/** `*_ENUM_STRUCT`: a level that is not there is answered, not refused. */
export function enumStruct<const A extends Arms>(typeName: string, arms: A) {
  return struct(`${typeName}_ENUM_STRUCT`, {
    level: u32.switchOf('info'),
    info: union(`${typeName}_ENUM_UNION`, u32, arms, empty),
  })
}
