import { viewOf } from '../../bytes/utf16.ts'
import type { Packet } from '../capture/packet.ts'
import type { TcpDirection } from '../model.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** Most bytes of a direction that wait for what comes before them. */
const maxWaitingBytes = 2 * 1024 * 1024
/** Most segments that wait. */
const maxWaitingSegments = 4096
/** What the other end has acknowledged and the capture does not have may still come, if the capture is not in order. */
const graceFrames = 4
const graceNs = 20e6
/** Without the other end's acknowledgments: longer than a retransmission takes. */
const oneSidedGraceNs = 3e9
/** What fills a gap sooner than this was overtaken on its way, and not sent again. Wireshark has the same number. */
const reorderingNs = 3e6
/** Segments of a direction that are remembered, to know again those that the capture has twice. */
const remembered = 16

/** Who takes the stream of a direction. Places are in the given memory, and valid during the call. */
export interface FlowSink {
  data(bytes: Uint8Array, view: DataView, start: number, end: number, frame: number, timeNs: number): void
  /** The capture does not have these bytes of the stream. */
  gap(length: number, frame: number, timeNs: number): void
}

/** A segment as it is on the wire. `end` is past the packet's own end where the capture cut it off. */
export interface Segment {
  packet: Packet
  sequence: number
  acknowledgment: number
  flags: number
  /** Unscaled. */
  window: number
  start: number
  end: number
  /** Of the whole segment, to know again what the capture has twice. */
  fingerprint: number
}

interface Waiting {
  readonly sequence: number
  readonly length: number
  readonly bytes: Uint8Array
  readonly frame: number
  readonly timeNs: number
}

const difference = (a: number, b: number): number => (a - b) | 0

/** One direction of a TCP connection: puts its segments in order, each byte once, and counts what went wrong. */
export class TcpFlow implements TcpDirection {
  segments = 0
  bytes = 0
  retransmissions = 0
  outOfOrder = 0
  duplicateAcknowledgments = 0
  zeroWindows = 0
  largestWindow = 0
  missingBytes = 0
  /** Segments that the capture has twice, as a switch's mirror port makes them. */
  duplicateFrames = 0

  sink: FlowSink | undefined
  windowShift = 0
  firstSequence: number | undefined
  /** The sequence number that comes next; undefined before the first segment. */
  #next: number | undefined
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** When the stream last went on. */
  #advancedNs = 0
  #gapSinceNs = 0
  /** The other end's highest acknowledgment. */
  #acknowledged: number | undefined
  /** Frames of the connection since bytes were acknowledged that the capture has not shown yet. */
  #overdueFrames = 0
  #lastAcknowledgment = 0
  #lastWindow = 0
  readonly #fingerprints = new Int32Array(remembered)
  #fingerprintAt = 0
  readonly #budget: MemoryBudget

  /** `budget` is for what waits, over all connections. */
  constructor(budget: MemoryBudget) {
    this.#budget = budget
  }

  /** Bytes that wait for others before them. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  get next(): number | undefined {
    return this.#next
  }

  /** True for a segment that the capture had already. */
  isDuplicateFrame(fingerprint: number): boolean {
    if (this.#fingerprints.includes(fingerprint)) {
      this.duplicateFrames++
      return true
    }
    this.#fingerprints[this.#fingerprintAt] = fingerprint
    this.#fingerprintAt = (this.#fingerprintAt + 1) % remembered
    return false
  }

  /** A SYN: the stream begins behind it. */
  begin(sequence: number): void {
    this.firstSequence = sequence
    this.#next = (sequence + 1) | 0
  }

  /** Counts a segment without data. */
  countAcknowledgment(segment: Segment): void {
    const { acknowledgment, window } = segment
    if (
      this.segments > 1 &&
      acknowledgment === this.#lastAcknowledgment &&
      window === this.#lastWindow &&
      window > 0 &&
      segment.sequence === this.#next
    )
      this.duplicateAcknowledgments++
  }

  /** Remembers what the sender of this direction said of the other one. */
  noteWindow(segment: Segment, shift: number): void {
    this.#lastAcknowledgment = segment.acknowledgment
    this.#lastWindow = segment.window
    const scaled = segment.window * 2 ** shift
    if (scaled > this.largestWindow) this.largestWindow = scaled
  }

