import { viewOf } from '../../bytes/utf16.ts'
import type { Packet, Timeline } from './packet.ts'
import { PcapMagic, PcapReader } from './pcap-reader.ts'
import { PcapngBlockType } from './pcapng-blocks.ts'
import { PcapngReader } from './pcapng-reader.ts'
import { RecordStream } from './record-stream.ts'

const magicBytes = 4

/**
 * Reads one capture file, pcap or pcapng, as its bytes arrive, and gives its packets on. What a file cannot be read for
 * is told by `problem`; packets before that place have been given on.
 */
export class CaptureReader {
  readonly #timeline: Timeline
  readonly #sink: (packet: Packet) => void
  #stream: RecordStream | undefined
  /** The first bytes, while they are too few to tell the format. */
  #head = new Uint8Array(0)
  #isUnknown = false

  constructor(timeline: Timeline, sink: (packet: Packet) => void) {
    this.#timeline = timeline
    this.#sink = sink
  }

  /** The next bytes of the file; they may be overwritten when this returns. */
  push(given: Uint8Array): void {
    // Slices of a Buffer of Node's are views of it, and not copies, as those of arrays of bytes are.
    const piece = new Uint8Array(given.buffer, given.byteOffset, given.length)
    if (this.#stream !== undefined) return this.#stream.push(piece)
    if (this.#isUnknown) return
    const head = new Uint8Array(this.#head.length + piece.length)
    head.set(this.#head)
    head.set(piece, this.#head.length)
    this.#head = head
    if (head.length < magicBytes) return
    this.#stream = this.#streamFor(viewOf(head))
    this.#isUnknown = this.#stream === undefined
    this.#stream?.push(head)
    this.#head = new Uint8Array(0)
  }

  /** What is wrong with the file, when all of it was pushed. */
  get problem(): 'empty' | 'not a capture' | 'damaged' | 'cut' | undefined {
    if (this.#isUnknown) return 'not a capture'
    if (this.#stream === undefined) return this.#head.length === 0 ? 'empty' : 'not a capture'
    if (this.#stream.isDamaged) return 'damaged'
    return this.#stream.isCut ? 'cut' : undefined
  }

  #streamFor(head: DataView): RecordStream | undefined {
    const little = head.getUint32(0, true)
    if (little === PcapngBlockType.SECTION_HEADER) return new RecordStream(new PcapngReader(this.#timeline, this.#sink))
    const big = head.getUint32(0, false)
    for (const magic of Object.values(PcapMagic))
      if (little === magic || big === magic) return new RecordStream(new PcapReader(this.#timeline, this.#sink))
    return undefined
  }
}
