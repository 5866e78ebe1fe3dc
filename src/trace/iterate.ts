/** A capture as sequences that are pulled: it is read as far as somebody asks. */
import type { Packet } from './capture/packet.ts'
import { Diagnosis } from './diagnose.ts'
import { CaptureDissector, type DissectOptions } from './dissect/capture-dissector.ts'
import type { DissectedFrame } from './dissect/field.ts'
import { Analysis, type AnalysisOptions } from './engine/analysis.ts'
import type { Finding, Observer, Rule, Transaction } from './model.ts'
import { type CaptureProblem, type CaptureSource, readByPieces } from './read-captures.ts'

type Sources = CaptureSource | readonly CaptureSource[]

/** What could be read of a capture. */
export interface CaptureSummary {
  readonly frames: number
  /** Nanoseconds since 1970 of the first frame; undefined where there is none. */
  readonly startNs: bigint | undefined
  /** By file: why it was not read to its end. */
  readonly problems: readonly CaptureProblem[]
}

/** Every command with what became of it, in the order in which they end. */
export async function* transactionsOf(
  sources: Sources,
  options: AnalysisOptions = {},
): AsyncGenerator<Transaction, CaptureSummary> {
  const told: Transaction[] = []
  return yield* pulled(sources, [{ transaction: (transaction) => void told.push(transaction) }], told, options)
}

/** What is wrong or slow, the worst first. All of it is known at the end of the capture, and comes then. */
export async function* findingsOf(
  sources: Sources,
  options: AnalysisOptions & { readonly rules?: readonly Rule[] } = {},
): AsyncGenerator<Finding, CaptureSummary> {
  const diagnosis = new Diagnosis(options.rules)
  const summary = yield* pulled<never>(sources, [diagnosis], [], options)
  yield* diagnosis.findings()
  return summary
}

/** Each frame that has something to be read, as a tree of fields with Wireshark's names. */
export async function* framesOf(
  sources: Sources,
  options: DissectOptions = {},
): AsyncGenerator<DissectedFrame, readonly CaptureProblem[]> {
  const told: DissectedFrame[] = []
  const dissector = new CaptureDissector((frame) => void told.push(frame), options)
  const read = (packet: Packet): void => dissector.packet(packet)
  const problems = yield* whileRead(readByPieces(sources, dissector.timeline, read), told)
  dissector.finish()
  yield* told
  return problems
}

/** What observers have put into `told` when the capture is over, and while it is read. */
async function* pulled<T>(
  sources: Sources,
  observers: readonly Observer[],
  told: T[],
  options: AnalysisOptions,
): AsyncGenerator<T, CaptureSummary> {
  const analysis = new Analysis(observers, options)
  const { timeline } = analysis
  const read = (packet: Packet): void => analysis.packet(packet)
  const problems = yield* whileRead(readByPieces(sources, timeline, read), told)
  analysis.finish()
  yield* told
  return { frames: timeline.frames, startNs: timeline.originNs, problems }
}

/** Gives on what each piece has told. Who stops asking closes the capture. */
async function* whileRead<T>(
  reading: AsyncGenerator<void, CaptureProblem[]>,
  told: T[],
): AsyncGenerator<T, CaptureProblem[]> {
  try {
    for (;;) {
      const step = await reading.next()
      if (step.done === true) return step.value
      yield* told.splice(0)
    }
  } finally {
    await reading.return([])
  }
}
