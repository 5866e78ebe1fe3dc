import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { ConfigError, type Place } from './config-error.ts'

/** Larger files are not config files. */
export const maxConfigBytes = 1024 * 1024

type Step = string | number

/** A parsed file that still knows where each of its values stood. */
export class YamlFile {
  readonly file: string
  readonly #document: Document.Parsed
  readonly #lines: LineCounter

  /**
   * Every scalar is the text that stands there (YAML's "failsafe" schema): `minDialect: 3.0` is not the number 3, and
   * a user may be called `no` or `007`. JSON is YAML too.
   * @throws ConfigError where the text is not YAML
   */
  constructor(file: string, text: string) {
    this.file = file
    this.#lines = new LineCounter()
    this.#document = parseDocument(text, {
      schema: 'failsafe',
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
    })
    const [problem] = [...this.#document.errors, ...this.#document.warnings]
    if (problem !== undefined) {
      const sentence = problem.code === 'DUPLICATE_KEY' ? 'this key is there twice' : problem.message
      throw new ConfigError(sentence, this.#placeAt(problem.pos[0]))
    }
  }

  /**
   * The values, checked and converted by a schema.
   * @throws ConfigError that names the first wrong value, by its place and its path
   */
  read<T>(schema: z.ZodType<T>): T {
    const plain = this.#plain()
    const result = schema.safeParse(plain === null || plain === '' ? {} : plain)
    if (result.success) return result.data
    const problems = result.error.issues.map((issue) => this.#problem(issue))
    problems.sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0))
    const [first] = problems
    if (first === undefined) throw new ConfigError('is refused', { file: this.file })
    throw new ConfigError(first.sentence, first.place)
  }

  #plain(): unknown {
    try {
      // Aliases are counted: a file of a hundred bytes could otherwise mean gigabytes.
      return this.#document.toJS({ maxAliasCount: 100 })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      throw new ConfigError(problem, { file: this.file }, { cause: error })
    }
  }

  /** Where the value at this path stands; where its key stands if `ofKey`. What is not there is at its parent. */
  place(path: readonly Step[], ofKey = false): Place {
    for (let length = path.length; length >= 0; length--) {
      const start = this.#start(path.slice(0, length), ofKey && length === path.length)
      if (start !== undefined) return this.#placeAt(start)
    }
    return { file: this.file }
  }

  #problem(issue: z.core.$ZodIssue): { sentence: string; place: Place } {
    const path = issue.path.filter((step) => typeof step !== 'symbol')
    if (issue.code === 'unrecognized_keys') {
      const key = issue.keys[0] ?? ''
      return { sentence: `unknown key ${formatPath([...path, key])}`, place: this.place([...path, key], true) }
    }
    const what = formatPath(path)
    if (issue.code === 'invalid_key')
      return { sentence: `${what}: ${issue.issues[0]?.message ?? issue.message}`, place: this.place(path, true) }
    return { sentence: what === '' ? issue.message : `${what}: ${issue.message}`, place: this.place(path) }
  }

  #start(path: readonly Step[], ofKey: boolean): number | undefined {
    if (path.length === 0) return this.#document.contents?.range?.[0] ?? 0
    if (ofKey) {
      const parent: unknown =
        path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true)
      const pair = isMap(parent)
        ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
        : undefined
      return isNode(pair?.key) ? pair.key.range?.[0] : undefined
    }
    const node: unknown = this.#document.getIn(path, true)
    return isNode(node) ? node.range?.[0] : undefined
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
}

/** `shares.photos.users[2]` */
export function formatPath(path: readonly Step[]): string {
  let text = ''
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`
  return text
}
