/**
 * Regular expressions that take no longer than the text is long times the pattern: all ways to match go forward
 * together, character by character, and none goes back (Thompson's construction). So a pattern of anybody may be tried
 * on names of anybody. Capitals and small letters are the same, as in Wireshark.
 */
export interface Pattern {
  matches(text: string): boolean
}

/** What is wrong with a pattern, and where. */
interface PatternProblem {
  readonly problem: string
  readonly at: number
}

type Test = (code: number) => boolean
type Step =
  | { readonly kind: 'character'; readonly test: Test }
  | { readonly kind: 'split'; readonly to: readonly number[] }
  | { readonly kind: 'start' | 'end' | 'match' }

type Node =
  | { readonly kind: 'character'; readonly test: Test }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly of: Node; readonly min: number; readonly max: number }

/** Longest pattern, most steps that it may become, and most times that something is counted. */
const maxPatternLength = 500
const maxSteps = 5000
const maxCount = 255
const maxDepth = 50

/** Reads a pattern. */
export function readPattern(text: string): Pattern | PatternProblem {
  if (text.length > maxPatternLength) return { problem: `a pattern has at most ${maxPatternLength} characters`, at: 0 }
  const reader = new PatternReader(text)
  const tree = reader.choice(0)
  if (reader.problem !== undefined) return reader.problem
  if (tree === undefined || reader.at < text.length) return { problem: 'this closes no group', at: reader.at }
  const steps: Step[] = []
  compile(tree, steps)
  if (steps.length >= maxSteps) return { problem: 'the pattern repeats too much', at: 0 }
  steps.push({ kind: 'match' })
  return { matches: (subject) => run(steps, subject) }
}

class PatternReader {
  readonly #text: string
  at = 0
  problem: PatternProblem | undefined

  constructor(text: string) {
    // Patterns that say so are what all are.
    this.#text = text.replace(/^\(\?i\)/, '')
  }

  choice(depth: number): Node | undefined {
    if (depth > maxDepth) return this.#fail(`nested deeper than ${maxDepth}`)
    const parts: Node[] = []
    do {
      const part = this.#sequence(depth)
      if (part === undefined) return undefined
      parts.push(part)
    } while (this.#take('|'))
    return parts.length === 1 ? parts[0] : { kind: 'choice', parts }
  }

  #fail(problem: string, at = this.at): undefined {
    this.problem ??= { problem, at }
    return undefined
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  #sequence(depth: number): Node | undefined {
    const parts: Node[] = []
    while (this.at < this.#text.length && !'|)'.includes(this.#text[this.at] as string)) {
      const atom = this.#atom(depth)
      const repeated = atom && this.#repeated(atom)
      if (repeated === undefined) return undefined
      parts.push(repeated)
    }
    return parts.length === 0 ? { kind: 'empty' } : { kind: 'sequence', parts }
  }

  #atom(depth: number): Node | undefined {
    const character = this.#text[this.at] as string
    if ('*+?'.includes(character)) return this.#fail('there is nothing to repeat')
    if (character === '(') {
      this.at++
      if (this.#text[this.at] === '?' && !this.#take('?:')) return this.#fail('looking around is not done here')
      const inside = this.choice(depth + 1)
      if (inside === undefined) return undefined
      return this.#take(')') ? inside : this.#fail('a closing parenthesis is missing')
    }
    if (character === '[') return this.#class()
    this.at++
    if (character === '^') return { kind: 'start' }
    if (character === '$') return { kind: 'end' }
    if (character === '.') return { kind: 'character', test: () => true }
    if (character === '\\') return this.#escaped()
    return { kind: 'character', test: isCharacter(character.charCodeAt(0)) }
  }

