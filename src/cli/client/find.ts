import { Command, InvalidArgumentError, Option } from 'commander'
import { filetimeFromDate } from '../../bytes/filetime.ts'
import type { Stats } from '../../client/stats.ts'
import { FileAttributes } from '../../wire/fscc/file-attributes.ts'
import { printable } from '../report.ts'
import { displayAddress, joinPath, nameOf, parseShareAddress } from './address.ts'
import { type ConnectionOptions, gathered, positive, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { factsJson, factsRow, kindOf, markedName } from './facts.ts'
import { anyOf, filterOf } from './filter.ts'
import { about } from './servers.ts'
import { walk } from './walk.ts'

interface FindOptions extends ConnectionOptions {
  readonly name?: readonly string[]
  readonly exclude?: readonly string[]
  readonly type?: 'file' | 'folder' | 'link'
  readonly larger?: number
  readonly smaller?: number
  readonly newer?: Date
  readonly older?: Date
  readonly attributes?: number
  readonly depth?: number
  readonly long?: boolean
  readonly print0?: boolean
  readonly json?: boolean
}

/** `smbkit find`: files that fit. */
export function findCommand(): Command {
  return withConnection(
    new Command('find')
      .description('find files and folders below a folder')
      .argument('<address>', 'folder')
      .option('--name <pattern>', 'with such a name, or path where it has a /; may be given several times', gathered)
      .option('--exclude <pattern>', 'not with such a name; such folders are not looked into', gathered)
      .addOption(new Option('--type <kind>', 'of this kind').choices(['file', 'folder', 'link']))
      .option('--larger <size>', 'larger than this: 100, 10K, 1.5M, 2G', size)
      .option('--smaller <size>', 'smaller than this', size)
      .option('--newer <when>', 'written after this: 2026-01-31, or 90m, 12h, 7d, 2w ago', when)
      .option('--older <when>', 'written before this', when)
      .option('--attributes <letters>', 'with all of these: R H S A C E P O T', attributeBits)
      .option('-L, --depth <number>', 'so many folders deep', positive)
      .option('-l, --long', 'also attributes, sizes and times')
      .option('-0, --print0', 'end each with a NUL instead of a new line, for xargs -0')
      .option('--json', 'for programs: a line of JSON for each'),
  ).action((word: string, options: FindOptions) => runClient(options, (context) => find(context, word, options)))
}

async function find(context: Context, word: string, options: FindOptions): Promise<void> {
  const address = parseShareAddress(context.named(word))
  const share = await context.servers.share(address)
  const { signal } = context
  const excluded = filterOf({ exclude: options.exclude ?? [] })
  const isNamed = anyOf(options.name ?? [])
  const enters = (path: string): boolean => excluded.enters(path)
  const depth = options.depth === undefined ? {} : { maxDepth: options.depth }
  const finding = async (): Promise<void> => {
    for await (const { path, stats, problem } of walk(share, address.path, { signal, enters, ...depth })) {
      const shown = displayAddress({ ...address, path: joinPath(address.path, path) })
      if (problem !== undefined) context.failed(shown, problem)
      const isFolder = stats.isDirectory()
      const isIn = isFolder ? excluded.enters(path) : excluded.file(path)
      if (isIn && isNamed(path, isFolder) && fits(stats, options)) await write(context, shown, stats, options)
    }
  }
  await about(address, finding())
}

function fits(stats: Stats, { type, larger, smaller, newer, older, attributes }: FindOptions): boolean {
  const { lastWriteTime } = stats.facts
  return (
    (type === undefined || kindOf(stats) === type) &&
    (larger === undefined || (stats.isFile() && stats.size > larger)) &&
    (smaller === undefined || (stats.isFile() && stats.size < smaller)) &&
    (newer === undefined || lastWriteTime > filetimeFromDate(newer)) &&
    (older === undefined || lastWriteTime < filetimeFromDate(older)) &&
    (attributes === undefined || (stats.attributes & attributes) === attributes)
  )
}

async function write({ out }: Context, path: string, stats: Stats, options: FindOptions): Promise<void> {
  if (options.json === true) return out.json({ path, name: nameOf(path), ...factsJson(stats) }, true)
  // Programs take it as it is.
  if (options.print0 === true) return out.write(`${path}\0`)
  const [attributes = '', bytes = '', time = ''] = factsRow(stats)
  const facts = options.long === true ? `${attributes.padEnd(4)}  ${bytes.padStart(9)}  ${time.padEnd(19)}  ` : ''
  await out.write(`${facts}${printable(markedName(path, stats))}\n`)
}

const sizeUnits = ['', 'K', 'M', 'G', 'T', 'P']

function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGTP]?)(?:i?B)?$/i.exec(text)
  if (match === null) throw new InvalidArgumentError('It must be a size such as 100, 10K, 1.5M or 2G.')
  return Number(match[1]) * 1024 ** sizeUnits.indexOf((match[2] ?? '').toUpperCase())
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

function when(text: string): Date {
  const ago = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text)
  if (ago !== null) return new Date(Date.now() - Number(ago[1]) * (secondsOf[ago[2] ?? ''] ?? 0) * 1000)
  // A day without a time begins at midnight here, and not in Greenwich.
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00` : text)
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('It must be a time such as 2026-01-31, 2026-01-31T12:00 or 7d.')
  return date
}

const bits: Readonly<Record<string, number>> = {
  R: FileAttributes.READONLY,
  H: FileAttributes.HIDDEN,
  S: FileAttributes.SYSTEM,
  A: FileAttributes.ARCHIVE,
  C: FileAttributes.COMPRESSED,
  E: FileAttributes.ENCRYPTED,
  P: FileAttributes.SPARSE_FILE,
  O: FileAttributes.OFFLINE,
  T: FileAttributes.TEMPORARY,
}

function attributeBits(text: string): number {
  let mask = 0
  for (const letter of text.toUpperCase()) {
    const bit = bits[letter]
    if (bit === undefined) throw new InvalidArgumentError(`It must be letters of ${Object.keys(bits).join(' ')}.`)
    mask |= bit
  }
  return mask
}
