import type { DissectedFrame, Field, FieldValue } from '../dissect/field.ts'
import type { Comparison, Expression, Literal } from './expression.ts'

/** The values of a frame's fields, by name. A protocol that is there has a name without values. */
export type FieldValues = ReadonlyMap<string, readonly FieldValue[]>

/** Gathers what filters may ask of a frame. */
export function fieldValues({ layers }: Pick<DissectedFrame, 'layers'>): FieldValues {
  const values = new Map<string, FieldValue[]>()
  const add = (name: string, value: FieldValue): void => {
    const list = values.get(name)
    if (list === undefined) values.set(name, value === undefined ? [] : [value])
    else if (value !== undefined) list.push(value)
  }
  const walk = (fields: readonly Field[]): void => {
    for (const { name, value, children } of fields) {
      if (name !== undefined) add(name, value)
      walk(children)
    }
  }
  for (const { protocol, fields } of layers) {
    add(protocol, undefined)
    walk(fields)
  }
  return values
}

/** Whether a frame is what a filter asks for. */
export function matches(expression: Expression, values: FieldValues): boolean {
  switch (expression.kind) {
    case 'and':
      return matches(expression.left, values) && matches(expression.right, values)
    case 'or':
      return matches(expression.left, values) || matches(expression.right, values)
    case 'not':
      return !matches(expression.of, values)
    case 'exists':
      return values.has(expression.field)
    default:
      return test(expression, values.get(expression.field) ?? [])
  }
}

type Test = Exclude<Expression, { readonly kind: 'and' | 'or' | 'not' | 'exists' }>

function test(expression: Test, values: readonly FieldValue[]): boolean {
  switch (expression.kind) {
    case 'compare':
      return compareAll(expression.operator, values, expression.literal)
    case 'bits':
      return values.some((value) => (Number(value) & expression.mask) !== 0)
    case 'contains':
      return values.some((value) => contains(value, expression.literal))
    case 'matches':
      return values.some((value) => expression.pattern.matches(asText(value)))
    case 'in':
      return values.some((value) =>
        expression.ranges.some(({ from, to }) => {
          const [low, high] = [order(value, from), order(value, to)]
          return low !== undefined && high !== undefined && low >= 0 && high <= 0
        }),
      )
  }
}

/** Any value will do; with `!=` all have to differ, and there has to be one, as in Wireshark 4. */
function compareAll(operator: Comparison, values: readonly FieldValue[], literal: Literal): boolean {
  if (operator === '!=') return values.length > 0 && values.every((value) => order(value, literal) !== 0)
  return values.some((value) => {
    const found = order(value, literal)
    if (found === undefined) return false
    switch (operator) {
      case '==':
        return found === 0
      case '<':
        return found < 0
      case '<=':
        return found <= 0
      case '>':
        return found > 0
      case '>=':
        return found >= 0
    }
  })
}

/** Below zero if the value comes before the literal; undefined where the two cannot be compared. */
function order(value: FieldValue, literal: Literal): number | undefined {
  if (value instanceof Uint8Array) {
    const bytes = literal.isText ? latin1(literal.text) : literal.bytes
    return bytes === undefined ? undefined : compareBytes(value, bytes)
  }
  if (typeof value === 'string') return value === literal.text ? 0 : value < literal.text ? -1 : 1
  const { number } = literal
  if (number === undefined || value === undefined) return undefined
  const own = typeof value === 'boolean' ? BigInt(value) : value
  return own < number ? -1 : own > number ? 1 : 0
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function contains(value: FieldValue, { isText, text, bytes }: Literal): boolean {
  if (typeof value === 'string') return value.includes(text)
  if (!(value instanceof Uint8Array)) return false
  const wanted = isText || bytes === undefined ? text : asText(bytes)
  return asText(value).includes(wanted)
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)

/** Bytes as characters of the same numbers. */
function asText(value: FieldValue): string {
  if (!(value instanceof Uint8Array)) return typeof value === 'string' ? value : ''
  let text = ''
  for (const byte of value) text += String.fromCharCode(byte)
  return text
}
