import { Command } from 'commander'
import { StatusError } from '../../client/errors.ts'
import { printable, UsageError } from '../report.ts'
import { displayAddress } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { expandAll, type Found } from './expand.ts'
import { about } from './servers.ts'

interface RmOptions extends ConnectionOptions {
  readonly recursive?: boolean
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly verbose?: boolean
  readonly json?: boolean
}

/** `smbkit rm`: removes files and folders. */
export function rmCommand(): Command {
  return withConnection(
    new Command('rm')
      .description('remove files and folders')
      .argument('<address...>', 'files and folders; * and ? in the last name')
      .option('-r, --recursive', 'folders with all that is in them')
      .option('-f, --force', 'what is not there is no error; what is read-only goes, too')
      .option('-n, --dry-run', 'tell what would be removed, and do nothing')
      .option('-v, --verbose', 'a line for each that was removed')
      .option('--json', 'for programs: a line of JSON for each'),
  ).action((words: string[], options: RmOptions) => runClient(options, (context) => remove(context, words, options)))
}

async function remove(context: Context, words: readonly string[], options: RmOptions): Promise<void> {
  const found = await expandAll(context, words)
  const root = found.find(({ address }) => address.path === '')
  if (root !== undefined)
    throw new UsageError(`${displayAddress(root.address)}: that is the whole share; name what is to go from it`)
  for (const one of found) {
    const shown = displayAddress(one.address)
    try {
      await removeOne(context, one, options)
      const event = options.dryRun === true ? 'remove' : 'removed'
      if (options.json === true) await context.out.json({ event, path: shown }, true)
      else if (options.verbose === true || options.dryRun === true)
        await context.out.write(`${event}  ${printable(shown)}\n`)
    } catch (error) {
      if (found.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
}

async function removeOne({ signal }: Context, { address, share }: Found, options: RmOptions): Promise<void> {
  const { recursive = false, force = false, dryRun = false } = options
  const { path } = address
  if (!recursive || dryRun) {
    const stats = await about(address, share.lstat(path, { signal })).catch((error: unknown) => {
      if (force && isMissing(error)) return undefined
      throw error
    })
    if (stats === undefined) return
    if (!recursive && stats.isDirectory())
      throw new UsageError(`${displayAddress(address)}: it is a folder: add --recursive to remove it with all in it`)
  }
  if (!dryRun) await about(address, share.rm(path, { recursive, force, signal }))
}

const isMissing = (error: unknown): boolean => {
  const { cause } = error as Error
  return cause instanceof StatusError && cause.code === 'ENOENT'
}
