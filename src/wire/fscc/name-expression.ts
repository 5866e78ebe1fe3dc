/**
 * Names with wildcards, as QUERY_DIRECTORY carries them (MS-FSA 2.1.4.4):
 *
 * - `*` any characters, none too
 * - `?` one character
 * - `<` (DOS_STAR) any characters, none too, but nothing past the last period of the name once it has passed it
 * - `>` (DOS_QM) one character that is no period; nothing before a period and at the end of the name
 * - `"` (DOS_DOT) a period; nothing at the end of the name
 */
import { upcase } from './upcase.ts'

const STAR = 0x2a
const QUESTION = 0x3f
const DOS_STAR = 0x3c
const DOS_QM = 0x3e
const DOS_DOT = 0x22
const PERIOD = 0x2e

/**
 * Longer expressions, in UTF-16 units after runs of `*` are made one, match nothing: no name is so long, and what a
 * match costs grows with the expression's length times the name's.
 */
export const MAX_NAME_EXPRESSION_UNITS = 512

const isWildcard = (unit: number): boolean =>
  unit === STAR || unit === QUESTION || unit === DOS_STAR || unit === DOS_QM || unit === DOS_DOT

/** True when a name has one of the five wildcards in it. */
export function hasWildcards(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (isWildcard(text.charCodeAt(i))) return true
  return false
}

/** A name with wildcards, ready to be held against many names. */
export interface NameExpression {
  /** The expression, as it was given. */
  readonly expression: string
  /** It has no wildcards: one look-up answers it. */
  readonly literal: boolean
  /** Every name matches. */
  readonly all: boolean
  matches(name: string): boolean
}

export interface NameExpressionOptions {
  /** Default true. */
  readonly ignoreCase?: boolean
}

/** Prepares an expression. The case of letters does not matter unless `ignoreCase` is false. */
export function nameExpression(expression: string, { ignoreCase = true }: NameExpressionOptions = {}): NameExpression {
  const fold = ignoreCase ? upcase : (text: string): string => text
  // Two stars match what one does.
  const pattern = fold(expression.replace(/\*+/g, '*'))
  const literal = !hasWildcards(pattern)
  const all = pattern === '*'
  const matches = matcher(pattern, literal, all)
  return { expression, literal, all, matches: (name) => matches(ignoreCase && !all ? fold(name) : name) }
}

function matcher(pattern: string, literal: boolean, all: boolean): (name: string) => boolean {
  // Rule of MS-FSA 2.1.4.4: an empty name is in no expression but the empty one.
  if (all) return (name) => name.length > 0
  if (literal) return (name) => name === pattern
  if (pattern.length > MAX_NAME_EXPRESSION_UNITS) return () => false
  const rest = pattern.slice(1)
  if (pattern.charCodeAt(0) === STAR && !hasWildcards(rest)) return (name) => name.endsWith(rest)
  const start = pattern.slice(0, -1)
  if (pattern.charCodeAt(pattern.length - 1) === STAR && !hasWildcards(start))
    return (name) => name.startsWith(start) && name.length > 0
  return automaton(pattern)
}

/** Units that a name must have at least: every unit of the pattern that is not free to match nothing. */
function leastLength(pattern: string): number {
  let least = 0
  for (let i = 0; i < pattern.length; i++) {
    const unit = pattern.charCodeAt(i)
    if (!isWildcard(unit) || unit === QUESTION) least++
  }
  return least
}

/**
 * All ways through the pattern at once: the set of places in it that the name so far can have led to. Time is at most
 * the pattern's length times the name's, whatever they are.
 */
function automaton(pattern: string): (name: string) => boolean {
  const end = pattern.length
  const units = Uint16Array.from({ length: end }, (_, i) => pattern.charCodeAt(i))
  const least = leastLength(pattern)
  let now = new Uint8Array(end + 1)
  let next = new Uint8Array(end + 1)

  /** Marks what one unit of the name leads to from every marked place; false when nothing is left. */
  function step(unit: number, isLastPeriod: boolean): boolean {
    next.fill(0)
    let alive = false
    for (let at = 0; at < end; at++) {
      if (now[at] === 0) continue
      const expected = units[at] as number
      let reached = -1
      if (expected === STAR || expected === DOS_STAR) {
        now[at + 1] = 1
        reached = expected === DOS_STAR && isLastPeriod ? at + 1 : at
      } else if (expected === DOS_QM) {
        if (unit === PERIOD) now[at + 1] = 1
        else reached = at + 1
      } else if (expected === DOS_DOT) {
        if (unit === PERIOD) reached = at + 1
      } else if (expected === QUESTION || expected === unit) reached = at + 1
      if (reached < 0) continue
      next[reached] = 1
      alive = true
    }
    const spare = now
    now = next
    next = spare
    return alive
  }

  /** At the end of the name, whether what is left of the pattern may match nothing. */
  function accepted(): boolean {
    for (let at = 0; at < end; at++) {
      if (now[at] === 0) continue
      const expected = units[at] as number
      if (expected === STAR || expected === DOS_STAR || expected === DOS_QM || expected === DOS_DOT) now[at + 1] = 1
    }
    return now[end] === 1
  }

  return (name) => {
    if (name.length === 0 || name.length < least) return false
    now.fill(0)
    now[0] = 1
    const lastPeriod = name.lastIndexOf('.')
    for (let i = 0; i < name.length; i++) if (!step(name.charCodeAt(i), i === lastPeriod)) return false
    return accepted()
  }
}

/** Whether one name is in one expression; for many names, prepare the expression once with `nameExpression`. */
export const isNameInExpression = (name: string, expression: string, options?: NameExpressionOptions): boolean =>
  nameExpression(expression, options).matches(name)
