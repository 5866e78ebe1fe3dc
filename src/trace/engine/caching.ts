import { AccessMask } from '../../wire/dtyp/access-mask.ts'
import { Smb1NewOplockLevel, Smb1OplockLevel } from '../../wire/smb1/index.ts'
import { LeaseState, OplockLevel, stateOfOplock } from '../../wire/smb2/index.ts'
import type { Caching, Transaction } from '../model.ts'
import type { TransactionRecord } from './records.ts'

const { READ_CACHING, WRITE_CACHING } = LeaseState

/** SMB1 numbers them otherwise. */
const smb1Levels: Readonly<Record<number, OplockLevel>> = {
  [Smb1OplockLevel.EXCLUSIVE]: OplockLevel.EXCLUSIVE,
  [Smb1OplockLevel.BATCH]: OplockLevel.BATCH,
  [Smb1OplockLevel.LEVEL_II]: OplockLevel.II,
}

/** The state of an oplock's level that a CREATE was granted. */
export const oplockState = (protocol: Transaction['protocol'], level: number): number =>
  stateOfOplock(protocol === 'smb1' ? (smb1Levels[level] ?? OplockLevel.NONE) : level)

/** The state of an oplock's level that a break leaves. */
export const leftState = (protocol: Transaction['protocol'], level: number): number => {
  if (protocol === 'smb2') return stateOfOplock(level)
  return level === Smb1NewOplockLevel.NONE ? LeaseState.NONE : READ_CACHING
}

/** What a client was granted. It changes when it is broken or raised. */
export class CachingRecord implements Caching {
  readonly kind: 'oplock' | 'lease'
  readonly key: string | undefined
  readonly frame: number
  state: number
  /** The open that it was granted to first. */
  readonly grantedTo: TransactionRecord
  opens = 1
  /** File data have been moved by opens that have it. */
  hasMovedData = false

  constructor(
    kind: 'oplock' | 'lease',
    state: number,
    key: string | undefined,
    grantedTo: TransactionRecord,
    frame: number,
  ) {
    this.kind = kind
    this.state = state
    this.key = key
    this.grantedTo = grantedTo
    this.frame = frame
  }
}

/**
 * Whether the client has to answer when it is broken: level II is given up without a word (MS-SMB2 3.3.4.6, MS-CIFS
 * 3.2.5.42). What was granted before the capture began is taken for more.
 */
export const allowsWriting = (caching: CachingRecord | undefined): boolean =>
  caching === undefined || (caching.state & WRITE_CACHING) !== 0

/** Takes note of a request about a file that its client may cache, and says what the cache has to do with it. */
export function noteCacheUse(transaction: TransactionRecord): Transaction['cacheUse'] {
  const { open, detail } = transaction
  const caching = open?.caching
  if (open === undefined || caching === undefined) return undefined
  if (detail.kind === 'read') {
    const at = Number(detail.offset)
    const isAhead = open.readsUnderWay > 0 && at === open.readEnd && (caching.state & READ_CACHING) !== 0
    open.readEnd = at + detail.length
    open.readsUnderWay++
    open.reads++
    return isAhead ? 'read-ahead' : undefined
  }
  if (detail.kind === 'write')
    return (caching.state & WRITE_CACHING) !== 0 && detail.isWriteThrough !== true ? 'write-behind' : undefined
  return transaction.commandName === 'CLOSE' && isReadFromCache(transaction, caching) ? 'cached-reads' : undefined
}

function isReadFromCache({ open }: TransactionRecord, { hasMovedData, state }: CachingRecord): boolean {
  const opened = open?.openedBy?.detail
  if (opened?.kind !== 'create' || open?.reads !== 0 || !hasMovedData || (state & READ_CACHING) === 0) return false
  const canRead = (opened.desiredAccess & (AccessMask.FILE_READ_DATA | AccessMask.GENERIC_READ)) !== 0
  return canRead && open.isDirectory?.value !== true
}

/** A request is over. */
export function noteCacheAnswer({ open, detail, dataBytes }: TransactionRecord): void {
  if (open?.caching === undefined) return
  if (detail.kind === 'read' && open.readsUnderWay > 0) open.readsUnderWay--
  if (dataBytes > 0) open.caching.hasMovedData = true
}
