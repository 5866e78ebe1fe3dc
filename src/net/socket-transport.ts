import type net from 'node:net'
import { unacknowledgedBytes } from '../native/socket.ts'
import type { Transport } from '../protocol/transport.ts'

/** From here on a call to the system of its own costs less than what it saves. */
const LARGE_BYTES = 32 * 1024

/** `sent` is called when the system has taken the last part. */
function writeAll(socket: net.Socket, parts: readonly Uint8Array[], sent: (() => void) | undefined): void {
  for (let i = 0; i < parts.length - 1; i++) socket.write(parts[i] as Uint8Array)
  const last = parts[parts.length - 1] as Uint8Array
  if (sent === undefined) socket.write(last)
  else socket.write(last, sent)
}

/** Node does not document it; without it nobody knows what has arrived. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null
}

/** A TCP connection, of either end. */
export class SocketTransport implements Transport {
  readonly remote: string
  readonly local: string
  readonly overNetbios: boolean
  #socket: net.Socket
  #corked = false
  #sentBytes = 0
  #isHeld = true

  constructor(socket: net.Socket, overNetbios = false) {
    this.overNetbios = overNetbios
    this.#socket = socket
    this.remote = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
    this.local = socket.localAddress ?? ''
  }

  /** The socket that is read and written from now on. */
  use(socket: net.Socket): void {
    this.#socket = socket
  }

  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  progress(): { readonly sent: number; readonly acknowledged: number } | undefined {
    const descriptor = (this.#socket as unknown as WithHandle)._handle?.fd
    const waiting = descriptor === undefined ? undefined : unacknowledgedBytes(descriptor)
    if (waiting === undefined) return undefined
    return { sent: this.#sentBytes, acknowledged: this.#sentBytes - this.#socket.writableLength - waiting }
  }

  send(parts: readonly Uint8Array[], sent?: () => void): void {
    const socket = this.#socket
    if (socket.destroyed) {
      sent?.()
      return
    }
    let length = 0
    for (const part of parts) length += part.length
    this.#sentBytes += length
    if (length >= LARGE_BYTES) this.#sendNow(parts, sent)
    else this.#sendTogether(parts, sent)
  }

  /** Answers to requests that came together leave together, in one call to the system. */
  #sendTogether(parts: readonly Uint8Array[], sent: (() => void) | undefined): void {
    const socket = this.#socket
    if (!this.#corked) {
      this.#corked = true
      socket.cork()
      process.nextTick(() => this.#uncork())
    }
    writeAll(socket, parts, sent)
  }

  /**
   * A large answer leaves at once, while it is in the processor's cache; if the system takes all of it, its buffer can
   * serve for the next one right away.
   */
  #sendNow(parts: readonly Uint8Array[], sent: (() => void) | undefined): void {
    const socket = this.#socket
    this.#uncork()
    if (parts.length > 1) socket.cork()
    let pending = sent
    const done = (): void => {
      const call = pending
      pending = undefined
      call?.()
    }
    writeAll(socket, parts, done)
    if (parts.length > 1) socket.uncork()
    if (socket.writableLength === 0) done()
  }

  /** Whether the process lives on for this connection alone. */
  hold(active: boolean): void {
    // A socket that is gone would wait for its next connection with it.
    if (active === this.#isHeld || this.#socket.destroyed) return
    this.#isHeld = active
    if (active) this.#socket.ref()
    else this.#socket.unref()
  }

  #uncork(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(flush: boolean): void {
    if (flush) this.#socket.end(() => this.#socket.destroy())
    else this.#socket.destroy()
  }
}
