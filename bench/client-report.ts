/** Medians, ratios and the table of the benchmark of clients. */
import type { ClientName } from './clients.ts'
import { markdownTable, median } from './report.ts'

/** One run of one client: its whole process, from its start to its end. */
export interface Measured {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Of the server, for this client. */
  readonly serverCpuSeconds: number
  /** Most memory that it had, in bytes. */
  readonly peakBytes: number
}

export interface Row {
  readonly load: string
  readonly goal?: number
  /** Medians. */
  readonly figures: Partial<Record<ClientName, Measured>>
  readonly rounds: Partial<Record<ClientName, readonly Measured[]>>
  readonly failures: Partial<Record<ClientName, string>>
  /** Time of another over that of smbkit; above 1 smbkit is faster. */
  readonly ratios: Partial<Record<ClientName, number>>
}

const ours = 'smbkit'
/** What a stream of any length may take. */
const memoryGoalBytes = 150_000_000

export function rowOf(
  load: string,
  goal: number | undefined,
  measured: ReadonlyMap<ClientName, readonly Measured[]>,
  failures: ReadonlyMap<ClientName, string>,
): Row {
  const figures: Partial<Record<ClientName, Measured>> = {}
  for (const [name, rounds] of measured)
    if (!failures.has(name))
      figures[name] = {
        seconds: median(rounds.map(({ seconds }) => seconds)),
        cpuSeconds: median(rounds.map(({ cpuSeconds }) => cpuSeconds)),
        serverCpuSeconds: median(rounds.map(({ serverCpuSeconds }) => serverCpuSeconds)),
        peakBytes: Math.max(...rounds.map(({ peakBytes }) => peakBytes)),
      }
  const own = figures[ours]?.seconds
  const ratios: Partial<Record<ClientName, number>> = {}
  for (const [name, figure] of Object.entries(figures) as [ClientName, Measured][])
    if (name !== ours && own !== undefined) ratios[name] = figure.seconds / own
  return {
    load,
    ...(goal !== undefined && { goal }),
    figures,
    rounds: Object.fromEntries(measured),
    failures: Object.fromEntries(failures),
    ratios,
  }
}

/** Whether smbkit misses what is asked of it. */
export function misses({ load, goal, ratios, figures }: Row): boolean {
  if (load.startsWith('stream')) return (figures[ours]?.peakBytes ?? 0) > memoryGoalBytes
  const tooSlow = goal !== undefined && ratios.smbclient !== undefined && ratios.smbclient < goal
  return tooSlow || (ratios.rclone ?? 2) <= 1 || (ratios.impacket ?? 2) <= 1
}

const secondsText = (seconds: number): string =>
  seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`

export function clientTable(rows: readonly Row[], names: readonly ClientName[]): string[] {
  const others = names.filter((name) => name !== ours)
  const header = [
    'load',
    ...names,
    ...others.map((name) => `${name} / ${ours}`),
    'goal',
    '',
    ...names.map((name) => `CPU ${name}`),
    ...names.map((name) => `smbd for ${name}`),
    `memory ${ours}`,
  ]
  const lines = rows.map((row) => [
    row.load,
    ...names.map((name) => (row.failures[name] === undefined ? timeOf(row, name) : 'failed')),
    ...others.map((name) => row.ratios[name]?.toFixed(2) ?? ''),
    row.load.startsWith('stream') ? `${memoryGoalBytes / 1e6} MB` : (row.goal?.toFixed(1) ?? ''),
    misses(row) ? 'SHORT' : 'ok',
    ...names.map((name) => row.figures[name]?.cpuSeconds.toFixed(2) ?? ''),
    ...names.map((name) => row.figures[name]?.serverCpuSeconds.toFixed(2) ?? ''),
    `${((row.figures[ours]?.peakBytes ?? 0) / 1e6).toFixed(0)} MB`,
  ])
  const failed = rows.flatMap((row) =>
    Object.entries(row.failures).map(([name, message]) => `${row.load}: ${name} failed: ${message}.`),
  )
  const note =
    'Times are those of whole processes, start and logon included. A ratio is the other client’s time over smbkit’s; above 1 smbkit is faster. The goal is for smbclient; rclone and impacket are to be behind in everything. CPU: seconds of the client; smbd for a client: those of the server meanwhile, below which no client of one connection comes.'
  return [...markdownTable([header, ...lines]), '', note, ...failed]
}

const timeOf = (row: Row, name: ClientName): string => {
  const figure = row.figures[name]
  return figure === undefined ? '-' : secondsText(figure.seconds)
}

/** What a program took that copied a folder several times over one connection. */
export interface Lasting {
  readonly load: string
  readonly times: readonly { readonly seconds: number; readonly cpuSeconds: number }[]
  /** Of the server, for each time. */
  readonly serverCpuSeconds: number
}

export function lastingTable(measured: readonly Lasting[]): string[] {
  const most = Math.max(0, ...measured.map(({ times }) => times.length))
  if (most === 0) return []
  const numbers = Array.from({ length: most }, (_, index) => index + 1)
  const header = ['library', ...numbers.map((n) => `time ${n}`), ...numbers.map((n) => `CPU ${n}`), 'smbd each']
  const lines = measured.map(({ load, times, serverCpuSeconds }) => [
    load,
    ...times.map(({ seconds }) => secondsText(seconds)),
    ...times.map((time) => time.cpuSeconds.toFixed(2)),
    serverCpuSeconds.toFixed(2),
  ])
  return [
    '',
    'A program with the library that lives on, the same folder several times:',
    '',
    ...markdownTable([header, ...lines]),
  ]
}
