import { randomInt } from 'node:crypto'
import { type DfsPriorityClass, dfsPriorityClasses, type Target } from './target.ts'

/** What it costs to reach a site from another one. */
export interface DfsSiteCost {
  readonly from: string
  readonly to: string
  /** The less, the nearer. */
  readonly cost: number
}

/** What is known of where clients and targets stand. */
export interface DfsSites {
  /** The site of a client's address; undefined: it is not known. */
  readonly siteOf?: (address: string) => string | undefined
  /** Costs count both ways. A pair that is not here is as far apart as can be. */
  readonly costs?: readonly DfsSiteCost[]
}

const same = (a: string, b: string): boolean => a.toUpperCase() === b.toUpperCase()

/** What it costs a client to reach a target (MS-DFSC 3.2.1.2); Infinity where nobody knows. */
function costOf(target: Target, site: string | undefined, costs: readonly DfsSiteCost[]): number {
  const { site: there } = target
  if (site === undefined || there === undefined) return Number.POSITIVE_INFINITY
  if (same(site, there)) return 0
  const known = costs.find(
    ({ from, to }) => (same(from, site) && same(to, there)) || (same(from, there) && same(to, site)),
  )
  return known?.cost ?? Number.POSITIVE_INFINITY
}

const isGlobal = (priority: DfsPriorityClass): boolean => priority === 'globalHigh' || priority === 'globalLow'

interface Ranked {
  readonly target: Target
  /** What decides, the weightiest first. */
  readonly key: readonly number[]
}

function compare(a: Ranked, b: Ranked): number {
  for (const [i, weight] of a.key.entries()) {
    const other = b.key[i] as number
    // Infinity less itself is no number.
    if (weight !== other) return weight < other ? -1 : 1
  }
  return 0
}

/**
 * The targets that a client is told of, in sets of those that are as good as each other, best first (MS-DFSC 3.2.1.1,
 * 3.2.1.2); within a set in random order, so that clients spread. `insite`: of other sites only those that come before or
 * behind all others.
 */
export function orderTargets(
  targets: readonly Target[],
  site: string | undefined,
  insite: boolean,
  { costs = [] }: DfsSites,
  random: (below: number) => number = randomInt,
): readonly (readonly Target[])[] {
  const ranked: Ranked[] = []
  for (const target of shuffled(targets, random)) {
    const { priority, rank } = target
    const cost = costOf(target, site, costs)
    if (!target.enabled || (insite && cost !== 0 && !isGlobal(priority))) continue
    const order = dfsPriorityClasses.indexOf(priority)
    const global = priority === 'globalHigh' ? 0 : priority === 'globalLow' ? 2 : 1
    ranked.push({ target, key: [global, isGlobal(priority) ? 0 : cost, order, rank] })
  }
  ranked.sort(compare)
  const sets: Target[][] = []
  for (const [i, one] of ranked.entries()) {
    const before = ranked[i - 1]
    if (before !== undefined && compare(before, one) === 0) sets.at(-1)?.push(one.target)
    else sets.push([one.target])
  }
  return sets
}

/** Each order as likely as any other (Fisher and Yates). */
function shuffled<T>(values: readonly T[], random: (below: number) => number): T[] {
  const mixed = [...values]
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = random(i + 1)
    const value = mixed[i] as T
    mixed[i] = mixed[j] as T
    mixed[j] = value
  }
  return mixed
}
