import type { Clock } from '../../protocol/clock.ts'
import { type DfsPath, dfsKey } from './dfs-path.ts'
import type { DfsTarget, PathReferral } from './referral.ts'

const TICKS_PER_MS = 10_000n

/** A referral, and which of its targets is in use. */
export class KnownReferral {
  referral: PathReferral
  /** Who has told, and is asked again. */
  source: string
  #expires: bigint
  #hint = 0

  constructor(referral: PathReferral, source: string, now: bigint) {
    this.referral = referral
    this.source = source
    this.#expires = now + BigInt(referral.timeToLiveMs) * TICKS_PER_MS
  }

  hasExpired(now: bigint): boolean {
    return now >= this.#expires
  }

  /** The targets, the one in use first, then those after it, then those before. */
  get inOrder(): readonly DfsTarget[] {
    const { targets } = this.referral
    return [...targets.slice(this.#hint), ...targets.slice(0, this.#hint)]
  }

  /** Has worked: it stays the one that is used. */
  use(target: DfsTarget): void {
    this.#hint = Math.max(0, this.referral.targets.indexOf(target))
  }

  /** Does not work at present: the next one is tried first from now on. */
  pass(target: DfsTarget): void {
    if (this.referral.targets[this.#hint] === target) this.#hint = (this.#hint + 1) % this.referral.targets.length
  }

  /**
   * The same part of the namespace was asked for again. Who was used stays in use, unless the server wants clients to
   * go back to a better set (MS-DFSC 3.1.5.4.3, TargetFailback).
   */
  renew(referral: PathReferral, source: string, now: bigint): void {
    const used = this.referral.targets[this.#hint] as DfsTarget
    const again = referral.targets.findIndex(({ path }) => dfsKey(path) === dfsKey(used.path))
    const mayStay = again >= 0 && (!referral.failback || referral.targets[again]?.set === referral.targets[0].set)
    this.referral = referral
    this.source = source
    this.#hint = mayStay ? again : 0
    this.#expires = now + BigInt(referral.timeToLiveMs) * TICKS_PER_MS
  }
}

/** What is known of namespaces, by prefix (MS-DFSC 3.1.1, ReferralCache). */
export class ReferralCache {
  readonly #clock: Clock
  readonly #maxReferrals: number
  /** The one that was used last comes last. */
  readonly #known = new Map<string, KnownReferral>()

  constructor(clock: Clock, maxReferrals: number) {
    this.#clock = clock
    this.#maxReferrals = maxReferrals
  }

  get size(): number {
    return this.#known.size
  }

  /** Of the longest prefix of a path that is known. */
  find(path: DfsPath): KnownReferral | undefined {
    for (let length = path.length; length >= 2 && this.#known.size > 0; length--) {
      const key = dfsKey(path.slice(0, length))
      const found = this.#known.get(key)
      if (found === undefined) continue
      this.#known.delete(key)
      this.#known.set(key, found)
      return found
    }
    return undefined
  }

  hasExpired(known: KnownReferral): boolean {
    return known.hasExpired(this.#clock.now())
  }

  forget(known: KnownReferral): void {
    this.#known.delete(dfsKey(known.referral.prefix))
  }

  keep(referral: PathReferral, source: string): KnownReferral {
    const key = dfsKey(referral.prefix)
    const known = this.#known.get(key)
    if (known !== undefined) {
      known.renew(referral, source, this.#clock.now())
      return known
    }
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size >= this.#maxReferrals) this.#known.delete(oldest)
    const made = new KnownReferral(referral, source, this.#clock.now())
    this.#known.set(key, made)
    return made
  }
}
