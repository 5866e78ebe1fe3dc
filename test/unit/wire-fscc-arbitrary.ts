/** Values for the structures of MS-FSCC, made from their declarations. */
import * as fc from 'fast-check'
import * as fscc from '../../src/wire/fscc/index.ts'
import type { Content, Kind, Struct } from '../../src/wire/schema/index.ts'
import { sids } from './wire-dtyp-arbitrary.ts'

export type AnyStruct = Struct<object, object>

export const isStruct = (value: unknown): value is AnyStruct =>
  typeof value === 'object' && value !== null && 'structName' in value

/** Every structure that the folder gives. */
export const structures: readonly AnyStruct[] = Object.values(fscc as Record<string, unknown>).filter(isStruct)

const units = (max: number, maxLength = 40): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max }), { maxLength }).map((codes) => String.fromCharCode(...codes))

const integers: Readonly<Record<string, number>> = {
  u8: 0xff,
  u16: 0xffff,
  u16be: 0xffff,
  u32: 0xffff_ffff,
  u32be: 0xffff_ffff,
}

function ofKind(kind: Kind<unknown>): fc.Arbitrary<unknown> {
  if (isStruct(kind)) return valuesOf(kind)
  const max = integers[kind.kindName]
  if (max !== undefined) return fc.integer({ min: 0, max })
  if (kind.kindName === 'u64') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  if (kind.kindName === 'u128') return fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
  if (kind.kindName === 'bool8') return fc.boolean()
  if (kind.kindName === 'shortName') return units(0xffff, 12)
  if (kind.kindName === 'guid') return fc.uuid()
  if (kind.kindName.startsWith('octets')) return fc.uint8Array({ minLength: kind.size, maxLength: kind.size })
  throw new Error(`no values for ${kind.kindName}`)
}

function ofContent(content: Content<unknown>): fc.Arbitrary<unknown> {
  if (content.element !== undefined) return fc.array(ofKind(content.element as Kind<unknown>), { maxLength: 5 })
  if (content.contentName === 'bytes') return fc.uint8Array({ maxLength: 40 })
  if (content.contentName === 'utf16' || content.contentName === 'counted name') return units(0xffff)
  if (content.contentName === 'latin1') return units(0xff)
  if (content.contentName === 'NUL') return fc.constant(null)
  if (content.contentName.startsWith('FILE_NAME')) return fc.array(units(0xffff), { maxLength: 5 })
  if (content.contentName === 'SID') return sids
  throw new Error(`no values for ${content.contentName}`)
}

/** Values that `declared` encodes: every field but those that write themselves. */
export function valuesOf(declared: AnyStruct): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  for (const [name, field] of Object.entries(declared.fields)) {
    if ('tail' in field) fields[name] = ofContent(field.tail as Content<unknown>)
    else {
      const kind = field as Kind<unknown>
      const fixed = kind.problem !== undefined && kind.fallback !== undefined && kind.kindName !== 'shortName'
      if (!fixed && kind.role === undefined && name !== 'nextEntryOffset') fields[name] = ofKind(kind)
    }
  }
  return fc.record(fields)
}
