import { CaptureReader } from './capture/capture-reader.ts'
import type { Packet, Timeline } from './capture/packet.ts'

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

/** Gives on the packets of captures, one file after the other, until `isDone` says that it is enough. */
export async function readCaptures(
  sources: CaptureSource | readonly CaptureSource[],
  timeline: Timeline,
  take: (packet: Packet) => void,
  isDone: () => boolean = () => false,
): Promise<CaptureProblem[]> {
  const problems: CaptureProblem[] = []
  const all: readonly CaptureSource[] = Array.isArray(sources) ? sources : [sources]
  for (const [file, source] of all.entries()) {
    const reader = new CaptureReader(timeline, take)
    if (source instanceof Uint8Array) reader.push(source)
    else
      for await (const piece of source) {
        reader.push(piece)
        if (isDone()) return problems
      }
    if (reader.problem !== undefined) problems.push({ file, problem: reader.problem })
  }
  return problems
}
