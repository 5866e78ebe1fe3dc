import { AccessMask } from '../../wire/dtyp/access-mask.ts'
import { LeaseState, OplockLevel } from '../../wire/smb2/index.ts'
import type { Caching, Transaction } from '../model.ts'
import type { TransactionRecord } from './records.ts'

const { READ_CACHING, HANDLE_CACHING, WRITE_CACHING } = LeaseState

/** What an oplock allows, as leases say it. MS-SMB2 2.2.13, MS-FSA 2.1.1.10. */
const oplockStates: Readonly<Record<number, number>> = {
  [OplockLevel.II]: READ_CACHING,
  [OplockLevel.EXCLUSIVE]: READ_CACHING | WRITE_CACHING,
  [OplockLevel.BATCH]: READ_CACHING | WRITE_CACHING | HANDLE_CACHING,
}
/** MS-CIFS 2.2.4.64.2: SMB1 numbers them otherwise. */
const smb1OplockStates: readonly number[] = [
  0,
  READ_CACHING | WRITE_CACHING,
  READ_CACHING | WRITE_CACHING | HANDLE_CACHING,
  READ_CACHING,
]

/** The state of an oplock's level. */
export const oplockState = (protocol: Transaction['protocol'], level: number): number =>
  (protocol === 'smb1' ? smb1OplockStates[level] : oplockStates[level]) ?? 0

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
