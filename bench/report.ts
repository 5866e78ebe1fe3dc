/** Medians, ratios and the table. */
import type { ContestantName } from './contestants.ts'
import type { Measured } from './generator-process.ts'
import type { Load } from './load/loads.ts'

/** What one server did with one load, medians of its rounds. */
export interface Figure {
  /** Bytes a second where the load counts bytes, else operations a second; for idle sessions, resident bytes. */
  readonly value: number
  readonly rounds: readonly number[]
  /** The server's CPU seconds per GB (10^9 bytes), or per 10 000 operations. */
  readonly cpu: number
  /** How much of its core the generator used, 0 to 1. */
  readonly generator: number
}

export interface Row {
  readonly load: string
  readonly unit: 'bytes/s' | 'operations/s' | 'bytes'
  readonly figures: Partial<Record<ContestantName, Figure>>
  readonly failures: Partial<Record<ContestantName, string>>
  /** smbkit against the better smbd; above 1 is better, also for memory. */
  readonly ratio?: number
  /** What the ratio should reach. */
  readonly goal?: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

export function figureOf(load: Load, rounds: readonly Measured[]): Figure {
  const values = rounds.map((round) => {
    if (load.kind === 'idle') return round.residentBytes
    return (round.count * (load.bytes === 0 ? 1 : load.bytes)) / round.seconds
  })
  const work = (round: Measured) => (load.bytes === 0 ? round.count / 10_000 : (round.count * load.bytes) / 1e9)
  return {
    value: median(values),
    rounds: values,
    cpu: median(rounds.map((round) => round.serverCpuSeconds / work(round))),
    generator: median(rounds.map((round) => round.cpuSeconds / round.seconds)),
  }
}

/** What smbkit is to reach against the better of the two smbd, by the beginning of the load's name. */
const goals: readonly [RegExp, number][] = [
  [/^(read|write)-(1MiB|64KiB)-.*-plain$/, 0.8],
  [/^(read|write)-(1MiB|64KiB)-.*-(signed|sealed)$/, 1],
  [/^read-4KiB/, 0.7],
  [/^create-(close|delete)/, 2],
  [/^(query-info|echo)/, 0.8],
  [/^(list|connect)/, 4],
]
/** Bytes that 200 idle sessions may take. */
const idleGoalBytes = 150 * 1024 * 1024

export function rowOf(load: Load, figures: Row['figures'], failures: Row['failures']): Row {
  const unit = load.kind === 'idle' ? 'bytes' : load.bytes > 0 ? 'bytes/s' : 'operations/s'
  const peers = [figures.smbd, figures['smbd-tuned']].flatMap((figure) => (figure === undefined ? [] : [figure.value]))
  const own = figures.smbkit?.value
  const row: Row = { load: load.name, unit, figures, failures }
  if (own === undefined) return row
  if (load.kind === 'idle') {
    const ratio = peers.length === 0 ? {} : { ratio: Math.min(...peers) / own }
    return { ...row, ...ratio }
  }
  if (peers.length === 0) return row
  const goal = goals.find(([pattern]) => pattern.test(load.name))?.[1]
  return { ...row, ratio: own / Math.max(...peers), ...(goal === undefined ? {} : { goal }) }
}

/** Whether smbkit misses what is asked of it; undefined where nothing is asked or nothing was measured. */
export function fallsShort(row: Row): boolean | undefined {
  if (row.unit === 'bytes')
    return row.figures.smbkit === undefined ? undefined : row.figures.smbkit.value > idleGoalBytes
  return row.goal === undefined || row.ratio === undefined ? undefined : row.ratio < row.goal
}

function amount(row: Row, figure: Figure | undefined, failure: string | undefined): string {
  if (figure === undefined) return failure === undefined ? '-' : 'failed'
  if (row.unit === 'bytes') return `${(figure.value / 1024 / 1024).toFixed(0)} MiB`
  if (row.unit === 'bytes/s') return `${(figure.value / 1e9).toFixed(2)} GB/s`
  if (row.load.startsWith('list')) return `${(1000 / figure.value).toFixed(0)} ms`
  if (figure.value < 1000) return `${figure.value.toFixed(0)} /s`
  return `${(figure.value / 1000).toFixed(1)} k/s`
}

const verdict = (row: Row): string => {
  const short = fallsShort(row)
  return short === undefined ? '' : short ? 'SHORT' : 'ok'
}

/** The lines of a Markdown table. */
export function table(rows: readonly Row[], names: readonly ContestantName[]): string[] {
  const header = ['load', ...names, 'ratio', 'goal', '', ...names.map((name) => `CPU ${name}`), 'generator']
  const lines = rows.map((row) => {
    const figures = names.map((name) => row.figures[name])
    const busiest = Math.max(0, ...figures.flatMap((figure) => (figure === undefined ? [] : [figure.generator])))
    return [
      row.load,
      ...names.map((name) => amount(row, row.figures[name], row.failures[name])),
      row.ratio?.toFixed(2) ?? '',
      row.unit === 'bytes' ? '150 MiB' : (row.goal?.toFixed(1) ?? ''),
      verdict(row),
      ...figures.map((figure) => (figure === undefined || row.unit === 'bytes' ? '' : figure.cpu.toFixed(2))),
      `${(busiest * 100).toFixed(0)}%`,
    ]
  })
  return markdownTable([header, ...lines])
}

/** A heading and lines, of as many cells each. The first column is on the left, all others on the right. */
export function markdownTable(all: readonly (readonly string[])[]): string[] {
  const [header = [], ...lines] = all
  const widths = header.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)))
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(Math.max(1, width - 1))}:`)).join(' | ')} |`
  return [format(header), rule, ...lines.map(format)]
}
