import { Command } from 'commander'
import type { WatchEvent } from '../../client/api/share.ts'
import { printable } from '../report.ts'
import { displayAddress, joinPath, parseShareAddress } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { about } from './servers.ts'

interface WatchOptions extends ConnectionOptions {
  readonly recursive?: boolean
  readonly json?: boolean
}

/** `smbkit watch`: what changes, until Ctrl-C. */
export function watchCommand(): Command {
  return withConnection(
    new Command('watch')
      .description('show what changes in a folder, until Ctrl-C')
      .argument('<address>', 'folder')
      .option('-r, --recursive', 'also in the folders below')
      .option('--json', 'for programs: a line of JSON for each change'),
  ).action((word: string, options: WatchOptions) => runClient(options, (context) => watch(context, word, options)))
}

async function watch({ servers, out, signal, named }: Context, word: string, options: WatchOptions): Promise<void> {
  const address = parseShareAddress(named(word))
  const share = await servers.share(address)
  const shownName = (name: string): string => displayAddress({ ...address, path: joinPath(address.path, name) })
  const watching = async (): Promise<void> => {
    const changes = share.watch(address.path, { recursive: options.recursive === true, signal })
    for await (const change of changes) {
      await out.write(options.json === true ? json(change) : line(change, shownName))
      // Somebody is waiting for it.
      await out.flush()
    }
  }
  await about(address, watching())
}

const json = ({ action, filename, oldFilename, isStream }: WatchEvent): string =>
  `${JSON.stringify({ time: new Date().toISOString(), action, name: filename, ...(oldFilename !== undefined && { oldName: oldFilename }), isStream })}\n`

function line({ action, filename, oldFilename }: WatchEvent, shownName: (name: string) => string): string {
  const now = new Date()
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
  if (filename === null) return `${time}  overflow  more has changed than was told: look at all of it\n`
  const from = oldFilename === undefined ? '' : `${shownName(oldFilename)} -> `
  return `${time}  ${action.padEnd(8)}  ${printable(from + shownName(filename))}\n`
}
