import {
  addressBytes,
  EthernetHeader,
  EtherType,
  IpProtocol,
  Ipv4Header,
  Ipv6Header,
  internetChecksum,
  TcpFlags,
  TcpHeader,
} from './ip-headers.ts'

/** One end of a TCP connection. The address is text, IPv4 or IPv6. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** Who sends. */
export type Sender = 'client' | 'server'

/** Bytes of data in a frame: what IP allows, less its headers, rounded down. */
const maxSegmentBytes = 61_440
const ethernetBytes = 14
const tcpBytes = 20
/** Window scale (RFC 7323 2.2): a reader of the capture must not believe that a large message overflows a window. */
const windowScale = 14
const windowScaleOption = Uint8Array.of(3, 3, windowScale, 0)
const window = 0xffff
/** Locally administered addresses of nobody. */
const hardware = { client: Uint8Array.of(2, 0, 0, 0, 0, 1), server: Uint8Array.of(2, 0, 0, 0, 0, 2) }

/**
 * Frames of a TCP connection as they would have been on an Ethernet, made from what its two ends said: with the
 * handshake at the beginning, sequence numbers, acknowledgments and checksums.
 */
export class TcpConversation {
  readonly #ends: Readonly<Record<Sender, Endpoint>>
  readonly #addresses: Readonly<Record<Sender, Uint8Array>>
  readonly #emit: (frame: Uint8Array) => void
  readonly #next: Record<Sender, number> = { client: 0, server: 0 }
  #isOpen = false

  /** `emit` gets each frame; what is not an address counts as 0.0.0.0. */
  constructor(client: Endpoint, server: Endpoint, emit: (frame: Uint8Array) => void) {
    this.#ends = { client, server }
    const found = {
      client: addressBytes(client.address) ?? noAddress,
      server: addressBytes(server.address) ?? noAddress,
    }
    const isV6 = found.client.length === 16 || found.server.length === 16
    this.#addresses = isV6 ? { client: inV6(found.client), server: inV6(found.server) } : found
    this.#emit = emit
  }

  /** What one end sent, in as many frames as it takes. */
  data(from: Sender, bytes: Uint8Array): void {
    this.#open()
    for (let at = 0; at < bytes.length; at += maxSegmentBytes) {
      const segment = bytes.subarray(at, at + maxSegmentBytes)
      const isLast = at + maxSegmentBytes >= bytes.length
      this.#send(from, TcpFlags.ACK | (isLast ? TcpFlags.PSH : 0), segment)
    }
  }

  /** The end of the connection, both ways. */
  close(first: Sender): void {
    if (!this.#isOpen) return
    const second = first === 'client' ? 'server' : 'client'
    this.#send(first, TcpFlags.FIN | TcpFlags.ACK)
    this.#send(second, TcpFlags.FIN | TcpFlags.ACK)
    this.#send(first, TcpFlags.ACK)
    this.#isOpen = false
  }

  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#send('client', TcpFlags.SYN, nothing, windowScaleOption)
    this.#send('server', TcpFlags.SYN | TcpFlags.ACK, nothing, windowScaleOption)
    this.#send('client', TcpFlags.ACK)
  }

  #send(from: Sender, flags: number, data: Uint8Array = nothing, options: Uint8Array = nothing): void {
    const to = from === 'client' ? 'server' : 'client'
    const tcpLength = tcpBytes + options.length + data.length
    const [source, destination] = [this.#addresses[from], this.#addresses[to]]
    const ip = ipHeader(source, destination, tcpLength)
    const frame = new Uint8Array(ethernetBytes + ip.length + tcpLength)
    const etherType = source.length === 4 ? EtherType.IPV4 : EtherType.IPV6
    frame.set(EthernetHeader.encode({ destination: hardware[to], source: hardware[from], etherType }))
    frame.set(ip, ethernetBytes)
    const header = {
      sourcePort: this.#ends[from].port,
      destinationPort: this.#ends[to].port,
      sequenceNumber: this.#next[from],
      acknowledgmentNumber: (flags & TcpFlags.ACK) === 0 ? 0 : this.#next[to],
      dataOffset: ((tcpBytes + options.length) / 4) << 4,
      flags,
      window,
      options,
    }
    const segment = frame.subarray(ethernetBytes + ip.length)
    segment.set(TcpHeader.encode(header))
    segment.set(data, tcpBytes + options.length)
    const checksum = internetChecksum(pseudoHeader(source, destination, tcpLength), segment)
    segment.set([checksum >>> 8, checksum & 0xff], CHECKSUM_AT)
    this.#emit(frame)
    const counted = data.length + ((flags & (TcpFlags.SYN | TcpFlags.FIN)) === 0 ? 0 : 1)
    this.#next[from] = (this.#next[from] + counted) >>> 0
  }
}

const nothing = new Uint8Array(0)
const noAddress = new Uint8Array(4)
/** Where the checksum stands in the headers of TCP and of IPv4, in bytes. */
const CHECKSUM_AT = 16
const IPV4_CHECKSUM_AT = 10

function inV6(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address
  const mapped = new Uint8Array(16)
  mapped.set([0xff, 0xff, ...address], 10)
  return mapped
}

function ipHeader(source: Uint8Array, destination: Uint8Array, tcpLength: number): Uint8Array {
  if (source.length === 16) return Ipv6Header.encode({ payloadLength: tcpLength, source, destination })
  const header = Ipv4Header.encode({ totalLength: Ipv4Header.size + tcpLength, source, destination })
  const checksum = internetChecksum(header)
  header.set([checksum >>> 8, checksum & 0xff], IPV4_CHECKSUM_AT)
  return header
}

/** What TCP's checksum covers of the IP header (RFC 9293 3.1, RFC 8200 8.1). */
function pseudoHeader(source: Uint8Array, destination: Uint8Array, tcpLength: number): Uint8Array {
  const length =
    source.length === 4
      ? [0, IpProtocol.TCP, tcpLength >>> 8, tcpLength & 0xff]
      : [
          tcpLength >>> 24,
          (tcpLength >>> 16) & 0xff,
          (tcpLength >>> 8) & 0xff,
          tcpLength & 0xff,
          0,
          0,
          0,
          IpProtocol.TCP,
        ]
  return Uint8Array.from([...source, ...destination, ...length])
}
