import { AccessMask } from '../../wire/dtyp/index.ts'
import {
  Capabilities,
  CreateContextName,
  DurableHandleFlags,
  DurableHandleResponse,
  DurableHandleResponseV2,
} from '../../wire/smb2/index.ts'
import type { Creation } from '../creation.ts'
import { AfpInfoFile } from '../mac/afp-info.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import type { Share } from '../share.ts'
import { type AppInstance, holdsHandle } from './durability.ts'
import type { DurableV2 } from './durable-request.ts'

const { DELETE, FILE_APPEND_DATA, FILE_EXECUTE, FILE_READ_DATA, FILE_WRITE_DATA } = AccessMask
/** Access without which an open is too little to be made twice (MS-SMB2 3.3.5.9.10: Open.IsReplayEligible). */
const DATA_ACCESS = FILE_READ_DATA | FILE_EXECUTE | FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE

type Context = { name: string; data: Uint8Array }

/** Makes an open durable as far as it may be, and says so: contexts for the answer (MS-SMB2 3.3.5.9.6, 3.3.5.9.10). */
export function grantDurability(creation: Creation, open: Open, createAction: number): Context[] {
  const { wish } = creation
  const appInstance = appInstanceOf(creation)
  const asks = wish.kind === 'open'
  // Whoever says a guest's name would be its owner.
  const { identity } = open.session
  if ((!asks && appInstance === undefined) || identity?.kind !== 'user') return []
  if (open.share.isPast || (open.file.isDirectory && open.file.stream === undefined)) return []
  const v2 = asks ? wish.v2 : undefined
  const mayBe = asks && open.share.options.durableHandles !== false
  // What a Mac's stream is seen through is not there after a new start.
  const isPlain = !(open.file instanceof AfpInfoFile)
  const isPersistent = mayBe && isPlain && v2?.persistent === true && offersPersistence(creation.request, open.share)
  const isDurable = mayBe && (v2 !== undefined || holdsHandle(open))
  const { limits } = open.server
  const askedMs = v2?.timeoutMs ?? 0
  open.durability = {
    owner: identity.sid,
    ownerName: identity.user,
    clientGuid: open.session.clientGuid,
    ...(v2 === undefined ? {} : { createGuid: v2.createGuid }),
    desiredAccess: creation.body.desiredAccess,
    createOptions: creation.body.createOptions,
    createAction,
    ...(appInstance === undefined ? {} : { appInstance }),
    timeoutMs: askedMs === 0 ? limits.durableTimeoutMs : Math.min(askedMs, limits.maxDurableTimeoutMs),
    isDurable,
    isPersistent,
    isResilient: false,
    isReplayEligible: v2 !== undefined && (isPersistent || (open.grantedAccess & DATA_ACCESS) !== 0),
    disconnectedAt: undefined,
  }
  open.server.durableOpens.add(open)
  return isDurable ? durableAnswer(open, v2) : []
}

/** What a client is told of an open that is durable; `v2`: how it asked for it. */
export function durableAnswer(open: Open, v2: DurableV2 | undefined): Context[] {
  const { durability } = open
  if (durability === undefined || !(durability.isPersistent || holdsHandle(open))) return []
  if (v2 === undefined)
    return [{ name: CreateContextName.DURABLE_HANDLE_REQUEST, data: DurableHandleResponse.encode({}) }]
  const flags = durability.isPersistent ? DurableHandleFlags.PERSISTENT : 0
  const data = DurableHandleResponseV2.encode({ timeout: durability.timeoutMs, flags })
  return [{ name: CreateContextName.DURABLE_HANDLE_REQUEST_V2, data }]
}

/** Persistent opens are for shares that are continuously available, and clients that know of them. */
export const offersPersistence = ({ session }: Request, share: Share): boolean =>
  share.options.continuouslyAvailable === true &&
  (session.negotiated.serverCapabilities & Capabilities.PERSISTENT_HANDLES) !== 0

function appInstanceOf({ contexts }: Creation): AppInstance | undefined {
  const { appInstanceId: id, appInstanceVersion: version } = contexts
  if (id === undefined) return undefined
  return version === undefined ? { id } : { id, version }
}
