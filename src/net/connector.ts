import net from 'node:net'
import type { TransportEvents } from '../protocol/transport.ts'
import { SocketTransport } from './socket-transport.ts'

const FIRST_READ_BYTES = 4096

/**
 * Connects by TCP. A name with several addresses is tried with each of them. `accept` gives back what wants the
 * connection's events.
 * @throws the system's error (ECONNREFUSED, ENOTFOUND ...), the signal's reason
 */
export function connect(
  target: { readonly host: string; readonly port: number },
  accept: (transport: SocketTransport) => TransportEvents,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    let events: TransportEvents | undefined
    // What is read first goes here: Node asks for room before the connection stands.
    const first = new Uint8Array(FIRST_READ_BYTES)
    const options = {
      ...target,
      noDelay: true,
      keepAlive: true,
      // Read straight to where the bytes are to stay.
      onread: {
        buffer: () => events?.space() ?? first,
        callback: (count: number, buffer: Uint8Array) => {
          if (buffer === first) events?.received(first.slice(0, count))
          else events?.filled(count)
          return true
        },
      },
    }
    const socket = net.connect(options as net.NetConnectOpts)
    const abort = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    let cause: Error | undefined
    socket.on('error', (error) => {
      cause = error
      // What comes after the connection stands is told by 'close'.
      reject(error)
    })
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort)
      events = accept(new SocketTransport(socket))
      resolve()
    })
    socket.on('drain', () => events?.drained())
    socket.on('close', () => {
      signal.removeEventListener('abort', abort)
      events?.closed(cause)
    })
    // An end without an error: the other side has said all that it had to say.
    socket.on('end', () => socket.destroy())
  })
}
