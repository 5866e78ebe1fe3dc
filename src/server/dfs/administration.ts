/** Links of the server's namespaces, as administrators change them while they are offered: MS-DFSNM 3.1.4. */
import type { Failure } from '../../wire/erref/failure.ts'
import type { ServerCore } from '../server-core.ts'
import type { Share } from '../share.ts'
import { run } from '../steps.ts'
import { makeLinkFolder, removeLinkFolder } from './link-folders.ts'
import { type DfsLink, type DfsLinkOptions, linkOptions, type Namespace } from './namespace.ts'
import type { Target } from './target.ts'

/** A share that is the root of a namespace. */
export interface NamespaceRoot {
  readonly name: string
  readonly namespace: Namespace
  readonly share: Share
}

const same = (a: string, b: string): boolean => a.toUpperCase() === b.toUpperCase()
const sameTarget = (a: Target, b: string): boolean => same(a.path, b)

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

  /**
   * A new link, or another target of one that is there. False for a target that it has.
   * @throws RangeError
   */
  async addTarget(
    root: NamespaceRoot,
    path: readonly string[],
    target: string,
    comment: string,
  ): Promise<boolean | Failure> {
    const before = this.link(root, path)
    if (before?.targets.some((each) => sameTarget(each, target)) === true) return false
    const { targets, ...rest } = before === undefined ? { targets: [], comment } : linkOptions(before)
    return this.#put(root, before, { path: path.join('\\'), ...rest, targets: [...targets, target] })
  }

  /** One target, and the link with its last; without a target the link. False where there is no such thing. */
  async removeTarget(
    root: NamespaceRoot,
    path: readonly string[],
    target: string | undefined,
  ): Promise<boolean | Failure> {
    const link = this.link(root, path)
    if (link === undefined) return false
    const left = target === undefined ? [] : link.targets.filter((each) => !sameTarget(each, target))
    if (left.length === link.targets.length) return false
    const after = { ...linkOptions(link), targets: left.map(({ options }) => options) }
    return this.#put(root, link, left.length > 0 ? after : undefined)
  }

  /** @throws RangeError */
  change(root: NamespaceRoot, link: DfsLink, change: Partial<DfsLinkOptions>): Promise<true | Failure> {
    return this.#put(root, link, { ...linkOptions(link), ...change })
  }

  /** One link in the place of another, or of none. What cannot be kept is not done. @throws RangeError */
  async #put(
    root: NamespaceRoot,
    before: DfsLink | undefined,
    after: DfsLinkOptions | undefined,
  ): Promise<true | Failure> {
    const added = exchange(root.namespace, before, after)
    const kept = await this.#server.administration.keep()
    if (kept !== undefined) {
      exchange(root.namespace, added, before && linkOptions(before))
      return kept
    }
    const { backend } = root.share
    if (before !== undefined && added === undefined) await run(removeLinkFolder(backend, before.path))
    if (before === undefined && added !== undefined) await run(makeLinkFolder(backend, added))
    return true
  }
}

/** The link that is there now. @throws RangeError: it cannot be, and all is as before */
function exchange(
  namespace: Namespace,
  before: DfsLink | undefined,
  after: DfsLinkOptions | undefined,
): DfsLink | undefined {
  if (before !== undefined) namespace.remove(before.path)
  try {
    return after && namespace.add(after)
  } catch (error) {
    if (before !== undefined) namespace.add(linkOptions(before))
    throw error
  }
}
