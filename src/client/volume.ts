import type { Filetime } from '../bytes/filetime.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { CreateContextName, TimewarpToken } from '../wire/smb2/index.ts'
import { below, Journey, type Route } from './dfs/journey.ts'
import type { Servers } from './dfs/servers.ts'
import { type Occasion, StatusError, UsageError } from './errors.ts'
import { SymlinkError } from './failure.ts'
import { childOf, parentOf, wirePath } from './paths.ts'
import type { Settings } from './settings.ts'
import type { Spot } from './spot.ts'
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
    const { occasion } = spot
    let way = this.#wayTo(spot.name, occasion)
    // Nothing is waited for while nothing is known.
    if (way !== undefined && this.#place?.servers.namespace.isEmpty === false) spot = await this.#begin(way, occasion)
    for (let links = 0; ; links++) {
      try {
        return await work(spot)
      } catch (error) {
        const name = this.#behindLink(spot, error)
        if (name === undefined && (await way?.next(error)) !== true) throw error
        if (links >= this.settings.limits.maxLinks)
          throw new UsageError('ELOOP', 'The path leads through too many links.', occasion)
        if (name === undefined) spot = this.#spotOn(way as Journey<Tree>, occasion)
        else {
          way = way && journeyWithin(way, namesOf(name), this.#place as NamespacePlace, occasion)
          spot = way === undefined ? { ...spot, name } : await this.#begin(way, occasion)
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
    const way = this.#wayTo(plain.name, from.occasion)
    const { tree, name } = way === undefined ? plain : await this.#begin(way, from.occasion)
    const isSame = tree.link === from.tree.link && tree.name.toLowerCase() === from.tree.name.toLowerCase()
    if (!isSame) throw new StatusError(NtStatus.NOT_SAME_DEVICE, 'SET_INFO', from.occasion)
    return name
  }

  #wayTo(name: string, occasion: Occasion): Journey<Tree> | undefined {
    if (this.#place === undefined) return undefined
    return new Journey(this.#place.servers, below(this.#place.route, namesOf(name)), occasion)
  }

  async #begin(way: Journey<Tree>, occasion: Occasion): Promise<Spot> {
    await way.begin()
    return this.#spotOn(way, occasion)
  }

  #spotOn({ route }: Journey<Tree>, occasion: Occasion): Spot {
    return this.#spotOf(route.on, route.name.join('\\'), occasion)
  }

  #behindLink(spot: Spot, error: unknown): string | undefined {
    return error instanceof SymlinkError && this.settings.followSymlinks ? behindLink(spot.name, error) : undefined
  }
}

/** Where a volume is in a namespace. */
export interface NamespacePlace {
  readonly servers: Servers
  readonly route: Route<Tree>
}

const namesOf = (name: string): string[] => (name === '' ? [] : name.split('\\'))

/** A symbolic link leads on within the share that a way has come to. */
function journeyWithin(
  { route }: Journey<Tree>,
  names: readonly string[],
  { servers }: NamespacePlace,
  occasion: Occasion,
): Journey<Tree> {
  const { on, server, share, name, logical } = route
  // Of a root that is a folder within a share it cannot be told how the rest of that share is called.
  const isPlain = logical.length - name.length === 2
  const root = isPlain ? logical.slice(0, 2) : [server, share]
  return new Journey(servers, { on, server, share, name: names, logical: [...root, ...names] }, occasion)
}

/**
 * Where a name leads once its symbolic link is followed (MS-SMB2 3.2.5.7, 2.2.2.2.1.1); undefined where that is out of
 * the share.
 */
function behindLink(name: string, { target, isRelative, unparsedUnits }: SymlinkError): string | undefined {
  if (!isRelative || unparsedUnits > name.length) return undefined
  const link = name.slice(0, name.length - unparsedUnits).replace(/\\+$/, '')
  const rest = name.slice(name.length - unparsedUnits).replace(/^\\+/, '')
  const folder = parentOf(link)
  try {
    const found = wirePath(childOf(folder, target))
    return rest === '' ? found : childOf(found, rest)
  } catch {
    // Above the root: not in this share.
    return undefined
  }
}
