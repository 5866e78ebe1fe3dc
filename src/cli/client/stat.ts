import { Command } from 'commander'
import type { StreamListing } from '../../client/api/share.ts'
import type { Stats } from '../../client/stats.ts'
import { printable } from '../report.ts'
import { displayAddress } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { expandAll, type Found } from './expand.ts'
import { factsJson, kindOf, reparseName } from './facts.ts'
import { attributeNames, bytesText, timeText } from './format.ts'
import { about } from './servers.ts'

interface StatOptions extends ConnectionOptions {
  readonly links?: boolean
  readonly json?: boolean
}

/** `smbkit stat`: all that is known of files. */
export function statCommand(): Command {
  return withConnection(
    new Command('stat')
      .description('show all that is known of files and folders')
      .argument('<address...>', 'files and folders; * and ? in the last name')
      .option('--links', 'of a link itself, and not of what it leads to')
      .option('--json', 'for programs'),
  ).action((words: string[], options: StatOptions) => runClient(options, (context) => show(context, words, options)))
}

async function show(context: Context, words: readonly string[], options: StatOptions): Promise<void> {
  const found = await expandAll(context, words)
  const all: object[] = []
  for (const one of found) {
    try {
      const { stats, streams, leadsTo } = await factsOf(context, one, options)
      const path = displayAddress(one.address)
      if (options.json === true)
        all.push({ path, ...factsJson(stats), links: stats.nlink, ...(leadsTo !== undefined && { leadsTo }), streams })
      else await context.out.write(text(path, stats, streams, leadsTo))
    } catch (error) {
      if (found.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
  if (options.json === true) await context.out.json(all)
}

interface Facts {
  readonly stats: Stats
  readonly streams: readonly StreamListing[]
  readonly leadsTo: string | undefined
}

async function factsOf({ signal }: Context, { address, share }: Found, { links }: StatOptions): Promise<Facts> {
  const { path } = address
  const call = { signal }
  const stats = await about(address, links === true ? share.lstat(path, call) : share.stat(path, call))
  const leadsTo = stats.isSymbolicLink() ? await about(address, share.readlink(path, call)) : undefined
  // Not every disk has streams, and not everybody may see them: what else is known is shown nevertheless.
  const streams = await share.streams(path, call).catch((error: unknown) => {
    if (signal.aborted) throw error
    return []
  })
  return { stats, leadsTo, streams: streams.filter(({ name }) => name !== '') }
}

function text(path: string, stats: Stats, streams: readonly StreamListing[], leadsTo: string | undefined): string {
  const { facts } = stats
  const lines: (readonly [string, string])[] = [
    ['kind', kindOf(stats)],
    ...(leadsTo === undefined ? [] : [['leads to', leadsTo] as const]),
    ['size', `${stats.size} bytes${stats.size < 1024 ? '' : ` (${bytesText(stats.size)})`}`],
    ['on the disk', `${stats.allocationSize} bytes`],
    ['attributes', attributeNames(stats.attributes).join(' ') || 'none'],
    ['created', timeText(facts.creationTime)],
    ['written', timeText(facts.lastWriteTime)],
    ['accessed', timeText(facts.lastAccessTime)],
    ['changed', timeText(facts.changeTime)],
    ['number', stats.ino.toString()],
    ['names', String(stats.nlink)],
    ...(stats.isReparsePoint() ? [['reparse tag', reparseName(stats.reparseTag)] as const] : []),
    ...streams.map(({ name, size }) => ['stream', `${name}  ${size} bytes`] as const),
  ]
  const width = Math.max(...lines.map(([title]) => title.length))
  return `${printable(path)}\n${lines.map(([title, value]) => `  ${title.padEnd(width)}  ${printable(value)}\n`).join('')}`
}
