import { randomBytes } from 'node:crypto'
import type { Clock } from '../protocol/clock.ts'
import type { BackendPath, ByteRange, FileStat } from './backend.ts'
import type { Share } from './share.ts'

/** What the token of an offloaded read stands for: a range of a file, as it was when the token was made. */
export interface OffloadedRange {
  readonly share: Share
  readonly path: BackendPath
  readonly stream: string | undefined
  readonly stat: FileStat
  readonly range: ByteRange
  /** The user to whom the token was given: it is worth nothing to others. */
  readonly sid: string | undefined
}

interface Kept extends OffloadedRange {
  readonly expiresAt: bigint
}

const TOKEN_ID_BYTES = 504
const DEFAULT_LIFE_MS = 30_000
const MAX_LIFE_MS = 5 * 60_000

/** The tokens that offloaded reads have given out and that are still good; the oldest give way to new ones. */
export class OffloadTokens {
  readonly #clock: Clock
  readonly #max: number
  readonly #kept = new Map<string, Kept>()

  constructor(clock: Clock, max: number) {
    this.#clock = clock
    this.#max = max
  }

  /** The id of a new token; `lifeMs` 0 means: as long as is usual. */
  make(range: OffloadedRange, lifeMs: number): Uint8Array {
    const id = randomBytes(TOKEN_ID_BYTES)
    const life = BigInt(lifeMs === 0 ? DEFAULT_LIFE_MS : Math.min(lifeMs, MAX_LIFE_MS))
    this.#kept.set(keyOf(id), { ...range, expiresAt: this.#clock.now() + life * 10_000n })
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= this.#max) break
      this.#kept.delete(key)
    }
    return id
  }

  /** What a token stands for; undefined if it is none, or its time is over. */
  find(id: Uint8Array): OffloadedRange | undefined {
    const key = keyOf(id)
    const kept = this.#kept.get(key)
    if (kept === undefined || kept.expiresAt > this.#clock.now()) return kept
    this.#kept.delete(key)
    return undefined
  }
}

const keyOf = (id: Uint8Array): string => Buffer.from(id).toString('latin1')
