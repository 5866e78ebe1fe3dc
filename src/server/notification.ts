import type { Channel } from './channel.ts'
import type { Unsolicited } from './response-writer.ts'

/** How long a connection has to bring a notification to the client before another one is tried. */
const DELIVERY_MS = 500

/**
 * Sends what no request asked for on one connection of its session, the latest first, and again on the next one where
 * the connection ends, or the client's machine does not acknowledge the bytes in time (MS-SMB2 3.3.4.6, 3.3.4.7). False
 * if there is no connection at all. `isDue` is asked before each further attempt.
 */
export function deliver(message: Unsolicited, isDue: () => boolean): boolean {
  const channels = [...message.session.channels.values()].filter(({ isEstablished }) => isEstablished)
  return sendOnNext(message, channels, isDue)
}

function sendOnNext(message: Unsolicited, channels: Channel[], isDue: () => boolean): boolean {
  for (let channel = channels.pop(); channel !== undefined; channel = channels.pop()) {
    const { connection } = channel
    if (!connection.sendUnsolicited(message)) continue
    const upTo = connection.transport.progress?.()?.sent
    if (channels.length > 0)
      connection.server.clock.after(DELIVERY_MS, () => {
        const progress = connection.transport.progress?.()
        const arrived = upTo === undefined || (progress !== undefined && progress.acknowledged >= upTo)
        if ((connection.isClosed || !arrived) && isDue()) sendOnNext(message, channels, isDue)
      })
    return true
  }
  return false
}
