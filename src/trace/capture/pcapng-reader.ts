import { emptyPacket, type Packet, type Timeline } from './packet.ts'
import { BlockOption, PcapngBlockType } from './pcapng-blocks.ts'
import type { Records } from './record-stream.ts'

const BYTE_ORDER_MAGIC = 0x1a2b_3c4d
const blockHeaderBytes = 8
/** Type, length, and the length again at the end. */
const smallestBlockBytes = 12
/** Most interfaces of a section that are told apart. */
const maxInterfaces = 4096

/** What an Interface Description Block says of the packets that name it. */
interface CaptureInterface {
  readonly linkType: number
  readonly snapLength: number
  /** Units of time in a second. */
  readonly unitsPerSecond: bigint
  /** Seconds that are added to each time. */
  readonly offsetSeconds: bigint
  /** The unit in nanoseconds, where these are whole or a simple fraction. */
  readonly nsPerUnit: number
  /** The capture's first frame in this interface's units: upper and lower half, and the nanoseconds left over. */
  origin: { readonly high: number; readonly low: number; readonly restNs: number } | undefined
}

/** Reads a pcapng file: blocks of several kinds, in sections that each have a byte order and interfaces of their own. */
export class PcapngReader implements Records {
  readonly #timeline: Timeline
  readonly #sink: (packet: Packet) => void
  readonly #packet = emptyPacket()
  #isLittleEndian = true
  #interfaces: CaptureInterface[] = []

  constructor(timeline: Timeline, sink: (packet: Packet) => void) {
    this.#timeline = timeline
    this.#sink = sink
  }

  lengthAt(view: DataView, at: number, available: number): number | undefined {
    if (available < smallestBlockBytes) return undefined
    // A section's header tells the byte order of its own length. draft-ietf-opsawg-pcapng 4.1.
    if (view.getUint32(at, true) === PcapngBlockType.SECTION_HEADER) {
      const isLittle = view.getUint32(at + blockHeaderBytes, true) === BYTE_ORDER_MAGIC
      if (!isLittle && view.getUint32(at + blockHeaderBytes, false) !== BYTE_ORDER_MAGIC) return 0
      this.#isLittleEndian = isLittle
    }
    const length = view.getUint32(at + 4, this.#isLittleEndian)
    return length < smallestBlockBytes || length % 4 !== 0 ? 0 : length
  }

  record(bytes: Uint8Array, view: DataView, at: number, length: number): void {
    const start = at + blockHeaderBytes
    const end = at + length - 4
    switch (view.getUint32(at, this.#isLittleEndian)) {
      case PcapngBlockType.SECTION_HEADER:
        this.#interfaces = []
        break
      case PcapngBlockType.INTERFACE_DESCRIPTION:
        if (this.#interfaces.length < maxInterfaces) this.#interfaces.push(this.#interface(view, start, end))
        break
      case PcapngBlockType.ENHANCED_PACKET:
        if (end - start >= 20) this.#timed(bytes, view, start, end, view.getUint32(start, this.#isLittleEndian))
        break
      case PcapngBlockType.PACKET:
        // The obsolete form: the interface has 16 bits, and a count of drops follows it.
        if (end - start >= 20) this.#timed(bytes, view, start, end, view.getUint16(start, this.#isLittleEndian))
        break
      case PcapngBlockType.SIMPLE_PACKET:
        this.#untimed(bytes, view, start, end)
        break
      default:
    }
  }

  #interface(view: DataView, start: number, end: number): CaptureInterface {
    const little = this.#isLittleEndian
    let unitsPerSecond = 1_000_000n
    let offsetSeconds = 0n
    for (let at = start + 8; at + 4 <= end; ) {
      const code = view.getUint16(at, little)
      const length = view.getUint16(at + 2, little)
      const value = at + 4
      if (code === BlockOption.END || value + length > end) break
      if (code === BlockOption.INTERFACE_RESOLUTION && length >= 1) {
        const resolution = view.getUint8(value)
        // With the highest bit a power of 2, else of 10. 4.2.
        unitsPerSecond = (resolution & 0x80) === 0 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution & 0x7f)
      } else if (code === BlockOption.INTERFACE_TIME_OFFSET && length >= 8)
        offsetSeconds = view.getBigInt64(value, little)
      at = value + ((length + 3) & ~3)
    }
    return {
      linkType: end - start >= 2 ? view.getUint16(start, little) : 0,
      snapLength: end - start >= 8 ? view.getUint32(start + 4, little) : 0,
      unitsPerSecond,
      offsetSeconds,
      nsPerUnit: 1e9 / Number(unitsPerSecond),
      origin: undefined,
    }
  }

  #timed(bytes: Uint8Array, view: DataView, start: number, end: number, interfaceId: number): void {
    const found = this.#interfaces[interfaceId]
    if (found === undefined) return
    const little = this.#isLittleEndian
    const high = view.getUint32(start + 4, little)
    const low = view.getUint32(start + 8, little)
    const packet = this.#packet
    packet.frame = ++this.#timeline.frames
    this.#timeline.originNs ??= absoluteNs(found, high, low)
    const origin = (found.origin ??= originIn(found, this.#timeline.originNs))
    const units = (high - origin.high) * 0x1_0000_0000 + (low - origin.low)
    packet.timeNs = Math.round(units * found.nsPerUnit) - origin.restNs
    const captured = Math.min(view.getUint32(start + 12, little), end - start - 20)
    this.#give(bytes, view, start + 20, captured, view.getUint32(start + 16, little), found)
  }

  /** A Simple Packet Block has no time: it gets that of the packet before it. 4.4. */
  #untimed(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const [found] = this.#interfaces
    if (found === undefined || end - start < 4) return
    this.#packet.frame = ++this.#timeline.frames
    this.#timeline.originNs ??= 0n
    const original = view.getUint32(start, this.#isLittleEndian)
    const limit = found.snapLength === 0 ? original : Math.min(original, found.snapLength)
    this.#give(bytes, view, start + 4, Math.min(limit, end - start - 4), original, found)
  }

  #give(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    captured: number,
    original: number,
    from: CaptureInterface,
  ): void {
    const packet = this.#packet
    packet.bytes = bytes
    packet.view = view
    packet.start = start
    packet.end = start + captured
    packet.missing = Math.max(0, original - captured)
    packet.linkType = from.linkType
    this.#sink(packet)
  }
}

function absoluteNs(found: CaptureInterface, high: number, low: number): bigint {
  const units = (BigInt(high) << 32n) | BigInt(low)
  return (units * 1_000_000_000n) / found.unitsPerSecond + found.offsetSeconds * 1_000_000_000n
}

/** Where the capture's first frame lies on this interface's clock. */
function originIn(found: CaptureInterface, originNs: bigint): { high: number; low: number; restNs: number } {
  const since = originNs - found.offsetSeconds * 1_000_000_000n
  const units = (since * found.unitsPerSecond) / 1_000_000_000n
  const restNs = since - (units * 1_000_000_000n) / found.unitsPerSecond
  return { high: Number(units >> 32n), low: Number(BigInt.asUintN(32, units)), restNs: Number(restNs) }
}
