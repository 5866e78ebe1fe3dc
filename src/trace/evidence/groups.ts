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

/** A table that forgets what has not been touched for longest, so that a long capture does not fill the memory. */
export class Recent<K, V> {
  readonly #most: number
  readonly #map = new Map<K, V>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  set(key: K, value: V): void {
    this.#map.delete(key)
    this.#map.set(key, value)
    if (this.#map.size > this.#most) for (const [oldest] of this.#map) return void this.#map.delete(oldest)
  }

  /** What is there, or a new one. */
  take(key: K, make: () => V): V {
    const known = this.#map.get(key)
    const value = known ?? make()
    if (known === undefined) this.set(key, value)
    return value
  }

  delete(key: K): void {
    this.#map.delete(key)
  }

  get size(): number {
    return this.#map.size
  }

  values(): IterableIterator<V> {
    return this.#map.values()
  }

  entries(): IterableIterator<[K, V]> {
    return this.#map.entries()
  }
}
