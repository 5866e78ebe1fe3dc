import type { FieldValue } from '../dissect/field.ts'
import { nearest } from '../explain/nearest.ts'
import type { FieldValues } from './evaluate.ts'
import type { Operand, SlicePart } from './expression.ts'

/** What functions make of the values of a field, as Wireshark's of the same names do. */
const functions = {
  len: each((value) => (typeof value === 'string' || value instanceof Uint8Array ? value.length : undefined)),
  lower: each((value) => (typeof value === 'string' ? value.toLowerCase() : undefined)),
  upper: each((value) => (typeof value === 'string' ? value.toUpperCase() : undefined)),
  string: each((value) => (value === undefined || value instanceof Uint8Array ? undefined : String(value))),
  abs: each((value) => {
    if (typeof value === 'bigint') return value < 0n ? -value : value
    return typeof value === 'number' ? Math.abs(value) : undefined
  }),
  count: (values: readonly FieldValue[]): readonly FieldValue[] => (values.length === 0 ? [] : [values.length]),
  max: (values: readonly FieldValue[]): readonly FieldValue[] => extreme(values, (a, b) => a > b),
  min: (values: readonly FieldValue[]): readonly FieldValue[] => extreme(values, (a, b) => a < b),
} satisfies Readonly<Record<string, (values: readonly FieldValue[]) => readonly FieldValue[]>>

export type FunctionName = keyof typeof functions

export const isFunction = (name: string): name is FunctionName => Object.hasOwn(functions, name)

/** The function that looks most like a name that there is not. */
export function nearestFunction(name: string): string | undefined {
  const names = Object.keys(functions).map((one): [string, string] => [one, one])
  return nearest(name.toLowerCase(), names)[0]
}

function each(of: (value: FieldValue) => FieldValue) {
  return (values: readonly FieldValue[]): readonly FieldValue[] => values.map(of).filter((value) => value !== undefined)
}

function extreme(
  values: readonly FieldValue[],
  isFurther: (a: number | bigint, b: number | bigint) => boolean,
): readonly FieldValue[] {
  const [first, ...rest] = values.filter((value) => typeof value === 'number' || typeof value === 'bigint')
  return first === undefined ? [] : [rest.reduce((best, value) => (isFurther(value, best) ? value : best), first)]
}

/** The values of an operand in a frame. */
export function valuesOf(operand: Operand, values: FieldValues): readonly FieldValue[] {
  switch (operand.kind) {
    case 'field':
      return values.get(operand.name) ?? []
    case 'call':
      return functions[operand.function](valuesOf(operand.of, values))
    case 'mask':
      return valuesOf(operand.of, values).flatMap((value) => {
        const masked = typeof value === 'number' || typeof value === 'bigint' ? Number(value) & operand.mask : undefined
        return masked === undefined ? [] : [masked >>> 0]
      })
    default:
      return valuesOf(operand.of, values).flatMap((value) => {
        const sliced = sliceOf(value, operand.parts)
        return sliced === undefined ? [] : [sliced]
      })
  }
}

/** Parts of a text or of bytes, one after the other; undefined where it has none, or is a number. */
function sliceOf(value: FieldValue, parts: readonly SlicePart[]): FieldValue {
  if (typeof value === 'string') {
    const text = parts.map(({ from, to }) => value.slice(from, to)).join('')
    return text === '' ? undefined : text
  }
  if (!(value instanceof Uint8Array)) return undefined
  const bytes = parts.flatMap(({ from, to }) => [...value.subarray(from, to)])
  return bytes.length === 0 ? undefined : Uint8Array.from(bytes)
}
