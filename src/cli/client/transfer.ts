/** Commands that carry files: each is the same work with other ways to name its ends. */
import { Command } from 'commander'
import { systemReason } from '../../config/config-error.ts'
import { UsageError } from '../report.ts'
import { isAddress } from './address.ts'
import { carry } from './carry.ts'
import { type Context, runClient } from './context.ts'
import { errandsTo, makeTarget, sourcesOf, type Target, targetOf } from './places.ts'
import { type TransferOptions, withTransfer } from './transfer-options.ts'

type Words = readonly string[]

/** `smbkit get`: from a server to this machine. */
export const getCommand = (): Command =>
  transferCommand(
    'get',
    'copy files from a server to this machine',
    '<address...> [local]',
    'files and folders on servers, then where to: a file or folder here (default: this folder)',
    (context, words, options) => {
      const [target, sources] = localTarget(words)
      return transfer(context, remoteOnly(sources), target, options)
    },
  )

/** `smbkit mget`: all that fits, into a folder. */
export const mgetCommand = (): Command =>
  transferCommand(
    'mget',
    'copy all files that fit patterns from a server into a folder of this machine',
    '<pattern...> [folder]',
    'names on servers with * and ?, then the folder that they go into (default: this one)',
    (context, words, options) => {
      const [target, sources] = localTarget(words)
      return transfer(context, remoteOnly(sources), asFolder(target), options)
    },
  )

/** `smbkit put`: from this machine to a server. */
export const putCommand = (): Command =>
  transferCommand(
    'put',
    'copy files from this machine to a server',
    '<local...> <address>',
    'files and folders here, then where to on a server',
    (context, words, options) => {
      const [target, sources] = remoteTarget(words)
      return transfer(context, sources, target, options)
    },
  )

/** `smbkit mput`: all that fits, into a folder. */
export const mputCommand = (): Command =>
  transferCommand(
    'mput',
    'copy all files that fit patterns from this machine into a folder of a server',
    '<pattern...> <address>',
    'names here with * and ?, then the folder of a server that they go into',
    (context, words, options) => {
      const [target, sources] = remoteTarget(words)
      return transfer(context, sources, asFolder(target), options)
    },
  )

/** `smbkit cp`: between servers, and in every other direction. */
export const cpCommand = (): Command =>
  transferCommand(
    'cp',
    'copy files between servers, or between a server and this machine; within a server it copies by itself',
    '<source...> <target>',
    'files and folders, then where to; either is on a server, or both are',
    (context, words, options) => {
      if (!words.some(isAddress)) throw new UsageError('none of these is on a server: //HOST/SHARE/PATH')
      return transfer(context, words.slice(0, -1), words.at(-1) ?? '', options)
    },
  )

function transferCommand(
  name: string,
  description: string,
  usage: string,
  meaning: string,
  action: (context: Context, words: Words, options: TransferOptions) => Promise<void>,
): Command {
  // Which word is the last one's is known when all are there: to the parser they are one list.
  const [first = ''] = usage.split(' ')
  const command = new Command(name).description(description).argument(first, meaning).usage(`[options] ${usage}`)
  return withTransfer(command).action((words: string[], options: TransferOptions) =>
    runClient(options, async (context) => {
      const least = usage.includes('[') ? 1 : 2
      if (words.length < least) throw new UsageError(`where to? smbkit ${name} ${usage}`)
      await action(context, words, options)
    }),
  )
}

/** The last word where it is no address; else here. */
function localTarget(words: Words): [target: string, sources: Words] {
  const last = words.at(-1) ?? ''
  return isAddress(last) ? ['.', words] : [last, words.slice(0, -1)]
}

function remoteTarget(words: Words): [target: string, sources: Words] {
  const last = words.at(-1) ?? ''
  if (!isAddress(last)) throw new UsageError(`${last}: the last word must be on a server: //HOST/SHARE/PATH`)
  return [last, words.slice(0, -1)]
}

function remoteOnly(words: Words): Words {
  const local = words.find((word) => !isAddress(word))
  if (words.length === 0) throw new UsageError('what is to be copied? //HOST/SHARE/PATH')
  if (local !== undefined) throw new UsageError(`${local}: must be on a server: //HOST/SHARE/PATH`)
  return words
}

/** A word for a folder, there or not. */
export const asFolder = (word: string): string => (/[\\/]$/.test(word) ? word : `${word}/`)

/** Carries what words mean to where the last one means. */
export async function transfer(context: Context, words: Words, last: string, options: TransferOptions): Promise<void> {
  const sources = await sourcesOf(context, words)
  const target = await targetOf(context, last)
  const errands = await errandsTo(context, sources, target)
  if (target.isFolder && options.dryRun !== true) await made(context, target)
  await carry(context, errands, options)
}

async function made(context: Context, target: Target): Promise<void> {
  try {
    await makeTarget(context, target)
  } catch (error) {
    throw new UsageError(`${target.shown}: cannot make this folder: ${systemReason(error)}`, { cause: error })
  }
}

interface SyncOptions extends TransferOptions {
  readonly delete?: boolean
  readonly update?: boolean
}

/** `smbkit sync`: makes one folder like another. */
export function syncCommand(): Command {
  const command = new Command('sync')
    .description('make the target folder like the source folder: what has another size or time is copied')
    .argument('<source>', 'folder of a server or of this machine')
    .argument('<target>', 'the same')
    .option('--delete', 'remove what is in the target and not in the source, when all has been copied')
    .option('--update', 'leave what is newer in the target')
  return withTransfer(command, { recursive: false }).action((source: string, target: string, options: SyncOptions) =>
    runClient(options, (context) => sync(context, source, target, options)),
  )
}

async function sync(context: Context, from: string, to: string, options: SyncOptions): Promise<void> {
  if (!isAddress(from) && !isAddress(to)) throw new UsageError('none of these is on a server: //HOST/SHARE/PATH')
  const [source, ...more] = await sourcesOf(context, [from])
  if (source === undefined || more.length > 0) throw new UsageError(`${from}: one folder is made like one other`)
  const target = await targetOf(context, to)
  const errand = { from: source.place, to: target.place, source: source.shown, target: target.shown }
  await carry(
    context,
    [errand],
    { ...options, recursive: true },
    {
      ...(options.update === true && { existing: 'older' }),
      ...(options.delete === true && { removeOthers: true }),
    },
  )
}
