import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { DfsAnswer, DfsQuestion } from './answer.ts'
import { type DfsTargetOptions, Target } from './target.ts'
import { type DfsSites, orderTargets } from './target-order.ts'

/** A domain that the server answers for as its controllers do. */
export interface DfsDomainOptions {
  /** In DNS: `corp.example`. */
  readonly name: string
  /** Default: the first part of `name`. */
  readonly netbiosName?: string
  /** Names in DNS. */
  readonly controllers: readonly (string | { readonly name: string; readonly site?: string })[]
  readonly namespaces?: readonly DfsDomainNamespaceOptions[]
}

/** A namespace of a domain: which servers have its root. */
export interface DfsDomainNamespaceOptions {
  readonly name: string
  readonly targets: readonly (string | DfsTargetOptions)[]
  /** Seconds. Default 300. */
  readonly timeToLive?: number
  readonly insite?: boolean
  readonly failback?: boolean
}

const ROOT_TIME_TO_LIVE = 300
/** What Windows' controllers say of themselves. */
const CONTROLLER_TIME_TO_LIVE = 900

const same = (a: string, b: string): boolean => a.toUpperCase() === b.toUpperCase()

interface DomainNamespace {
  readonly name: string
  readonly targets: readonly Target[]
  readonly timeToLive: number
  readonly insite: boolean
  readonly failback: boolean
}

interface Domain {
  readonly dnsName: string
  readonly netbiosName: string
  readonly controllers: readonly { readonly name: string; readonly site: string | undefined }[]
  readonly namespaces: readonly DomainNamespace[]
}

/** The domains that a server answers for (MS-DFSC 3.3). */
export class DfsDomains {
  readonly #domains: readonly Domain[]
  readonly #sites: DfsSites

  /** @throws RangeError: a target is none */
  constructor(domains: readonly DfsDomainOptions[], sites: DfsSites) {
    this.#domains = domains.map(domainFrom)
    this.#sites = sites
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined
  }

  /** MS-DFSC 3.3.5.2: each domain by both of its names. */
  list(): DfsAnswer | Failure {
    if (this.#domains.length === 0) return fail(NtStatus.NOT_FOUND)
    return { kind: 'domains', domains: this.#domains.flatMap(({ netbiosName, dnsName }) => [netbiosName, dnsName]) }
  }

  /** MS-DFSC 3.3.5.3. */
  controllers({ names, site }: DfsQuestion): DfsAnswer | Failure {
    const [asked = ''] = names
    const domain = this.#find(asked)
    if (domain === undefined) return fail(NtStatus.INVALID_PARAMETER)
    const sets = this.#controllersOf(domain, asked, 'IPC$', site)
    return { kind: 'controllers', domain: asked, controllers: sets.flat().map(({ names: [server = ''] }) => server) }
  }

  /** A root of the domain, or what every controller has; undefined where the path is deeper: its root target knows. */
  root(question: DfsQuestion): DfsAnswer | Failure | undefined {
    const { names, site } = question
    const [asked = '', root = ''] = names
    const domain = this.#find(asked)
    if (domain === undefined) return fail(NtStatus.NOT_FOUND)
    if (same(root, 'SYSVOL') || same(root, 'NETLOGON')) return this.#sysvol(domain, question)
    const namespace = domain.namespaces.find(({ name }) => same(name, root))
    if (namespace === undefined) return fail(NtStatus.NO_SUCH_FILE)
    if (names.length > 2) return undefined
    const { targets, timeToLive, insite, failback } = namespace
    const sets = orderTargets(targets, site, insite, this.#sites)
    return { kind: 'root', consumed: 2, timeToLive, failback, sets }
  }

  /** MS-DFSC 3.3.5.4. */
  #sysvol(domain: Domain, { names, site }: DfsQuestion): DfsAnswer | Failure {
    if (names.length > 2) return fail(NtStatus.NOT_FOUND)
    const [asked = '', share = ''] = names
    const sets = this.#controllersOf(domain, asked, share, site)
    return { kind: 'sysvol', consumed: 2, timeToLive: CONTROLLER_TIME_TO_LIVE, failback: false, sets }
  }

  /** As targets, the nearest first; their names are of the kind of which the domain's name is that was asked. */
  #controllersOf(
    domain: Domain,
    asked: string,
    share: string,
    site: string | undefined,
  ): readonly (readonly Target[])[] {
    const isNetbios = !same(asked, domain.dnsName)
    const targets = domain.controllers.map(({ name, site: there }) => {
      const server = isNetbios ? netbiosNameOf(name) : name
      return new Target({ path: `\\\\${server}\\${share}`, ...(there === undefined ? {} : { site: there }) })
    })
    return orderTargets(targets, site, false, this.#sites)
  }

  #find(name: string): Domain | undefined {
    return this.#domains.find(({ dnsName, netbiosName }) => same(name, dnsName) || same(name, netbiosName))
  }
}

const netbiosNameOf = (dnsName: string): string => (dnsName.split('.')[0] as string).toUpperCase()

function domainFrom(options: DfsDomainOptions): Domain {
  if (options.controllers.length === 0) throw new RangeError(`the domain ${options.name} has no controller`)
  return {
    dnsName: options.name,
    netbiosName: options.netbiosName ?? netbiosNameOf(options.name),
    controllers: options.controllers.map((one) =>
      typeof one === 'string' ? { name: one, site: undefined } : { name: one.name, site: one.site },
    ),
    namespaces: (options.namespaces ?? []).map(({ name, targets, timeToLive, insite, failback }) => ({
      name,
      targets: targets.map((target) => new Target(target)),
      timeToLive: timeToLive ?? ROOT_TIME_TO_LIVE,
      insite: insite ?? false,
      failback: failback ?? false,
    })),
  }
}
