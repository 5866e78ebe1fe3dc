/**
 * `npm run bench:client -- [--quick] [--only PATTERN] [--rounds N] [--clients NAMES] [--out FILE]`: smbkit, smbclient,
 * rclone and impacket as programs against one smbd, one after the other in each round. Prints a table of medians and,
 * for a full run, writes it to bench/results/client.md and all figures to bench/results/client.json.
 */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bytesOf } from '../test/peers/content.ts'
import { needsPeer, peerPath } from '../test/peers/peer.ts'
import { run } from '../test/peers/run.ts'
import { type Smbd, startSmbd } from '../test/peers/smbd.ts'
import { clientTable, type Lasting, lastingTable, type Measured, type Row, rowOf } from './client-report.ts'
import { type Client, type ClientName, clientNames, clientsOf, type Invocation, type Task } from './clients.ts'
import { atDistance } from './distance.ts'
import { cpuSeconds } from './process-stats.ts'
import { build } from './published.ts'

const share = 'bench'
const targetPrefix = 'target-'
const limitMs = 180_000
const MIB = 1024 * 1024
const GIB = 1024 * MIB

interface Sizes {
  readonly bulkBytes: number
  readonly files: number
  /** From a server that is some way off. */
  readonly distantFiles: number
  readonly fileBytes: number
  readonly entries: number
  readonly streamBytes: number
}

const common = { fileBytes: 8192 } as const
const fullSizes: Sizes = {
  ...common,
  bulkBytes: 256 * MIB,
  files: 1000,
  distantFiles: 200,
  entries: 10_000,
  streamBytes: 10 * GIB,
}
const quickSizes: Sizes = {
  ...common,
  bulkBytes: 32 * MIB,
  files: 100,
  distantFiles: 50,
  entries: 1000,
  streamBytes: GIB,
}
/** How far off a server is, each way: another house, another city. */
const distancesMs = [1, 5]
/** Of what takes so long that a disturbance does not show. */
const distantRounds = 2
/** How often a program that lives on copies its folder. */
const lastingTimes = 3

interface Load {
  readonly name: string
  /** smbclient's time over smbkit's is to reach this. */
  readonly goal: number | undefined
  /** On how long a way all bytes travel, each way. Default: none. */
  readonly distanceMs?: number
  /** `target`: a name that nothing has yet. */
  readonly task: (target: string) => Task
  /** Makes place for it; run before each measurement. */
  readonly prepare?: (target: string) => void
  /** Throws where it was not done. */
  readonly check: (target: string, output: number) => void
}

/** Folders of the benchmark: what is served, and what is not. */
class Stage {
  readonly root = mkdtempSync(join(tmpdir(), 'smbkit-bench-'))
  readonly served = join(this.root, 'served')
  readonly local = join(this.root, 'local')
  readonly sizes: Sizes

  constructor(sizes: Sizes) {
    this.sizes = sizes
    chmodSync(this.root, 0o777)
    for (const folder of [this.served, this.local]) {
      mkdirSync(folder)
      chmodSync(folder, 0o777)
      const bulk = join(folder, 'bulk')
      writeFileSync(bulk, bytesOf(sizes.bulkBytes, 1), { mode: 0o666 })
      const folders = { many: sizes.files, some: sizes.distantFiles }
      for (const [name, files] of Object.entries(folders)) {
        mkdirSync(join(folder, name))
        for (let index = 0; index < files; index++)
          writeFileSync(join(folder, name, `file-${index}.bin`), bytesOf(sizes.fileBytes, index), { mode: 0o666 })
      }
    }
    mkdirSync(join(this.served, 'entries'))
    for (let index = 0; index < sizes.entries; index++)
      writeFileSync(join(this.served, 'entries', `entry ${index}.txt`), '')
    // Without blocks: what counts is that it passes.
    writeFileSync(join(this.served, 'huge'), '')
    truncateSync(join(this.served, 'huge'), sizes.streamBytes)
  }

