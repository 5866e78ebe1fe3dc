import type { SharedFile } from '../file-table.ts'
import type { Open } from '../open.ts'
import type { SessionEnd } from '../session-end.ts'
import { holdsHandle } from './durability.ts'

/** True if an open waits for its client when its session ends like this (MS-SMB2 3.3.7.1, 3.3.5.6). */
function outlives(open: Open, why: SessionEnd): boolean {
  const { durability } = open
  if (durability === undefined || why === 'refused') return false
  if (durability.isPersistent) return true
  if (why === 'server ends') return false
  return durability.isResilient || (durability.isDurable && holdsHandle(open))
}

/** An open's session ends. False: so does the open; else it waits for its client from now on. */
export function disconnect(open: Open, why: SessionEnd): boolean {
  if (!outlives(open, why) || !open.server.durableOpens.disconnected(open)) return false
  open.maybeSession?.opens.delete(open.volatileId)
  open.connection = undefined
  for (const request of [...open.waiting]) request.cancel()
  return true
}

/** Nobody has it, and its client may come back for it. */
export const isDisconnected = ({ durability }: Open): boolean => durability?.disconnectedAt !== undefined

/**
 * True for a file that a client has open persistently and is away from: nobody else gets it before that client has come
 * back or stayed away for too long (MS-SMB2 3.3.5.9).
 */
export function isWaitedFor(shared: SharedFile): boolean {
  for (const open of shared.opens) if (open.durability?.isPersistent === true && isDisconnected(open)) return true
  return false
}
