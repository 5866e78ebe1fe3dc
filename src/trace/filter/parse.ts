import { fromHex } from '../../bytes/hex.ts'
import type { Comparison, Expression, Literal } from './expression.ts'
import { FilterError } from './filter-error.ts'
import { isKnownField, nearestField } from './known-fields.ts'
import { type Pattern, readPattern } from './pattern.ts'
import { type Token, tokens } from './tokens.ts'
import { valueOfName } from './value-names.ts'

/** Deepest nesting of parentheses and negations. */
const maxDepth = 100

const comparisons: Readonly<Record<string, Comparison>> = {
  '==': '==',
  eq: '==',
  '!=': '!=',
  ne: '!=',
  '<': '<',
  lt: '<',
  '<=': '<=',
  le: '<=',
  '>': '>',
  gt: '>',
  '>=': '>=',
  ge: '>=',
}

/**
 * Reads a filter in the part of Wireshark's language that docs/trace.md describes.
 * @throws FilterError
 */
export function parseFilter(text: string): Expression {
  return new Parser(text).whole()
}

class Parser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokens(text)
  }

  whole(): Expression {
    const expression = this.#or()
    if (this.#next.kind !== 'end') throw this.#fail('"and" or "or" is missing before this')
    return expression
  }

  get #next(): Token {
    return this.#tokens[this.#at] as Token
  }

  #word(token = this.#next): string {
    return token.kind === 'end' ? '' : token.text
  }

  /** Takes the next token if it is one of these words. */
  #take(...words: readonly string[]): boolean {
    const { kind } = this.#next
    if ((kind !== 'operator' && kind !== 'name') || !words.includes(this.#word())) return false
    this.#at++
    return true
  }

  #fail(problem: string, token = this.#next): FilterError {
    return new FilterError(this.#text, token.start, Math.max(token.end, token.start + 1), problem)
  }

  #or(): Expression {
    let left = this.#and()
    while (this.#take('or', '||')) left = { kind: 'or', left, right: this.#and() }
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.#take('and', '&&')) left = { kind: 'and', left, right: this.#not() }
    return left
  }

  #not(): Expression {
    if (++this.#depth > maxDepth) throw this.#fail(`nested deeper than ${maxDepth}`)
    try {
      if (this.#take('not', '!')) return { kind: 'not', of: this.#not() }
      if (!this.#take('(')) return this.#test()
      const inside = this.#or()
      if (!this.#take(')')) throw this.#fail('a closing parenthesis is missing')
      return inside
    } finally {
      this.#depth--
    }
  }

  #test(): Expression {
    const token = this.#next
    if (token.kind !== 'name') throw this.#fail('the name of a field or a protocol is missing')
    this.#at++
    const field = token.text
    if (!isKnownField(field)) {
      const nearest = nearestField(field)
      const hint = nearest === undefined ? '' : `; perhaps ${nearest}`
      throw this.#fail(`there is no field "${field}"${hint}`, token)
    }
    const operator = this.#next
    const comparison = operator.kind === 'end' ? undefined : comparisons[operator.text]
    if (comparison !== undefined && operator.kind !== 'text') {
      this.#at++
      return { kind: 'compare', field, operator: comparison, literal: this.#literal(field) }
    }
    if (this.#take('contains')) return { kind: 'contains', field, literal: this.#literal(field) }
    if (this.#take('matches', '~')) return { kind: 'matches', field, pattern: this.#pattern() }
    if (this.#take('in')) return { kind: 'in', field, ranges: this.#set(field) }
    if (this.#take('&', 'bitwise_and')) return { kind: 'bits', field, mask: this.#mask(field) }
    return { kind: 'exists', field }
  }

  #pattern(): Pattern {
    const token = this.#next
    if (token.kind !== 'text') throw this.#fail('a pattern in quotation marks is missing')
    this.#at++
    const pattern = readPattern(unquoted(token.text, false))
    if ('matches' in pattern) return pattern
    const start = Math.min(token.start + 1 + pattern.at, token.end - 1)
    throw new FilterError(this.#text, start, start + 1, pattern.problem)
  }

  #mask(field: string): number {
    const token = this.#next
    const { number } = this.#literal(field)
    if (typeof number !== 'bigint' || number < 0n || number > 0xffff_ffffn)
      throw this.#fail('a number is missing', token)
    return Number(number)
  }

  #set(field: string): { from: Literal; to: Literal }[] {
    if (!this.#take('{')) throw this.#fail('the values are to be in braces: {1, 2, 5 .. 9}')
    const ranges: { from: Literal; to: Literal }[] = []
    do {
      const from = this.#literal(field)
      ranges.push({ from, to: this.#take('..') ? this.#literal(field) : from })
      // Older versions of the language have spaces between the values.
      if (this.#take('}')) return ranges
      this.#take(',')
    } while (this.#next.kind !== 'end')
    throw this.#fail('a closing brace is missing')
  }

  #literal(field: string): Literal {
    const token = this.#next
    if (token.kind === 'end' || token.kind === 'operator') throw this.#fail('a value is missing')
    this.#at++
    const isText = token.kind === 'text'
    const text = isText ? unquoted(token.text, true) : token.text
    const number = numberOf(text) ?? valueOfName(field, text)
    return { text, isText, number, bytes: bytesOf(text) }
  }
}

/** A text without its quotation marks. In patterns a single backslash is for the pattern, two are one, as in Wireshark. */
function unquoted(quoted: string, isPlain: boolean): string {
  const inside = quoted.slice(1, -1)
  return isPlain ? inside.replace(/\\(.)/g, '$1') : inside.replace(/\\(["\\])/g, '$1')
}

function numberOf(text: string): bigint | number | undefined {
  if (/^(?:0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.test(text)) return BigInt(text)
  if (/^\d+\.\d+$/.test(text)) return Number(text)
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true' ? 1n : 0n
  return undefined
}

/** `ff:53:4d:42`, `ff53:4d42` or `ff-53-4d-42`. */
function bytesOf(text: string): Uint8Array | undefined {
  const digits = text.replace(/[:-]/g, '')
  return digits.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(digits) ? fromHex(digits) : undefined
}
