import { randomUUID } from 'node:crypto'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  Capabilities,
  CreateContextName,
  Dialect,
  DurableHandleFlags,
  DurableHandleRequest,
  DurableHandleRequestV2,
  OplockLevel,
  ShareCapabilities,
  ShareType,
} from '../wire/smb2/index.ts'
import { isChanging } from './cache/client-cache.ts'
import type { Call } from './call.ts'
import type { CreateArguments, Opened } from './calls/create.ts'
import { type Occasion, StatusError } from './errors.ts'
import { mayBeWide } from './interfaces.ts'
import { hasLeases, type Lease, leaseContext, parentOnly } from './leases.ts'
import type { Live } from './link.ts'
import { nameOn, type On, type Tree } from './tree.ts'

/** The server is still at work on what came by the connection before (MS-SMB2 3.3.5.2.10). */
export const BUSY_RETRY_MS = 100
export const MAX_BUSY_RETRIES = 50

/** How a file is to be kept open. */
export interface Keeping {
  /** Bits of `LeaseState` that are asked for; 0 for none. */
  readonly wanted: number
  /** It is to outlive a lost connection. */
  readonly durable: boolean
}

/** What is sent again may be told from what is new. */
export const isReplayable = ({ live }: On): boolean => live.negotiated.dialect >= Dialect.SMB_3_0

/** What an open is made of, so that it can be made again. */
export interface OpenRequest {
  readonly given: CreateArguments
  /** With what keeps it open. */
  readonly arguments: CreateArguments
  readonly keeping: Keeping
  readonly lease: Lease | undefined
  /** How often the file had been changed from here when it was asked for: see `FileCache.version`. */
  readonly version: number | undefined
  readonly createGuid: string
  readonly occasion: Occasion
  /** Key of the folder's lease, which the server does not break for what is done by this open. */
  readonly parentKey: string | undefined
}

export function requestOf(
  on: On,
  tree: Tree,
  lease: Lease | undefined,
  given: CreateArguments,
  keeping: Keeping,
  occasion: Occasion,
): OpenRequest {
  const { negotiated } = on.live
  const createGuid = randomUUID()
  const contexts = [...(given.contexts ?? []), { name: CreateContextName.QUERY_ON_DISK_ID, data: new Uint8Array(0) }]
  let oplock: OplockLevel = OplockLevel.NONE
  const parentKey = isChanging(given) ? tree.leases.parentKeyOf(tree.name, given.name) : undefined
  if (lease !== undefined && hasLeases(negotiated)) {
    oplock = OplockLevel.LEASE
    contexts.push(leaseContext(lease, { wanted: keeping.wanted, parentKey }, negotiated))
  } else if (lease !== undefined) oplock = OplockLevel.BATCH
  else if (parentKey !== undefined) {
    oplock = OplockLevel.LEASE
    contexts.push(parentOnly(parentKey, negotiated))
  }
  // Also to be known again where one of several connections is lost: others may come until then.
  const isKnownAgain = mayBeWide(on.live, tree.link.settings) && on.facts.shareType === ShareType.DISK
  if (keeping.durable || isKnownAgain) contexts.push(durableContext(on, createGuid))
  const version = lease?.cache.version
  return { given, arguments: { ...given, oplock, contexts }, keeping, lease, version, createGuid, occasion, parentKey }
}

/** MS-SMB2 3.2.4.3.5 to 3.2.4.3.7. */
function durableContext({ live, facts }: On, createGuid: string): { name: string; data: Uint8Array } {
  const { dialect, capabilities } = live.negotiated
  if (dialect < Dialect.SMB_3_0)
    return { name: CreateContextName.DURABLE_HANDLE_REQUEST, data: DurableHandleRequest.encode({}) }
  const isPersistent =
    (capabilities & Capabilities.PERSISTENT_HANDLES) !== 0 &&
    (facts.capabilities & ShareCapabilities.CONTINUOUS_AVAILABILITY) !== 0
  const flags = isPersistent ? DurableHandleFlags.PERSISTENT : 0
  const data = DurableHandleRequestV2.encode({ timeout: 0, flags, createGuid })
  return { name: CreateContextName.DURABLE_HANDLE_REQUEST_V2, data }
}

/** The same by the name that the share knows. */
export const named = (given: CreateArguments, on: On, tree: Tree): CreateArguments => ({
  ...given,
  name: nameOn(on, tree, given.name),
})

/** What is granted counts from the moment at which the answer comes: a break may be right behind it. */
export const granting = (
  tree: Tree,
  lease: Lease,
  on: On,
  call: Call<Opened>,
  version = lease.cache.version,
): Call<Opened> => ({
  ...call,
  read(answer) {
    const opened = call.read(answer)
    tree.leases.granted(lease, opened, on, version)
    return opened
  },
})

/** What was asked for last, and in which session. */
export interface LastRequest {
  readonly request: OpenRequest
  readonly live: Live
}

/** The same session has lost one of its connections: the server knows by the GUID what it has done already. */
export const replayed = (last: LastRequest | undefined, on: On): OpenRequest | undefined =>
  last?.live === on.live && isReplayable(on) ? last.request : undefined

/** A CREATE that is sent again while it is still at work is denied, as Windows does it: then it is asked again. */
export async function patiently<T>(tree: Tree, isReplay: boolean, ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      const isAtWork = error instanceof StatusError && error.status === NtStatus.ACCESS_DENIED
      if (!isReplay || !isAtWork || tries >= MAX_BUSY_RETRIES) throw error
    }
    await tree.link.pause(BUSY_RETRY_MS)
  }
}
