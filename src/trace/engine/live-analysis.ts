import { viewOf } from '../../bytes/utf16.ts'
import type { Endpoint, Observer, TcpDirection } from '../model.ts'
import { CaptureState } from './capture-state.ts'
import { MessageReader } from './message-reader.ts'
import type { Carrier } from './records.ts'
import { SmbConversation } from './smb-conversation.ts'

/** Who sends. */
export type Sender = 'client' | 'server'

const SESSION_PACKET_HEADER_BYTES = 4
const smallestMessageBytes = 16

/** In process nobody sees what TCP does: only bytes are counted. */
class Direction implements TcpDirection {
  segments = 0
  bytes = 0
  readonly retransmissions = 0
  readonly outOfOrder = 0
  readonly duplicateAcknowledgments = 0
  readonly zeroWindows = 0
  readonly largestWindow = 0
  readonly missingBytes = 0
}

class LiveConnection implements Carrier {
  readonly stream: number
  readonly client: Endpoint
  readonly server: Endpoint
  readonly fromClient = new Direction()
  readonly fromServer = new Direction()
  readonly hasBeginning = true
  readonly roundTripNs = undefined
  isFirstClient = true
  firstFrame = 0
  firstNs = 0
  lastFrame = 0
  lastNs = 0
  end: Carrier['end']
  readonly conversation: SmbConversation
  readonly readers: Readonly<Record<Sender, MessageReader>>

  constructor(state: CaptureState, stream: number, ends: Readonly<Record<Sender, Endpoint>>) {
    this.stream = stream
    this.client = ends.client
    this.server = ends.server
    this.conversation = new SmbConversation(state, this)
    const reader = (isFromFirst: boolean): MessageReader => new MessageReader(this.conversation, isFromFirst, undefined)
    this.readers = { client: reader(true), server: reader(false) }
  }
}

/**
 * Reads what a server or a client in the same process sends and receives, as it goes, and tells observers what it means.
 * Each message counts as a frame.
 */
export class LiveAnalysis {
  readonly #observers: readonly Observer[]
  readonly #state: CaptureState
  readonly #nowNs: () => bigint
  readonly #connections = new Map<number, LiveConnection>()
  #originNs: bigint | undefined
  #frames = 0
  #streams = 0

  /** `nowNs` is the time since 1970 in nanoseconds. */
  constructor(observers: readonly Observer[], nowNs: () => bigint) {
    this.#observers = observers
    this.#nowNs = nowNs
    this.#state = new CaptureState(observers, () => this.#originNs ?? 0n)
  }

  /**
   * One message, or a chain of them, of a connection that has this number: whole, as it is before it is sealed or
   * compressed, without the length that stands before it on the wire. It may be overwritten afterwards.
   */
  message(number: number, ends: Readonly<Record<Sender, Endpoint>>, from: Sender, message: Uint8Array): void {
    if (message.length < smallestMessageBytes) return
    let connection = this.#connections.get(number)
    if (connection === undefined) {
      connection = new LiveConnection(this.#state, this.#streams++, ends)
      this.#connections.set(number, connection)
      for (const observer of this.#observers) observer.conversationBegins?.(connection.conversation.record)
    }
    const place = this.#place(connection)
    const direction = from === 'client' ? connection.fromClient : connection.fromServer
    direction.segments++
    direction.bytes += message.length + SESSION_PACKET_HEADER_BYTES
    const reader = connection.readers[from]
    const view = viewOf(message)
    for (let at = 0; message.length - at >= smallestMessageBytes; ) {
      const left = message.length - at
      at += reader.part(view, at, left, left, place)
    }
    reader.message(place, place, message.length + SESSION_PACKET_HEADER_BYTES, true)
  }

  /** A connection has ended, and who said so first. */
  closed(number: number, first: Sender, how: 'fin' | 'reset' = 'fin'): void {
    const connection = this.#connections.get(number)
    if (connection === undefined) return
    this.#connections.delete(number)
    connection.end = { byFirst: first === 'client', how, ...this.#place(connection) }
    connection.conversation.finish()
    for (const observer of this.#observers) observer.conversationEnds?.(connection.conversation.record)
  }

  /** Nothing more is told: what is still open ends here. */
  finish(): void {
    for (const connection of this.#connections.values()) {
      connection.conversation.finish()
      for (const observer of this.#observers) observer.conversationEnds?.(connection.conversation.record)
    }
    this.#connections.clear()
    for (const observer of this.#observers) observer.end?.()
  }

  #place(connection: LiveConnection): { frame: number; timeNs: number } {
    const now = this.#nowNs()
    this.#originNs ??= now
    const place = { frame: ++this.#frames, timeNs: Number(now - this.#originNs) }
    if (connection.firstFrame === 0) {
      connection.firstFrame = place.frame
      connection.firstNs = place.timeNs
    }
    connection.lastFrame = place.frame
    connection.lastNs = place.timeNs
    return place
  }
}
