import type { Share } from '../../client/api/share.ts'
import type { Stats } from '../../client/stats.ts'
import { nameExpression } from '../../wire/fscc/name-expression.ts'
import { UsageError } from '../report.ts'
import { below, displayAddress, nameOf, parentOf, parseShareAddress, type ShareAddress } from './address.ts'
import type { Context } from './context.ts'
import { isPattern } from './filter.ts'
import { inOrder } from './name-order.ts'
import { about } from './servers.ts'

/** Something on a share that a word of the command line has named. */
export interface Found {
  readonly address: ShareAddress
  readonly share: Share
  /** Undefined where it was not looked at: it was named without wildcards. */
  readonly stats: Stats | undefined
}

/**
 * What an address means: itself, or, with `*` or `?` in its last name, all that fits, in the order of names. The shell
 * does not know what is on a share, so it leaves such a word as it is.
 * @throws UsageError where nothing fits
 */
export async function expand(context: Context, text: string): Promise<Found[]> {
  const address = parseShareAddress(context.named(text))
  const share = await context.servers.share(address)
  const pattern = nameOf(address.path)
  const folder = { ...address, path: parentOf(address.path) }
  if (folder.path.split('/').some(isPattern))
    throw new UsageError(`${displayAddress(address)}: only the last name can have * and ? in it`)
  if (!isPattern(pattern)) return [{ address, share, stats: undefined }]
  const expression = nameExpression(pattern)
  const options = { withFileTypes: true, pattern, signal: context.signal } as const
  const entries = await about(folder, share.readdir(folder.path, options))
  const fitting = entries.filter(({ name }) => expression.matches(name))
  const found = inOrder(fitting).map(({ name, stats }) => ({ address: below(folder, name), share, stats }))
  if (found.length === 0) throw new UsageError(`${displayAddress(address)}: nothing there has such a name`)
  return found
}

/** All that several words mean, one after the other. A word that means nothing is told, and passed over. */
export async function expandAll(context: Context, words: readonly string[]): Promise<Found[]> {
  const all: Found[] = []
  for (const word of words) {
    // What is wrong with the only word is wrong with the command.
    if (words.length === 1) return expand(context, word)
    try {
      all.push(...(await expand(context, word)))
    } catch (error) {
      if (context.signal.aborted || !(error instanceof UsageError)) throw error
      context.failedWith(error)
    }
  }
  return all
}
