import { upcase } from '../../wire/fscc/upcase.ts'
import type { BackendPath } from '../backend.ts'
import { isComponent } from '../path-name.ts'
import { type DfsTargetOptions, Target } from './target.ts'

/** What a share is that is the root of a namespace. */
export interface DfsRootOptions {
  /** Folders that lie elsewhere. */
  readonly links?: readonly DfsLinkOptions[]
  /** For how long clients remember where the root is, in seconds. Default 300. */
  readonly timeToLive?: number
  readonly comment?: string
  /** Clients are told only of targets of their own site. Default false. */
  readonly insite?: boolean
  /** Clients go back to a better target once that is there again. Default false. */
  readonly failback?: boolean
}

/** A folder of a namespace that lies elsewhere. */
export interface DfsLinkOptions {
  /** From the root, `\` or `/` between its parts: `reports\2026`. */
  readonly path: string
  readonly targets: readonly (string | DfsTargetOptions)[]
  /** For how long clients remember where it leads, in seconds. Default 1800. */
  readonly timeToLive?: number
  readonly comment?: string
  readonly insite?: boolean
  readonly failback?: boolean
  /** Its targets are namespaces themselves: clients ask there again (MS-DFSC 1.1, interlink). */
  readonly interlink?: boolean
}

const ROOT_TIME_TO_LIVE = 300
const LINK_TIME_TO_LIVE = 1800
const MAX_TIME_TO_LIVE = 0xffff_ffff

/** What clients are told of a root or a link besides where it is. */
export interface ReferralRules {
  readonly timeToLive: number
  readonly insite: boolean
  readonly failback: boolean
}

/** A link of a namespace. */
export interface DfsLink extends ReferralRules {
  readonly path: BackendPath
  readonly comment: string
  readonly interlink: boolean
  readonly targets: readonly Target[]
}

/** What a link is made from again. */
export const linkOptions = ({ path, targets, ...rest }: DfsLink): DfsLinkOptions => ({
  path: path.join('\\'),
  targets: targets.map((target) => target.options),
  ...rest,
})

/** Folders down to the links, found without regard to case. */
interface Folder {
  readonly below: Map<string, Folder>
  link: DfsLink | undefined
}

/** The links of a share that is the root of a namespace (MS-DFSC 3.2.1). */
export class Namespace {
  readonly comment: string
  readonly rules: ReferralRules
  readonly #top: Folder = { below: new Map(), link: undefined }

  /** @throws RangeError: a link leads nowhere, or lies in another one */
  constructor(options: DfsRootOptions) {
    this.comment = options.comment ?? ''
    this.rules = rulesOf(options, ROOT_TIME_TO_LIVE)
    for (const link of options.links ?? []) this.add(link)
  }

  /** What a namespace with these links is made from again. */
  get options(): DfsRootOptions {
    return { ...this.rules, comment: this.comment, links: this.links.map(linkOptions) }
  }

  /** All links, in the order in which they were added where they share a folder. */
  get links(): readonly DfsLink[] {
    const found: DfsLink[] = []
    const waiting = [this.#top]
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      if (folder.link !== undefined) found.push(folder.link)
      waiting.push(...[...folder.below.values()].toReversed())
    }
    return found
  }

  /** The link that a path is, or lies below. */
  linkOf(path: BackendPath): DfsLink | undefined {
    let folder: Folder | undefined = this.#top
    for (const name of path) {
      folder = folder.below.get(upcase(name))
      if (folder === undefined || folder.link !== undefined) return folder?.link
    }
    return undefined
  }

  /** True for a folder on the way to a link, and for a link itself: it stays where it is. */
  holds(path: BackendPath): boolean {
    let folder: Folder | undefined = this.#top
    for (const name of path) folder = folder?.below.get(upcase(name))
    return folder !== undefined
  }

  /** @throws RangeError */
  add(options: DfsLinkOptions): DfsLink {
    const link = linkFrom(options, this.rules)
    let folder = this.#top
    for (const name of link.path) {
      if (folder.link !== undefined)
        throw new RangeError(`${options.path} lies in the link ${folder.link.path.join('\\')}`)
      const key = upcase(name)
      const next = folder.below.get(key) ?? { below: new Map(), link: undefined }
      folder.below.set(key, next)
      folder = next
    }
    if (folder.link !== undefined) throw new RangeError(`two links are called ${options.path}`)
    if (folder.below.size > 0) throw new RangeError(`there are links below ${options.path}`)
    folder.link = link
    return link
  }

  /** Forgets a link, and folders that were there for it alone; false if there is none of that path. */
  remove(path: BackendPath): boolean {
    const way: [Folder, string][] = []
    let folder = this.#top
    for (const name of path) {
      const key = upcase(name)
      const next = folder.below.get(key)
      if (next === undefined) return false
      way.push([folder, key])
      folder = next
    }
    if (folder.link === undefined) return false
    folder.link = undefined
    for (const [parent, key] of way.toReversed()) {
      const child = parent.below.get(key)
      if (child !== undefined && child.below.size === 0 && child.link === undefined) parent.below.delete(key)
    }
    return true
  }
}

function linkFrom(options: DfsLinkOptions, root: ReferralRules): DfsLink {
  const path = options.path.split(/[\\/]/).filter((name) => name !== '')
  if (path.length === 0 || !path.every(isComponent))
    throw new RangeError(`${JSON.stringify(options.path)} cannot be the path of a link`)
  if (options.targets.length === 0) throw new RangeError(`the link ${options.path} has no target`)
  const own = rulesOf(options, LINK_TIME_TO_LIVE)
  return {
    path,
    targets: options.targets.map((target) => new Target(target)),
    comment: options.comment ?? '',
    interlink: options.interlink ?? false,
    ...own,
    // What is set at the root counts for its links, too (MS-DFSNM 2.2.4.6, PropertyFlags).
    insite: own.insite || root.insite,
    failback: own.failback || root.failback,
  }
}

function rulesOf(options: Pick<DfsLinkOptions, 'timeToLive' | 'insite' | 'failback'>, usual: number): ReferralRules {
  const timeToLive = options.timeToLive ?? usual
  if (!Number.isInteger(timeToLive) || timeToLive < 0 || timeToLive > MAX_TIME_TO_LIVE)
    throw new RangeError(`a time to live is whole seconds, and ${timeToLive} is not`)
  return { timeToLive, insite: options.insite ?? false, failback: options.failback ?? false }
}