  loads(): Load[] {
    const { served, local, sizes } = this
    const isFile = (path: string) => {
      if (statSync(path).size !== sizes.bulkBytes) throw new Error(`${path} is not whole`)
    }
    const lists = (_: string, output: number) => {
      if (output < sizes.entries) throw new Error(`${output} lines for ${sizes.entries} entries`)
    }
    const mib = sizes.bulkBytes / MIB
    return [
      {
        name: `get ${mib} MiB`,
        goal: 1,
        task: (target) => ({ kind: 'get', remote: 'bulk', local: join(local, target) }),
        check: (target) => isFile(join(local, target)),
      },
      {
        name: `put ${mib} MiB`,
        goal: 1,
        task: (target) => ({ kind: 'put', remote: target, local: join(local, 'bulk') }),
        check: (target) => isFile(join(served, target)),
      },
      ...this.#folderLoads('many', sizes.files, 3),
      {
        name: `list ${sizes.entries} entries`,
        goal: undefined,
        task: () => ({ kind: 'list', remote: 'entries' }),
        check: lists,
      },
      {
        name: `stream ${sizes.streamBytes / GIB} GiB`,
        goal: undefined,
        task: () => ({ kind: 'stream', remote: 'huge' }),
        check: () => undefined,
      },
      ...distancesMs.flatMap((distanceMs) => this.#folderLoads('some', sizes.distantFiles, 3, distanceMs)),
    ]
  }

  #folderLoads(name: string, files: number, goal: number, distanceMs?: number): Load[] {
    const { served, local, sizes } = this
    const isFolder = (path: string) => {
      const whole = readdirSync(path).filter((file) => statSync(join(path, file)).size === sizes.fileBytes)
      if (whole.length !== files) throw new Error(`${path} has ${whole.length} of ${files} files`)
    }
    const off = distanceMs === undefined ? '' : `, ${distanceMs} ms off`
    const what = `${files} files of ${sizes.fileBytes / 1024} KiB${off}`
    return [
      {
        name: `get ${what}`,
        goal,
        ...(distanceMs !== undefined && { distanceMs }),
        task: (target) => ({ kind: 'get-folder', remote: name, local: join(local, target) }),
        prepare: (target) => {
          mkdirSync(join(local, target))
        },
        check: (target) => isFolder(join(local, target)),
      },
      {
        name: `put ${what}`,
        goal,
        ...(distanceMs !== undefined && { distanceMs }),
        task: (target) => ({ kind: 'put-folder', remote: target, local: join(local, name) }),
        check: (target) => isFolder(join(served, target)),
      },
    ]
  }

