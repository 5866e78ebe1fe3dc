import { Command, InvalidArgumentError } from 'commander'
import { dissectFrameOf } from '../../trace/dissect/dissect.ts'
import { printFrame } from '../../trace/dissect/print-frame.ts'
import { printableLines, runCommand, UsageError } from '../report.ts'
import { captureSources, dissectOptions, type ReadingOptions, withReading } from './common-options.ts'
import { PacedOutput } from './paced-output.ts'

interface ShowOptions extends ReadingOptions {
  readonly bytes: boolean
}

/** `smbkit trace show`: all fields of a frame. */
export function showCommand(): Command {
  return withReading(
    new Command('show')
      .description('show a frame: each field with its name in Wireshark, and the bytes')
      .argument('<frame>', 'its number, as Wireshark counts', frameNumber)
      .argument('<file...>', 'captures, also compressed (gzip, zstd); - is standard input')
      .option('--no-bytes', 'the fields alone'),
  ).action((frame: number, files: string[], options: ShowOptions) => runCommand(() => show(frame, files, options)))
}

function frameNumber(text: string): number {
  const frame = Number(text)
  if (!Number.isSafeInteger(frame) || frame < 1) throw new InvalidArgumentError('It must be the number of a frame.')
  return frame
}

async function show(frame: number, named: readonly string[], options: ShowOptions): Promise<void> {
  const { sources } = await captureSources(named)
  const { found } = await dissectFrameOf(sources, frame, dissectOptions(options))
  if (found === undefined)
    throw new UsageError(`frame ${frame} is not in this capture, or has nothing in it that is read here`)
  const text = printFrame(found, options.bytes)
  const out = new PacedOutput()
  out.text(printableLines(text))
  await out.flush()
}
