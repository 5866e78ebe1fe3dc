/** Letters, a cell each; undefined for no file. */
export type Content = string | undefined

interface State {
  readonly content: Content
  /** Whose writes, or some of them, are not in it. */
  readonly lacks: ReadonlySet<object>
}

/** What a file may hold, as far as it can be known: not everything that was written has been said to be stored. */
export class Knowledge {
  /** The one with all that was written comes first. */
  #states: readonly State[] = [{ content: undefined, lacks: new Set() }]

  /** With all that was written, as far as that can be. */
  get newest(): Content {
    return this.#states[0]?.content
  }

  get contents(): readonly Content[] {
    return this.#states.map(({ content }) => content)
  }

  /** It holds that and nothing else. */
  is(content: Content): void {
    this.#states = [{ content, lacks: new Set() }]
  }

  /** It was changed; by `writer` in such a way that it may turn out not to be stored, as long as that one is told. */
  changed(change: (content: Content) => Content, writer?: object): void {
    const stored = this.#states.map(({ content, lacks }) => ({ content: change(content), lacks }))
    const lost = writer === undefined ? [] : this.#states
    const all = [
      ...stored,
      ...lost.map(({ content, lacks }) => ({ content, lacks: new Set(lacks).add(writer as object) })),
    ]
    const isFirst = (state: State, at: number): boolean => all.findIndex((other) => isSame(state, other)) === at
    this.#states = all.filter(isFirst)
  }

  /** Whether some of that one's writes may not be stored. */
  owes(writer: object): boolean {
    return this.#states.some(({ lacks }) => lacks.has(writer))
  }

  /** Somebody has seen what is there: what was not stored by then never will be. False where that cannot be. */
  seen(fits: (content: Content) => boolean): boolean {
    return this.#keep(({ content }) => fits(content))
  }

  /** All writes of that one were said to be stored. False where they cannot be. */
  stored(writer: object): boolean {
    return this.#keep(({ lacks }) => !lacks.has(writer))
  }

  #keep(which: (state: State) => boolean): boolean {
    const left = this.#states.filter(which)
    if (left.length > 0) this.#states = left
    return left.length > 0
  }
}

const isSame = (a: State, b: State): boolean =>
  a.content === b.content && a.lacks.size === b.lacks.size && [...a.lacks].every((writer) => b.lacks.has(writer))
