import net from 'node:net'
import type { Transport, TransportEvents } from '../protocol/transport.ts'
import { readingInPlace } from './reading-in-place.ts'
import { SocketTransport } from './socket-transport.ts'

/** A listening TCP socket. */
export interface Listener {
  readonly host: string
  readonly port: number
  /** No new connections; those that there are go on. */
  close(): Promise<void>
}

/**
 * Listens, and hands each connection on: `accept` gives back what wants its events, or nothing to refuse it.
 * @throws the system's error when the address cannot be had (EADDRINUSE, EACCES ...)
 */
export async function listen(
  address: { host: string; port: number },
  accept: (transport: Transport) => TransportEvents | undefined,
  { overNetbios = false } = {},
): Promise<Listener> {
  const server = net.createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (accepted) => {
    const transport = new SocketTransport(accepted, overNetbios)
    const events = accept(transport)
    if (events === undefined) return
    const socket = readingInPlace(accepted, events)
    transport.use(socket)
    // What ends a connection is told by 'close'; an error without a listener would end the process.
    socket.on('error', () => socket.destroy())
    socket.on('drain', () => events.drained())
    socket.on('close', () => events.closed())
    socket.resume()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...address, backlog: 1024 }, () => {
      server.off('error', reject)
      // A connection that cannot be accepted (no file descriptors left) is not the end of those that there are.
      server.on('error', () => {})
      resolve()
    })
  })
  const bound = server.address() as net.AddressInfo
  return {
    host: bound.address,
    port: bound.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}
