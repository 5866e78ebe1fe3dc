import { concat } from '../../bytes/concat.ts'
import { bytes, type Infer, struct, tail, u16, u32, u64 } from '../../wire/schema/index.ts'
import { LinkType } from './link-type.ts'
import { BlockOption, PcapngBlockType } from './pcapng-blocks.ts'

const BYTE_ORDER_MAGIC = 0x1a2b_3c4d
/** A section of which the length is not known beforehand. */
const UNKNOWN_LENGTH = 0xffff_ffff_ffff_ffffn

/** The body of a Section Header Block. pcapng 4.1. */
const SectionHeader = struct('pcapng section header', '4.1', {
  byteOrderMagic: u32.hex.fixed(BYTE_ORDER_MAGIC),
  majorVersion: u16.or(1),
  minorVersion: u16.or(0),
  sectionLength: u64.or(UNKNOWN_LENGTH),
  options: tail(bytes),
})
type SectionHeader = Infer<typeof SectionHeader>

/** The body of an Interface Description Block. pcapng 4.2. */
const InterfaceDescription = struct('pcapng interface description', '4.2', {
  linkType: u16.oneOf(LinkType),
  reserved: u16.reserved,
  snapLength: u32.or(0),
  options: tail(bytes),
})
type InterfaceDescription = Infer<typeof InterfaceDescription>

/** The body of an Enhanced Packet Block. pcapng 4.3. */
const EnhancedPacket = struct('pcapng enhanced packet', '4.3', {
  interfaceId: u32.or(0),
  timestampHigh: u32,
  timestampLow: u32,
  capturedLength: u32.lengthOf('data'),
  originalLength: u32,
  data: tail(bytes),
})
type EnhancedPacket = Infer<typeof EnhancedPacket>

/** Timestamps count nanoseconds: 10 to the power of -9. */
const NANOSECONDS = 9

/** Writes Ethernet frames as a pcapng file, a block a call. */
export class PcapngWriter {
  readonly #write: (block: Uint8Array) => void

  /** The head of the file is written at once. `application` is named in it. */
  constructor(write: (block: Uint8Array) => void, application: string) {
    this.#write = write
    const name = option(BlockOption.SECTION_APPLICATION, new TextEncoder().encode(application))
    this.#block(PcapngBlockType.SECTION_HEADER, SectionHeader.encode({ options: concat([name, endOfOptions]) }))
    const resolution = option(BlockOption.INTERFACE_RESOLUTION, Uint8Array.of(NANOSECONDS))
    const description = { linkType: LinkType.ETHERNET, options: concat([resolution, endOfOptions]) }
    this.#block(PcapngBlockType.INTERFACE_DESCRIPTION, InterfaceDescription.encode(description))
  }

  /** One frame, with the time at which it passed in nanoseconds since 1970, and what is to be said of it. */
  packet(data: Uint8Array, timeNs: bigint, comment?: string): void {
    const time = {
      timestampHigh: Number(BigInt.asUintN(32, timeNs >> 32n)),
      timestampLow: Number(BigInt.asUintN(32, timeNs)),
    }
    const packet = EnhancedPacket.encode({ ...time, originalLength: data.length, data })
    if (comment === undefined) return this.#block(PcapngBlockType.ENHANCED_PACKET, packet)
    const padding = new Uint8Array(inWords(packet.length) - packet.length)
    const said = option(BlockOption.COMMENT, new TextEncoder().encode(comment))
    this.#block(PcapngBlockType.ENHANCED_PACKET, concat([packet, padding, said, endOfOptions]))
  }

  /** Type, length, body in whole words, length again. pcapng 3.1. */
  #block(type: number, body: Uint8Array): void {
    const total = 12 + inWords(body.length)
    const block = new Uint8Array(total)
    const view = new DataView(block.buffer)
    view.setUint32(0, type, true)
    view.setUint32(4, total, true)
    block.set(body, 8)
    view.setUint32(total - 4, total, true)
    this.#write(block)
  }
}

const inWords = (length: number): number => (length + 3) & ~3

/** Code, length, value in whole words. pcapng 3.5. */
function option(code: number, value: Uint8Array): Uint8Array {
  const bytesOfOption = new Uint8Array(4 + inWords(value.length))
  const view = new DataView(bytesOfOption.buffer)
  view.setUint16(0, code, true)
  view.setUint16(2, value.length, true)
  bytesOfOption.set(value, 4)
  return bytesOfOption
}

const endOfOptions = option(BlockOption.END, new Uint8Array(0))
