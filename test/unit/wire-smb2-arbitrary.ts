/** Values for declared structures, generated from the declarations themselves. */
import * as fc from 'fast-check'
import type { Content, Kind, Struct } from '../../src/wire/schema/index.ts'

export type AnyStruct = Struct<object, object>
export type Values = Record<string, unknown>

export const isStruct = (value: unknown): value is AnyStruct =>
  typeof value === 'object' && value !== null && 'structName' in value

/** What a declaration cannot say: which fields fix up others, and contents that are not made of elements. */
export interface Special {
  /** By `structName`: changes a generated value into one that the wire can hold. */
  readonly values?: Readonly<Record<string, (values: Values) => Values>>
  /** By `contentName`. */
  readonly contents?: Readonly<Record<string, fc.Arbitrary<unknown>>>
}

const units = (max: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes))

const integers: Readonly<Record<string, number>> = {
  u8: 0xff,
  u16: 0xffff,
  u16be: 0xffff,
  u24be: 0xff_ffff,
  u32: 0xffff_ffff,
  u32be: 0xffff_ffff,
}

function ofKind(kind: Kind<unknown>, special: Special): fc.Arbitrary<unknown> {
  if (isStruct(kind)) return arbitraryOf(kind, special)
  if (kind.kindName === 'i16') return fc.integer({ min: -0x8000, max: 0x7fff })
  const max = integers[kind.kindName]
  if (max !== undefined) return fc.integer({ min: 0, max })
  if (kind.kindName === 'u64') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  if (kind.kindName === 'guid') return fc.uuid()
  if (kind.kindName.startsWith('octets')) return fc.uint8Array({ minLength: kind.size, maxLength: kind.size })
  throw new Error(`no values for ${kind.kindName}`)
}

function ofContent(content: Content<unknown>, special: Special): fc.Arbitrary<unknown> {
  const own = special.contents?.[content.contentName]
  if (own !== undefined) return own
  if (isStruct(content)) return arbitraryOf(content, special)
  if (content.element !== undefined) {
    const element = content.element as Kind<unknown>
    return fc.array(ofKind(element, special), { maxLength: 5 })
  }
  if (content.contentName === 'bytes') return fc.uint8Array({ maxLength: 40 })
  if (content.contentName === 'utf16') return units(0xffff)
  if (content.contentName === 'latin1') return units(0xff)
  throw new Error(`no values for ${content.contentName}`)
}

/** Values that `declared` encodes: every field but those that write themselves. */
export function arbitraryOf(declared: AnyStruct, special: Special = {}): fc.Arbitrary<Values> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  for (const [name, field] of Object.entries(declared.fields)) {
    if ('tail' in field) fields[name] = ofContent(field.tail as Content<unknown>, special)
    else {
      const kind = field as Kind<unknown>
      const fixed = kind.problem !== undefined && kind.fallback !== undefined
      // The link to the next element is written by the list.
      if (!fixed && kind.role === undefined && name !== 'next') fields[name] = ofKind(kind, special)
    }
  }
  const fix = special.values?.[declared.structName]
  const record = fc.record(fields)
  return fix === undefined ? record : record.map(fix)
}