  #escaped(): Node | undefined {
    const test = this.#escape()
    return test === undefined ? undefined : { kind: 'character', test }
  }

  /** What stands behind a backslash. */
  #escape(): Test | undefined {
    const character = this.#text[this.at++]
    if (character === undefined) return this.#fail('a character is missing behind the backslash', this.at - 1)
    const known = classes[character]
    if (known !== undefined) return known
    const control = controls[character]
    if (control !== undefined) return isCharacter(control)
    if (character === 'x') {
      const digits = /^[0-9a-fA-F]{2}/.exec(this.#text.slice(this.at))?.[0]
      if (digits === undefined) return this.#fail('two hexadecimal digits are missing')
      this.at += 2
      return isCharacter(Number.parseInt(digits, 16))
    }
    if (/[0-9A-Za-z]/.test(character)) return this.#fail(`\\${character} is not known here`, this.at - 2)
    return isCharacter(character.charCodeAt(0))
  }

  #class(): Node | undefined {
    const from = this.at++
    const isNot = this.#take('^')
    const tests: Test[] = []
    for (let isFirst = true; isFirst || this.#text[this.at] !== ']'; isFirst = false) {
      if (this.at >= this.#text.length) return this.#fail('a closing bracket is missing', from)
      const low = this.#text.charCodeAt(this.at++)
      if (low === 0x5c) {
        const test = this.#escape()
        if (test === undefined) return undefined
        tests.push(test)
        continue
      }
      const next = this.#text[this.at + 1]
      if (this.#text[this.at] !== '-' || next === undefined || next === ']') {
        tests.push(isCharacter(low))
        continue
      }
      const high = this.#text.charCodeAt(this.at + 1)
      if (high < low) return this.#fail('a range from high to low', this.at - 1)
      this.at += 2
      tests.push(inEitherCase((code) => code >= low && code <= high))
    }
    this.at++
    return { kind: 'character', test: (code) => tests.some((test) => test(code)) !== isNot }
  }

  #repeated(atom: Node): Node | undefined {
    let node = atom
    for (;;) {
      const found = this.#quantifier()
      if (found === undefined) return this.problem === undefined ? node : undefined
      node = { kind: 'repeat', of: node, ...found }
    }
  }

  #quantifier(): { min: number; max: number } | undefined {
    const counted = /^\{(\d{1,3})(,?)(\d{0,3})\}/.exec(this.#text.slice(this.at))
    let found: { min: number; max: number } | undefined
    if (this.#take('*')) found = { min: 0, max: Number.POSITIVE_INFINITY }
    else if (this.#take('+')) found = { min: 1, max: Number.POSITIVE_INFINITY }
    else if (this.#take('?')) found = { min: 0, max: 1 }
    else if (counted !== null) {
      const [all, low = '', comma, high] = counted
      const min = Number(low)
      const max = comma === '' ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high)
      if (min > maxCount || (max !== Number.POSITIVE_INFINITY && max > maxCount))
        return this.#fail(`at most ${maxCount} times can be counted`)
      if (max < min) return this.#fail('a range from high to low')
      this.at += all.length
      found = { min, max }
    }
    // Whether as few as possible are taken makes no difference to whether there is a match.
    if (found !== undefined) this.#take('?')
    return found
  }
}

const lower = (code: number): number => String.fromCharCode(code).toLowerCase().charCodeAt(0)
const upper = (code: number): number => String.fromCharCode(code).toUpperCase().charCodeAt(0)
const isCharacter = (code: number): Test => {
  const [small, capital] = [lower(code), upper(code)]
  return (other) => other === code || other === small || other === capital
}
const inEitherCase =
  (test: Test): Test =>
  (code) =>
    test(code) || test(lower(code)) || test(upper(code))

const isDigit: Test = (code) => code >= 0x30 && code <= 0x39
const isWord: Test = (code) => isDigit(code) || code === 0x5f || /[A-Za-z]/.test(String.fromCharCode(code))
const isSpace: Test = (code) => /\s/.test(String.fromCharCode(code))
const classes: Readonly<Record<string, Test>> = {
  d: isDigit,
  D: (code) => !isDigit(code),
  w: isWord,
  W: (code) => !isWord(code),
  s: isSpace,
  S: (code) => !isSpace(code),
}
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12 }

/** Writes the steps of a node behind those that are there. */
function compile(node: Node, steps: Step[]): void {
  if (steps.length >= maxSteps) return
  switch (node.kind) {
    case 'character':
    case 'start':
    case 'end':
      steps.push(node)
      return
    case 'empty':
      return
    case 'sequence':
      for (const part of node.parts) compile(part, steps)
      return
    case 'choice':
      compileChoice(node.parts, steps)
      return
    case 'repeat':
      compileRepeat(node.of, node.min, node.max, steps)
  }
}

function compileChoice(parts: readonly Node[], steps: Step[]): void {
  const starts: number[] = []
  const split = steps.push({ kind: 'split', to: starts }) - 1
  const ends: number[][] = []
  for (const part of parts) {
    starts.push(steps.length)
    compile(part, steps)
    const to: number[] = []
    ends.push(to)
    steps.push({ kind: 'split', to })
  }
  for (const to of ends) to.push(steps.length)
  if (starts.length === 0) starts.push(split + 1)
}

function compileRepeat(of: Node, min: number, max: number, steps: Step[]): void {
  for (let i = 0; i < min; i++) compile(of, steps)
  if (max === Number.POSITIVE_INFINITY) {
    const to: number[] = []
    const split = steps.push({ kind: 'split', to }) - 1
    compile(of, steps)
    steps.push({ kind: 'split', to: [split] })
    to.push(split + 1, steps.length)
    return
  }
  const ends: number[][] = []
  for (let i = min; i < max && steps.length < maxSteps; i++) {
    const to = [steps.length + 1]
    ends.push(to)
    steps.push({ kind: 'split', to })
    compile(of, steps)
  }
  for (const to of ends) to.push(steps.length)
}

/** Whether the pattern matches anywhere in the text. */
function run(steps: readonly Step[], text: string): boolean {
  let now = new Set<number>()
  for (let at = 0; at <= text.length; at++) {
    if (follow(steps, 0, at, text.length, now)) return true
    if (at === text.length) return false
    const code = text.charCodeAt(at)
    const next = new Set<number>()
    for (const index of now) {
      const step = steps[index] as Step
      if (step.kind === 'character' && step.test(code) && follow(steps, index + 1, at + 1, text.length, next))
        return true
    }
    now = next
  }
  return false
}

/** Adds a step and those that follow from it without a character. True if one of them is the end. */
function follow(steps: readonly Step[], from: number, at: number, length: number, into: Set<number>): boolean {
  const open = [from]
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (into.has(index)) continue
    into.add(index)
    const step = steps[index] as Step
    if (step.kind === 'match') return true
    if (step.kind === 'split') open.push(...step.to)
    else if ((step.kind === 'start' && at === 0) || (step.kind === 'end' && at === length)) open.push(index + 1)
  }
  return false
}
