import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'
import type { Transport, TransportEvents } from '../../protocol/transport.ts'
import {
  NegativeSessionResponse,
  type NetbiosName,
  SESSION_PACKET_HEADER_SIZE,
  SessionError,
  SessionPacketHeader,
  SessionPacketType,
  SessionRequest,
} from '../../wire/nbss/index.ts'

/** Two names of 255 bytes (RFC 1002 4.1). */
const MAX_REQUEST_BYTES = SESSION_PACKET_HEADER_SIZE + 2 * 255

/** Called by who knows an address and no name (MS-SMB2 2.1, MS-CIFS 3.2.4.2.1). */
const ANY_SERVER = '*SMBSERVER'
/** The sixteenth byte of a file server's name. */
const FILE_SERVER = 0x20

/**
 * What stands before SMB on port 139: the client calls a name, and only if that is the server's is there a session
 * (RFC 1002 4.3, 5.2). Everything after that is the connection's.
 */
export class SessionGate implements TransportEvents {
  readonly #transport: Transport
  readonly #connection: TransportEvents
  readonly #names: readonly string[]
  readonly #request = new Uint8Array(MAX_REQUEST_BYTES)
  #filled = 0
  #needed = SESSION_PACKET_HEADER_SIZE
  #state: 'waiting' | 'open' | 'refused' = 'waiting'

  /** `names`: what the server is called, in capitals. */
  constructor(transport: Transport, connection: TransportEvents, names: readonly string[]) {
    this.#transport = transport
    this.#connection = connection
    this.#names = names
  }

  /** Never more than what is missing of the request: what follows goes straight to the connection. */
  space(): Uint8Array {
    if (this.#state === 'open') return this.#connection.space()
    return this.#state === 'waiting' ? this.#request.subarray(this.#filled, this.#needed) : this.#request
  }

  filled(count: number): void {
    if (this.#state === 'open') this.#connection.filled(count)
    else if (this.#state === 'waiting') this.#took(count)
  }

  received(chunk: Uint8Array): void {
    let rest = chunk
    while (this.#state === 'waiting' && rest.length > 0) {
      const part = rest.subarray(0, this.#needed - this.#filled)
      this.#request.set(part, this.#filled)
      this.#took(part.length)
      rest = rest.subarray(part.length)
    }
    if (this.#state === 'open' && rest.length > 0) this.#connection.received(rest)
  }

  drained(): void {
    this.#connection.drained()
  }

  closed(cause?: Error): void {
    this.#connection.closed(cause)
  }

  #took(count: number): void {
    this.#filled += count
    if (this.#filled < this.#needed) return
    const view = viewOf(this.#request)
    const { type, length } = SessionPacketHeader.decode(view, 0, SESSION_PACKET_HEADER_SIZE)
    const end = SESSION_PACKET_HEADER_SIZE + length
    if (type !== SessionPacketType.SESSION_REQUEST || end > MAX_REQUEST_BYTES)
      return this.#refuse(SessionError.UNSPECIFIED)
    this.#needed = end
    if (this.#filled < end) return
    try {
      this.#answer(SessionRequest.decode(view, SESSION_PACKET_HEADER_SIZE, end).names.called)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#refuse(SessionError.UNSPECIFIED)
    }
  }

  #answer({ name, suffix }: NetbiosName): void {
    const called = name.toUpperCase()
    if (suffix !== FILE_SERVER) return this.#refuse(SessionError.NOT_LISTENING_ON_CALLED_NAME)
    if (called !== ANY_SERVER && !this.#names.includes(called))
      return this.#refuse(SessionError.CALLED_NAME_NOT_PRESENT)
    this.#state = 'open'
    this.#transport.send([SessionPacketHeader.encode({ type: SessionPacketType.POSITIVE_SESSION_RESPONSE, length: 0 })])
  }

  #refuse(errorCode: SessionError): void {
    this.#state = 'refused'
    const body = NegativeSessionResponse.encode({ errorCode })
    const type = SessionPacketType.NEGATIVE_SESSION_RESPONSE
    this.#transport.send([SessionPacketHeader.encode({ type, length: body.length }), body])
    this.#transport.close(true)
  }
}
