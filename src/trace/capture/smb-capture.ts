import { SESSION_PACKET_HEADER_SIZE, SessionPacketHeader } from '../../wire/nbss/index.ts'
import { PcapngWriter } from './pcapng-writer.ts'
import { type Endpoint, type Sender, TcpConversation } from './tcp-conversation.ts'

/** Where readers of captures look for SMB. */
const smbPort = 445

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

  /**
   * One message, or a chain of them, of a connection that has this number. Its frames say that the server's port is 445
   * also where it is not, since Wireshark would not know them for SMB otherwise; a comment of the first one says which
   * it is.
   */
  message(connection: number, ends: Readonly<Record<Sender, Endpoint>>, from: Sender, message: Uint8Array): void {
    let conversation = this.#connections.get(connection)
    if (conversation === undefined) {
      const { client, server } = ends
      let comment = server.port === smbPort ? undefined : `The server's port is ${server.port}.`
      const emit = (frame: Uint8Array) => {
        this.#writer.packet(frame, this.#nowNs(), comment)
        comment = undefined
      }
      conversation = new TcpConversation(client, { ...server, port: smbPort }, emit)
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
