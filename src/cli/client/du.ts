import { Command } from 'commander'
import type { Share } from '../../client/api/share.ts'
import { StatusError } from '../../client/errors.ts'
import { printable } from '../report.ts'
import { displayAddress, joinPath, parseShareAddress, type ShareAddress } from './address.ts'
import { type ConnectionOptions, positive, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { bytesText } from './format.ts'
import { about } from './servers.ts'
import { walk } from './walk.ts'

interface DuOptions extends ConnectionOptions {
  readonly depth?: number
  readonly summarize?: boolean
  readonly bytes?: boolean
  readonly json?: boolean
}

/** `smbkit du`: how much folders hold. */
export function duCommand(): Command {
  return withConnection(
    new Command('du')
      .description('show how much folders hold, with all that is in them, and files')
      .argument('<address...>', 'folders and files')
      .option('-d, --depth <number>', 'show folders so deep (default: all)', positive)
      .option('-s, --summarize', 'the sum alone')
      .option('-b, --bytes', 'in bytes')
      .option('--json', 'for programs: a line of JSON for each folder'),
  ).action((words: string[], options: DuOptions) => runClient(options, (context) => show(context, words, options)))
}

async function show(context: Context, words: readonly string[], options: DuOptions): Promise<void> {
  for (const word of words) {
    const address = parseShareAddress(context.named(word))
    try {
      await about(address, sum(context, address, options))
    } catch (error) {
      if (words.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
}

/** A folder whose content is being added up. */
interface Sum {
  readonly path: string
  size: number
  allocated: number
  files: number
  folders: number
}

const emptySum = (path: string): Sum => ({ path, size: 0, allocated: 0, files: 0, folders: 0 })

async function sum(context: Context, address: ShareAddress, options: DuOptions): Promise<void> {
  const share = await context.servers.share(address)
  try {
    await sumFolder(context, share, address, options)
  } catch (error) {
    if (!(error instanceof StatusError && error.code === 'ENOTDIR')) throw error
    const { size, allocationSize: allocated } = await share.stat(address.path, { signal: context.signal })
    await write(context, address, { path: '', size, allocated, files: 1, folders: 0 }, options)
  }
}

async function sumFolder(context: Context, share: Share, address: ShareAddress, options: DuOptions): Promise<void> {
  /** The folders from the root to where the walk is. */
  const open = [emptySum('')]
  const shownDepth = options.summarize === true ? 0 : (options.depth ?? Number.POSITIVE_INFINITY)
  const closeTo = async (depth: number): Promise<void> => {
    while (open.length > depth) {
      const done = open.pop() as Sum
      const above = open.at(-1)
      if (above !== undefined) add(above, done)
      if (open.length <= shownDepth) await write(context, address, done, options)
    }
  }
  for await (const { path, depth, stats, problem } of walk(share, address.path, context)) {
    await closeTo(depth)
    if (problem !== undefined) context.failed(displayAddress(inside(address, path)), problem)
    const here = open.at(-1) as Sum
    if (stats.isDirectory()) {
      here.folders++
      open.push(emptySum(path))
    } else if (stats.isFile())
      add(here, { path, size: stats.size, allocated: stats.allocationSize, files: 1, folders: 0 })
  }
  await closeTo(0)
}

function add(to: Sum, more: Sum): void {
  to.size += more.size
  to.allocated += more.allocated
  to.files += more.files
  to.folders += more.folders
}

const inside = (address: ShareAddress, path: string): ShareAddress => ({
  ...address,
  path: joinPath(address.path, path),
})

async function write({ out }: Context, address: ShareAddress, done: Sum, { json, bytes }: DuOptions): Promise<void> {
  const path = displayAddress(inside(address, done.path))
  const { size, allocated, files, folders } = done
  if (json === true) return out.json({ path, size, allocationSize: allocated, files, folders }, true)
  await out.write(`${(bytes === true ? String(size) : bytesText(size)).padStart(9)}  ${printable(path)}\n`)
}