  /**
   * Removes what measurements have made. Not between them: file systems are slow to make files where many have just been
   * removed, and whoever comes last would pay for all before.
   */
  clear(): void {
    for (const folder of [this.served, this.local])
      for (const name of readdirSync(folder))
        if (name.startsWith(targetPrefix)) rmSync(join(folder, name), { recursive: true })
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** CPU seconds of children that have ended, of this process (Linux). */
function childSeconds(): number {
  const text = readFileSync('/proc/self/stat', 'latin1')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

/** Runs a client to its end; `server` is the process whose CPU it takes. @throws where it fails, or takes too long */
async function measure(
  { command, args, env }: Invocation,
  server: number,
  counts: boolean,
  check: (lines: number) => void,
): Promise<Measured> {
  const before = childSeconds()
  const serverBefore = cpuSeconds(server)
  const startedAt = performance.now()
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let lines = 0
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    // Of a stream the bytes do not matter, and counting lines in them would cost.
    if (counts) for (const byte of chunk) if (byte === 0x0a) lines++
  })
  child.stderr.on('data', (chunk: Buffer) => {
    if (errors.length < 4096) errors += chunk.toString('utf8')
  })
  let peakBytes = 0
  const watching = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentPeak(child.pid ?? 0))
  }, 50)
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearInterval(watching)
  clearTimeout(timer)
  const seconds = (performance.now() - startedAt) / 1000
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${errors.slice(0, 500)}`)
  check(lines)
  const used = { cpuSeconds: childSeconds() - before, serverCpuSeconds: cpuSeconds(server) - serverBefore }
  return { seconds, ...used, peakBytes }
}

function residentPeak(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
  } catch {
    // It ended meanwhile.
    return 0
  }
}

async function runLoad(
  load: Load,
  clients: readonly (readonly [ClientName, Client])[],
  rounds: number,
  stage: Stage,
  server: number,
): Promise<Row> {
  const measured = new Map<ClientName, Measured[]>()
  const failures = new Map<ClientName, string>()
  const isStream = load.task('').kind === 'stream'
  const isDistant = load.distanceMs !== undefined
  const last = isStream ? 1 : isDistant ? Math.min(rounds, distantRounds) : rounds
  let targets = 0
  // The first round does not count: what is read from the disk then is in memory for all later ones.
  for (let round = isStream || isDistant ? 0 : -1; round < last; round++)
    for (const [name, client] of clients) {
      const target = `${targetPrefix}${++targets}`
      const task = load.task(target)
      const invocation = client(task)
      if (invocation === undefined || failures.has(name)) continue
      load.prepare?.(target)
      try {
        const outcome = await measure(invocation, server, task.kind === 'list', (lines) => load.check(target, lines))
        if (round >= 0) measured.set(name, [...(measured.get(name) ?? []), outcome])
      } catch (error) {
        failures.set(name, error instanceof Error ? error.message : String(error))
      }
    }
  stage.clear()
  return rowOf(load.name, load.goal, measured, failures)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      clients: { type: 'string', default: clientNames.join(',') },
      out: { type: 'string' },
    },
  })
  const { skip } = needsPeer('smbd', 'smbpasswd', 'smbclient', 'rclone', 'impacket')
  if (skip !== false) {
    console.error(skip)
    return 1
  }
  build()
  const pattern = new RegExp(values.only ?? '')
  const names = clientNames.filter((name) => values.clients.split(',').includes(name))
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  const isWhole = !values.quick && values.only === undefined && names.length === clientNames.length
  const stage = new Stage(values.quick ? quickSizes : fullSizes)
  const rows: Row[] = []
  const lasting: Lasting[] = []
  try {
    const smbd = await startSmbd({ shares: [{ name: share, path: stage.served }] })
    try {
      for (const load of stage.loads().filter(({ name }) => pattern.test(name))) {
        process.stderr.write(`${load.name}\n`)
        await using way = await wayTo(smbd, load.distanceMs)
        const all = await clientsOf({ ...smbd, ...way.end }, share, stage.root)
        const chosen = names.map((name) => [name, all[name]] as const)
        rows.push(await runLoad(load, chosen, rounds, stage, smbd.pid))
      }
      if (names.includes('smbkit') && pattern.test('lasting')) lasting.push(...(await measureLasting(smbd, stage)))
    } finally {
      await smbd.stop()
    }
  } finally {
    stage.remove()
  }
  await write(
    { rows, lasting },
    names,
    rounds,
    values.out ?? (isWhole ? join(import.meta.dirname, 'results', 'client') : undefined),
  )
  return 0
}

interface Way extends AsyncDisposable {
  readonly end: { readonly host: string; readonly port: number }
}

async function wayTo({ host, port }: Smbd, distanceMs: number | undefined): Promise<Way> {
  if (distanceMs === undefined) return { end: { host, port }, [Symbol.asyncDispose]: async () => undefined }
  const distance = await atDistance({ host, port }, distanceMs)
  return { end: distance, [Symbol.asyncDispose]: () => distance.close() }
}

/** What a program takes that copies the small files with the library, again and again. */
async function measureLasting(smbd: Smbd, stage: Stage): Promise<Lasting[]> {
  const measured: Lasting[] = []
  for (const direction of ['get', 'put'] as const) {
    const script = join(import.meta.dirname, 'lasting-client.ts')
    const local = direction === 'get' ? stage.local : join(stage.local, 'many')
    const words = [smbd.host, String(smbd.port), smbd.user, share, direction, 'many', local, `${targetPrefix}lasting`]
    const before = cpuSeconds(smbd.pid)
    const { code, stdout, output } = await run(process.execPath, [script, ...words, String(lastingTimes)], {
      env: { SMBKIT_PASSWORD: smbd.password },
      timeoutMs: limitMs,
    })
    if (code !== 0) throw new Error(`the program that lives on ended with ${code}: ${output}`)
    const times = JSON.parse(stdout) as Lasting['times']
    const serverCpuSeconds = (cpuSeconds(smbd.pid) - before) / lastingTimes
    measured.push({ load: `${direction} ${stage.sizes.files} files`, times, serverCpuSeconds })
    stage.clear()
  }
  return measured
}

async function write(
  { rows, lasting }: { rows: readonly Row[]; lasting: readonly Lasting[] },
  names: readonly ClientName[],
  rounds: number,
  out: string | undefined,
): Promise<void> {
  const version = async (command: string, ...args: string[]): Promise<string> =>
    (await run(command, args)).stdout
      .split('\n')[0]
      ?.trim()
      .replace(/^Version /, '') ?? ''
  const machine = {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    kernel: release(),
    smbd: await version(peerPath('smbd'), '--version'),
    smbclient: await version(peerPath('smbclient'), '--version'),
    rclone: await version(peerPath('rclone'), 'version'),
  }
  const { node, cpu, cores, kernel, smbd, rclone } = machine
  const text = [
    `Node ${node}, ${cpu}, ${cores} cores, Linux ${kernel}, smbd and smbclient ${smbd}, ${rclone}; medians of ${rounds} rounds.`,
    '',
    ...clientTable(rows, names),
    ...lastingTable(lasting),
  ].join('\n')
  console.log(text)
  if (out === undefined) return
  writeFileSync(`${out}.json`, `${JSON.stringify({ machine, rounds, rows, lasting }, undefined, 1)}\n`)
  writeFileSync(`${out}.md`, `${text}\n`)
  console.log(`\nWritten to ${out}.json and .md`)
}

process.exitCode = await main()
