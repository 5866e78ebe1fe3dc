import { Command } from 'commander'
import type { Observer } from '../../trace/index.ts'
import { transactionColumns } from '../../trace/reports/columns.ts'
import { csvHead, csvLine } from '../../trace/reports/csv.ts'
import { plain } from '../../trace/reports/json-report.ts'
import { listHead, listLine } from '../../trace/reports/list.ts'
import { runCommand } from '../report.ts'
import { type ReadingOptions, readCaptures, withFilter } from './common-options.ts'
import { PacedOutput } from './paced-output.ts'

interface ListOptions extends ReadingOptions {
  readonly json?: boolean
  readonly csv?: boolean
}

/** `smbkit trace list`: every transaction in a line, as it is read. */
export function listCommand(): Command {
  return withFilter(
    new Command('list')
      .description('every request with its answer in a line: time, frames, command, status, path')
      .argument('<file...>', 'captures, also compressed (gzip, zstd); - is standard input')
      .option('--json', 'for programs: a line of JSON for each')
      .option('--csv', 'for programs: comma-separated values'),
  ).action((files: string[], options: ListOptions) => runCommand(() => list(files, options)))
}

/** Writes the transactions of captures to standard output. */
export async function list(files: readonly string[], options: ListOptions): Promise<void> {
  const out = new PacedOutput()
  const { json = false, csv = false } = options
  if (csv) out.text(csvHead(transactionColumns))
  else if (!json) out.line(listHead())
  const observer = {
    transaction: csv
      ? (transaction) => out.text(csvLine(transactionColumns, transaction))
      : json
        ? (transaction) => out.text(`${JSON.stringify(plain(transactionColumns, transaction))}\n`)
        : (transaction) => out.line(listLine(transaction)),
  } satisfies Observer
  await readCaptures(files, [observer], options, out)
  await out.flush()
}
