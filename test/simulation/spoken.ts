/** A server and a client of the library in one process, and every frame that they send each other. */
import type { Dial } from '../../src/client/index.ts'
import type { TransportEvents } from '../../src/protocol/transport.ts'
import type { ServerCore } from '../../src/server/server-core.ts'

export interface Spoken {
  readonly fromServer: boolean
  /** Without the transport's length. */
  readonly message: Uint8Array
}

const FRAME_HEADER_BYTES = 4

/** Joins a client to `server`; each frame is told before it arrives, and may be changed. */
export function joinedTo(server: ServerCore, tell: (spoken: Spoken) => void): Dial {
  return async (_target, accept) => {
    const ends: { client?: TransportEvents; server?: TransportEvents } = {}
    const carry = (parts: readonly Uint8Array[], fromServer: boolean): void => {
      const bytes = new Uint8Array(Buffer.concat(parts))
      tell({ fromServer, message: bytes.subarray(FRAME_HEADER_BYTES) })
      queueMicrotask(() => (fromServer ? ends.client : ends.server)?.received(bytes))
    }
    const transport = (fromServer: boolean) => ({
      remote: fromServer ? '10.0.0.7:50001' : '10.0.0.1:445',
      local: fromServer ? '10.0.0.1' : '10.0.0.7',
      unsentBytes: 0,
      send: (parts: readonly Uint8Array[], sent?: () => void) => {
        carry(parts, fromServer)
        sent?.()
      },
      pause: () => {},
      resume: () => {},
      close: () => queueMicrotask(() => (fromServer ? ends.client : ends.server)?.closed()),
    })
    const connection = server.connect(transport(true))
    if (connection !== undefined) ends.server = connection
    ends.client = accept(transport(false))
  }
}
