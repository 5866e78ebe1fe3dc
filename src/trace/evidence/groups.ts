/** What rules gather their evidence in. */

/** Frames that a finding names. */
const MAX_FRAMES = 20
/** Kinds of evidence that a rule keeps apart, and names that it keeps of each. */
const MAX_GROUPS = 64
const MAX_NAMES = 200
/** Findings of one rule: who has more of a kind has read enough. */
const MAX_FINDINGS = 12

/** Evidence of one kind: the first of it, how often it came, and where. */
export class Group<T> {
  readonly first: T
  count = 0
  /** The telling frames, at most 20. */
  readonly frames: number[] = []
  /** Different names that it was about, in the order they came. */
  readonly names = new Set<string>()

  constructor(first: T) {
    this.first = first
  }

  add(frames: readonly (number | undefined)[], name?: string): void {
    this.count++
    for (const frame of frames)
      if (frame !== undefined && this.frames.length < MAX_FRAMES && !this.frames.includes(frame))
        this.frames.push(frame)
    if (name !== undefined && this.names.size < MAX_NAMES) this.names.add(name)
  }
}

/** Evidence by kind; kinds that come when there are many already are only counted. */
export class Groups<T> {
  readonly #groups = new Map<string, Group<T>>()
  /** How often something came that was not kept. */
  left = 0

  /** The group of that kind; undefined where there are too many. */
  of(key: string, first: () => T): Group<T> | undefined {
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    if (this.#groups.size >= MAX_GROUPS) {
      this.left++
      return undefined
    }
    const group = new Group(first())
    this.#groups.set(key, group)
    return group
  }

  /** The groups that are worth telling: those with most evidence, in the order they began. */
  all(): Group<T>[] {
    const groups = [...this.#groups.values()]
    if (groups.length <= MAX_FINDINGS) return groups
    const most = new Set(groups.toSorted((left, right) => right.count - left.count).slice(0, MAX_FINDINGS))
    return groups.filter((group) => most.has(group))
  }
}
