import type { DissectedFrame, Field, FieldValue } from '../dissect/field.ts'
import type { Comparison, Expression, Literal, Operand } from './expression.ts'
import { valuesOf } from './functions.ts'
import { ipv4Number } from './ipv4.ts'

/** The values of a frame's fields, by name. A protocol that is there has its bytes. */
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
  for (const { protocol, fields, bytes } of layers) {
    add(protocol, bytes)
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
    case 'xor':
      return matches(expression.left, values) !== matches(expression.right, values)
    case 'not':
      return !matches(expression.of, values)
    case 'exists':
      return exists(expression.operand, values)
    default:
      return test(expression, valuesOf(expression.operand, values), values)
  }
}

function exists(operand: Operand, values: FieldValues): boolean {
  if (operand.kind === 'field') return values.has(operand.name)
  const found = valuesOf(operand, values)
  return operand.kind === 'mask' ? found.some((value) => value !== 0) : found.length > 0
}

type Test = Exclude<Expression, { readonly kind: 'and' | 'or' | 'xor' | 'not' | 'exists' }>

function test(expression: Test, values: readonly FieldValue[], all: FieldValues): boolean {
  switch (expression.kind) {
    case 'compare':
      return compareAll(expression, values, rightSides(expression.right, all))
    case 'contains': {
      const rights = rightSides(expression.right, all)
      return values.some((value) => rights.some((right) => contains(value, right)))
    }
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

/** What stands on the right: a value, or the values of another field. */
const rightSides = (right: Literal | Operand, all: FieldValues): readonly Literal[] =>
  'kind' in right ? valuesOf(right, all).map(literalOf) : [right]

function literalOf(value: FieldValue): Literal {
  const bytes = value instanceof Uint8Array ? value : undefined
  const number = typeof value === 'number' || typeof value === 'bigint' ? value : undefined
  const text = bytes === undefined ? String(value) : ''
  return { text, isText: typeof value === 'string', number: typeof value === 'boolean' ? BigInt(value) : number, bytes }
}

/** Any value will do, or all have to be so, and there has to be one, as in Wireshark 4. */
function compareAll(
  { operator, isAll }: Extract<Expression, { kind: 'compare' }>,
  values: readonly FieldValue[],
  rights: readonly Literal[],
): boolean {
  if (values.length === 0 || rights.length === 0) return false
  const holds = (value: FieldValue, right: Literal): boolean => isSo(operator, order(value, right))
  return isAll
    ? values.every((value) => rights.every((right) => holds(value, right)))
    : values.some((value) => rights.some((right) => holds(value, right)))
}

function isSo(operator: Comparison, found: number | undefined): boolean {
  if (operator === '!=' || operator === '!==') return found !== 0
  if (found === undefined) return false
  switch (operator) {
    case '==':
    case '===':
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
}

/** Below zero if the value comes before the literal; undefined where the two cannot be compared. */
function order(value: FieldValue, literal: Literal): number | undefined {
  if (value instanceof Uint8Array) {
    const bytes = literal.isText ? latin1(literal.text) : literal.bytes
    return bytes === undefined ? undefined : compareBytes(value, bytes)
  }
  if (typeof value === 'string' && literal.network !== undefined) {
    const address = ipv4Number(value)
    if (address === undefined) return undefined
    return ((address & literal.network.mask) >>> 0) - literal.network.address
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
