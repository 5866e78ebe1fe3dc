import type { Channel } from './channel.ts'
import { closeOpen } from './close-open.ts'
import { disconnect } from './durability/disconnect.ts'
import { Open, type PipeOpen } from './open.ts'
import type { Session } from './session.ts'
import type { TreeConnect } from './tree-connect.ts'

/** Why a session ends. Only one that was lost may be taken up again (MS-SMB2 3.3.7.1). */
export type SessionEnd = 'logged off' | 'refused' | 'lost' | 'server ends'

/** Closes all of them; resolves when the backend is done with the last. */
async function closeAll(opens: Iterable<Open | PipeOpen>): Promise<void> {
  const closing: Promise<void>[] = []
  for (const open of opens) {
    const pending = closeOpen(open)
    if (pending !== undefined) closing.push(pending)
  }
  await Promise.all(closing)
}

/** Closes what is open on a tree, and forgets it (MS-SMB2 3.3.5.8). */
export async function endTree(tree: TreeConnect): Promise<void> {
  const { session } = tree
  session.trees.delete(tree.id)
  for (const request of [...session.waiting]) if (request.maybeTree === tree) request.cancel()
  await closeAll([...session.opens.values()].filter((open) => open.tree === tree))
}

/** An open file that its client may come back for is not closed. */
const leaveWaiting = (open: Open | PipeOpen, why: SessionEnd): boolean => open instanceof Open && disconnect(open, why)

/** Ends a session on all its channels (MS-SMB2 3.3.4.12): its files are closed, its trees and locks go. */
export async function endSession(session: Session, why: SessionEnd): Promise<void> {
  const { server, remote } = session
  for (const channel of session.channels.values()) {
    // Who was logged on and is not any more is told so under the signature that it knows.
    if (why === 'refused' && channel.isEstablished) channel.isEstablished = false
    else channel.connection.channels.delete(session.id)
  }
  session.channels.clear()
  server.sessions.delete(session.id)
  for (const request of [...session.waiting]) request.cancel()
  const closing = closeAll([...session.opens.values()].filter((open) => !leaveWaiting(open, why)))
  session.trees.clear()
  await closing
  if (session.identity !== undefined && session.state !== 'in progress')
    server.emit('logoff', { remote, sessionId: session.id, identity: session.identity })
}

/** A channel is gone: its session lives on the others, or ends with the last of them (MS-SMB2 3.3.7.1). */
export async function endChannel(channel: Channel, why: SessionEnd): Promise<void> {
  const { session, connection } = channel
  connection.channels.delete(session.id)
  if (session.channels.get(connection) !== channel) return
  if (session.channels.size === 1) await endSession(session, why)
  else session.channels.delete(connection)
}
