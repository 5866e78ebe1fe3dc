import type { Packet } from '../capture/packet.ts'
import { MemoryBudget, maxWaitingTotalBytes } from './memory-budget.ts'
import { TcpConnection } from './tcp-connection.ts'
import type { Segment } from './tcp-flow.ts'

/** Most connections that are known at a time; those that were silent for longest are ended. */
export const maxConnections = 65_536
/** After its end a connection is known for as long as segments may still be under way. */
const lingerNs = 30e9
const tcpHeaderBytes = 20

/** What is done with connections. */
interface ConnectionSink {
  /** A connection of which this is the first segment. */
  begins(connection: TcpConnection): void
  /** A segment with data, before it is put in order. */
  sees(connection: TcpConnection, isFromFirst: boolean, segment: Segment): void
  /** Nothing more of it will come. */
  ends(connection: TcpConnection): void
}

/** All TCP connections of a capture, found by their ends. */
export class ConnectionTable {
  readonly #sink: ConnectionSink
  readonly #buckets = new Map<number, TcpConnection>()
  /** In the order in which they began. */
  readonly #connections = new Set<TcpConnection>()
  #last: TcpConnection | undefined
  #streams = 0
  #sweptNs = 0
  readonly #segment: Segment
  readonly #waiting = new MemoryBudget(maxWaitingTotalBytes)

  constructor(sink: ConnectionSink, packet: Packet) {
    this.#sink = sink
    const numbers = { sequence: 0, acknowledgment: 0, flags: 0, window: 0, start: 0, end: 0, fingerprint: 0 }
    this.#segment = { packet, ...numbers }
  }

  /** RFC 9293 3.1. A segment at `at`, which on the wire ended at `end`. Returns whose it is; undefined where it is none. */
  segment(packet: Packet, addresses: number, addressBytes: number, at: number, end: number): TcpConnection | undefined {
    if (at + tcpHeaderBytes > packet.end) return undefined
    const { view, bytes } = packet
    const headerBytes = ((bytes[at + 12] as number) >>> 4) * 4
    if (headerBytes < tcpHeaderBytes || at + headerBytes > end) return undefined
    const source = view.getUint16(at, false)
    const destination = view.getUint16(at + 2, false)
    const segment = this.#segment
    segment.packet = packet
    segment.sequence = view.getInt32(at + 4, false)
    segment.acknowledgment = view.getInt32(at + 8, false)
    segment.flags = bytes[at + 13] as number
    segment.window = view.getUint16(at + 14, false)
    segment.start = at + headerBytes
    segment.end = end
    segment.fingerprint = fingerprint(packet, segment, addresses, addressBytes, at)
    const key = bucketOf(view, addresses, addressBytes, source ^ destination)
    let connection = this.#find(key, view, addresses, addressBytes, source, destination)
    if (connection?.isReusedBy(this.#isFromFirst, segment.flags, segment.sequence) === true) {
      this.#forget(connection)
      connection = undefined
    }
    if (connection === undefined) {
      connection = new TcpConnection(
        this.#streams++,
        packet,
        addresses,
        addressBytes,
        [source, destination],
        this.#waiting,
      )
      this.#isFromFirst = true
      this.#add(key, connection, packet.timeNs)
    }
    this.#last = connection
    if (segment.end > segment.start) this.#sink.sees(connection, this.#isFromFirst, segment)
    connection.segment(this.#isFromFirst, segment, at + tcpHeaderBytes)
    return connection
  }

  /** The capture is over. */
  finish(): void {
    for (const connection of this.#connections) this.#sink.ends(connection)
    this.#connections.clear()
    this.#buckets.clear()
    this.#last = undefined
  }

  #isFromFirst = true

  #find(
    key: number,
    view: DataView,
    addresses: number,
    addressBytes: number,
    source: number,
    destination: number,
  ): TcpConnection | undefined {
    // Most packets belong to the connection of the one before.
    const sender = this.#last?.sender(view, addresses, addressBytes, source, destination) ?? 0
    if (sender !== 0) {
      this.#isFromFirst = sender === 1
      return this.#last
    }
    for (let found = this.#buckets.get(key); found !== undefined; found = found.nextInBucket) {
      const from = found.sender(view, addresses, addressBytes, source, destination)
      if (from === 0) continue
      this.#isFromFirst = from === 1
      return found
    }
    return undefined
  }

  #add(key: number, connection: TcpConnection, timeNs: number): void {
    if (this.#connections.size >= maxConnections || timeNs - this.#sweptNs > lingerNs) this.#sweep(timeNs)
    connection.bucket = key
    connection.nextInBucket = this.#buckets.get(key)
    this.#buckets.set(key, connection)
    this.#connections.add(connection)
    this.#sink.begins(connection)
  }

  /** Forgets connections that are over, and the longest silent ones if there are too many. */
  #sweep(timeNs: number): void {
    this.#sweptNs = timeNs
    for (const connection of this.#connections)
      if (connection.isOver && timeNs - connection.lastNs > lingerNs) this.#forget(connection)
    if (this.#connections.size < maxConnections) return
    const silent = [...this.#connections].toSorted((a, b) => a.lastNs - b.lastNs)
    for (const connection of silent.slice(0, maxConnections / 8)) this.#forget(connection)
  }

  #forget(connection: TcpConnection): void {
    this.#sink.ends(connection)
    this.#connections.delete(connection)
    if (this.#last === connection) this.#last = undefined
    const first = this.#buckets.get(connection.bucket)
    if (first === connection) {
      if (connection.nextInBucket === undefined) this.#buckets.delete(connection.bucket)
      else this.#buckets.set(connection.bucket, connection.nextInBucket)
      return
    }
    for (let before = first; before !== undefined; before = before.nextInBucket)
      if (before.nextInBucket === connection) before.nextInBucket = connection.nextInBucket
  }
}

const mix = (hash: number, word: number): number => Math.imul(hash ^ word, 0x9e37_79b1) ^ (hash >>> 15)

/** The same for both directions, and small enough to be no heap number. */
function bucketOf(view: DataView, addresses: number, addressBytes: number, ports: number): number {
  let hash = ports
  for (let at = 0; at < addressBytes; at += 4)
    hash = mix(hash, view.getInt32(addresses + at, false) ^ view.getInt32(addresses + addressBytes + at, false))
  return (hash ^ (hash >>> 16)) & 0x3fff_ffff
}

/**
 * Tells segments apart that are not the same frame: what is sent again has another identification in IPv4 or another
 * timestamp, and so another checksum. RFC 6864.
 */
function fingerprint(packet: Packet, segment: Segment, addresses: number, addressBytes: number, at: number): number {
  const { view } = packet
  let hash = mix(segment.sequence, segment.acknowledgment)
  hash = mix(hash, (segment.flags << 16) | segment.window)
  hash = mix(hash, (view.getUint16(at + 16, false) << 16) ^ (segment.end - segment.start))
  // IPv4's identification is 8 bytes before its addresses; a datagram that was put together has none.
  if (addressBytes === 4 && addresses >= packet.start + 8) hash = mix(hash, view.getUint16(addresses - 8, false))
  return hash === 0 ? 1 : hash
}
