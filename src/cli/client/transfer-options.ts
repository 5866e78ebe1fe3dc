import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CopyEntry, CopyOptions } from '../../client/api/copy.ts'
import { type ConnectionOptions, gathered, positive, withConnection } from './connection-options.ts'
import { filterOf } from './filter.ts'

/** What every command that carries files takes. */
export interface TransferOptions extends ConnectionOptions {
  readonly recursive?: boolean
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly existing?: CopyOptions['existing']
  readonly links?: CopyOptions['links']
  readonly jobs?: number
  readonly dryRun?: boolean
  /** False: `--no-resume`. */
  readonly resume: boolean
  /** False: `--no-preserve`. */
  readonly preserve: boolean
  readonly inPlace?: boolean
  readonly timeWindow?: number
  readonly verbose?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

/** Adds these options to a command. `recursive`: whether folders have to be asked for. */
export function withTransfer(command: Command, { recursive = true }: { readonly recursive?: boolean } = {}): Command {
  const what = new Option(
    '--existing <what>',
    'replace a file that is there: always, if it changed, if older, never (default: changed)',
  )
  const links = new Option('--links <how>', 'what becomes of symbolic links (default: follow)')
  if (recursive) command.option('-r, --recursive', 'folders with all that is in them')
  return withConnection(
    command
      .option('--include <pattern>', 'only what fits; may be given several times', gathered)
      .option('--exclude <pattern>', 'not what fits; may be given several times', gathered)
      .addOption(what.choices(existingChoices))
      .addOption(links.choices(['follow', 'copy', 'skip']))
      .option('-j, --jobs <number>', 'files under way at a time (default: 32)', positive)
      .option('-n, --dry-run', 'tell what would be done, and do nothing')
      .option('--no-resume', 'begin anew what was cut off, and leave nothing where it is cut off')
      .option('--no-preserve', 'new times and attributes instead of those of the source')
      .option('--in-place', 'write into the file that is there: it keeps its rights, and is half written for a while')
      .option('--time-window <seconds>', 'times that far apart are the same (default: 0.001; FAT: 2)', timeWindow)
      .option('-v, --verbose', 'a line for each file')
      .option('-q, --quiet', 'no progress and no summary')
      .option('--json', 'for programs: a line of JSON for each file, and one for all'),
  )
}

const existingChoices = ['replace', 'changed', 'older', 'skip', 'error'] as const
const maxWindowSeconds = 86_400

function timeWindow(text: string): number {
  const number = Number(text)
  if (!/^\d+(?:\.\d+)?$/.test(text) || number > maxWindowSeconds)
    throw new InvalidArgumentError(`It must be a number of seconds from 0 to ${maxWindowSeconds}.`)
  return number
}

/** These options as the engine of copies takes them. */
export function copyOptions(options: TransferOptions, signal: AbortSignal): CopyOptions {
  const { recursive, existing, links, jobs, dryRun, resume, preserve, inPlace, timeWindow: window } = options
  return {
    signal,
    resume,
    preserve,
    continueOnError: true,
    filter: copyFilter(options),
    existing: existing ?? 'changed',
    ...(recursive !== undefined && { recursive }),
    ...(links !== undefined && { links }),
    ...(jobs !== undefined && { jobs }),
    ...(dryRun !== undefined && { dryRun }),
    ...(inPlace !== undefined && { inPlace }),
    ...(window !== undefined && { timeWindowMs: window * 1000 }),
  }
}

function copyFilter({ include = [], exclude = [] }: TransferOptions): NonNullable<CopyOptions['filter']> {
  const filter = filterOf({ include, exclude })
  return ({ path, kind }: CopyEntry) => {
    if (kind !== 'directory') return filter.file(path)
    return filter.enters(path) && (filter.folder(path) || 'contents')
  }
}
