import type { Session } from '../session.ts'
import type { Share } from '../share.ts'

/** What a Mac has agreed upon by its first AAPL create context: it holds for all of its session. */
export interface MacSession {
  /** Entries of FileIdBothDirectoryInformation are `AaplDirectoryEntry`. */
  readonly readDirAttr: boolean
  /** UNIX mode, owner and group are told and set as entries of the DACL. */
  readonly nfsAces: boolean
}

/**
 * Whether the streams in which Macs keep what Windows has no place for are kept by their rules. Without a session: for
 * what waits for its client since the server was started again.
 */
export function followsMacRules(session: Session | undefined, share: Share): boolean {
  const { macos = 'auto' } = share.options
  return macos === 'always' || (macos === 'auto' && session?.mac !== undefined)
}

/** Macs take the id of a file for one that no other file ever has: no disk promises that, so they get none. */
export const shownFileId = (session: Session, fileId: bigint): bigint => (session.mac === undefined ? fileId : 0n)
