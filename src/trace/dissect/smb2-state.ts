import type { Information } from '../../wire/smb2/information-bodies.ts'
import type { Field } from './field.ts'

/** Something that a message said, and in which frame. */
export interface Said<T> {
  readonly value: T
  readonly frame: number
}

/** A request that has no answer yet. */
export interface PendingRequest {
  readonly frame: number
  readonly timeNs: number
  readonly command: number
  readonly asked: Information | undefined
  /** What CREATE and TREE_CONNECT name. */
  readonly name: string | undefined
  readonly user: LogonNames | undefined
  /** The handle that it is about, for what comes back from it. */
  readonly fileId: string | undefined
  /** Where the frame of the answer is noted when it is known. */
  fields: Field[]
}

export interface LogonNames {
  readonly account: string
  readonly domain: string
  readonly host: string
}

/** Most entries of each table of a connection; the oldest are forgotten. A peer can make each of them grow. */
export const maxRemembered = 65_536

/** A map that forgets what was put into it first. */
export class LimitedMap<K, V> {
  readonly #map = new Map<K, V>()

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  set(key: K, value: V): void {
    this.#map.delete(key)
    if (this.#map.size >= maxRemembered) {
      const first = this.#map.keys().next()
      if (first.done !== true) this.#map.delete(first.value)
    }
    this.#map.set(key, value)
  }

  delete(key: K): void {
    this.#map.delete(key)
  }
}

/** What earlier messages of a connection said that later ones mean. */
export class Smb2State {
  readonly pending = new LimitedMap<bigint, PendingRequest>()
  /** By session and tree: `id tree`. */
  readonly trees = new LimitedMap<string, Said<{ readonly path: string; readonly shareType: number }>>()
  readonly files = new LimitedMap<string, Said<string>>()
  readonly users = new LimitedMap<bigint, Said<LogonNames>>()
}
