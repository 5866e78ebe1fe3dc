import type { Packet, Timeline } from '../capture/packet.ts'
import { emptyPacket, newTimeline } from '../capture/packet.ts'
import type { Observer } from '../model.ts'
import { ConnectionTable } from '../network/connection-table.ts'
import { FrameReader } from '../network/frame-reader.ts'
import type { TcpConnection } from '../network/tcp-connection.ts'
import type { Segment } from '../network/tcp-flow.ts'
import { isSmb, MessageScanner } from './message-scanner.ts'
import { SessionGroup, type TransactionRecord } from './records.ts'
import { SmbConversation } from './smb-conversation.ts'

/** Where SMB is looked for first: directly over TCP, and over NetBIOS. */
const smbPorts: readonly number[] = [445, 139]
/** Most sessions of which the channels are known. */
const maxGroups = 65_536

export interface AnalysisOptions {
  /** TCP ports, beside 445 and 139, on which SMB is to be expected. On others it is recognised by its first bytes. */
  readonly ports?: readonly number[]
}

/** Reads the packets of a capture and tells its observers what they mean. */
export class Analysis {
  readonly timeline: Timeline = newTimeline()
  readonly #observers: readonly Observer[]
  readonly #transactionObservers: readonly Observer[]
  readonly #ports: ReadonlySet<number>
  readonly #frames: FrameReader
  readonly #connections: ConnectionTable
  readonly #conversations = new Map<TcpConnection, SmbConversation>()
  readonly #groups = new Map<string, SessionGroup>()
  #transactions = 0

  constructor(observers: readonly Observer[], options: AnalysisOptions = {}) {
    this.#observers = observers
    this.#transactionObservers = observers.filter((observer) => observer.transaction !== undefined)
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
        this.#connections.segment(packet, addresses, addressBytes, at, end),
      udp: () => {},
    })
  }

  packet(packet: Packet): void {
    this.#frames.packet(packet)
  }

  /** The capture is over. */
  finish(): void {
    this.#connections.finish()
    for (const observer of this.#observers) observer.end?.()
  }

  #begins(connection: TcpConnection): void {
    const isExpected = this.#ports.has(connection.firstPort) || this.#ports.has(connection.secondPort)
    if (!isExpected) return
    connection.isFirstClient = this.#ports.has(connection.secondPort)
    this.#read(connection)
  }

  /** Recognises SMB on other ports: a session packet that begins with a message of it. */
  #sees(connection: TcpConnection, _isFromFirst: boolean, { packet, start }: Segment): void {
    if (connection.fromFirst.sink !== undefined || start + 8 > packet.end) return
    if (packet.bytes[start] === 0 && isSmb(packet.view, start + 4)) this.#read(connection)
  }

  #read(connection: TcpConnection): void {
    const conversation = new SmbConversation(
      {
        originNs: this.timeline.originNs ?? 0n,
        nextTransactionId: () => ++this.#transactions,
        group: (server, low, high) => this.#group(server, low, high),
        tell: (transaction) => this.#tell(transaction),
      },
      connection,
    )
    connection.fromFirst.sink = new MessageScanner(conversation.sink(true))
    connection.fromSecond.sink = new MessageScanner(conversation.sink(false))
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

  #group(server: string, low: number, high: number): SessionGroup {
    const key = `${server} ${low} ${high}`
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = new SessionGroup()
      if (this.#groups.size >= maxGroups) this.#groups.clear()
      this.#groups.set(key, group)
    }
    return group
  }

  #tell(transaction: TransactionRecord): void {
    for (const observer of this.#transactionObservers) observer.transaction?.(transaction)
  }
}
