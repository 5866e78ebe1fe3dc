import type { Packet, Timeline } from '../capture/packet.ts'
import { emptyPacket, newTimeline } from '../capture/packet.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Conversation, KerberosExchange, Observer } from '../model.ts'
import { ConnectionTable } from '../network/connection-table.ts'
import { FrameReader } from '../network/frame-reader.ts'
import { MemoryBudget, maxHeadBytes } from '../network/memory-budget.ts'
import { addressText, type TcpConnection } from '../network/tcp-connection.ts'
import type { Segment } from '../network/tcp-flow.ts'
import { announcementIn, DATAGRAM_SERVICE_PORT } from './announcements.ts'
import { CaptureState } from './capture-state.ts'
import { KERBEROS_PORT, KerberosExchanges } from './kerberos-exchanges.ts'
import { KerberosStream } from './kerberos-stream.ts'
import { MessageReader } from './message-reader.ts'
import { isSmb, MessageScanner } from './message-scanner.ts'
import { ConversationRecord } from './records.ts'
import { SmbConversation } from './smb-conversation.ts'

/** Where SMB is looked for first: directly over TCP, and over NetBIOS. */
const smbPorts: readonly number[] = [445, 139]
const kerberosPorts: ReadonlySet<number> = new Set([KERBEROS_PORT])
/** Version 5.0, a bind of a single fragment. C706 12.6.3.1. */
const DCERPC_BIND = 0x0500_0b03
const UDP_HEADER_BYTES = 8

export interface AnalysisOptions {
  /** TCP ports, beside 445 and 139, on which SMB is to be expected. On others it is recognised by its first bytes. */
  readonly ports?: readonly number[]
  /** What sealed traffic is opened with. */
  readonly keys?: KeyRing
}

