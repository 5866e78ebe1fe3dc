import { Command } from 'commander'
import { displayAddress, parseShareAddress } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { about } from './servers.ts'

interface MkdirOptions extends ConnectionOptions {
  readonly parents?: boolean
}

/** `smbkit mkdir`: makes folders. */
export function mkdirCommand(): Command {
  return withConnection(
    new Command('mkdir')
      .description('make folders')
      .argument('<address...>', 'folders to make')
      .option('-p, --parents', 'the folders above, too; one that is there is no error'),
  ).action((words: string[], options: MkdirOptions) => runClient(options, (context) => make(context, words, options)))
}

async function make(context: Context, words: readonly string[], { parents = false }: MkdirOptions): Promise<void> {
  for (const word of words) {
    const address = parseShareAddress(context.named(word))
    try {
      const share = await context.servers.share(address)
      await about(address, share.mkdir(address.path, { recursive: parents, signal: context.signal }))
    } catch (error) {
      if (words.length === 1 || context.signal.aborted) throw error
      context.failed(displayAddress(address), error)
    }
  }
}
