import type { Filetime } from '../../bytes/filetime.ts'
import { LeaseState } from '../../wire/smb2/index.ts'
import { Lease } from '../caching/index.ts'
import type { Open } from '../open.ts'

/** Which program on which of several machines has it open (MS-SMB2 3.3.5.9.13). */
export interface AppInstance {
  /** GUID. */
  readonly id: string
  /** Absent: the client told none. */
  readonly version?: AppInstanceVersion
}

export interface AppInstanceVersion {
  readonly high: bigint
  readonly low: bigint
}

/** What of an open outlives its connection, and how it is known to who asks for it again (MS-SMB2 3.3.1.10). */
export interface Durability {
  /** SID of who opened it: nobody else takes it up again. */
  readonly owner: string
  /** For people. */
  readonly ownerName: string
  /** ClientGuid of the connection that it was opened on. */
  readonly clientGuid: string
  /** Names the CREATE that made it; absent where the client gave none. */
  readonly createGuid?: string
  /** What CREATE asked for, and what it did: a CREATE that is sent again is compared with it, and answered the same. */
  readonly desiredAccess: number
  readonly createOptions: number
  readonly createAction: number
  readonly appInstance?: AppInstance
  /** How long it waits for its client, in milliseconds. */
  timeoutMs: number
  /** As long as its client may keep it to itself (a batch oplock, or a lease on the handle), it waits for that client. */
  isDurable: boolean
  /** It waits in any case, also for a server that is started again. */
  readonly isPersistent: boolean
  /** It waits in any case (FSCTL_LMR_REQUEST_RESILIENCY). */
  isResilient: boolean
  /** The CREATE that made it may be sent again: nothing has been done with it yet. */
  isReplayEligible: boolean
  /** Since when nobody has it; undefined as long as a session has it. */
  disconnectedAt: Filetime | undefined
}

/** Its client may keep the handle open on its own: a batch oplock, or a lease on handles, that is not about to be broken. */
export const holdsHandle = ({ caching }: Open): boolean =>
  caching !== undefined && !caching.isBreaking && (caching.rights & LeaseState.HANDLE_CACHING) !== 0

/** The lease by which its client caches it, if it is a lease. */
export const leaseOf = ({ caching }: Open): Lease | undefined => (caching instanceof Lease ? caching : undefined)
