/** Links of the server's namespaces, as administrators change them while they are offered: MS-DFSNM 3.1.4. */
import type { ServerCore } from '../server-core.ts'
import type { Share } from '../share.ts'
import { run } from '../steps.ts'
import { makeLinkFolder, removeLinkFolder } from './link-folders.ts'
import type { DfsLink, DfsLinkOptions, Namespace } from './namespace.ts'
import type { DfsTargetOptions, Target } from './target.ts'

/** A share that is the root of a namespace. */
export interface NamespaceRoot {
  readonly name: string
  readonly namespace: Namespace
  readonly share: Share
}

const same = (a: string, b: string): boolean => a.toUpperCase() === b.toUpperCase()
const sameTarget = (a: Target, b: string): boolean => same(pathOf(a), b)
/** `\\server\share\folder`. */
export const pathOf = ({ names }: Target): string => `\\\\${names.join('\\')}`

const targetOptions = (target: Target): DfsTargetOptions => ({
  path: pathOf(target),
  ...(target.site === undefined ? {} : { site: target.site }),
  priority: target.priority,
  rank: target.rank,
  enabled: target.enabled,
})

const linkOptions = ({ path, targets, timeToLive, comment, insite, failback, interlink }: DfsLink): DfsLinkOptions => ({
  path: path.join('\\'),
  targets: targets.map(targetOptions),
  timeToLive,
  comment,
  insite,
  failback,
  interlink,
})

export class NamespaceAdministration {
  readonly #server: ServerCore

  constructor(server: ServerCore) {
    this.#server = server
  }

  get roots(): readonly NamespaceRoot[] {
    return [...this.#server.shares].flatMap((share) =>
      share.namespace === undefined ? [] : [{ name: share.name, namespace: share.namespace, share }],
    )
  }

  root(name: string): NamespaceRoot | undefined {
    return this.roots.find((each) => same(each.name, name))
  }

  /** The link of exactly this path. */
  link({ namespace }: NamespaceRoot, path: readonly string[]): DfsLink | undefined {
    const link = namespace.linkOf(path)
    return link?.path.length === path.length ? link : undefined
  }

  /** A new link, or another target of one that is there. False for a target that it has. @throws RangeError */
  async addTarget(root: NamespaceRoot, path: readonly string[], target: string, comment: string): Promise<boolean> {
    const before = this.link(root, path)
    if (before === undefined) {
      const link = root.namespace.add({ path: path.join('\\'), targets: [target], comment })
      await run(makeLinkFolder(root.share.backend, link))
    } else {
      if (before.targets.some((each) => sameTarget(each, target))) return false
      const { targets, ...rest } = linkOptions(before)
      this.#replace(root, before, { ...rest, targets: [...targets, target] })
    }
    await this.#changed()
    return true
  }

  /** One target, and the link with its last; without a target the link. False where there is no such thing. */
  async removeTarget(root: NamespaceRoot, path: readonly string[], target: string | undefined): Promise<boolean> {
    const link = this.link(root, path)
    if (link === undefined) return false
    const left = target === undefined ? [] : link.targets.filter((each) => !sameTarget(each, target))
    if (left.length === link.targets.length) return false
    if (left.length > 0) this.#replace(root, link, { ...linkOptions(link), targets: left.map(targetOptions) })
    else {
      root.namespace.remove(link.path)
      await run(removeLinkFolder(root.share.backend, link.path))
    }
    await this.#changed()
    return true
  }

  /** @throws RangeError */
  async change(
    root: NamespaceRoot,
    link: DfsLink,
    change: Pick<DfsLinkOptions, 'comment' | 'timeToLive'>,
  ): Promise<void> {
    this.#replace(root, link, { ...linkOptions(link), ...change })
    await this.#changed()
  }

  #replace({ namespace }: NamespaceRoot, before: DfsLink, after: DfsLinkOptions): void {
    namespace.remove(before.path)
    try {
      namespace.add(after)
    } catch (error) {
      namespace.add(linkOptions(before))
      throw error
    }
  }

  /** Tells whoever keeps the shares. */
  async #changed(): Promise<void> {
    const shares = [...this.#server.shares].map(({ options, namespace }) =>
      namespace === undefined
        ? options
        : { ...options, dfs: { ...options.dfs, links: namespace.links.map(linkOptions) } },
    )
    await this.#server.shareKeeper?.changed?.(shares)
  }
}
