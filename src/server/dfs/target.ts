/** Which targets come before others, whatever they cost (MS-DFSNM 2.2.2.8, DFS_TARGET_PRIORITY_CLASS). */
export const dfsPriorityClasses = ['globalHigh', 'high', 'normal', 'low', 'globalLow'] as const
export type DfsPriorityClass = (typeof dfsPriorityClasses)[number]

/** Where a part of a namespace is. */
export interface DfsTargetOptions {
  /** `\\server\share`, or a folder in it. */
  readonly path: string
  /** The site that the server stands in. */
  readonly site?: string
  /**
   * `globalHigh` and `globalLow`: before and behind all others. `high`, `normal`, `low`: among those that cost the same.
   * Default normal.
   */
  readonly priority?: DfsPriorityClass
  /** Among those of one priority, 0 comes first. Default 0. */
  readonly rank?: number
  /** False: clients are not sent there. Default true. */
  readonly enabled?: boolean
}

const MAX_RANK = 31

/** A target, checked. */
export class Target {
  /** Server, share, and folders. */
  readonly names: readonly string[]
  readonly site: string | undefined
  readonly priority: DfsPriorityClass
  readonly rank: number
  readonly enabled: boolean

  /** @throws RangeError: no path of a share */
  constructor(options: string | DfsTargetOptions) {
    const target = typeof options === 'string' ? { path: options } : options
    const names = target.path.split(/[\\/]/).filter((name) => name !== '')
    const isPlain = names.every((name) => name !== '.' && name !== '..' && !/[\u0000:*?"<>|]/.test(name))
    if (names.length < 2 || !isPlain)
      throw new RangeError(`a target is \\\\server\\share, and ${JSON.stringify(target.path)} is not`)
    const rank = target.rank ?? 0
    if (!Number.isInteger(rank) || rank < 0 || rank > MAX_RANK)
      throw new RangeError(`a rank is a whole number from 0 to ${MAX_RANK}, and ${rank} is not`)
    this.names = names
    this.site = target.site
    this.priority = target.priority ?? 'normal'
    this.rank = rank
    this.enabled = target.enabled ?? true
  }

  /** `\\server\share\folder`. */
  get path(): string {
    return `\\\\${this.names.join('\\')}`
  }

  /** What this target is made from again. */
  get options(): DfsTargetOptions {
    const { path, site, priority, rank, enabled } = this
    return { path, ...(site === undefined ? {} : { site }), priority, rank, enabled }
  }
}
