/** What stands before the bytes of a TCP connection in a capture: Ethernet, IP and TCP, without their rarer parts. */
import { bytes, type Infer, octets, optionalTail, struct, u8, u16be, u32be } from '../../wire/schema/index.ts'

/** What an Ethernet frame carries. */
export const EtherType = { IPV4: 0x0800, IPV6: 0x86dd } as const
/** What an IP packet carries. */
export const IpProtocol = { TCP: 6 } as const

/** IEEE 802.3, 3.1.1. */
export const EthernetHeader = struct('Ethernet header', 'IEEE 802.3', {
  destination: octets(6),
  source: octets(6),
  etherType: u16be.oneOf(EtherType),
})
export type EthernetHeader = Infer<typeof EthernetHeader>

/** An IPv4 header without options. RFC 791 3.1. */
export const Ipv4Header = struct('IPv4 header', 'RFC 791 3.1', {
  versionAndLength: u8.hex.or(0x45),
  typeOfService: u8.or(0),
  totalLength: u16be,
  identification: u16be.or(0),
  flagsAndFragmentOffset: u16be.hex.or(0x4000),
  timeToLive: u8.or(64),
  protocol: u8.oneOf(IpProtocol).or(IpProtocol.TCP),
  headerChecksum: u16be.hex.or(0),
  source: octets(4),
  destination: octets(4),
})
export type Ipv4Header = Infer<typeof Ipv4Header>

/** RFC 8200 3. */
export const Ipv6Header = struct('IPv6 header', 'RFC 8200 3', {
  versionClassAndLabel: u32be.hex.or(0x6000_0000),
  payloadLength: u16be,
  nextHeader: u8.oneOf(IpProtocol).or(IpProtocol.TCP),
  hopLimit: u8.or(64),
  source: octets(16),
  destination: octets(16),
})
export type Ipv6Header = Infer<typeof Ipv6Header>

/** RFC 9293 3.1. */
export const TcpFlags = { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10, URG: 0x20 } as const

/** RFC 9293 3.1. The upper half of `dataOffset` counts words of four bytes from the header's start to the data. */
export const TcpHeader = struct('TCP header', 'RFC 9293 3.1', {
  sourcePort: u16be,
  destinationPort: u16be,
  sequenceNumber: u32be,
  acknowledgmentNumber: u32be,
  dataOffset: u8.hex,
  flags: u8.flags(TcpFlags),
  window: u16be,
  checksum: u16be.hex.or(0),
  urgentPointer: u16be.or(0),
  options: optionalTail(bytes, new Uint8Array(0)),
})
export type TcpHeader = Infer<typeof TcpHeader>

/** The 16-bit sum of RFC 1071 over several pieces, each but the last of even length. */
export function internetChecksum(...pieces: readonly Uint8Array[]): number {
  let sum = 0
  for (const piece of pieces) {
    const even = piece.length & ~1
    for (let i = 0; i < even; i += 2) sum += ((piece[i] as number) << 8) | (piece[i + 1] as number)
    if (even < piece.length) sum += (piece[even] as number) << 8
    while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000)
  }
  return ~sum & 0xffff
}

/**
 * An address as text in its bytes, 4 or 16 of them; an IPv4 address in IPv6 (`::ffff:10.0.0.1`) in its 4. Undefined
 * for what is no address.
 */
export function addressBytes(text: string): Uint8Array | undefined {
  const [bare = ''] = text.split('%')
  if (!bare.includes(':')) return ipv4Bytes(bare)
  const [head = '', rest, ...more] = bare.split('::')
  if (more.length > 0) return undefined
  const before = groups(head)
  const after = groups(rest ?? '')
  if (before === undefined || after === undefined) return undefined
  const zeros = 16 - before.length - after.length
  if (rest === undefined ? zeros !== 0 : zeros < 2) return undefined
  const all = Uint8Array.from([...before, ...Array.from({ length: zeros }, () => 0), ...after])
  const isMapped = all.subarray(0, 10).every((byte) => byte === 0) && all[10] === 0xff && all[11] === 0xff
  return isMapped ? all.slice(12) : all
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined
  return Uint8Array.from(parts, Number)
}

function groups(text: string): number[] | undefined {
  if (text === '') return []
  const found: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const last = part.includes('.') && index === parts.length - 1 ? ipv4Bytes(part) : undefined
    if (last !== undefined) found.push(...last)
    else if (/^[0-9a-f]{1,4}$/i.test(part))
      found.push(Number.parseInt(part, 16) >>> 8, Number.parseInt(part, 16) & 0xff)
    else return undefined
  }
  return found
}
