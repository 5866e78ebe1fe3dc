import type { Filetime } from '../bytes/filetime.ts'
import { upcase } from '../wire/fscc/index.ts'
import type { BackendPath } from './backend.ts'
import { shortNameInListing } from './short-name.ts'

/** As long as Windows remembers a name that is gone. */
const LIFE_100NS = 15n * 10_000_000n
const MAX_NAMES = 256

/**
 * Long names that went a moment ago, by their short ones: a program that knows short names alone deletes a file, or moves
 * it away, and makes it anew; it gets its long name back (MS-FSA 2.1.1.1: TunnelCacheList).
 */
export class NameTunnel {
  readonly #gone = new Map<string, { readonly name: string; readonly until: Filetime }>()

  /** The name of `path` is gone from its directory. */
  remember(path: BackendPath, now: Filetime): void {
    const name = path.at(-1) ?? ''
    const short = shortNameInListing(name)
    if (short === '') return
    const key = keyOf([...path.slice(0, -1), short])
    this.#gone.delete(key)
    this.#gone.set(key, { name, until: now + LIFE_100NS })
    for (const oldest of this.#gone.keys()) {
      if (this.#gone.size <= MAX_NAMES) break
      this.#gone.delete(oldest)
    }
  }

  /** The path with the long name of which its last component was the short one, if that went a moment ago. */
  recall(path: BackendPath, now: Filetime): BackendPath {
    const key = keyOf(path)
    const gone = this.#gone.get(key)
    if (gone === undefined) return path
    this.#gone.delete(key)
    return gone.until < now ? path : [...path.slice(0, -1), gone.name]
  }
}

const keyOf = (path: BackendPath): string => path.map(upcase).join('\\')
