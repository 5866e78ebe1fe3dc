/** Roll-ups for people: tables of who and what was busy, how fast, and when. */
import { durationOf, sizeOf } from '../evidence/names.ts'
import type { Overview, Roll, RollBy, Slice } from './overview.ts'
import { type TextColumn, textTable } from './text-table.ts'

/** By what the traffic is rolled up, in the order of the schema. */
export const ROLLS: readonly RollBy[] = ['server', 'share', 'user', 'file', 'command', 'status']

const NS_PER_SECOND = 1e9

const columns: readonly TextColumn[] = [
  { title: 'COUNT', right: true },
  { title: 'ERRORS', right: true },
  { title: 'DATA', right: true },
  { title: 'PER S', right: true },
  { title: 'MEDIAN', right: true },
  { title: 'P95', right: true },
  { title: 'P99', right: true },
  { title: 'MAX', right: true },
]

/** Those with most requests, a line each; empty where there are none. */
export function rollTable(overview: Overview, by: RollBy, most: number): string {
  const rolls = overview.busiest(by, most, ({ count }) => count)
  return rolls.length === 0 ? '' : textTable([...columns, { title: by.toUpperCase() }], rolls.map(rollRow), '  ')
}

/** Bytes in a second while it lasted; undefined for what was over at once. */
export const rateOf = ({ bytes, firstNs, lastNs }: Roll): number | undefined =>
  lastNs > firstNs ? Math.round((bytes * NS_PER_SECOND) / (lastNs - firstNs)) : undefined

function rollRow(roll: Roll): string[] {
  const { name, count, errors, bytes, durations } = roll
  const rate = rateOf(roll)
  return [
    String(count),
    String(errors),
    sizeOf(bytes),
    rate === undefined || bytes === 0 ? '-' : sizeOf(rate),
    ...[0.5, 0.95, 0.99].map((part) => (durations.count === 0 ? '-' : durationOf(durations.quantile(part)))),
    durations.count === 0 ? '-' : durationOf(durations.maxNs),
    name,
  ]
}

/** A slice of the capture's time with its place. */
export interface TimeSlice extends Slice {
  readonly fromNs: number
  readonly lengthNs: number
}

/** What happened when. */
export const timeSlices = ({ slices, sliceNs }: Overview): TimeSlice[] =>
  slices.map((slice, index) => ({ ...slice, fromNs: index * sliceNs, lengthNs: sliceNs }))

/** A line for each slice of the time. */
export function timeTable(overview: Overview): string {
  const perSecond = (count: number, { lengthNs }: TimeSlice): number => Math.round((count * NS_PER_SECOND) / lengthNs)
  const rows = timeSlices(overview).map((slice) => [
    (slice.fromNs / NS_PER_SECOND).toFixed(3),
    String(slice.count),
    String(slice.errors),
    sizeOf(perSecond(slice.readBytes, slice)),
    sizeOf(perSecond(slice.writtenBytes, slice)),
    slice.maxNs === 0 ? '-' : durationOf(slice.maxNs),
  ])
  const titles = ['FROM', 'REQUESTS', 'ERRORS', 'READ PER S', 'WRITTEN PER S', 'SLOWEST']
  return textTable(
    titles.map((title) => ({ title, right: true })),
    rows,
    '  ',
  )
}

/** How much was moved, on average and at most, in a sentence; undefined where nothing was. */
export function throughputLine(overview: Overview): string | undefined {
  const slices = timeSlices(overview)
  const moved = ({ readBytes, writtenBytes }: Slice): number => readBytes + writtenBytes
  const bytes = slices.reduce((sum, slice) => sum + moved(slice), 0)
  const [first, ...rest] = slices
  if (first === undefined || bytes === 0) return undefined
  const most = rest.reduce((best, slice) => (moved(slice) > moved(best) ? slice : best), first)
  const perSecond = (amount: number, ns: number): string =>
    `${sizeOf(Math.round((amount * NS_PER_SECOND) / ns))} a second`
  const lengthNs = slices.length * first.lengthNs
  return `Throughput: ${perSecond(bytes, lengthNs)} on average, ${perSecond(moved(most), most.lengthNs)} at ${(most.fromNs / NS_PER_SECOND).toFixed(3)} s, when it was highest.`
}