  /** What the other end acknowledges of this direction; `timeNs` is the time now. */
  acknowledge(acknowledgment: number, timeNs: number): void {
    if (this.#next === undefined) return
    if (this.#acknowledged === undefined || difference(acknowledgment, this.#acknowledged) > 0)
      this.#acknowledged = acknowledgment
    if (difference(this.#acknowledged, this.#next) <= 0) {
      this.#overdueFrames = 0
      return
    }
    this.#overdueFrames++
    if (this.#waiting.length > 0) this.#giveUpIfLost(timeNs)
  }

  /** The data of a segment. */
  add(segment: Segment): void {
    const { packet, sequence, start } = segment
    const length = segment.end - start
    this.#next ??= sequence
    const ahead = difference(sequence, this.#next)
    if (ahead > 0) return this.#wait(segment, length)
    // A byte that is sent again on purpose keeps the connection alive. RFC 9293 3.8.4.
    if (ahead + length <= 0) {
      if (length > 1 || ahead !== -1) this.retransmissions++
      return
    }
    if (ahead < 0) this.retransmissions++
    else if (this.#waiting.length > 0) {
      if (packet.timeNs - this.#advancedNs < reorderingNs) this.outOfOrder++
      else this.retransmissions++
    }
    this.#advance(packet.bytes, packet.view, start - ahead, Math.min(segment.end, packet.end), segment.end, packet)
    if (this.#waiting.length > 0) this.#drain()
  }

  /** Nothing more comes: what waits is given on, with the gaps before it. */
  finish(): void {
    while (this.#waiting.length > 0) this.#giveUp()
  }

  /** Gives on what lies from `start` to `capturedEnd`, and a gap up to `end`. */
  #advance(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    capturedEnd: number,
    end: number,
    at: { readonly frame: number; readonly timeNs: number },
  ): void {
    this.bytes += end - start
    this.#next = ((this.#next ?? 0) + (end - start)) | 0
    this.#advancedNs = at.timeNs
    this.#overdueFrames = 0
    const known = Math.max(start, Math.min(capturedEnd, end))
    if (known > start) this.sink?.data(bytes, view, start, known, at.frame, at.timeNs)
    if (end > known) {
      this.missingBytes += end - known
      this.sink?.gap(end - known, at.frame, at.timeNs)
    }
  }

  #wait(segment: Segment, length: number): void {
    const { packet, sequence } = segment
    let index = this.#waiting.length
    while (index > 0 && difference(sequence, this.#waiting[index - 1]?.sequence ?? 0) < 0) index--
    const before = this.#waiting[index - 1]
    if (before !== undefined && difference(sequence + length, before.sequence + before.length) <= 0) {
      this.retransmissions++
      return
    }
    if (this.#waiting.length === 0) this.#gapSinceNs = packet.timeNs
    // Nobody looks into a stream that has no reader: only its length counts.
    const end = this.sink === undefined ? segment.start : Math.min(segment.end, packet.end)
    const kept = Math.max(0, end - segment.start)
    // Where there is no memory left, the gap is one at once, and what comes behind it is another.
    if (!this.#budget.take(kept)) {
      this.finish()
      this.#skipTo(sequence, packet)
      return this.add(segment)
    }
    const bytes = packet.bytes.slice(segment.start, segment.start + kept)
    this.#waiting.splice(index, 0, { sequence, length, bytes, frame: packet.frame, timeNs: packet.timeNs })
    this.#waitingBytes += bytes.length
    this.#giveUpIfLost(packet.timeNs)
  }

  #giveUpIfLost(timeNs: number): void {
    const [first] = this.#waiting
    if (first === undefined) return
    const waitedNs = timeNs - this.#gapSinceNs
    const isAcknowledged = this.#acknowledged !== undefined && difference(this.#acknowledged, first.sequence) >= 0
    const isOverdue = isAcknowledged && (this.#overdueFrames > graceFrames || waitedNs > graceNs)
    const isSilent = this.#acknowledged === undefined && waitedNs > oneSidedGraceNs
    const isMuch = this.#waitingBytes > maxWaitingBytes || this.#waiting.length > maxWaitingSegments
    if (isOverdue || isSilent || isMuch) this.#giveUp()
  }

  /** The gap before the first that waits will not be filled. */
  #giveUp(): void {
    const [first] = this.#waiting
    if (first === undefined) return
    this.#skipTo(first.sequence, first)
    this.#drain()
  }

  /** What is before this number will not come. */
  #skipTo(sequence: number, at: { readonly frame: number; readonly timeNs: number }): void {
    const missing = difference(sequence, this.#next ?? sequence)
    if (missing <= 0) return
    this.bytes += missing
    this.missingBytes += missing
    this.#next = sequence
    this.sink?.gap(missing, at.frame, at.timeNs)
  }

  #drain(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const ahead = difference(first.sequence, this.#next ?? 0)
      if (ahead > 0) {
        this.#gapSinceNs = first.timeNs
        return
      }
      this.#waiting.shift()
      this.#waitingBytes -= first.bytes.length
      this.#budget.giveBack(first.bytes.length)
      if (ahead + first.length <= 0) continue
      this.#advance(first.bytes, viewOf(first.bytes), -ahead, first.bytes.length, first.length, first)
    }
  }
}
