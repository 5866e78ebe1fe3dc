import { Command } from 'commander'
import { type DissectedFrame, dissect, Filter } from '../../trace/index.ts'
import { printable, runCommand } from '../report.ts'
import { captureSources, dissectOptions, type ReadingOptions, withFilter } from './common-options.ts'
import { PacedOutput } from './paced-output.ts'

/** `smbkit trace frames`: the frames that a filter finds, a line each. */
export function framesCommand(): Command {
  return withFilter(
    new Command('frames')
      .description('list frames: their number, their time and what is in them')
      .argument('<file...>', 'captures, also compressed (gzip, zstd); - is standard input'),
  ).action((files: string[], options: ReadingOptions) => runCommand(() => frames(files, options)))
}

async function frames(named: readonly string[], options: ReadingOptions): Promise<void> {
  const filter = new Filter(options.filter ?? 'nbss or kerberos or dcerpc')
  const { sources } = await captureSources(named)
  const out = new PacedOutput()
  const take = (frame: DissectedFrame): void => {
    if (filter.frame(frame)) out.line(line(frame))
  }
  await dissect(
    sources.map((source) => out.pacing(source)),
    take,
    dissectOptions(options),
  )
  await out.flush()
}

const carriers: ReadonlySet<string> = new Set(['frame', 'ip', 'ipv6', 'udp', 'tcp', 'nbss'])

/** What carries others says little where there is something in it. */
function line({ frame, timeNs, layers }: DissectedFrame): string {
  const inner = layers.filter(({ protocol }) => !carriers.has(protocol))
  const shown = (inner.length === 0 ? layers.slice(-1) : inner).map(({ title }) => title).join(', ')
  return `${String(frame).padStart(7)}  ${(timeNs / 1e9).toFixed(6).padStart(12)}  ${printable(shown)}`
}
