import { Command, InvalidArgumentError } from 'commander'
import type { Share } from '../../client/api/share.ts'
import type { Dirent, Stats } from '../../client/stats.ts'
import { printable } from '../report.ts'
import { below, displayAddress, nameOf, parseAddress, type ShareAddress } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { expandAll, type Found } from './expand.ts'
import { factsJson, factsRow, markedName } from './facts.ts'
import { table } from './format.ts'
import { inOrder } from './name-order.ts'
import { about } from './servers.ts'
import { listShares } from './shares.ts'

/** Lines that are written together. */
const linesAtOnce = 1000

interface LsOptions extends ConnectionOptions {
  readonly long?: boolean
  readonly bytes?: boolean
  readonly recursive?: boolean
  readonly sort?: 'name' | 'size' | 'time'
  readonly json?: boolean
}

/** `smbkit ls`: what is in folders. */
export function lsCommand(): Command {
  return withConnection(
    new Command('ls')
      .description('list folders; of a server, its shares')
      .argument('<address...>', 'folders and files; * and ? in the last name')
      .option('-l, --long', 'also attributes, sizes and times')
      .option('-b, --bytes', 'sizes in bytes')
      .option('-R, --recursive', 'folders with all that is in them')
      .option('--sort <by>', 'name, size or time', sortKey, 'name')
      .option('--json', 'for programs'),
  ).action((words: string[], options: LsOptions) => runClient(options, (context) => list(context, words, options)))
}

function sortKey(text: string): 'name' | 'size' | 'time' {
  if (text === 'name' || text === 'size' || text === 'time') return text
  throw new InvalidArgumentError('It must be name, size or time.')
}

async function list(context: Context, words: readonly string[], options: LsOptions): Promise<void> {
  const [only = ''] = words
  if (words.length === 1 && parseAddress(context.named(only)).share === undefined)
    return listShares(context, only, options)
  const listing = new Listing(context, options)
  const found = await expandAll(context, words)
  const known = await withStats(context, found)
  const files = known.filter(({ stats }) => !stats.isDirectory())
  const folders = known.filter(({ stats }) => stats.isDirectory())
  await listing.files(files)
  const isOneOfMany = words.length > 1 || found.length > 1
  for (const { address, share } of folders) {
    try {
      await listing.folder(address, share, isOneOfMany || options.recursive === true)
    } catch (error) {
      if (!isOneOfMany || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
  await listing.end()
}

type Known = Found & { readonly stats: Stats }

/** Looks at what was named, also through links. */
async function withStats(context: Context, found: readonly Found[]): Promise<Known[]> {
  const known: Known[] = []
  for (const one of found) {
    const { address, share, stats } = one
    try {
      const seen = stats === undefined || stats.isSymbolicLink()
      const real = seen ? await about(address, share.stat(address.path, { signal: context.signal })) : stats
      known.push({ ...one, stats: real })
    } catch (error) {
      if (found.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
  return known
}

/** Writes listings one after the other. */
class Listing {
  readonly #context: Context
  readonly #options: LsOptions
  readonly #json: object[] = []
  #isFirst = true

  constructor(context: Context, options: LsOptions) {
    this.#context = context
    this.#options = options
  }

  async files(files: readonly Known[]): Promise<void> {
    if (files.length === 0) return
    const named = files.map(({ address, stats }) => ({ name: nameOf(address.path), stats }))
    await this.#show(named)
    for (const { address, stats } of files) this.#note(displayAddress(address), stats)
  }

  async folder(address: ShareAddress, share: Share, withTitle: boolean): Promise<void> {
    const { signal } = this.#context
    const entries = await about(address, share.readdir(address.path, { withFileTypes: true, signal }))
    const named = inOrder(entries)
    const { sort = 'name' } = this.#options
    const sorted = sort === 'name' ? named : named.toSorted(orders[sort])
    if (this.#options.json === true)
      for (const { name, stats } of sorted) this.#note(displayAddress(below(address, name)), stats)
    else {
      if (withTitle)
        await this.#context.out.write(`${this.#isFirst ? '' : '\n'}${printable(displayAddress(address))}:\n`)
      await this.#show(sorted)
    }
    if (this.#options.recursive !== true) return
    for (const entry of sorted) {
      if (!entry.isDirectory()) continue
      const inside = below(address, entry.name)
      try {
        await this.folder(inside, share, true)
      } catch (error) {
        if (signal.aborted) throw error
        this.#context.failedWith(error)
      }
    }
  }

  async end(): Promise<void> {
    if (this.#options.json === true) await this.#context.out.json(this.#json)
  }

  #note(path: string, stats: Stats): void {
    if (this.#options.json === true) this.#json.push({ path, name: nameOf(path), ...factsJson(stats) })
  }

  async #show(entries: readonly { readonly name: string; readonly stats: Stats }[]): Promise<void> {
    this.#isFirst = false
    if (this.#options.json === true) return
    const { long, bytes } = this.#options
    if (long === true || bytes === true) {
      const rows = entries.map(({ name, stats }) => [...factsRow(stats, bytes === true), markedName(name, stats)])
      await this.#context.out.write(table([{}, { right: true }, {}, {}], rows))
    } else
      for (let at = 0; at < entries.length; at += linesAtOnce) {
        const lines = entries.slice(at, at + linesAtOnce).map(({ name, stats }) => printable(markedName(name, stats)))
        await this.#context.out.write(`${lines.join('\n')}\n`)
      }
  }
}

/** What is the same stays in the order of names. */
const orders: Readonly<Record<'size' | 'time', (left: Dirent, right: Dirent) => number>> = {
  size: (left, right) => right.stats.size - left.stats.size,
  time: (left, right) => Number(right.stats.facts.lastWriteTime - left.stats.facts.lastWriteTime),
}
