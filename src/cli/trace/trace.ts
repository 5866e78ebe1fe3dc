import { Command, InvalidArgumentError } from 'commander'
import { Diagnosis } from '../../trace/diagnose.ts'
import { rules } from '../../trace/diagnoses/index.ts'
import { analyze } from '../../trace/index.ts'
import { Overview } from '../../trace/reports/overview.ts'
import { textReport } from '../../trace/reports/text-report.ts'
import { printable, runCommand } from '../report.ts'
import { captureFiles, inOrder } from './capture-files.ts'

interface TraceOptions {
  readonly port?: readonly number[]
}

/** `smbkit trace`: what is wrong in captured traffic. */
export function traceCommand(): Command {
  const command = new Command('trace')
    .description('read captured traffic (pcap, pcapng) and tell what is wrong or slow, and why')
    .argument('<file...>', 'captures, also compressed (gzip, zstd); - is standard input')
    .option('--port <number>', 'TCP port of SMB beside 445 and 139; may be given several times', gatherPort)
    .action((files: string[], options: TraceOptions) => runCommand(() => report(files, options)))
  command.addCommand(rulesCommand())
  return command
}

function gatherPort(text: string, before: readonly number[] = []): number[] {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('It must be a port number.')
  return [...before, port]
}

async function report(named: readonly string[], { port = [] }: TraceOptions): Promise<void> {
  const overview = new Overview()
  const diagnosis = new Diagnosis()
  const files = await inOrder(named)
  const summary = await analyze(captureFiles(files), [overview, diagnosis], { ports: port })
  const text = textReport({ files, summary, overview, findings: diagnosis.findings() })
  process.stdout.write(text.split('\n').map(printable).join('\n'))
}

function rulesCommand(): Command {
  return new Command('rules').description('list what is looked for').action(() => {
    const width = Math.max(...rules.map(({ id }) => id.length))
    for (const { id, looksFor } of rules) process.stdout.write(`${id.padEnd(width)}  ${looksFor}\n`)
  })
}
