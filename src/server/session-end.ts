import { closeOpen } from './close-open.ts'
import type { Open, PipeOpen } from './open.ts'
import type { Session } from './session.ts'
import type { TreeConnect } from './tree-connect.ts'

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
  await closeAll([...session.opens.values()].filter((open) => open.tree === tree))
}

/** Logs a session off (MS-SMB2 3.3.4.12): its files are closed, its trees and locks go. */
export async function endSession(session: Session): Promise<void> {
  const { connection } = session
  connection.sessions.delete(session.id)
  connection.server.sessions.delete(session.id)
  const closing = closeAll([...session.opens.values()])
  session.trees.clear()
  await closing
  if (session.identity !== undefined && session.state !== 'in progress')
    connection.server.emit('logoff', {
      remote: connection.transport.remote,
      sessionId: session.id,
      identity: session.identity,
    })
}
