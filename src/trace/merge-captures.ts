/** Several captures as one: packets in the order of their times, also where files cover the same time. */
import { viewOf } from '../bytes/utf16.ts'
import { CaptureReader } from './capture/capture-reader.ts'
import { emptyPacket, type MutablePacket, newTimeline, type Packet, type Timeline } from './capture/packet.ts'

type Pieces = AsyncIterator<Uint8Array> | Iterator<Uint8Array>

/** One file, as far as it was read. */
class FileCursor {
  readonly file: number
  readonly #timeline: Timeline = newTimeline()
  readonly #reader: CaptureReader
  readonly #pieces: Pieces
  /** Packets that were read and wait for those of other files. They are copies. */
  #waiting: Packet[] = []
  #at = 0
  /** Who takes packets as they are read, and up to which time of this file; undefined where they are to wait. */
  #direct: { readonly take: (packet: Packet) => void; readonly untilNs: number } | undefined

  constructor(file: number, pieces: Pieces) {
    this.file = file
    this.#pieces = pieces
    this.#reader = new CaptureReader(this.#timeline, (packet) => this.#read(packet))
  }

  get originNs(): bigint | undefined {
    return this.#timeline.originNs
  }

  get problem(): CaptureReader['problem'] {
    return this.#reader.problem
  }

  /** The next packet that waits. */
  get head(): Packet | undefined {
    return this.#waiting[this.#at]
  }

  takeHead(): void {
    this.#at++
    if (this.#at < this.#waiting.length) return
    this.#waiting = []
    this.#at = 0
  }

  /** Reads a piece. False where the file is over. Packets before `untilNs`, by this file's clock, go on at once. */
  async pull(take?: (packet: Packet) => void, untilNs = 0): Promise<boolean> {
    const next = await this.#pieces.next()
    if (next.done === true) return false
    this.#direct = take === undefined ? undefined : { take, untilNs }
    this.#reader.push(next.value)
    return true
  }

  /** Reads until a packet waits, or the file is over. */
  async fill(): Promise<boolean> {
    while (this.head === undefined) if (!(await this.pull())) return false
    return true
  }

  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  #read(packet: Packet): void {
    if (this.#direct !== undefined && this.#waiting.length === 0 && packet.timeNs < this.#direct.untilNs)
      return this.#direct.take(packet)
    const bytes = packet.bytes.slice(packet.start, packet.end)
    this.#waiting.push({ ...packet, bytes, view: viewOf(bytes), start: 0, end: bytes.length })
  }
}

/**
 * Gives on the packets of several files, numbered through, in the order of their times. Files that follow each other are
 * read one after the other; of one that may begin before another ends, so much is kept as was read of it at once. Stops
 * after each piece. Gives back which files were not read to their ends, and why.
 */
export async function* mergeCaptures(
  sources: readonly Pieces[],
  timeline: Timeline,
  take: (packet: Packet) => void,
): AsyncGenerator<void, { file: number; problem: NonNullable<CaptureReader['problem']> }[]> {
  const cursors = sources.map((pieces, file) => new FileCursor(file, pieces))
  const merge = new Merge(timeline, take)
  const later = [...cursors]
  const active: FileCursor[] = []
  try {
    let next = await nextFile(later)
    while (active.length > 0 || next !== undefined) {
      if (active.length === 0 || (next !== undefined && isBefore(next, earliest(active)))) {
        if (next !== undefined) active.push(next)
        next = await nextFile(later)
      }
      const [alone] = active
      if (alone !== undefined && active.length === 1 && alone.head === undefined) {
        // Nobody else has packets of this time: they need not wait.
        const limit = limitOf(alone, next)
        if (!(await alone.pull((packet) => merge.take(packet, alone.originNs), limit))) active.length = 0
      } else await merge.step(active, next)
      yield
    }
  } finally {
    for (const cursor of cursors) await cursor.close()
  }
  return cursors.flatMap(({ file, problem }) => (problem === undefined ? [] : [{ file, problem }]))
}

/** The next file that has a packet. */
async function nextFile(later: FileCursor[]): Promise<FileCursor | undefined> {
  for (let next = later.shift(); next !== undefined; next = later.shift()) if (await next.fill()) return next
  return undefined
}

const timeOf = (cursor: FileCursor): bigint => (cursor.originNs ?? 0n) + BigInt(cursor.head?.timeNs ?? 0)

const isBefore = (one: FileCursor, other: FileCursor): boolean =>
  other.head !== undefined && timeOf(one) <= timeOf(other)

function earliest(active: readonly FileCursor[]): FileCursor {
  const [first, ...rest] = active.filter(({ head }) => head !== undefined)
  return rest.reduce((best, one) => (timeOf(one) < timeOf(best) ? one : best), first ?? (active[0] as FileCursor))
}

/** Up to when packets of a file come before all of the next one, by the first one's clock. */
const limitOf = (alone: FileCursor, next: FileCursor | undefined): number =>
  next === undefined || alone.originNs === undefined ? Number.POSITIVE_INFINITY : Number(timeOf(next) - alone.originNs)

/** Packets of several files with the numbers and the times of one capture. */
class Merge {
  readonly #timeline: Timeline
  readonly #take: (packet: Packet) => void
  readonly #packet: MutablePacket = emptyPacket()
  /** The clock of the file that the last packet is of, and how far it is from the capture's. */
  #originNs: bigint | undefined
  #offsetNs = 0

  constructor(timeline: Timeline, take: (packet: Packet) => void) {
    this.#timeline = timeline
    this.#take = take
  }

  /** Gives on what waits, the earliest first, until a file has to be read on or the next one begins. */
  async step(active: FileCursor[], next: FileCursor | undefined): Promise<void> {
    for (const cursor of [...active])
      if (cursor.head === undefined && !(await cursor.fill())) active.splice(active.indexOf(cursor), 1)
    while (active.length > 0 && active.every(({ head }) => head !== undefined)) {
      const first = earliest(active)
      if (next !== undefined && isBefore(next, first)) return
      if (first.head !== undefined) this.take(first.head, first.originNs)
      first.takeHead()
    }
  }

  take(packet: Packet, originNs: bigint | undefined): void {
    const timeline = this.#timeline
    timeline.originNs ??= (originNs ?? 0n) + BigInt(Math.round(packet.timeNs))
    if (originNs !== this.#originNs || timeline.frames === 0) {
      this.#originNs = originNs
      this.#offsetNs = Number((originNs ?? 0n) - timeline.originNs)
    }
    const told = this.#packet
    told.bytes = packet.bytes
    told.view = packet.view
    told.start = packet.start
    told.end = packet.end
    told.missing = packet.missing
    told.linkType = packet.linkType
    told.frame = ++timeline.frames
    told.timeNs = packet.timeNs + this.#offsetNs
    this.#take(told)
  }
}
