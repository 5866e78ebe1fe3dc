import { CaptureReader } from './capture/capture-reader.ts'
import type { Packet, Timeline } from './capture/packet.ts'
import { mergeCaptures } from './merge-captures.ts'

/**
 * A capture file: whole, or in pieces as streams of Node and of browsers give them. Each piece may be overwritten when
 * the next one is asked for.
 */
export type CaptureSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Why a file was not read to its end. A cut file ends within a packet. */
export interface CaptureProblem {
  readonly file: number
  readonly problem: 'empty' | 'not a capture' | 'damaged' | 'cut'
}

/** A whole file in memory is read in pieces of so many bytes. */
const PIECE_BYTES = 256 * 1024

/**
 * Gives on the packets of captures in the order of their times, until `isDone` says that it is enough. Files are best
 * given in the order in which they begin.
 */
export async function readCaptures(
  sources: CaptureSource | readonly CaptureSource[],
  timeline: Timeline,
  take: (packet: Packet) => void,
  isDone: () => boolean = () => false,
): Promise<CaptureProblem[]> {
  const reading = readByPieces(sources, timeline, take)
  for (;;) {
    const step = await reading.next()
    if (step.done === true) return step.value
    if (!isDone()) continue
    await reading.return([])
    return []
  }
}

/** As `readCaptures`; stops after each piece until it is asked to go on. Gives back why files were not read to their ends. */
export async function* readByPieces(
  sources: CaptureSource | readonly CaptureSource[],
  timeline: Timeline,
  take: (packet: Packet) => void,
): AsyncGenerator<void, CaptureProblem[]> {
  const all: readonly CaptureSource[] = Array.isArray(sources) ? sources : [sources]
  const [only, second] = all
  if (second !== undefined) return yield* mergeCaptures(all.map(piecesOf), timeline, take)
  if (only === undefined) return []
  const reader = new CaptureReader(timeline, take)
  for await (const piece of only instanceof Uint8Array ? cut(only) : only) {
    reader.push(piece)
    yield
  }
  return reader.problem === undefined ? [] : [{ file: 0, problem: reader.problem }]
}

function piecesOf(source: CaptureSource): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  if (source instanceof Uint8Array) return cut(source)
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

function* cut(whole: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < whole.length; at += PIECE_BYTES) yield whole.subarray(at, at + PIECE_BYTES)
}
