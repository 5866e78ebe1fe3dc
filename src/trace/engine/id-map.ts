interface Entry<T> {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  value: T
  next: Entry<T> | undefined
}

/**
 * A map by numbers of up to four 32-bit words (message ids, session ids, file ids). It makes neither text nor bigints
 * of them, which for each message of a capture would cost more than all else.
 */
export class IdMap<T> {
  readonly #buckets = new Map<number, Entry<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(a: number, b = 0, c = 0, d = 0): T | undefined {
    for (let entry = this.#buckets.get(hash(a, b, c, d)); entry !== undefined; entry = entry.next)
      if (entry.a === a && entry.b === b && entry.c === c && entry.d === d) return entry.value
    return undefined
  }

  set(value: T, a: number, b = 0, c = 0, d = 0): void {
    const key = hash(a, b, c, d)
    const first = this.#buckets.get(key)
    for (let entry = first; entry !== undefined; entry = entry.next)
      if (entry.a === a && entry.b === b && entry.c === c && entry.d === d) {
        entry.value = value
        return
      }
    this.#buckets.set(key, { a, b, c, d, value, next: first })
    this.#size++
  }

  delete(a: number, b = 0, c = 0, d = 0): void {
    const key = hash(a, b, c, d)
    let before: Entry<T> | undefined
    for (let entry = this.#buckets.get(key); entry !== undefined; before = entry, entry = entry.next) {
      if (entry.a !== a || entry.b !== b || entry.c !== c || entry.d !== d) continue
      if (before !== undefined) before.next = entry.next
      else if (entry.next !== undefined) this.#buckets.set(key, entry.next)
      else this.#buckets.delete(key)
      this.#size--
      return
    }
  }

  clear(): void {
    this.#buckets.clear()
    this.#size = 0
  }

  /** In no order that means anything. */
  *values(): Generator<T> {
    for (const first of this.#buckets.values())
      for (let entry: Entry<T> | undefined = first; entry !== undefined; entry = entry.next) yield entry.value
  }
}

function hash(a: number, b: number, c: number, d: number): number {
  const low = Math.imul(a ^ Math.imul(b, 0x85eb_ca6b), 0x9e37_79b1)
  const high = Math.imul(c ^ Math.imul(d, 0xc2b2_ae35), 0x27d4_eb2f)
  const both = low ^ high
  return (both ^ (both >>> 15)) & 0x3fff_ffff
}
