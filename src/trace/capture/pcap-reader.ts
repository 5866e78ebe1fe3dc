import { emptyPacket, type Packet, type Timeline } from './packet.ts'
import { maxRecordBytes, type Records } from './record-stream.ts'

/** What a pcap file begins with, by the unit of its times (draft-ietf-opsawg-pcap, 4). */
export const PcapMagic = { MICROSECONDS: 0xa1b2_c3d4, NANOSECONDS: 0xa1b2_3c4d } as const

const fileHeaderBytes = 24
const packetHeaderBytes = 16
const LINK_TYPE_AT = 20
/** The upper bits of the link type tell the length of a frame check sequence. */
const LINK_TYPE_MASK = 0xffff

/** Reads a pcap file: a header, then packets, each with its own. draft-ietf-opsawg-pcap 4 and 5. */
export class PcapReader implements Records {
  readonly #timeline: Timeline
  readonly #sink: (packet: Packet) => void
  readonly #packet = emptyPacket()
  /** Byte order and unit, known from the header on. */
  #isLittleEndian = true
  #nsPerUnit = 0
  /** The second and its fraction of the capture's first frame. */
  #originSeconds: number | undefined
  #originNs = 0

  constructor(timeline: Timeline, sink: (packet: Packet) => void) {
    this.#timeline = timeline
    this.#sink = sink
  }

  lengthAt(view: DataView, at: number, available: number): number | undefined {
    if (this.#nsPerUnit === 0) return fileHeaderBytes
    if (available < packetHeaderBytes) return undefined
    const captured = view.getUint32(at + 8, this.#isLittleEndian)
    // No writer makes packets of such a length: the file is damaged here, and where it goes on nobody can tell.
    return captured > maxRecordBytes ? 0 : packetHeaderBytes + captured
  }

  record(bytes: Uint8Array, view: DataView, at: number, length: number): void {
    if (this.#nsPerUnit === 0) return this.#begin(view, at)
    const packet = this.#packet
    const seconds = view.getUint32(at, this.#isLittleEndian)
    const fraction = view.getUint32(at + 4, this.#isLittleEndian) * this.#nsPerUnit
    const captured = length - packetHeaderBytes
    packet.bytes = bytes
    packet.view = view
    packet.start = at + packetHeaderBytes
    packet.end = at + length
    packet.missing = Math.max(0, view.getUint32(at + 12, this.#isLittleEndian) - captured)
    packet.frame = ++this.#timeline.frames
    if (packet.frame === 1) this.#timeline.originNs = BigInt(seconds) * 1_000_000_000n + BigInt(fraction)
    const originSeconds = (this.#originSeconds ??= this.#takeOrigin())
    packet.timeNs = (seconds - originSeconds) * 1e9 + (fraction - this.#originNs)
    this.#sink(packet)
  }

  #begin(view: DataView, at: number): void {
    const magic = view.getUint32(at, true)
    this.#isLittleEndian = magic === PcapMagic.MICROSECONDS || magic === PcapMagic.NANOSECONDS
    this.#nsPerUnit = view.getUint32(at, this.#isLittleEndian) === PcapMagic.NANOSECONDS ? 1 : 1000
    this.#packet.linkType = view.getUint32(at + LINK_TYPE_AT, this.#isLittleEndian) & LINK_TYPE_MASK
  }

  #takeOrigin(): number {
    const origin = this.#timeline.originNs ?? 0n
    this.#originNs = Number(origin % 1_000_000_000n)
    return Number(origin / 1_000_000_000n)
  }
}