/** Reads the packets of a capture and tells its observers what they mean. */
export class Analysis {
  readonly timeline: Timeline = newTimeline()
  readonly #observers: readonly Observer[]
  readonly #ports: ReadonlySet<number>
  readonly #keys: KeyRing | undefined
  readonly #frames: FrameReader
  readonly #connections: ConnectionTable
  readonly #heads = new MemoryBudget(maxHeadBytes)
  readonly #conversations = new Map<TcpConnection, { readonly record: Conversation; finish(): void }>()
  readonly #kerberos = new KerberosExchanges(
    (exchange) => this.#exchanged(exchange),
    () => this.timeline.originNs ?? 0n,
  )
  readonly #state: CaptureState

  constructor(observers: readonly Observer[], options: AnalysisOptions = {}) {
    this.#observers = observers
    this.#state = new CaptureState(observers, () => this.timeline.originNs ?? 0n)
    this.#keys = options.keys?.isEmpty === false ? options.keys : undefined
    this.#ports = new Set([...smbPorts, ...(options.ports ?? [])])
    this.#connections = new ConnectionTable(
      {
        begins: (connection) => this.#begins(connection),
        sees: (connection, isFromFirst, segment) => this.#sees(connection, isFromFirst, segment),
        ends: (connection) => this.#ends(connection),
      },
      emptyPacket(),
    )
    this.#frames = new FrameReader({
      tcp: (packet, addresses, addressBytes, at, end) =>
        void this.#connections.segment(packet, addresses, addressBytes, at, end),
      udp: (packet, addresses, addressBytes, at, end) => this.#datagram(packet, addresses, addressBytes, at, end),
    })
  }

  packet(packet: Packet): void {
    this.#frames.packet(packet)
  }

  /** The capture is over. */
  finish(): void {
    this.#connections.finish()
    this.#kerberos.finish()
    for (const observer of this.#observers) observer.end?.()
  }

  #begins(connection: TcpConnection): void {
    const isPort = (ports: ReadonlySet<number>): boolean =>
      ports.has(connection.firstPort) || ports.has(connection.secondPort)
    if (isPort(this.#ports)) {
      connection.isFirstClient = this.#ports.has(connection.secondPort)
      this.#readSmb(connection)
    } else if (isPort(kerberosPorts)) {
      connection.isFirstClient = connection.secondPort === KERBEROS_PORT
      this.#readKerberos(connection)
    }
  }

  /** Recognises SMB and DCE/RPC on other ports by their first bytes. */
  #sees(connection: TcpConnection, isFromFirst: boolean, { packet, start }: Segment): void {
    if (connection.fromFirst.sink !== undefined || start + 8 > packet.end) return
    const { bytes, view } = packet
    if (bytes[start] === 0 && isSmb(view, start + 4)) this.#readSmb(connection)
    else if (view.getUint32(start, false) === DCERPC_BIND && !this.#conversations.has(connection)) {
      if (!connection.hasBeginning) connection.isFirstClient = isFromFirst
      const record = new ConversationRecord(connection, 'dcerpc')
      this.#follow(connection, { record, finish: () => {} })
    }
  }

  #readSmb(connection: TcpConnection): void {
    const conversation = new SmbConversation(this.#state, connection)
    const { address, port } = connection.server
    const keys = this.#keys?.connection(`${address} ${port}`)
    const scanners = [true, false].map(
      (isFirst) => new MessageScanner(new MessageReader(conversation, isFirst, keys), this.#heads),
    )
    ;[connection.fromFirst.sink, connection.fromSecond.sink] = scanners
    this.#follow(connection, {
      record: conversation.record,
      finish() {
        for (const scanner of scanners) scanner.finish()
        conversation.finish()
      },
    })
  }

  #readKerberos(connection: TcpConnection): void {
    const stream = (isFromFirst: boolean): KerberosStream =>
      new KerberosStream((bytes, frame, timeNs) => {
        const isFromClient = isFromFirst === connection.isFirstClient
        const way = { transport: 'tcp', client: connection.client, kdc: connection.server, isFromClient } as const
        this.#kerberos.message(bytes, way, { frame, timeNs })
      })
    connection.fromFirst.sink = stream(true)
    connection.fromSecond.sink = stream(false)
    this.#follow(connection, { record: new ConversationRecord(connection, 'kerberos'), finish: () => {} })
  }

  #follow(connection: TcpConnection, conversation: { readonly record: Conversation; finish(): void }): void {
    this.#conversations.set(connection, conversation)
    for (const observer of this.#observers) observer.conversationBegins?.(conversation.record)
  }

  #ends(connection: TcpConnection): void {
    connection.fromFirst.finish()
    connection.fromSecond.finish()
    const conversation = this.#conversations.get(connection)
    if (conversation === undefined) return
    conversation.finish()
    this.#conversations.delete(connection)
    for (const observer of this.#observers) observer.conversationEnds?.(conversation.record)
  }

  /** RFC 768. */
  #datagram(packet: Packet, addresses: number, addressBytes: number, at: number, end: number): void {
    const data = at + UDP_HEADER_BYTES
    if (data > packet.end || end > packet.end) return
    const { bytes, view, frame, timeNs } = packet
    const source = view.getUint16(at, false)
    const destination = view.getUint16(at + 2, false)
    if (destination === DATAGRAM_SERVICE_PORT) {
      const found = announcementIn(bytes.subarray(data, end))
      const from = addressText(bytes, addresses, addressBytes)
      if (found !== undefined)
        for (const observer of this.#observers)
          observer.announcement?.(found.name, from, found.everyMs, { frame, timeNs })
      return
    }
    if (source !== KERBEROS_PORT && destination !== KERBEROS_PORT) return
    const from = { address: addressText(bytes, addresses, addressBytes), port: source }
    const to = { address: addressText(bytes, addresses + addressBytes, addressBytes), port: destination }
    const isFromClient = destination === KERBEROS_PORT
    const way = {
      transport: 'udp',
      client: isFromClient ? from : to,
      kdc: isFromClient ? to : from,
      isFromClient,
    } as const
    this.#kerberos.message(bytes.subarray(data, end), way, { frame, timeNs })
  }

  #exchanged(exchange: KerberosExchange): void {
    this.#state.exchanged(exchange)
    for (const observer of this.#observers) observer.kerberos?.(exchange)
  }
}
