import type { Packet } from '../capture/packet.ts'
import type { Endpoint } from '../model.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { type Segment, TcpFlow } from './tcp-flow.ts'

/** RFC 9293 3.1. */
const TcpFlag = { FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10 } as const
const WINDOW_SCALE_OPTION = 3
/** RFC 7323 2.3. */
const maxWindowShift = 14

/** How a connection ended. */
interface ConnectionEnd {
  readonly byFirst: boolean
  readonly how: 'fin' | 'reset'
  readonly frame: number
  readonly timeNs: number
}

/**
 * A TCP connection. Its two ends are the first and the second: which of them is the client is known when a SYN was
 * captured, and taken from the ports otherwise.
 */
export class TcpConnection {
  /** Its number among the connections of the capture, from 0. */
  readonly stream: number
  readonly #addressWords: Uint32Array
  readonly firstPort: number
  readonly secondPort: number
  readonly first: Endpoint
  readonly second: Endpoint
  /** What the first end sends, and the second. */
  readonly fromFirst: TcpFlow
  readonly fromSecond: TcpFlow
  isFirstClient: boolean
  /** True where its first SYN was captured. */
  hasBeginning = false
  end: ConnectionEnd | undefined
  roundTripNs: number | undefined
  frames = 0
  firstFrame = 0
  firstNs = 0
  lastFrame = 0
  lastNs = 0
  /** Its hash, and the next connection that has the same. */
  bucket = 0
  nextInBucket: TcpConnection | undefined
  #synNs: number | undefined
  #hasSynAck = false
  #finished = 0

