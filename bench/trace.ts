/**
 * `npm run bench:trace -- [--mebibytes N] [--rounds N]`: smbkit's reading of a capture (transactions, statistics and all
 * rules) against tshark's, on one generated capture, one after the other in each round. Prints a table of medians and,
 * for a full run, writes it to bench/results/trace.md and all figures to bench/results/trace.json.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { needsPeer, peerPath } from '../test/peers/peer.ts'
import { cpuSeconds } from './process-stats.ts'
import { build, publishedProgram } from './published.ts'
import { median } from './report.ts'
import { writeBusyCapture } from './trace-capture.ts'

const MIB = 1024 * 1024
const fullMebibytes = 2048
const limitMs = 1_800_000
const pollMs = 50
/** What smbkit is to reach against `srt`, and how much memory it may take. */
const goalRatio = 5
const goalResidentBytes = 300 * MIB

interface Measured {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly maxResidentBytes: number
}

const fields = ['frame.number', 'smb2.cmd', 'smb2.msg_id', 'smb2.nt_status', 'smb2.filename', 'smb2.time']

const contestants = (path: string): Readonly<Record<string, readonly string[]>> => ({
  smbkit: [process.execPath, publishedProgram, 'trace', '--json', path],
  'tshark srt': [peerPath('tshark') ?? 'tshark', '-q', '-n', '-r', path, '-z', 'smb2,srt'],
  'tshark fields': [
    peerPath('tshark') ?? 'tshark',
    ...['-n', '-r', path, '-Y', 'smb2', '-T', 'fields'],
    ...fields.flatMap((field) => ['-e', field]),
  ],
})

/** Runs a program to its end, and looks meanwhile what it takes. */
async function measure([program = '', ...parameters]: readonly string[]): Promise<Measured> {
  const started = performance.now()
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'ignore'], timeout: limitMs })
  let used = { cpuSeconds: 0, maxResidentBytes: 0 }
  const poll = setInterval(() => {
    const { pid } = child
    if (pid === undefined || child.exitCode !== null) return
    const resident = residentPeak(pid)
    if (resident > 0) used = { cpuSeconds: cpuSeconds(pid), maxResidentBytes: resident }
  }, pollMs)
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  clearInterval(poll)
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}`)
  return { seconds: (performance.now() - started) / 1000, ...used }
}

/** The most memory that a process has had, bytes; zero where it is over. */
function residentPeak(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

function tableOf(rounds: Readonly<Record<string, readonly Measured[]>>, bytes: number): string {
  const middle = (name: string, of: (one: Measured) => number): number => median((rounds[name] ?? []).map(of))
  const ours = { seconds: middle('smbkit', (one) => one.seconds), cpu: middle('smbkit', (one) => one.cpuSeconds) }
  const lines = Object.keys(rounds).map((name) => {
    const seconds = middle(name, (one) => one.seconds)
    const cpu = middle(name, (one) => one.cpuSeconds)
    const resident = middle(name, (one) => one.maxResidentBytes)
    const cells = [
      name,
      `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`,
      `${seconds.toFixed(1)} s`,
      `${cpu.toFixed(1)} s`,
      `${(resident / MIB).toFixed(0)} MiB`,
      (seconds / ours.seconds).toFixed(1),
      (cpu / ours.cpu).toFixed(1),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| | speed | time | CPU | resident | times as long as smbkit | times the CPU |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...lines,
  ].join('\n')
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { mebibytes: { type: 'string' }, rounds: { type: 'string' } } })
  const { skip } = needsPeer('tshark')
  if (skip !== false) throw new Error(skip)
  build()
  const mebibytes = Number(values.mebibytes ?? fullMebibytes)
  const folder = mkdtempSync(join(tmpdir(), 'smbkit-bench-'))
  try {
    const path = join(folder, 'busy.pcap')
    const capture = writeBusyCapture(path, mebibytes * MIB)
    const rounds: Record<string, Measured[]> = {}
    for (let round = 0; round < Number(values.rounds ?? 3); round++)
      for (const [name, command] of Object.entries(contestants(path))) {
        const measured = await measure(command)
        ;(rounds[name] ??= []).push(measured)
        process.stderr.write(`${name}: ${measured.seconds.toFixed(1)} s\n`)
      }
    const table = tableOf(rounds, capture.bytes)
    process.stdout.write(`${table}\n`)
    if (mebibytes < fullMebibytes) return
    const machine = { node: process.version, kernel: release(), cpu: cpus()[0]?.model, cores: cpus().length }
    const goal = { ratio: goalRatio, residentBytes: goalResidentBytes }
    const results = join(import.meta.dirname, 'results')
    writeFileSync(join(results, 'trace.json'), `${JSON.stringify({ machine, capture, goal, rounds }, null, 2)}\n`)
    writeFileSync(join(results, 'trace.md'), reportOf(table, capture, machine))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function reportOf(
  table: string,
  capture: { readonly bytes: number; readonly frames: number },
  machine: { readonly node: string; readonly cpu: string | undefined; readonly cores: number },
): string {
  return `# Reading captures

One capture of ${(capture.bytes / 1e9).toFixed(2)} GB, ${capture.frames} frames: 64 clients that open, look, read, write and
close (\`bench/trace-capture.ts\`). smbkit is \`smbkit trace --json\`: transactions, statistics and findings of all rules; \`srt\` is
\`tshark -q -z smb2,srt\`, \`fields\` is \`tshark -Y smb2 -T fields\` with ${fields.length} fields. All in the same run, in turn;
medians; where other programs run on the machine, the CPU tells more than the time. The goal: ${goalRatio} times as fast as \`srt\`, with less than ${goalResidentBytes / MIB} MiB.

${table}

Node ${machine.node}, ${machine.cores} cores, ${machine.cpu ?? 'unknown CPU'}. Made by \`npm run bench:trace\`.
`
}

await main()
