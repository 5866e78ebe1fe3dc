import type { Channel } from './channel.ts'
import type { Unsolicited } from './response-writer.ts'

/** A message that no request asked for. `sessionId`: what its header says; default: the channel's session. */
export type Notification = Omit<Unsolicited, 'session' | 'sessionId'> & { readonly sessionId?: bigint }

/**
 * How long a connection has to bring a notification to the client before the next one is tried. The client has seconds
 * to answer; connections that answer late are more than those that are cut.
 */
const DELIVERY_MS = 1500

/**
 * Sends what no request asked for on the first of these channels, and again on the next one where the connection ends,
 * or the client's machine does not acknowledge the bytes in time (MS-SMB2 3.3.4.6, 3.3.4.7). False if there is no
 * connection at all. `isDue` is asked before each further attempt.
 */
export function deliver(notification: Notification, channels: Iterable<Channel>, isDue: () => boolean): boolean {
  const established = [...channels].filter(({ isEstablished }) => isEstablished)
  return sendOnNext(notification, established.toReversed(), isDue)
}

function sendOnNext(notification: Notification, channels: Channel[], isDue: () => boolean): boolean {
  for (let channel = channels.pop(); channel !== undefined; channel = channels.pop()) {
    const { connection, session } = channel
    if (!connection.sendUnsolicited({ sessionId: session.id, ...notification, session })) continue
    const upTo = connection.transport.progress?.()?.sent
    if (channels.length > 0)
      connection.server.clock.after(DELIVERY_MS, () => {
        const progress = connection.transport.progress?.()
        const arrived = upTo === undefined || (progress !== undefined && progress.acknowledged >= upTo)
        if ((connection.isClosed || !arrived) && isDue()) sendOnNext(notification, channels, isDue)
      })
    return true
  }
  return false
}