  constructor(
    stream: number,
    packet: Packet,
    addresses: number,
    addressBytes: number,
    ports: readonly [number, number],
    waiting: MemoryBudget,
  ) {
    this.stream = stream
    this.fromFirst = new TcpFlow(waiting)
    this.fromSecond = new TcpFlow(waiting)
    this.#addressWords = Uint32Array.from({ length: addressBytes / 2 }, (_, i) =>
      packet.view.getUint32(addresses + i * 4, false),
    )
    ;[this.firstPort, this.secondPort] = ports
    this.first = { address: addressText(packet.bytes, addresses, addressBytes), port: this.firstPort }
    this.second = { address: addressText(packet.bytes, addresses + addressBytes, addressBytes), port: this.secondPort }
    this.isFirstClient = this.firstPort >= this.secondPort
    this.firstFrame = packet.frame
    this.firstNs = packet.timeNs
  }

  get client(): Endpoint {
    return this.isFirstClient ? this.first : this.second
  }
  get server(): Endpoint {
    return this.isFirstClient ? this.second : this.first
  }
  get fromClient(): TcpFlow {
    return this.isFirstClient ? this.fromFirst : this.fromSecond
  }
  get fromServer(): TcpFlow {
    return this.isFirstClient ? this.fromSecond : this.fromFirst
  }
  /** Both ends have said that they are done, or one has broken off. */
  get isOver(): boolean {
    return this.end?.how === 'reset' || this.#finished === 3
  }

  /** 1 for a segment of the first end, -1 for one of the second, 0 for one of another connection. */
  sender(view: DataView, addresses: number, addressBytes: number, source: number, destination: number): 1 | -1 | 0 {
    const words = this.#addressWords
    const half = addressBytes / 4
    if (words.length !== half * 2) return 0
    if (source === this.firstPort && destination === this.secondPort) {
      let same = 0
      while (same < words.length && view.getUint32(addresses + same * 4, false) === words[same]) same++
      if (same === words.length) return 1
    }
    if (source === this.secondPort && destination === this.firstPort) {
      let same = 0
      while (
        same < words.length &&
        view.getUint32(addresses + ((same + half) % words.length) * 4, false) === words[same]
      )
        same++
      if (same === words.length) return -1
    }
    return 0
  }

  /** True if a SYN of this sequence number begins another connection between the same ends. */
  isReusedBy(isFromFirst: boolean, flags: number, sequence: number): boolean {
    if ((flags & (TcpFlag.SYN | TcpFlag.ACK)) !== TcpFlag.SYN) return false
    const flow = isFromFirst ? this.fromFirst : this.fromSecond
    if (flow.firstSequence !== undefined) return flow.firstSequence !== sequence
    return this.frames > 0 && flow.next !== undefined
  }

  /** A segment of one of the ends. Options lie from `optionsAt` to where the data begin. */
  segment(isFromFirst: boolean, segment: Segment, optionsAt: number): void {
    const { packet, flags } = segment
    const flow = isFromFirst ? this.fromFirst : this.fromSecond
    const other = isFromFirst ? this.fromSecond : this.fromFirst
    this.frames++
    this.lastFrame = packet.frame
    this.lastNs = packet.timeNs
    if (flow.isDuplicateFrame(segment.fingerprint)) return
    flow.segments++
    if ((flags & TcpFlag.SYN) !== 0) this.#synchronize(isFromFirst, flow, segment, optionsAt)
    const hasAcknowledgment = (flags & TcpFlag.ACK) !== 0
    const length = segment.end - segment.start
    if (hasAcknowledgment) {
      other.acknowledge(segment.acknowledgment, packet.timeNs)
      if (this.#hasSynAck && this.#synNs !== undefined && isFromFirst === this.isFirstClient) {
        this.roundTripNs ??= packet.timeNs - this.#synNs
        this.#synNs = undefined
      }
    }
    if ((flags & (TcpFlag.SYN | TcpFlag.FIN | TcpFlag.RST)) === 0) {
      if (length === 0) flow.countAcknowledgment(segment)
      if (segment.window === 0 && hasAcknowledgment) flow.zeroWindows++
      // A window can be scaled only if both ends said so. RFC 7323 2.2.
      flow.noteWindow(segment, other.windowShift < 0 ? 0 : Math.max(0, flow.windowShift))
    }
    if (length > 0 && (flags & TcpFlag.SYN) === 0) flow.add(segment)
    if ((flags & (TcpFlag.FIN | TcpFlag.RST)) !== 0) this.#ends(isFromFirst, segment)
  }

  #synchronize(isFromFirst: boolean, flow: TcpFlow, segment: Segment, optionsAt: number): void {
    const isAnswer = (segment.flags & TcpFlag.ACK) !== 0
    this.isFirstClient = isFromFirst !== isAnswer
    if (flow.firstSequence === undefined) flow.begin(segment.sequence)
    else flow.retransmissions++
    flow.windowShift = windowShift(segment.packet, optionsAt, segment.start)
    if (isAnswer) this.#hasSynAck = true
    else {
      this.hasBeginning = true
      this.#synNs = segment.packet.timeNs
    }
  }

  #ends(isFromFirst: boolean, segment: Segment): void {
    const { frame, timeNs } = segment.packet
    const isReset = (segment.flags & TcpFlag.RST) !== 0
    this.#finished |= isFromFirst ? 1 : 2
    // A reset after both have finished only clears away.
    if (this.end === undefined || (isReset && this.end.how === 'fin' && this.#finished !== 3))
      this.end = { byFirst: isFromFirst, how: isReset ? 'reset' : 'fin', frame, timeNs }
  }
}

/** The exponent of the window's scale; -1 where the SYN has none. RFC 7323 2.2. */
function windowShift(packet: Packet, optionsAt: number, optionsEnd: number): number {
  const end = Math.min(optionsEnd, packet.end)
  for (let at = optionsAt; at < end; ) {
    const kind = packet.bytes[at] as number
    if (kind === 0) break
    if (kind === 1) {
      at++
      continue
    }
    const length = packet.bytes[at + 1] ?? 0
    if (length < 2 || at + length > end) break
    if (kind === WINDOW_SCALE_OPTION && length === 3) return Math.min(packet.bytes[at + 2] ?? 0, maxWindowShift)
    at += length
  }
  return -1
}

/** An address for people. RFC 5952: the longest run of zeros, of two groups or more, is left out. */
export function addressText(bytes: Uint8Array, at: number, length: number): string {
  if (length === 4) return bytes.subarray(at, at + 4).join('.')
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((bytes[at + i * 2] as number) << 8) | (bytes[at + i * 2 + 1] as number),
  )
  let longest = { from: 0, length: 0 }
  for (let from = 0; from < 8; from++) {
    let run = 0
    while (from + run < 8 && groups[from + run] === 0) run++
    if (run > longest.length) longest = { from, length: run }
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  if (longest.length < 2) return text(groups)
  return `${text(groups.slice(0, longest.from))}::${text(groups.slice(longest.from + longest.length))}`
}
