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
    if (this.#map.size <= this.#most) return
    for (const oldest of this.#map.keys()) {
      this.#map.delete(oldest)
      break
    }
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
