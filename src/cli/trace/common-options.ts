import { type Command, InvalidArgumentError } from 'commander'
import { type AnalysisOptions, analyze, type CaptureSummary, type Observer } from '../../trace/index.ts'
import { captureFile, inOrder } from './capture-files.ts'
import type { PacedOutput } from './paced-output.ts'

/** What all commands that read captures understand. */
export interface ReadingOptions {
  readonly port?: readonly number[]
}

/** Adds the options that all of them have. */
export const withReading = (command: Command): Command =>
  command.option('--port <number>', 'TCP port of SMB beside 445 and 139; may be given several times', gatherPort)

function gatherPort(text: string, before: readonly number[] = []): number[] {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('It must be a port number.')
  return [...before, port]
}

const analysisOptions = ({ port = [] }: ReadingOptions): AnalysisOptions => ({ ports: port })

/** Reads captures, and lets observers hear what is in them. */
export async function readCaptures(
  named: readonly string[],
  observers: readonly Observer[],
  options: ReadingOptions,
  out?: PacedOutput,
): Promise<{ readonly files: readonly string[]; readonly summary: CaptureSummary }> {
  const files = await inOrder(named)
  const sources = files.map((file) => (out === undefined ? captureFile(file) : out.pacing(captureFile(file))))
  return { files, summary: await analyze(sources, observers, analysisOptions(options)) }
}
