import type { Share } from '../../client/api/share.ts'
import type { Stats } from '../../client/stats.ts'
import { joinPath } from './address.ts'
import { inOrder } from './name-order.ts'

/** Something in a folder, or below it. */
export interface Walked {
  readonly name: string
  /** Below where the walk began. */
  readonly path: string
  /** 1 for what is in the folder itself. */
  readonly depth: number
  readonly stats: Stats
  /** The last one of its folder. */
  readonly isLast: boolean
  /** Of a folder: it could not be looked into. */
  readonly problem?: unknown
}

interface WalkOptions {
  readonly signal: AbortSignal
  readonly maxDepth?: number
  /** Whether to look into a folder. */
  readonly enters?: (path: string) => boolean
}

/**
 * All that is below a folder, each folder before what is in it, in the order of names. Links are not followed. A folder
 * that cannot be looked into comes with the problem; the first one fails.
 */
export async function* walk(
  share: Share,
  root: string,
  { signal, maxDepth = Number.POSITIVE_INFINITY, enters = () => true }: WalkOptions,
): AsyncGenerator<Walked> {
  const list = async (path: string): Promise<Walked[]> => {
    const depth = path === '' ? 1 : path.split('/').length + 1
    const entries = await share.readdir(joinPath(root, path), { withFileTypes: true, signal })
    const sorted = inOrder(entries)
    return sorted.map(({ name, stats }, index) => {
      const isLast = index === sorted.length - 1
      return { name, path: joinPath(path, name), depth, stats, isLast }
    })
  }
  // What is still to come, the next one last.
  const waiting = (await list('')).toReversed()
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!next.stats.isDirectory() || next.depth >= maxDepth || !enters(next.path)) {
      yield next
      continue
    }
    let inside: Walked[]
    try {
      inside = await list(next.path)
    } catch (problem) {
      signal.throwIfAborted()
      yield { ...next, problem }
      continue
    }
    yield next
    waiting.push(...inside.toReversed())
  }
}
