import { Command } from 'commander'
import type { StatFs } from '../../client/api/share.ts'
import { displayAddress, parseShareAddress } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { bytesText, table } from './format.ts'
import { about } from './servers.ts'

interface DfOptions extends ConnectionOptions {
  readonly json?: boolean
}

/** `smbkit df`: how much room there is. */
export function dfCommand(): Command {
  return withConnection(
    new Command('df')
      .description('show how much room the disks behind shares have')
      .argument('<address...>', 'shares, or folders in them')
      .option('--json', 'for programs'),
  ).action((words: string[], options: DfOptions) => runClient(options, (context) => show(context, words, options)))
}

async function show(context: Context, words: readonly string[], { json }: DfOptions): Promise<void> {
  const found: { readonly path: string; readonly facts: StatFs }[] = []
  for (const word of words) {
    const address = parseShareAddress(context.named(word))
    try {
      const share = await context.servers.share(address)
      const facts = await about(address, share.statfs(address.path, { signal: context.signal }))
      found.push({ path: displayAddress(address), facts })
    } catch (error) {
      if (words.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
  if (json === true) return context.out.json(found.map(({ path, facts }) => ({ path, ...factsOf(facts) })))
  const columns = [
    { title: 'share' },
    { title: 'type' },
    { title: 'size', right: true },
    { title: 'used', right: true },
    { title: 'free', right: true },
    { title: 'full', right: true },
  ]
  await context.out.write(table(columns, found.map(row)))
}

const factsOf = ({ type, label, totalBytes, freeBytes, availableBytes, maxNameLength, serialNumber }: StatFs) => ({
  type,
  label,
  totalBytes,
  freeBytes,
  availableBytes,
  maxNameLength,
  serialNumber: serialNumber.toString(16).padStart(8, '0'),
})

function row({ path, facts }: { readonly path: string; readonly facts: StatFs }): string[] {
  const { type, totalBytes, freeBytes, availableBytes } = facts
  const used = totalBytes - freeBytes
  // As everybody's df: of what this user could have, how much is taken.
  const own = used + availableBytes
  const full = own > 0n ? `${Math.ceil((Number(used) * 100) / Number(own))}%` : '-'
  return [path, type, bytesText(totalBytes), bytesText(used), bytesText(availableBytes), full]
}
