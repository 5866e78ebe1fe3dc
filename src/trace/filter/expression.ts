import type { FunctionName } from './functions.ts'
import type { Pattern } from './pattern.ts'

/** A comparison's right side, in all forms that it may be meant in. */
export interface Literal {
  readonly text: string
  /** It was in quotation marks. */
  readonly isText: boolean
  /** As a number; undefined where it is none. */
  readonly number: bigint | number | undefined
  /** As a row of bytes; undefined where it is none. */
  readonly bytes: Uint8Array | undefined
  /** As a part of IPv4's addresses, `10.0.0.0/8`. */
  readonly network?: { readonly address: number; readonly mask: number } | undefined
}

/** What is compared: a field's values, parts of them, or what a function makes of them. */
export type Operand =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'slice'; readonly of: Operand; readonly parts: readonly SlicePart[] }
  | { readonly kind: 'mask'; readonly of: Operand; readonly mask: number }
  | { readonly kind: 'call'; readonly function: FunctionName; readonly of: Operand }

/** From a place to one past the last; negative ones count from the end. Undefined: to the end. */
export interface SlicePart {
  readonly from: number
  readonly to: number | undefined
}

/** By themselves `!==` is true where any value differs, `!=` where all do; `===` where all are the same. */
export type Comparison = '==' | '!=' | '===' | '!==' | '<' | '<=' | '>' | '>='

/** What a filter asks for. */
export type Expression =
  | { readonly kind: 'and' | 'or' | 'xor'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  /** A field, or a protocol, is there, or a part of it; of bits one is set. */
  | { readonly kind: 'exists'; readonly operand: Operand }
  | {
      readonly kind: 'compare'
      readonly operand: Operand
      readonly operator: Comparison
      readonly right: Literal | Operand
      /** All values have to be so, and not any of them: `any` and `all` say it, and where they do not, the operator. */
      readonly isAll: boolean
    }
  | { readonly kind: 'contains'; readonly operand: Operand; readonly right: Literal | Operand }
  | { readonly kind: 'matches'; readonly operand: Operand; readonly pattern: Pattern }
  | {
      readonly kind: 'in'
      readonly operand: Operand
      readonly ranges: readonly { readonly from: Literal; readonly to: Literal }[]
    }

/** The field that an operand is made of. */
export const fieldOf = (operand: Operand): string => (operand.kind === 'field' ? operand.name : fieldOf(operand.of))

/** The operands that an expression speaks of; of what it only wants to be there, `isValue` is false. */
export function operandsOf(expression: Expression): { readonly operand: Operand; readonly isValue: boolean }[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
    case 'xor':
      return [...operandsOf(expression.left), ...operandsOf(expression.right)]
    case 'not':
      return operandsOf(expression.of)
    case 'exists':
      return [{ operand: expression.operand, isValue: expression.operand.kind !== 'field' }]
    case 'compare':
    case 'contains': {
      const { operand, right } = expression
      const both = 'kind' in right ? [operand, right] : [operand]
      return both.map((one) => ({ operand: one, isValue: true }))
    }
    default:
      return [{ operand: expression.operand, isValue: true }]
  }
}
