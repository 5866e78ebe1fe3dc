import { Command } from 'commander'
import { displayAddress, parseShareAddress } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { about } from './servers.ts'

interface MkdirOptions extends ConnectionOptions {
  readonly parents?: boolean
  readonly json?: boolean
}

/** `smbkit mkdir`: makes folders. */
export function mkdirCommand(): Command {
  return withConnection(
    new Command('mkdir')
      .description('make folders')
      .argument('<address...>', 'folders to make')
      .option('-p, --parents', 'the folders above, too; one that is there is no error')
      .option('--json', 'for programs: a line of JSON for each'),
  ).action((words: string[], options: MkdirOptions) => runClient(options, (context) => make(context, words, options)))
}

async function make(context: Context, words: readonly string[], options: MkdirOptions): Promise<void> {
  const { parents = false, json = false } = options
  for (const word of words) {
    const address = parseShareAddress(context.named(word))
    try {
      const share = await context.servers.share(address)
      await about(address, share.mkdir(address.path, { recursive: parents, signal: context.signal }))
      if (json) await context.out.json({ event: 'made', path: displayAddress(address) }, true)
    } catch (error) {
      if (words.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
}
