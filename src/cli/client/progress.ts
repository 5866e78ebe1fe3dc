/** How far a transfer is, in one line that is written over and over. */
import { printable } from '../report.ts'
import { bytesText, cut, displayWidth, durationText } from './format.ts'

/** What has been done of how much. */
export interface ProgressState {
  readonly files: number
  readonly totalFiles: number
  readonly bytes: number
  readonly totalBytes: number
  /** Bytes that are counted and were not carried: they were there already. */
  readonly keptBytes: number
  /** Folders are still being looked into: the totals will grow. */
  readonly isCounting: boolean
  /** What is being carried now. */
  readonly name: string
}

/** Where progress is written: a terminal. */
interface ProgressOutput {
  write(text: string): unknown
  readonly columns?: number | undefined
}

const barWidth = 20
const defaultColumns = 80
const refreshMs = 100
/** The rate is that of these last seconds. */
const rateWindowMs = 5_000
const sampleMs = 250

/** One line for a terminal of so many columns. */
export function progressLine(state: ProgressState, bytesPerSecond: number, columns: number): string {
  const { files, totalFiles, bytes, totalBytes, isCounting } = state
  const share = totalBytes > 0 ? bytes / totalBytes : totalFiles > 0 ? files / totalFiles : 0
  const done = Math.min(1, Math.max(0, share))
  const filled = Math.floor(done * barWidth)
  const more = isCounting ? '+' : ''
  const left = isCounting || bytesPerSecond <= 0 ? '' : `${durationText((totalBytes - bytes) / bytesPerSecond)} left`
  const parts = [
    `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${String(Math.floor(done * 100)).padStart(3)}%`,
    `${files}/${totalFiles}${more} files`,
    `${bytesText(bytes)}/${bytesText(totalBytes)}${more}`,
    `${bytesText(Math.round(bytesPerSecond))}/s`,
    left,
  ]
  const line = parts.filter((part) => part !== '').join('  ')
  const room = columns - 1 - displayWidth(line) - 2
  return room < 8 ? cut(line, columns - 1) : `${line}  ${cut(printable(state.name), room)}`
}

/** The bytes of a second, over the last few of them. */
export class RateMeter {
  readonly #now: () => number
  #samples: { atMs: number; bytes: number }[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes the sum of all bytes so far; gives bytes per second. */
  rate(bytes: number): number {
    const atMs = this.#now()
    const last = this.#samples.at(-1)
    if (last === undefined || atMs - last.atMs >= sampleMs) this.#samples.push({ atMs, bytes })
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? 0) >= rateWindowMs) this.#samples.shift()
    const first = this.#samples[0]
    if (first === undefined || atMs <= first.atMs) return 0
    return ((bytes - first.bytes) * 1000) / (atMs - first.atMs)
  }
}

/**
 * Writes the line a few times a second, from `start` to `stop`. Other text for the same terminal goes through `print`,
 * which takes the line away and brings it back.
 */
export class Progress {
  readonly #output: ProgressOutput
  readonly #state: () => ProgressState
  readonly #meter: RateMeter
  #timer: NodeJS.Timeout | undefined

  constructor(output: ProgressOutput, state: () => ProgressState, now: () => number = () => performance.now()) {
    this.#output = output
    this.#state = state
    this.#meter = new RateMeter(now)
  }

  start(): void {
    this.#timer ??= setInterval(() => this.draw(), refreshMs).unref()
  }

  draw(): void {
    const state = this.#state()
    // A terminal that does not know its width says 0.
    const columns = this.#output.columns || defaultColumns
    const rate = this.#meter.rate(state.bytes - state.keptBytes)
    this.#output.write(`\r${progressLine(state, rate, columns)}${eraseToEnd}`)
  }

  print(text: string): void {
    this.#output.write(`\r${eraseToEnd}${text}`)
    if (this.#timer !== undefined) this.draw()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#output.write(`\r${eraseToEnd}`)
  }
}

const eraseToEnd = '\u001b[K'
