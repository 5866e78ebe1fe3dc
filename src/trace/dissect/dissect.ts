import { type CaptureProblem, type CaptureSource, readCaptures } from '../read-captures.ts'
import { CaptureDissector, type DissectOptions } from './capture-dissector.ts'
import type { DissectedFrame } from './field.ts'

/** Frames that are read behind the one that is looked for, in which its answers may be. */
const framesForAnswers = 100_000

/**
 * The field trees of each frame of a capture, in order. A frame comes when it was read; that a later one answers it
 * (`smb2.response_in`) is noted in its tree when that is read.
 */
export async function dissect(
  sources: CaptureSource | readonly CaptureSource[],
  take: (frame: DissectedFrame) => void,
  options: DissectOptions = {},
): Promise<CaptureProblem[]> {
  const dissector = new CaptureDissector(take, options)
  const problems = await readCaptures(sources, dissector.timeline, (packet) => dissector.packet(packet))
  dissector.finish()
  return problems
}

/** The field trees of one frame; undefined where the capture has no such frame, or nothing in it that is read. */
export async function dissectFrameOf(
  sources: CaptureSource | readonly CaptureSource[],
  frame: number,
  options: Omit<DissectOptions, 'isWanted'> = {},
): Promise<{ readonly found: DissectedFrame | undefined; readonly problems: readonly CaptureProblem[] }> {
  const found: DissectedFrame[] = []
  const dissector = new CaptureDissector((one) => found.push(one), { ...options, isWanted: (n) => n === frame })
  const { timeline } = dissector
  const isDone = (): boolean => timeline.frames > frame + framesForAnswers
  const problems = await readCaptures(sources, timeline, (packet) => dissector.packet(packet), isDone)
  dissector.finish()
  // A segment that waited for an earlier one has its message later than itself.
  const [first] = found
  const rest = found.slice(1).flatMap(({ layers }) => layers.filter(({ protocol }) => protocol !== 'frame'))
  const merged = first && { ...first, layers: [...first.layers, ...rest] }
  return { found: merged, problems }
}
