/**
 * `npm run bench:server -- [--quick] [--only PATTERN] [--rounds N] [--seconds N]
 * [--servers NAMES] [--out FILE]`: smbd as Debian ships
 * it, smbd tuned, and smbkit, side by side under the same loads, one round after the other. Prints a table of medians
 * and, for a full run, writes it to bench/results/server.md and all figures to bench/results/server.json.
 */
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { until } from '../test/peers/free-port.ts'
import { needsPeer, peerPath } from '../test/peers/peer.ts'
import { run } from '../test/peers/run.ts'
import { type Contestant, type ContestantName, contestantNames, startContestant } from './contestants.ts'
import { GeneratorProcess, type Measured } from './generator-process.ts'
import { type Load, loads } from './load/loads.ts'
import { processTree } from './process-stats.ts'
import { fallsShort, figureOf, type Row, rowOf, table } from './report.ts'

/** A generator that uses more of its core than this may be what is measured. */
const busyGenerator = 0.9

interface Options {
  readonly loads: readonly Load[]
  readonly names: readonly ContestantName[]
  readonly rounds: number
  readonly seconds: number
  readonly out: string | undefined
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      servers: { type: 'string', default: contestantNames.join(',') },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const pattern = new RegExp(values.only ?? '')
  const chosen = loads.filter(({ name }) => pattern.test(name))
  if (chosen.length === 0) throw new Error(`no load matches ${values.only}: ${loads.map(({ name }) => name).join(' ')}`)
  const names = contestantNames.filter((name) => values.servers.split(',').includes(name))
  const whole = !values.quick && values.only === undefined && names.length === contestantNames.length
  return {
    loads: chosen,
    names,
    rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
    seconds: Number(values.seconds ?? (values.quick ? 0.3 : 1)),
    out: values.out ?? (whole ? join(import.meta.dirname, 'results', 'server') : undefined),
  }
}

const WARM_UP_SECONDS = 0.6

/** All rounds of one load: in each, one server after the other, so that what else the machine does strikes all. */
async function measure(
  load: Load,
  servers: readonly Contestant[],
  generator: GeneratorProcess,
  { rounds, seconds }: Options,
): Promise<Row> {
  const measured = new Map<ContestantName, Measured[]>()
  const failures: Row['failures'] = {}
  const isIdle = load.kind === 'idle'
  // A server of just-in-time compiled code that has run for a while is what users have: the first round does not count.
  for (let round = isIdle ? 0 : -1; round < (isIdle ? 1 : rounds); round++) {
    for (const server of servers) {
      if (failures[server.name] !== undefined) continue
      try {
        const outcome = await generator.run(load, server, round < 0 ? Math.min(seconds, WARM_UP_SECONDS) : seconds)
        if (round < 0) continue
        measured.set(server.name, [...(measured.get(server.name) ?? []), outcome])
      } catch (error) {
        failures[server.name] = error instanceof Error ? error.message : String(error)
      }
      if (load.kind === 'idle') await released(server, generator)
    }
  }
  const figures: Row['figures'] = {}
  for (const [name, outcomes] of measured) if (failures[name] === undefined) figures[name] = figureOf(load, outcomes)
  return rowOf(load, figures, failures)
}

/** The sessions end, and smbd's processes with them. */
async function released(server: Contestant, generator: GeneratorProcess): Promise<void> {
  generator.release()
  await until(() => processTree(server.pid).length < 20, 20_000)
  await sleep(200)
}

async function describeMachine() {
  const samba = await run(peerPath('smbd'), ['--version'])
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    kernel: release(),
    smbd: samba.stdout.trim().replace(/^Version /, ''),
  }
}

async function main(): Promise<number> {
  const chosen = options()
  const { skip } = needsPeer('smbd', 'smbpasswd')
  if (skip !== false) {
    console.error(skip)
    return 1
  }
  const machine = await describeMachine()
  const servers: Contestant[] = []
  const generator = new GeneratorProcess()
  const rows: Row[] = []
  try {
    for (const name of chosen.names) servers.push(await startContestant(name))
    for (const load of chosen.loads) {
      process.stderr.write(`${load.name}\n`)
      rows.push(await measure(load, servers, generator, chosen))
    }
  } finally {
    generator.stop()
    await Promise.all(servers.map((server) => server.stop()))
  }
  const text = [
    `Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, smbd ${machine.smbd}.`,
    '',
    ...table(rows, chosen.names),
    '',
    ...notes(rows),
  ].join('\n')
  console.log(text)
  if (chosen.out !== undefined) {
    const all = { machine, rounds: chosen.rounds, seconds: chosen.seconds, rows }
    writeFileSync(`${chosen.out}.json`, `${JSON.stringify(all, undefined, 1)}\n`)
    writeFileSync(`${chosen.out}.md`, `${text}\n`)
    console.log(`\nWritten to ${chosen.out}.json and .md`)
  }
  return 0
}

/** What a reader should know of the figures. */
function notes(rows: readonly Row[]): string[] {
  const lines = [
    'CPU: the server’s seconds per GB (10^9 bytes), or per 10 000 operations. Ratio: smbkit against the better smbd; above 1 is better. Generator: how full its core was, at most.',
  ]
  for (const row of rows) {
    for (const [name, message] of Object.entries(row.failures)) lines.push(`${row.load}: ${name} failed: ${message}.`)
  }
  const named = (some: readonly Row[]) => some.map(({ load }) => load).join(', ')
  const busy = rows.filter((row) => Object.values(row.figures).some((figure) => figure.generator > busyGenerator))
  if (busy.length > 0) lines.push('', `The generator's core was nearly full in: ${named(busy)}.`)
  const short = rows.filter((row) => fallsShort(row) === true)
  lines.push('', short.length > 0 ? `Short of the goal: ${named(short)}.` : 'Nothing falls short of its goal.')
  return lines
}

process.exitCode = await main()
