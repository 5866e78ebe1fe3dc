import { type Command, InvalidArgumentError } from 'commander'
import { transactionsWhere } from '../../trace/filter/filtered-observer.ts'
import {
  type AnalysisOptions,
  analyze,
  type CaptureSummary,
  type DissectOptions,
  Filter,
  type Observer,
} from '../../trace/index.ts'
import { UsageError } from '../report.ts'
import { captureFile, inOrder } from './capture-files.ts'
import { addKeyOptions, type KeyOptions, keyRingOf } from './key-options.ts'
import type { PacedOutput } from './paced-output.ts'

/** What all commands that read captures understand. */
export interface ReadingOptions extends KeyOptions {
  readonly port?: readonly number[]
  readonly filter?: string
}

/** Adds the options that all of them have. */
export const withReading = (command: Command): Command =>
  addKeyOptions(
    command.option('--port <number>', 'TCP port of SMB beside 445 and 139; may be given several times', gatherPort),
  )

/** Adds the option of those that tell of many requests. */
export const withFilter = (command: Command): Command =>
  withReading(command).option('--filter <filter>', "only what this filter of Wireshark's finds, as 'smb2.cmd == 5'")

function gatherPort(text: string, before: readonly number[] = []): number[] {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('It must be a port number.')
  return [...before, port]
}

const analysisOptions = (options: ReadingOptions): AnalysisOptions => ({
  ports: options.port ?? [],
  keys: keyRingOf(options),
})

/** What reading single frames needs of the options. */
export const dissectOptions = (options: ReadingOptions): DissectOptions => ({
  ports: options.port ?? [],
  keys: keyRingOf(options),
})

/** The captures of a command, in the order of their times. */
export async function captureSources(
  named: readonly string[],
): Promise<{ readonly files: string[]; readonly sources: AsyncGenerator<Uint8Array>[] }> {
  const files = await inOrder(named)
  return { files, sources: files.map((path) => captureFile(path)) }
}

/** Reads captures, and lets observers hear what is in them. */
export async function readCaptures(
  named: readonly string[],
  observers: readonly Observer[],
  options: ReadingOptions,
  out?: PacedOutput,
): Promise<{ readonly files: readonly string[]; readonly summary: CaptureSummary }> {
  const { files, sources } = await captureSources(named)
  const listening = await filtered(files, observers, options)
  const paced = out === undefined ? sources : files.map((file) => out.pacing(captureFile(file)))
  const summary = await analyze(paced, listening, analysisOptions(options))
  const strange = summary.problems.filter(({ problem }) => problem === 'not a capture')
  // Among captures one that is none is told of in the report.
  if (strange.length === files.length) throw new UsageError(`${files[0] ?? '-'}: this is no capture (pcap or pcapng)`)
  return { files, summary }
}

/** Observers that hear of what the filter finds. One that asks for single fields reads the frames beforehand. */
async function filtered(
  files: readonly string[],
  observers: readonly Observer[],
  options: ReadingOptions,
): Promise<readonly Observer[]> {
  if (options.filter === undefined) return observers
  const filter = new Filter(options.filter)
  if (filter.asksTransactions)
    return observers.map((observer) => transactionsWhere(observer, (transaction) => filter.transaction(transaction)))
  if (files.includes('-'))
    throw new UsageError('this filter asks for single fields, for which a capture is read twice: save it to a file')
  const frames = await filter.frames(
    files.map((file) => captureFile(file)),
    dissectOptions(options),
  )
  return observers.map((observer) =>
    transactionsWhere(observer, ({ request, interim, response }) =>
      [request, interim, response].some((spot) => spot !== undefined && frames.has(spot.last.frame)),
    ),
  )
}
