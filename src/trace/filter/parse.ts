import { fromHex } from '../../bytes/hex.ts'
import { type Comparison, type Expression, fieldOf, type Literal, type Operand, type SlicePart } from './expression.ts'
import { FilterError } from './filter-error.ts'
import { isFunction, nearestFunction } from './functions.ts'
import { ipv4Number } from './ipv4.ts'
import { aliasOf, isKnownField, looksLikeField, nearestField } from './known-fields.ts'
import { type Pattern, readPattern } from './pattern.ts'
import { type Token, tokens } from './tokens.ts'
import { valueOfName } from './value-names.ts'

/** Deepest nesting of parentheses and negations. */
const maxDepth = 100

const comparisons: Readonly<Record<string, Comparison>> = {
  '==': '==',
  eq: '==',
  any_eq: '==',
  '===': '===',
  all_eq: '===',
  '!=': '!=',
  ne: '!=',
  all_ne: '!=',
  '!==': '!==',
  any_ne: '!==',
  // An older way to write it.
  '~=': '!==',
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
    let left = this.#xor()
    while (this.#take('or', '||')) left = { kind: 'or', left, right: this.#xor() }
    return left
  }

  #xor(): Expression {
    let left = this.#and()
    while (this.#take('xor', '^^')) left = { kind: 'xor', left, right: this.#and() }
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
    const { kind } = this.#tokens[this.#at + 1] ?? this.#next
    const quantifier = kind === 'name' && this.#isWord('any', 'all') ? this.#word() : undefined
    if (quantifier !== undefined) this.#at++
    const operand = this.#operand()
    const field = fieldOf(operand)
    const operator = this.#next
    const comparison = operator.kind === 'end' || operator.kind === 'text' ? undefined : comparisons[operator.text]
    if (comparison !== undefined) {
      this.#at++
      const isAll = quantifier === undefined ? comparison === '!=' || comparison === '===' : quantifier === 'all'
      return { kind: 'compare', operand, operator: comparison, right: this.#right(field), isAll }
    }
    if (quantifier !== undefined) throw this.#fail(`a comparison is missing after "${quantifier} ${field}"`)
    if (this.#take('contains')) return { kind: 'contains', operand, right: this.#right(field) }
    if (this.#take('matches', '~')) return { kind: 'matches', operand, pattern: this.#pattern() }
    if (this.#take('in')) return { kind: 'in', operand, ranges: this.#set(field) }
    if (this.#take('not')) {
      if (!this.#take('in')) throw this.#fail('"in" is missing')
      return { kind: 'not', of: { kind: 'in', operand, ranges: this.#set(field) } }
    }
    return { kind: 'exists', operand }
  }

  #isWord(...words: readonly string[]): boolean {
    return this.#next.kind === 'name' && words.includes(this.#word())
  }

  /** A field, `len(field)`, `field[0:4]`, `field & 0x10`. */
  #operand(): Operand {
    if (++this.#depth > maxDepth) throw this.#fail(`nested deeper than ${maxDepth}`)
    const token = this.#next
    if (token.kind !== 'name') throw this.#fail('the name of a field or a protocol is missing')
    this.#at++
    let operand: Operand = this.#take('(') ? this.#call(token) : { kind: 'field', name: this.#field(token) }
    for (let slice = this.#next; slice.kind === 'slice'; slice = this.#next) {
      operand = { kind: 'slice', of: operand, parts: this.#parts(slice) }
      this.#at++
    }
    if (this.#take('&', 'bitwise_and')) operand = { kind: 'mask', of: operand, mask: this.#mask(fieldOf(operand)) }
    this.#depth--
    return operand
  }

  #call(token: Token & { readonly text: string }): Operand {
    const name = token.text
    if (!isFunction(name)) {
      const like = nearestFunction(name)
      throw this.#fail(`there is no function "${name}"${like === undefined ? '' : `; perhaps ${like}`}`, token)
    }
    const of = this.#operand()
    if (!this.#take(')')) throw this.#fail('a closing parenthesis is missing')
    return { kind: 'call', function: name, of }
  }

  #field(token: Token & { readonly text: string }): string {
    const field = aliasOf(token.text)
    if (isKnownField(field)) return field
    const nearest = nearestField(token.text)
    const hint = nearest === undefined ? '' : `; perhaps ${nearest}`
    throw this.#fail(`there is no field "${token.text}"${hint}`, token)
  }

  /** `[3]`, `[0:4]` from 0 four of them, `[2-5]` with the last, `[:4]`, `[4:]`, several with commas. */
  #parts(token: Token & { readonly text: string }): SlicePart[] {
    return token.text
      .slice(1, -1)
      .split(',')
      .map((text) => {
        const found = /^\s*(-?\d{1,9})?\s*(?:(:)\s*(\d{1,9})?|-\s*(-?\d{1,9}))?\s*$/.exec(text)
        const [, first, colon, length, last] = found ?? []
        if (first === undefined && length === undefined)
          throw this.#fail('a slice is [3], [0:4] (from 0, four of them), [2-5], [:4] or [4:]', token)
        const from = Number(first ?? 0)
        const one = last === undefined ? from : Number(last)
        const count = colon === undefined ? undefined : Number(length ?? Number.NaN)
        const end = count === undefined ? one + 1 : from + count
        // From the end, the last one is followed by nothing.
        return { from, to: Number.isNaN(end) || (end === 0 && from < 0) ? undefined : end }
      })
  }

  /** A value, or another field to compare with. */
  #right(field: string): Literal | Operand {
    const token = this.#next
    const next = this.#tokens[this.#at + 1]
    const isCall = token.kind === 'name' && next?.kind === 'operator' && next.text === '(' && isFunction(token.text)
    if (token.kind !== 'name' || valueOfName(field, token.text) !== undefined) return this.#literal(field)
    return isCall || looksLikeField(token.text) ? this.#operand() : this.#literal(field)
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
    const number = numberOf(text) ?? valueOfName(field, text) ?? (field === 'frame.time' ? timeOf(text) : undefined)
    return { text, isText, number, bytes: bytesOf(text), network: networkOf(text) }
  }
}

/** A text without its quotation marks. In patterns a single backslash is for the pattern, two are one, as in Wireshark. */
function unquoted(quoted: string, isPlain: boolean): string {
  if (!quoted.startsWith('"')) return quoted.slice(2, -1)
  const inside = quoted.slice(1, -1)
  return isPlain ? inside.replace(/\\(.)/g, '$1') : inside.replace(/\\(["\\])/g, '$1')
}

function numberOf(text: string): bigint | number | undefined {
  if (/^(?:0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.test(text)) return BigInt(text)
  if (/^\d+\.\d+$/.test(text)) return Number(text)
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true' ? 1n : 0n
  return undefined
}

/** RFC 4632 3.1. */
function networkOf(text: string): Literal['network'] {
  const [address = '', bits = ''] = text.split('/')
  const number = ipv4Number(address)
  if (number === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined
  // Shifting by 32 shifts by nothing.
  const mask = bits === '0' ? 0 : (-1 << (32 - Number(bits))) >>> 0
  return { address: (number & mask) >>> 0, mask }
}

/** A date with a time, in seconds since 1970; UTC where it names no zone, as the report shows times. */
function timeOf(text: string): number | undefined {
  const hasZone = /(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\s*$/.test(text)
  const ms = Date.parse(hasZone ? text : `${text} Z`)
  return Number.isNaN(ms) ? undefined : ms / 1000
}

/** `ff:53:4d:42`, `ff53:4d42` or `ff-53-4d-42`. */
function bytesOf(text: string): Uint8Array | undefined {
  const digits = text.replace(/[:-]/g, '')
  return digits.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(digits) ? fromHex(digits) : undefined
}
