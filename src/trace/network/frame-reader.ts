import { LinkType } from '../capture/link-type.ts'
import type { Packet } from '../capture/packet.ts'
import { FragmentTable } from './fragments.ts'

/** Who takes what IP carries. All places are in the packet's memory. */
interface TransportSink {
  /**
   * A TCP segment or a UDP datagram at `at`, header included, which ends at `end`: past the packet's own end where
   * the capture cut it off. Both addresses, one after the other, are at `addresses`, of `addressBytes` each.
   */
  tcp(packet: Packet, addresses: number, addressBytes: number, at: number, end: number): void
  udp(packet: Packet, addresses: number, addressBytes: number, at: number, end: number): void
}

const EtherType = {
  IPV4: 0x0800,
  VLAN: 0x8100,
  IPV6: 0x86dd,
  PPPOE: 0x8864,
  PROVIDER_VLAN: 0x88a8,
  OLD_PROVIDER_VLAN: 0x9100,
} as const
/** RFC 1661: what PPP carries, for IPv4 and IPv6. */
const pppIp: readonly number[] = [0x0021, 0x0057]
const IpProtocol = { TCP: 6, UDP: 17 } as const
/** Headers between that of IPv6 and what it carries (RFC 8200 4). */
const Ipv6Extension = { HOP_BY_HOP: 0, ROUTING: 43, FRAGMENT: 44, AUTHENTICATION: 51, DESTINATION: 60, MOBILITY: 135 }
/** Most VLAN tags, and most extension headers, of a packet. */
const maxHeaders = 16
/** Lengths in an Ethernet header above this are types. IEEE 802.3 3.2.6. */
const smallestEtherType = 0x0600
const snapHeader = 0xaaaa
const llcBytes = 8

/** Finds IP in packets of any link, puts fragments together, and gives TCP and UDP on. */
export class FrameReader {
  readonly #sink: TransportSink
  readonly #fragments = new FragmentTable()

  constructor(sink: TransportSink) {
    this.#sink = sink
  }

  packet(packet: Packet): void {
    const at = ipStart(packet)
    if (at < 0 || at >= packet.end) return
    const version = (packet.bytes[at] as number) >>> 4
    if (version === 4) this.#ipv4(packet, at)
    else if (version === 6) this.#ipv6(packet, at)
  }

  /** RFC 791 3.1. */
  #ipv4(packet: Packet, at: number): void {
    const { bytes, view } = packet
    if (at + 20 > packet.end) return
    const headerBytes = ((bytes[at] as number) & 0x0f) * 4
    const protocol = bytes[at + 9] as number
    // Whoever captures what the network card is yet to cut up finds no length.
    const total = view.getUint16(at + 2, false)
    const end = total === 0 ? packet.end + packet.missing : at + total
    if (headerBytes < 20 || at + headerBytes > end || at + headerBytes > packet.end) return
    const fragment = view.getUint16(at + 6, false) & 0x3fff
    if (fragment === 0) return this.#transport(packet, protocol, at + 12, 4, at + headerBytes, end)
    const whole = this.#fragments.add(packet, {
      header: at,
      addresses: 12,
      addressBytes: 4,
      identification: view.getUint16(at + 4, false),
      protocol,
      offset: (fragment & 0x1fff) * 8,
      isLast: (fragment & 0x2000) === 0,
      start: at + headerBytes,
      end,
    })
    if (whole !== undefined) this.#transport(whole, protocol, 12, 4, whole.start, whole.end)
  }

  /** RFC 8200 3 and 4. */
  #ipv6(packet: Packet, at: number): void {
    const { bytes, view } = packet
    if (at + 40 > packet.end) return
    const length = view.getUint16(at + 4, false)
    const end = length === 0 ? packet.end + packet.missing : at + 40 + length
    let protocol = bytes[at + 6] as number
    let next = at + 40
    for (let headers = 0; headers < maxHeaders; headers++) {
      if (next + 8 > packet.end) return
      if (protocol === Ipv6Extension.FRAGMENT) {
        const offset = view.getUint16(next + 2, false)
        const inner = bytes[next] as number
        const whole = this.#fragments.add(packet, {
          header: at,
          addresses: 8,
          addressBytes: 16,
          identification: view.getUint32(next + 4, false),
          protocol: inner,
          offset: offset & 0xfff8,
          isLast: (offset & 1) === 0,
          start: next + 8,
          end,
        })
        if (whole !== undefined) this.#transport(whole, inner, 8, 16, whole.start, whole.end)
        return
      }
      const isExtension =
        protocol === Ipv6Extension.HOP_BY_HOP ||
        protocol === Ipv6Extension.ROUTING ||
        protocol === Ipv6Extension.DESTINATION ||
        protocol === Ipv6Extension.MOBILITY
      if (!isExtension && protocol !== Ipv6Extension.AUTHENTICATION)
        return this.#transport(packet, protocol, at + 8, 16, next, end)
      const units = bytes[next + 1] as number
      // RFC 4302 2.2: the Authentication Header counts words of four bytes, less two.
      const headerBytes = protocol === Ipv6Extension.AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8
      protocol = bytes[next] as number
      next += headerBytes
    }
  }

  #transport(packet: Packet, protocol: number, addresses: number, addressBytes: number, at: number, end: number): void {
    if (protocol === IpProtocol.TCP) this.#sink.tcp(packet, addresses, addressBytes, at, end)
    else if (protocol === IpProtocol.UDP) this.#sink.udp(packet, addresses, addressBytes, at, end)
  }
}

/** Where IP begins in a packet; -1 where it carries none. */
function ipStart(packet: Packet): number {
  const { start } = packet
  switch (packet.linkType) {
    case LinkType.ETHERNET:
      return afterEthernet(packet, start + 12)
    case LinkType.NULL:
    case LinkType.LOOP:
      // The family's number differs from system to system: the version in IP's own header tells the same.
      return start + 4
    case LinkType.RAW:
    case LinkType.RAW_BSD:
    case LinkType.RAW_OPENBSD:
    case LinkType.IPV4:
    case LinkType.IPV6:
      return start
    case LinkType.LINUX_SLL:
      return afterEthernet(packet, start + 14)
    case LinkType.LINUX_SLL2:
      // The protocol comes first, and 18 bytes about the interface follow.
      return start + 20 <= packet.end && isIp(packet.view.getUint16(start, false)) ? start + 20 : -1
    default:
      return -1
  }
}

const isIp = (etherType: number): boolean => etherType === EtherType.IPV4 || etherType === EtherType.IPV6

/** Behind an EtherType at `typeAt`, and the VLAN tags, PPPoE and LLC that it may announce. */
function afterEthernet(packet: Packet, typeAt: number): number {
  const { view, end } = packet
  let at = typeAt
  for (let tags = 0; tags < maxHeaders && at + 2 <= end; tags++) {
    const type = view.getUint16(at, false)
    if (isIp(type)) return at + 2
    if (type === EtherType.VLAN || type === EtherType.PROVIDER_VLAN || type === EtherType.OLD_PROVIDER_VLAN) at += 4
    else if (type === EtherType.PPPOE)
      // RFC 2516 4: version, code, session, length; then PPP's protocol.
      return at + 10 <= end && pppIp.includes(view.getUint16(at + 8, false)) ? at + 10 : -1
    else if (type < smallestEtherType && at + 2 + llcBytes <= end && view.getUint16(at + 2, false) === snapHeader)
      // RFC 1042: LLC and SNAP, and in the end an EtherType again.
      at += llcBytes
    else return -1
  }
  return -1
}
