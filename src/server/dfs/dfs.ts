import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Maybe } from '../backend.ts'
import type { Share } from '../share.ts'
import type { DfsAnswer, DfsQuestion, DfsResolver } from './answer.ts'
import { type DfsDomainOptions, DfsDomains } from './domains.ts'
import type { Namespace, ReferralRules } from './namespace.ts'
import { Target } from './target.ts'
import { type DfsSites, orderTargets } from './target-order.ts'

/** Namespaces beside those of the server's own shares, and where their targets stand. */
export interface DfsOptions {
  /** Domains that the server answers for as their controllers do. */
  readonly domains?: readonly DfsDomainOptions[]
  readonly sites?: DfsSites
  /** Decides what names mean before anything else does. */
  readonly resolver?: DfsResolver
}

/** What a server knows of namespaces (MS-DFSC 3.2, 3.3). */
export class Dfs {
  readonly #shareOf: (name: string) => Share | undefined
  readonly #domains: DfsDomains
  readonly #sites: DfsSites
  readonly #resolver: DfsResolver | undefined
  /** It answers for more than its own shares. */
  readonly answersForOthers: boolean

  constructor(options: DfsOptions, shareOf: (name: string) => Share | undefined) {
    this.#shareOf = shareOf
    this.#sites = options.sites ?? {}
    this.#domains = new DfsDomains(options.domains ?? [], this.#sites)
    this.#resolver = options.resolver
    this.answersForOthers = options.resolver !== undefined || (options.domains ?? []).length > 0
  }

  /** The site of a client that does not say it itself. */
  siteOf(client: string): string | undefined {
    return this.#sites.siteOf?.(client)
  }

  /** Where a name leads to. */
  resolve(question: DfsQuestion): Maybe<DfsAnswer | Failure> {
    if (this.#resolver === undefined) return this.#configured(question)
    const known = this.#resolver(question)
    if (known instanceof Promise) return known.then((answer) => answer ?? this.#configured(question))
    return known ?? this.#configured(question)
  }

  #configured(question: DfsQuestion): DfsAnswer | Failure {
    const { names } = question
    const [host, shareName] = names
    if (host === undefined) return this.#domains.list()
    if (shareName === undefined) return this.#domains.controllers(question)
    const isDomain = this.#domains.has(host)
    const root = isDomain ? this.#domains.root(question) : undefined
    if (root !== undefined) return root
    const namespace = this.#shareOf(shareName)?.namespace
    if (namespace === undefined) return fail(NtStatus.NOT_FOUND)
    return this.#ofShare(namespace, question)
  }

  /** MS-DFSC 3.2.5.5. */
  #ofShare(namespace: Namespace, { names, site }: DfsQuestion): DfsAnswer | Failure {
    const link = namespace.linkOf(names.slice(2))
    if (link !== undefined) {
      const kind = link.interlink ? 'interlink' : 'link'
      return { kind, ...this.#referral(link, link.targets, 2 + link.path.length, site) }
    }
    // What lies in the root itself is found where the root is, which is here: it has no site to be in or out of.
    const itself = new Target(`\\\\${names[0]}\\${names[1]}`)
    return { kind: 'root', ...this.#referral({ ...namespace.rules, insite: false }, [itself], 2, site) }
  }

  #referral(rules: ReferralRules, targets: readonly Target[], consumed: number, site: string | undefined) {
    const { timeToLive, failback, insite } = rules
    const sets = orderTargets(targets, site, insite, this.#sites)
    return { consumed, timeToLive, failback, sets }
  }
}
