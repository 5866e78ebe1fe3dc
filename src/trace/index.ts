/** `smbkit/trace`: what a capture of SMB traffic means. Runs in a browser too. */
import { CaptureReader } from './capture/capture-reader.ts'
import { Analysis, type AnalysisOptions } from './engine/analysis.ts'
import type { Observer } from './model.ts'

export type { AnalysisOptions } from './engine/analysis.ts'
export type { Ciphers } from './keys/ciphers.ts'
export { KeyRing } from './keys/key-ring.ts'
export { type GivenSecrets, noSecrets, readSecrets, SecretError, type Secrets } from './keys/secrets.ts'
export type * from './model.ts'

/**
 * A capture file: whole, or in pieces as streams of Node and of browsers give them. Each piece may be overwritten when
 * the next one is asked for.
 */
export type CaptureSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** What could be read of a capture. */
export interface CaptureSummary {
  readonly frames: number
  /** Nanoseconds since 1970 of the first frame; undefined where there is none. */
  readonly startNs: bigint | undefined
  /** By file: why it was not read to its end. A cut file ends within a packet. */
  readonly problems: readonly {
    readonly file: number
    readonly problem: 'empty' | 'not a capture' | 'damaged' | 'cut'
  }[]
}

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
  const problems: CaptureSummary['problems'][number][] = []
  const all: readonly CaptureSource[] = Array.isArray(sources) ? sources : [sources]
  for (const [file, source] of all.entries()) {
    const reader = new CaptureReader(analysis.timeline, (packet) => analysis.packet(packet))
    if (source instanceof Uint8Array) reader.push(source)
    else for await (const piece of source) reader.push(piece)
    if (reader.problem !== undefined) problems.push({ file, problem: reader.problem })
  }
  analysis.finish()
  return { frames: analysis.timeline.frames, startNs: analysis.timeline.originNs, problems }
}
