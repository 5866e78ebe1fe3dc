import { Command } from 'commander'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { expandAll } from './expand.ts'
import { about } from './servers.ts'

/** `smbkit cat`: files to standard output. */
export function catCommand(): Command {
  return withConnection(
    new Command('cat')
      .description('write files to standard output')
      .argument('<address...>', 'files; * and ? in the last name'),
  ).action((words: string[], options: ConnectionOptions) => runClient(options, (context) => cat(context, words)))
}

async function cat(context: Context, words: readonly string[]): Promise<void> {
  for (const { address, share } of await expandAll(context, words)) {
    const stream = share.createReadStream(address.path, { signal: context.signal })
    const copying = async (): Promise<void> => {
      for await (const chunk of stream) await context.out.bytes(chunk as Uint8Array)
    }
    try {
      await about(address, copying())
    } catch (error) {
      if (words.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
}
