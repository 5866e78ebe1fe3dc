import { lenient } from '../../bytes/lenient.ts'
import type { Struct } from '../../wire/schema/index.ts'

type Declared = Pick<Struct<unknown, never>, 'fields' | 'structName'>

/** Where a fixed field of a declared structure stands, bytes from its start: for who reads one field of millions. */
export function offsetOf(declared: Declared, name: string): number {
  let at = 0
  for (const [field, kind] of Object.entries(declared.fields)) {
    if ('tail' in kind) continue
    if (field === name) return at
    at += kind.size
  }
  throw new TypeError(`${declared.structName} has no field ${name}`)
}

/** A body that is whole and right; undefined where it is cut off or damaged. */
export function decoded<T>(
  declared: Struct<T, never>,
  view: DataView,
  at: number,
  end: number,
  origin: number,
): T | undefined {
  return lenient(() => declared.decode(view, at, end, origin))
}

/** The fixed part of a body, of which the rest may be missing; undefined where not even that is there. */
export function fixedPart<T>(declared: Struct<T, never>, view: DataView, at: number, end: number): T | undefined {
  return end - at >= declared.size ? declared.read(view, at, end) : undefined
}
