import { Command } from 'commander'
import { UsageError } from '../report.ts'
import { displayAddress, isAddress, joinPath, nameOf } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { expandAll, type Found } from './expand.ts'
import { targetOf } from './places.ts'
import { about } from './servers.ts'

interface MvOptions extends ConnectionOptions {
  /** False: `--no-replace`. */
  readonly replace: boolean
  readonly json?: boolean
}

/** `smbkit mv`: renames within a share. */
export function mvCommand(): Command {
  return withConnection(
    new Command('mv')
      .description('rename files and folders, or move them to another folder of the share')
      .argument('<address...>', 'what to rename, and its new name or folder')
      .usage('[options] <address...> <target>')
      .option('--no-replace', 'a file that has the new name is an error')
      .option('--json', 'for programs: a line of JSON for each'),
  ).action((words: string[], options: MvOptions) => runClient(options, (context) => move(context, words, options)))
}

async function move(context: Context, words: readonly string[], options: MvOptions): Promise<void> {
  if (words.length < 2) throw new UsageError('where to? smbkit mv <address...> <target>')
  const last = context.named(words.at(-1) ?? '')
  const local = words.find((word) => !isAddress(context.named(word)))
  if (local !== undefined) throw new UsageError(`${local}: must be on a server: //HOST/SHARE/PATH`)
  const found = await expandAll(context, words.slice(0, -1))
  const { place, isFolder, shown } = await targetOf(context, last)
  if (!isFolder && found.length > 1)
    throw new UsageError(`${shown}: is no folder, and several files are to be moved there`)
  for (const one of found) {
    try {
      if ('disk' in place || place.share !== one.share)
        throw new UsageError(
          `${displayAddress(one.address)}: files are moved within a share: copy it, and remove it then`,
        )
      await moveOne(context, one, isFolder ? joinPath(place.path, nameOf(one.address.path)) : place.path, options)
    } catch (error) {
      if (found.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
}

async function moveOne(
  { out, signal }: Context,
  { address, share }: Found,
  to: string,
  { replace, json = false }: MvOptions,
): Promise<void> {
  if (address.path === '') throw new UsageError(`${displayAddress(address)}: a share cannot be renamed`)
  await about(address, share.rename(address.path, to, { replace, signal }))
  const event = { event: 'moved', path: displayAddress(address), to: displayAddress({ ...address, path: to }) }
  if (json) await out.json(event, true)
}
