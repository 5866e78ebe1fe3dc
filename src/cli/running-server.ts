import { resolve } from 'node:path'
import { defaultSocket, portsWithSocket } from './places.ts'
import { UsageError } from './report.ts'
import { askStatus } from './status-socket.ts'

/** Which of the running servers is meant. */
export interface ServerChoice {
  readonly socket?: string
  readonly port?: number
}

/** The status socket of the server that is meant. @throws UsageError where that is none, or one of several */
export async function socketOf({ socket, port }: ServerChoice): Promise<string> {
  if (socket !== undefined) return resolve(socket)
  if (port !== undefined) return defaultSocket(port)
  const ports = portsWithSocket()
  const asked = await Promise.all(
    ports.map((found) =>
      askStatus(defaultSocket(found)).then(
        () => true,
        () => false,
      ),
    ),
  )
  const running = ports.filter((_, index) => asked[index])
  if (running.length > 1) throw new UsageError(`servers run on ports ${running.join(', ')}: choose one with --port`)
  const [only] = running
  if (only === undefined) throw new UsageError('no server of yours is running')
  return defaultSocket(only)
}
