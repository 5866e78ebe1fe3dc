import { FilterError } from './filter-error.ts'

export type Token = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'name' | 'number' | 'text' | 'slice' | 'operator'; readonly text: string }
  | { readonly kind: 'end' }
)

/** Longest filter that is read, in characters. */
const maxLength = 10_000

const patterns: readonly (readonly [RegExp, 'space' | 'name' | 'number' | 'text' | 'slice' | 'operator'])[] = [
  [/\s+/y, 'space'],
  [/"(?:[^"\\]|\\.)*"/y, 'text'],
  // A raw text, in which a backslash is nothing else.
  [/[rR]"[^"]*"/y, 'text'],
  // Which part of a field: [0:4], [2-5], [-1], [:2, 4].
  [/\[[\d\s:,-]*\]/y, 'slice'],
  // A field, a word, a number, a GUID, a row of bytes with colons, an address.
  [/[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,}(?![\w.])/y, 'number'],
  [/[A-Za-z_][\w.-]*/y, 'name'],
  [/(?:0[xX][0-9a-fA-F]+|\d[\w.:-]*(?:\/\d+)?)/y, 'number'],
  [/===|!==|==|!=|~=|>=|<=|&&|\|\||\^\^|\.\.|[<>!(){},&~]/y, 'operator'],
]

/** @throws FilterError */
export function tokens(text: string): Token[] {
  if (text.length > maxLength) throw new FilterError('', 0, 1, `a filter has at most ${maxLength} characters`)
  const found: Token[] = []
  for (let at = 0; at < text.length; ) {
    const next = tokenAt(text, at)
    if (next === undefined) {
      const problem =
        text[at] === '"' ? 'a text without its closing quotation mark' : `"${text[at]}" means nothing here`
      throw new FilterError(text, at, text[at] === '"' ? text.length : at + 1, problem)
    }
    if (next.kind !== 'space') found.push({ kind: next.kind, text: next.text, start: at, end: at + next.text.length })
    at += next.text.length
  }
  return [...found, { kind: 'end', start: text.length, end: text.length }]
}

function tokenAt(text: string, at: number) {
  for (const [pattern, kind] of patterns) {
    pattern.lastIndex = at
    const match = pattern.exec(text)?.[0]
    if (match === undefined) continue
    // Two points stand between the ends of a range, also without spaces.
    const range = kind === 'number' ? match.indexOf('..') : -1
    return { kind, text: range > 0 ? match.slice(0, range) : match }
  }
  return undefined
}
