import type { Filetime } from '../bytes/filetime.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { CreateContextName, TimewarpToken } from '../wire/smb2/index.ts'
import { below, Journey, openRoute, type Route } from './dfs/journey.ts'
import type { Servers } from './dfs/servers.ts'
import { type Occasion, StatusError, UsageError } from './errors.ts'
import { SymlinkError } from './failure.ts'
import { wirePath } from './paths.ts'
import type { Settings } from './settings.ts'
import type { Spot } from './spot.ts'
import { type LinkTarget, linkTarget } from './symlinks.ts'
import type { Tree } from './tree.ts'

/** Files of one share, now or as they were once: finds where a path leads. */
export class Volume {
  readonly tree: Tree
  readonly snapshot: Filetime | undefined
  readonly #place: NamespacePlace | undefined

  /** `place`: where its root is in a namespace over several servers, if those are followed. */
  constructor(tree: Tree, place?: NamespacePlace, snapshot?: Filetime) {
    this.tree = tree
    this.snapshot = snapshot
    this.#place = place
  }

  /** The same as it was then. */
  asOf(snapshot: Filetime): Volume {
    return new Volume(this.tree, this.#place, snapshot)
  }

  get settings(): Settings {
    return this.tree.link.settings
  }

  /** The spot of a path, as far as is known without asking. @throws UsageError */
  spot(path: string, operation: string, dest?: string): Spot {
    if (this.tree.isClosed) throw new UsageError('EBADF', 'The share has been closed.', { operation, path })
    const occasion = { operation, path, ...(dest !== undefined && { dest }) }
    return this.#spotOf(this.tree, wirePath(path, operation), occasion)
  }

  #spotOf(tree: Tree, name: string, occasion: Occasion): Spot {
    const { snapshot } = this
    const contexts =
      snapshot === undefined
        ? []
        : [{ name: CreateContextName.TIMEWARP_TOKEN, data: TimewarpToken.encode({ timestamp: snapshot }) }]
    return { tree, name, occasion, contexts }
  }

  /**
   * Does something where a path leads: through symbolic links of the share, and through the links of a namespace.
   * @throws what `work` throws, and what a way to another server fails with; UsageError (ELOOP)
   */
  async at<T>(path: string, operation: string, work: (spot: Spot) => Promise<T>, dest?: string): Promise<T> {
    let spot = this.spot(path, operation, dest)
    const { name, occasion } = spot
    let way: Journey<Tree> | undefined
    // Nothing is waited for while nothing is known.
    if (this.#place?.servers.namespace.isEmpty === false) {
      way = this.#wayTo(name, occasion)
      spot = await this.#begin(way, spot)
    }
    for (let links = 0; ; links++) {
      try {
        return await work(spot)
      } catch (error) {
        way ??= this.#wayTo(name, occasion)
        const link = this.#linkBehind(spot, error)
        if (link === undefined && (await way?.next(error)) !== true) throw error
        if (links >= this.settings.limits.maxLinks)
          throw new UsageError('ELOOP', 'The path leads through too many links.', occasion)
        if (link === undefined) spot = this.#spotOn(way as Journey<Tree>, occasion)
        else {
          way = await this.#behind(link, way, occasion)
          spot = await this.#begin(way, link.kind === 'here' ? { ...spot, name: link.name } : spot)
        }
      }
    }
  }

  /**
   * The second name of a call that has begun at `from`: of the same share.
   * @throws StatusError (EXDEV) where it is another one
   */
  async destination(path: string, operation: string, from: Spot): Promise<string> {
    const plain = this.spot(path, operation)
    const { tree, name } = await this.#begin(this.#wayTo(plain.name, from.occasion), plain)
    const isSame = tree.link === from.tree.link && tree.name.toLowerCase() === from.tree.name.toLowerCase()
    if (!isSame) throw new StatusError(NtStatus.NOT_SAME_DEVICE, 'SET_INFO', from.occasion)
    return name
  }

  #wayTo(name: string, occasion: Occasion): Journey<Tree> | undefined {
    if (this.#place === undefined) return undefined
    return new Journey(this.#place.servers, below(this.#place.route, namesOf(name)), occasion)
  }

  /** As far as a way is known; `plain` where no namespace is followed. */
  async #begin(way: Journey<Tree> | undefined, plain: Spot): Promise<Spot> {
    if (way === undefined) return plain
    await way.begin()
    return this.#spotOn(way, plain.occasion)
  }

  #spotOn({ route, hasOthers }: Journey<Tree>, occasion: Occasion): Spot {
    route.on.hasOthers = hasOthers
    return this.#spotOf(route.on, route.name.join('\\'), occasion)
  }

  /** Where the link leads that a call has stopped at, if it is one and may be followed. */
  #linkBehind({ name, tree }: Spot, error: unknown): LinkTarget | undefined {
    const { followSymlinks } = this.settings
    if (!(error instanceof SymlinkError) || followSymlinks === false) return undefined
    const link = linkTarget(name, error, { server: tree.link.target.host, share: tree.name })
    const mayLeave = followSymlinks === 'anywhere' && this.#place !== undefined
    return link?.kind === 'elsewhere' && !mayLeave ? undefined : link
  }

  async #behind(
    link: LinkTarget,
    way: Journey<Tree> | undefined,
    occasion: Occasion,
  ): Promise<Journey<Tree> | undefined> {
    if (way === undefined || this.#place === undefined) return undefined
    const { servers } = this.#place
    const { route } = way
    if (link.kind === 'here') return new Journey(servers, within(route, namesOf(link.name)), occasion)
    return new Journey(servers, await openRoute(servers, link.path, route.server), occasion)
  }
}

/** Where a volume is in a namespace. */
export interface NamespacePlace {
  readonly servers: Servers
  readonly route: Route<Tree>
}

const namesOf = (name: string): string[] => (name === '' ? [] : name.split('\\'))

/** The route to another name of the same share. */
function within({ on, server, share, name, logical }: Route<Tree>, names: readonly string[]): Route<Tree> {
  // Of a root that is a folder within a share it cannot be told how the rest of that share is called.
  const isPlain = logical.length - name.length === 2
  const root = isPlain ? logical.slice(0, 2) : [server, share]
  return { on, server, share, name: names, logical: [...root, ...names] }
}
