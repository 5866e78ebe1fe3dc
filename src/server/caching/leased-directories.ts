import { upcase } from '../../wire/fscc/index.ts'
import type { BackendPath } from '../backend.ts'
import type { Lease } from './lease.ts'

const keyOf = (path: BackendPath): string => path.map(upcase).join('\\')

/** The directories of a share that somebody caches, by their paths: what changes in them is found by its own path. */
export class LeasedDirectories {
  readonly #byPath = new Map<string, Set<Lease>>()
  readonly #keys = new Map<Lease, string>()

  get size(): number {
    return this.#keys.size
  }

  /** Those on the directory that `path` lies in. */
  above(path: BackendPath): Iterable<Lease> {
    return path.length === 0 ? [] : (this.#byPath.get(keyOf(path.slice(0, -1))) ?? [])
  }

  add(lease: Lease, path: BackendPath): void {
    const key = keyOf(path)
    if (this.#keys.get(lease) === key) return
    this.delete(lease)
    this.#keys.set(lease, key)
    const there = this.#byPath.get(key)
    if (there === undefined) this.#byPath.set(key, new Set([lease]))
    else there.add(lease)
  }

  delete(lease: Lease): void {
    const key = this.#keys.get(lease)
    if (key === undefined) return
    this.#keys.delete(lease)
    const there = this.#byPath.get(key)
    there?.delete(lease)
    if (there?.size === 0) this.#byPath.delete(key)
  }

  /** Some directories have other paths now. */
  moved(): void {
    for (const lease of [...this.#keys.keys()]) {
      const [open] = lease.opens
      if (open !== undefined) this.add(lease, open.path)
    }
  }
}
