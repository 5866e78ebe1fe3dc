import { connect, type Socket } from 'node:net'
import type { Transport, TransportEvents } from '../../src/protocol/transport.ts'
import type { ServerCore } from '../../src/server/server-core.ts'
import { Client } from '../simulation/client.ts'
import { Network } from '../simulation/network.ts'
import { Random } from '../simulation/random.ts'

/** The client of the simulation on a real socket: the far end of its wire is TCP. */
export function socketClient(address: { host: string; port: number }): { client: Client; socket: Socket } {
  const socket = connect(address)
  socket.setNoDelay(true)
  const far = {
    connect(transport: Transport): TransportEvents {
      socket.on('data', (chunk: Buffer) => transport.send([chunk]))
      socket.on('close', () => transport.close(true))
      socket.on('error', () => socket.destroy())
      const space = new Uint8Array(65_536)
      return {
        space: () => space,
        filled: (count) => void socket.write(space.slice(0, count)),
        received: (chunk) => void socket.write(chunk),
        drained: () => {},
        closed: () => socket.destroy(),
      }
    },
  }
  // Of a server nothing else is asked.
  const client = new Client(new Network(new Random(1)), far as unknown as ServerCore)
  return { client, socket }
}
