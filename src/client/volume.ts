import type { Filetime } from '../bytes/filetime.ts'
import { CreateContextName, TimewarpToken } from '../wire/smb2/index.ts'
import { type Occasion, UsageError } from './errors.ts'
import { SymlinkError } from './failure.ts'
import { childOf, parentOf, wirePath } from './paths.ts'
import type { Settings } from './settings.ts'
import type { Spot } from './spot.ts'
import type { Tree } from './tree.ts'

/** Files of one share, now or as they were once: finds where a path leads. */
export class Volume {
  readonly tree: Tree
  readonly snapshot: Filetime | undefined

  constructor(tree: Tree, snapshot?: Filetime) {
    this.tree = tree
    this.snapshot = snapshot
  }

  /** The same as it was then. */
  asOf(snapshot: Filetime): Volume {
    return new Volume(this.tree, snapshot)
  }

  get settings(): Settings {
    return this.tree.link.settings
  }

  /** The spot of a path, as far as is known without asking. @throws UsageError */
  spot(path: string, operation: string, dest?: string): Spot {
    if (this.tree.isClosed) throw new UsageError('EBADF', 'The share has been closed.', { operation, path })
    const occasion = { operation, path, ...(dest !== undefined && { dest }) }
    return this.#spotOf(wirePath(path, operation), occasion)
  }

  #spotOf(name: string, occasion: Occasion): Spot {
    const { snapshot } = this
    const contexts =
      snapshot === undefined
        ? []
        : [{ name: CreateContextName.TIMEWARP_TOKEN, data: TimewarpToken.encode({ timestamp: snapshot }) }]
    return { tree: this.tree, name, occasion, contexts }
  }

  /**
   * Does something where a path leads: through symbolic links of the share.
   * @throws what `work` throws; UsageError (ELOOP)
   */
  async at<T>(path: string, operation: string, work: (spot: Spot) => Promise<T>, dest?: string): Promise<T> {
    let spot = this.spot(path, operation, dest)
    for (let links = 0; ; links++) {
      try {
        return await work(spot)
      } catch (error) {
        const next = this.#redirected(spot, error)
        if (next === undefined) throw error
        if (links >= this.settings.limits.maxLinks)
          throw new UsageError('ELOOP', 'The path leads through too many links.', spot.occasion)
        spot = next
      }
    }
  }

  #redirected(spot: Spot, error: unknown): Spot | undefined {
    if (!(error instanceof SymlinkError) || !this.settings.followSymlinks) return undefined
    const name = behindLink(spot.name, error)
    return name === undefined ? undefined : { ...spot, name }
  }
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
