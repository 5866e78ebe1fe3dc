import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { systemReason } from '../../config/config-error.ts'
import { Diagnosis } from '../../trace/diagnose.ts'
import { rules } from '../../trace/diagnoses/index.ts'
import { Follow, type FollowBy } from '../../trace/reports/follow.ts'
import { htmlReport } from '../../trace/reports/html-report.ts'
import { jsonReport, reportSchema } from '../../trace/reports/json-report.ts'
import { Overview } from '../../trace/reports/overview.ts'
import { textReport } from '../../trace/reports/text-report.ts'
import { printableLines, runCommand, UsageError } from '../report.ts'
import { type ReadingOptions, readCaptures, withFilter } from './common-options.ts'
import { framesCommand } from './frames.ts'
import { list, listCommand } from './list.ts'
import { PacedOutput } from './paced-output.ts'
import { showCommand } from './show.ts'
import { statsCommand } from './stats.ts'

interface TraceOptions extends ReadingOptions {
  readonly json?: boolean
  readonly csv?: boolean
  readonly html?: string
  readonly parquet?: string
  readonly follow?: { readonly by: FollowBy; readonly only: string }
}

/** `smbkit trace`: what is wrong in captured traffic. */
export function traceCommand(): Command {
  const command = withFilter(
    new Command('trace')
      .description('read captured traffic (pcap, pcapng) and tell what is wrong or slow, and why')
      .argument('<file...>', 'captures, also compressed (gzip, zstd); - is standard input')
      .option(
        '--follow <what>',
        'session, file or user, one after the other; file:plan tells of those with plan',
        follow,
      )
      .option('--json', 'the report for programs (smbkit trace schema describes it)')
      .option('--csv', 'all requests as comma-separated values')
      .option('--html <file>', 'the report as a page, with plots')
      .option('--parquet <folder>', 'tables of requests, sessions, files and findings for DuckDB, ClickHouse, Spark'),
  ).action((files: string[], options: TraceOptions) => runCommand(() => trace(files, options)))
  // What stands behind the name of a command is for that command: both have --json.
  command.enablePositionalOptions()
  for (const made of [listCommand(), statsCommand(), framesCommand(), showCommand(), rulesCommand(), schemaCommand()])
    command.addCommand(made)
  return command
}

function follow(text: string): NonNullable<TraceOptions['follow']> {
  const [by = '', ...rest] = text.split(':')
  if (by !== 'session' && by !== 'file' && by !== 'user')
    throw new InvalidArgumentError('It must be session, file or user.')
  return { by, only: rest.join(':') }
}

async function trace(files: readonly string[], options: TraceOptions): Promise<void> {
  if (options.csv === true) return list(files, options)
  if (options.follow !== undefined) return tellStories(files, options, options.follow)
  return report(files, options)
}

async function report(named: readonly string[], options: TraceOptions): Promise<void> {
  const overview = new Overview()
  const diagnosis = new Diagnosis()
  // Loaded where it is asked for.
  const tables =
    options.parquet === undefined ? undefined : new (await import('./parquet.ts')).ParquetFolder(options.parquet)
  const observers = [overview, diagnosis, ...(tables === undefined ? [] : [tables])]
  const { files, summary } = await readCaptures(named, observers, options)
  const data = { files, summary, overview, findings: diagnosis.findings() }
  tables?.close(overview.rolls.file.values(), data.findings)
  if (options.html !== undefined) writeText(options.html, htmlReport(data))
  await say(options.json === true ? `${JSON.stringify(jsonReport(data), null, 2)}\n` : printableLines(textReport(data)))
}

async function tellStories(
  files: readonly string[],
  options: TraceOptions,
  { by, only }: NonNullable<TraceOptions['follow']>,
): Promise<void> {
  const stories = new Follow(by, only)
  await readCaptures(files, [stories], options)
  await say(printableLines(stories.text()))
}

async function say(text: string): Promise<void> {
  const out = new PacedOutput()
  out.text(text)
  await out.flush()
}

function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new UsageError(`${path}: cannot be written: ${systemReason(error)}`, { cause: error })
  }
}

function rulesCommand(): Command {
  return new Command('rules').description('list what is looked for').action(() => {
    const width = Math.max(...rules.map(({ id }) => id.length))
    for (const { id, looksFor } of rules) process.stdout.write(`${id.padEnd(width)}  ${looksFor}\n`)
  })
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('the JSON Schema of what --json writes')
    .action(() => void process.stdout.write(`${JSON.stringify(reportSchema(), null, 2)}\n`))
}
