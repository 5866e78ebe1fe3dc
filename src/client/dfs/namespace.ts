import type { Clock } from '../../protocol/clock.ts'
import { StatusError, TransportError } from '../errors.ts'
import { type DfsPath, dfsKey, dfsText } from './dfs-path.ts'
import { type ControllerReferral, type PathReferral, readControllerReferral, readPathReferral } from './referral.ts'
import { type KnownReferral, ReferralCache } from './referral-cache.ts'

/** What is taken upon oneself for a namespace. */
export interface NamespaceLimits {
  /** Targets of one referral, and controllers of one domain, that are tried. */
  readonly maxReferralTargets: number
  /** Referrals and domains that are remembered. */
  readonly maxReferrals: number
}

export interface NamespaceParts {
  readonly clock: Clock
  readonly limits: NamespaceLimits
  /**
   * Asks a server for a referral (MS-DFSC 3.1.4.2): `\server\share\folder`, or `\domain` for its controllers.
   * @throws StatusError where the server knows none; TransportError
   */
  readonly ask: (server: string, path: string, signal: AbortSignal | undefined) => Promise<Uint8Array>
  readonly observe: (path: string, targets: readonly string[]) => void
}

interface KnownDomain extends ControllerReferral {
  readonly expires: bigint
}

const TICKS_PER_MS = 10_000n

/** What servers have told about where things are: asked for when it is needed, and for as long as it is good. */
export class Namespace {
  readonly #parts: NamespaceParts
  readonly #cache: ReferralCache
  readonly #domains = new Map<string, KnownDomain>()
  /** What is being asked at present: many calls may want to know the same. */
  readonly #coming = new Map<string, Promise<KnownReferral>>()

  constructor(parts: NamespaceParts) {
    this.#parts = parts
    this.#cache = new ReferralCache(parts.clock, parts.limits.maxReferrals)
  }

  get isEmpty(): boolean {
    return this.#cache.size === 0
  }

  /** What is known of a path; asked again where it was too long ago. */
  async find(path: DfsPath, signal?: AbortSignal): Promise<KnownReferral | undefined> {
    for (;;) {
      const known = this.#cache.find(path)
      if (known === undefined || !this.#cache.hasExpired(known)) return known
      const fresh = await this.#refreshed(known, signal)
      if (fresh !== undefined) return fresh
      this.#cache.forget(known)
    }
  }

  /** While nobody answers, what was good until now goes on to be; undefined where it is no more. */
  async #refreshed(known: KnownReferral, signal: AbortSignal | undefined): Promise<KnownReferral | undefined> {
    try {
      return await this.refer(known.referral.prefix, known.source, signal)
    } catch (error) {
      if (error instanceof TransportError) return known
      if (error instanceof StatusError) return undefined
      throw error
    }
  }

  /**
   * Asks a server for the root or link that a path goes through (MS-DFSC 3.1.4.2).
   * @throws StatusError where it knows none; TransportError; WireError
   */
  refer(path: DfsPath, server: string, signal?: AbortSignal): Promise<KnownReferral> {
    const key = `${server.toUpperCase()} ${dfsKey(path)}`
    const coming = this.#coming.get(key)
    if (coming !== undefined) return coming
    const asking = this.#refer(path, server, signal).finally(() => this.#coming.delete(key))
    this.#coming.set(key, asking)
    return asking
  }

  async #refer(path: DfsPath, server: string, signal: AbortSignal | undefined): Promise<KnownReferral> {
    const { limits, ask, observe } = this.#parts
    const text = dfsText(path)
    const output = await ask(server, text, signal)
    const referral: PathReferral = readPathReferral(path, output, limits.maxReferralTargets)
    observe(
      text,
      referral.targets.map((target) => dfsText(target.path)),
    )
    return this.#cache.keep(referral, server)
  }

  /**
   * The root of a namespace that belongs to a domain, `\domain\root` (or its sysvol): asked of the domain's controllers,
   * who are asked of `server` (MS-DFSC 3.1.4.1, steps 5 to 7 and 10).
   * @throws StatusError where there is no such domain or root; TransportError; WireError
   */
  async domainRoot(root: DfsPath, server: string, signal?: AbortSignal): Promise<KnownReferral> {
    let problem: unknown
    const controllers = await this.#controllersOf(root[0] as string, server, signal)
    for (const controller of controllers) {
      try {
        return await this.refer(root, controller, signal)
      } catch (error) {
        if (!(error instanceof TransportError)) throw error
        problem = error
      }
    }
    throw problem
  }

  async #controllersOf(domain: string, server: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const { clock, limits, ask, observe } = this.#parts
    const key = dfsKey([domain])
    const known = this.#domains.get(key)
    if (known !== undefined && clock.now() < known.expires) return known.controllers
    let output: Uint8Array
    try {
      output = await ask(server, dfsText([domain]), signal)
    } catch (error) {
      // A controller that is called by the domain's name may know its roots, and not tell who else does.
      if (error instanceof StatusError) return [server]
      throw error
    }
    const found = readControllerReferral(output, limits.maxReferralTargets)
    observe(dfsText([domain]), found.controllers)
    const [oldest] = this.#domains.keys()
    if (oldest !== undefined && this.#domains.size >= limits.maxReferrals) this.#domains.delete(oldest)
    this.#domains.set(key, { ...found, expires: clock.now() + BigInt(found.timeToLiveMs) * TICKS_PER_MS })
    return found.controllers
  }
}
