/** `smbkit/trace`: what a capture of SMB traffic means. Runs in a browser too. */
import { Analysis, type AnalysisOptions } from './engine/analysis.ts'
import type { CaptureSummary } from './iterate.ts'
import type { Observer } from './model.ts'
import { type CaptureSource, readCaptures } from './read-captures.ts'

export type { DissectOptions } from './dissect/capture-dissector.ts'
export { dissect } from './dissect/dissect.ts'
export type { DissectedFrame, Field, FieldValue, Layer } from './dissect/field.ts'
export type { AnalysisOptions } from './engine/analysis.ts'
export { LiveAnalysis, type Sender } from './engine/live-analysis.ts'
export { Filter } from './filter/filter.ts'
export { FilterError } from './filter/filter-error.ts'
export { type CaptureSummary, findingsOf, framesOf, transactionsOf } from './iterate.ts'
export type { Ciphers } from './keys/ciphers.ts'
export { KeyRing } from './keys/key-ring.ts'
export { type GivenSecrets, noSecrets, readSecrets, SecretError, type Secrets } from './keys/secrets.ts'
export type * from './model.ts'
export type { CaptureProblem, CaptureSource } from './read-captures.ts'
export { type CachingStep, CachingStories, type CachingStory } from './reports/caching-stories.ts'
export { Overview, type Roll, type RollBy, type Slice } from './reports/overview.ts'
export { type TimeSlice, timeSlices } from './reports/rolls.ts'
export { type UserAction, UserActions } from './reports/user-actions.ts'

/**
 * Reads a capture (pcap or pcapng; of a list, one file after the other) and tells the observers what it means, as it
 * goes. What is wrong with a file is told in the summary, and what was read before it counts.
 */
export async function analyze(
  sources: CaptureSource | readonly CaptureSource[],
  observers: readonly Observer[],
  options: AnalysisOptions = {},
): Promise<CaptureSummary> {
  const analysis = new Analysis(observers, options)
  const problems = await readCaptures(sources, analysis.timeline, (packet) => analysis.packet(packet))
  analysis.finish()
  return { frames: analysis.timeline.frames, startNs: analysis.timeline.originNs, problems }
}
