/** A client's calls straight over a byte stream (ncacn_ip_tcp): MS-RPCE 2.1.1.1. */
import type { Transport, TransportEvents } from '../protocol/transport.ts'
import type { RpcDuplex } from './client.ts'
import { RpcError } from './fault.ts'

const SPACE_BYTES = 8192
/** What a server may send before it is read; a fragment is smaller by far. */
const MAX_UNREAD_BYTES = 1024 * 1024

/** How long what a server owes is waited for. */
export interface Patience {
  /** Calls `action` once when it is over, unless the returned function is called before. */
  after(action: () => void): () => void
  /** What whoever waits is told then. */
  error(): Error
}

/** What is sent and received over one transport. */
export class StreamDuplex implements RpcDuplex, TransportEvents {
  readonly #transport: Transport
  #space = new Uint8Array(SPACE_BYTES)
  readonly #received: Uint8Array[] = []
  #unreadBytes = 0
  #waiting: ((bytes: Uint8Array) => void) | undefined
  #closed = false
  readonly #patience: Patience

  constructor(transport: Transport, patience: Patience) {
    this.#transport = transport
    this.#patience = patience
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new RpcError('RPC_PROTOCOL', 'the server has closed the connection')
    this.#transport.send([bytes])
  }

  receive(): Promise<Uint8Array> {
    const next = this.#received.shift()
    if (next !== undefined) {
      this.#unreadBytes -= next.length
      return Promise.resolve(next)
    }
    if (this.#closed) return Promise.resolve(NOTHING)
    // Calls go one after the other: nobody else waits.
    return new Promise((resolve, reject) => {
      const stop = this.#patience.after(() => {
        this.#waiting = undefined
        reject(this.#patience.error())
        // What comes too late would be taken for the next answer.
        this.close()
      })
      this.#waiting = (bytes) => {
        stop()
        resolve(bytes)
      }
    })
  }

  close(): void {
    if (!this.#closed) this.#transport.close(true)
    this.closed()
  }

  space(): Uint8Array {
    return this.#space
  }

  filled(count: number): void {
    const chunk = this.#space.subarray(0, count)
    this.#space = new Uint8Array(SPACE_BYTES)
    this.received(chunk)
  }

  received(chunk: Uint8Array): void {
    const waiting = this.#waiting
    if (waiting !== undefined) {
      this.#waiting = undefined
      waiting(chunk)
      return
    }
    this.#unreadBytes += chunk.length
    this.#received.push(chunk)
    // Who sends on and on without having been asked is no server.
    if (this.#unreadBytes > MAX_UNREAD_BYTES) this.close()
  }

  drained(): void {}

  closed(): void {
    this.#closed = true
    this.#waiting?.(NOTHING)
    this.#waiting = undefined
  }
}

const NOTHING = new Uint8Array(0)
