import { Command, InvalidArgumentError } from 'commander'
import { type Column, rollColumns, sliceColumns } from '../../trace/reports/columns.ts'
import { csvHead, csvLine } from '../../trace/reports/csv.ts'
import { plain } from '../../trace/reports/json-report.ts'
import { Overview, type RollBy } from '../../trace/reports/overview.ts'
import { ROLLS, rollTable, timeSlices, timeTable } from '../../trace/reports/rolls.ts'
import { printableLines, runCommand } from '../report.ts'
import { type ReadingOptions, readCaptures, withFilter } from './common-options.ts'
import { PacedOutput } from './paced-output.ts'

type StatsBy = RollBy | 'time'

interface StatsOptions extends ReadingOptions {
  readonly by?: StatsBy
  readonly json?: boolean
  readonly csv?: boolean
}

/** Lines of a table for people, of each kind. */
const MOST = 40

/** `smbkit trace stats`: how much, how fast and how often it failed, by whom or what, or over the time. */
export function statsCommand(): Command {
  return withFilter(
    new Command('stats')
      .description('requests, errors, bytes and response times, by server, share, user, file, command, status or time')
      .argument('<file...>', 'captures, also compressed (gzip, zstd); - is standard input')
      .option('--by <what>', `one of them: ${[...ROLLS, 'time'].join(', ')}`, statsBy)
      .option('--json', 'for programs')
      .option('--csv', 'for programs: comma-separated values, of one kind'),
  ).action((files: string[], options: StatsOptions) => runCommand(() => stats(files, options)))
}

function statsBy(text: string): StatsBy {
  const found = ([...ROLLS, 'time'] as const).find((one) => one === text)
  if (found === undefined) throw new InvalidArgumentError(`It must be one of ${[...ROLLS, 'time'].join(', ')}.`)
  return found
}

async function stats(
  files: readonly string[],
  { by, json = false, csv = false, ...options }: StatsOptions,
): Promise<void> {
  const overview = new Overview()
  await readCaptures(files, [overview], options)
  const kinds = by === undefined ? [...ROLLS, 'time' as const] : [by]
  const out = new PacedOutput()
  if (csv) writeCsv(overview, by ?? 'command', out)
  else if (json) {
    const tables = kinds.map((kind) => [kind, rowsOf(overview, kind)])
    out.text(`${JSON.stringify(Object.fromEntries(tables), null, 2)}\n`)
  } else
    for (const text of kinds.map((kind) => (kind === 'time' ? timeTable(overview) : rollTable(overview, kind, MOST))))
      out.text(`${printableLines(text)}${kinds.length > 1 ? '\n' : ''}`)
  await out.flush()
}

const rowsOf = (overview: Overview, kind: StatsBy): object[] =>
  kind === 'time'
    ? timeSlices(overview).map((slice) => plain(sliceColumns, slice))
    : rollsOf(overview, kind).map((roll) => plain(rollColumns, roll))

const rollsOf = (overview: Overview, kind: RollBy) =>
  overview.busiest(kind, Number.POSITIVE_INFINITY, ({ count }) => count)

function writeCsv(overview: Overview, kind: StatsBy, out: PacedOutput): void {
  const write = <T>(columns: readonly Column<T>[], rows: readonly T[]): void => {
    out.text(csvHead(columns))
    for (const row of rows) out.text(csvLine(columns, row))
  }
  if (kind === 'time') write(sliceColumns, timeSlices(overview))
  else write(rollColumns, rollsOf(overview, kind))
}
