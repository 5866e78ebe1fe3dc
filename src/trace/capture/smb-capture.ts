import { SESSION_PACKET_HEADER_SIZE, SessionPacketHeader } from '../../wire/nbss/index.ts'
import { PcapngWriter } from './pcapng-writer.ts'
import { type Endpoint, type Sender, TcpConversation } from './tcp-conversation.ts'

/** Messages of SMB connections as a capture file: each as it is before it is sealed or compressed. */
export class SmbCapture {
  readonly #writer: PcapngWriter
  readonly #connections = new Map<number, TcpConversation>()
  readonly #nowNs: () => bigint

  /** `write` gets the file's bytes in order; `nowNs` is the time since 1970 in nanoseconds. */
  constructor(write: (bytes: Uint8Array) => void, application: string, nowNs: () => bigint) {
    this.#writer = new PcapngWriter(write, application)
    this.#nowNs = nowNs
  }

  /** One message, or a chain of them, of a connection that has this number. */
  message(connection: number, ends: Readonly<Record<Sender, Endpoint>>, from: Sender, message: Uint8Array): void {
    let conversation = this.#connections.get(connection)
    if (conversation === undefined) {
      const emit = (frame: Uint8Array) => this.#writer.packet(frame, this.#nowNs())
      conversation = new TcpConversation(ends.client, ends.server, emit)
      this.#connections.set(connection, conversation)
    }
    const packet = new Uint8Array(SESSION_PACKET_HEADER_SIZE + message.length)
    packet.set(SessionPacketHeader.encode({ length: message.length }))
    packet.set(message, SESSION_PACKET_HEADER_SIZE)
    conversation.data(from, packet)
  }

  /** A connection has ended. */
  closed(connection: number, first: Sender): void {
    this.#connections.get(connection)?.close(first)
    this.#connections.delete(connection)
  }
}
