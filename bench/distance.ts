/** A server that is some way off: a relay to it, on which all bytes travel for a while. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Distance {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

const host = '127.0.0.1'

/** `delayMs`: each way. Node's timers make it up to a millisecond more. */
export async function atDistance(target: { host: string; port: number }, delayMs: number): Promise<Distance> {
  const sockets = new Set<Socket>()
  const carry = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.setNoDelay(true)
    // Timers of one length end in the order in which they began.
    from.on('data', (bytes: Buffer) => void setTimeout(() => to.write(bytes), delayMs))
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      setTimeout(() => to.destroySoon(), delayMs)
    })
  }
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host)
    carry(client, upstream)
    carry(upstream, client)
  })
  server.listen(0, host)
  await once(server, 'listening')
  return {
    host,
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
