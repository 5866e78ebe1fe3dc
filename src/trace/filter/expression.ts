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
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

/** What a filter asks for. */
export type Expression =
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  /** A field, or a protocol, is there. */
  | { readonly kind: 'exists'; readonly field: string }
  | { readonly kind: 'compare'; readonly field: string; readonly operator: Comparison; readonly literal: Literal }
  | { readonly kind: 'bits'; readonly field: string; readonly mask: number }
  | { readonly kind: 'contains'; readonly field: string; readonly literal: Literal }
  | { readonly kind: 'matches'; readonly field: string; readonly pattern: Pattern }
  | {
      readonly kind: 'in'
      readonly field: string
      readonly ranges: readonly { readonly from: Literal; readonly to: Literal }[]
    }

/** The fields that an expression speaks of. */
export function fieldsOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return [...fieldsOf(expression.left), ...fieldsOf(expression.right)]
    case 'not':
      return fieldsOf(expression.of)
    default:
      return [expression.field]
  }
}
