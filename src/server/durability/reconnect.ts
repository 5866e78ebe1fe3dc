import { NULL_GUID } from '../../bytes/guid.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { sameName } from '../../wire/fscc/index.ts'
import { CreateAction, type CreateRequest } from '../../wire/smb2/index.ts'
import { type LeaseRequest, readLease } from '../caching/index.ts'
import type { Open } from '../open.ts'
import { parsePathName, parseRequestedName } from '../path-name.ts'
import { parsePosixPath } from '../posix/names.ts'
import type { Reply } from '../reply.ts'
import type { Request } from '../request.ts'
import type { Share } from '../share.ts'
import type { Steps } from '../steps.ts'
import { answerAgain, leaseAnswerOf } from './answer.ts'
import { isDisconnected } from './disconnect.ts'
import { holdsHandle, leaseOf } from './durability.ts'
import type { Reconnect } from './durable-request.ts'
import { offersPersistence } from './granting.ts'
import { fitsTree, takeUp } from './taking-up.ts'

/** A CREATE that opens nothing. */
interface Coming {
  readonly request: Request
  readonly body: CreateRequest
  readonly share: Share
}

/** A client comes back for an open that it had before its connection was lost (MS-SMB2 3.3.5.9.7, 3.3.5.9.12). */
export function* reconnect(coming: Coming, asked: Reconnect): Steps<Reply | Failure> {
  const { request } = coming
  const lease = readLease(request, coming.body)
  if (failed(lease)) return lease
  const open = find(coming, asked)
  if (open === undefined) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  const refused = mayHave(coming, open, asked, lease)
  if (refused !== undefined) return refused
  const problem = yield* takeUp(request, open)
  if (problem !== undefined) return problem
  return yield* answerAgain(open, { createAction: CreateAction.OPENED, createContexts: leaseAnswerOf(open) })
}

function find({ request, share }: Coming, { id, v2 }: Reconnect): Open | undefined {
  const { server } = request.session
  const open = server.opens.get(id)
  if (open !== undefined || v2?.persistent !== true || !offersPersistence(request, share)) return open
  return server.durableOpens.persistentBy(v2.createGuid)
}

/** Is it an open that waits, and waits for this client? */
function mayHave(
  { request, body }: Coming,
  open: Open,
  { v2 }: Reconnect,
  lease: LeaseRequest | undefined,
): Failure | undefined {
  const { durability } = open
  const { session } = request
  if (durability === undefined || !isDisconnected(open)) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  if (!fitsTree(open, request)) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  if (v2 !== undefined && v2.createGuid !== (durability.createGuid ?? NULL_GUID))
    return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  if (durability.isPersistent && v2?.persistent === false) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  const isKept = durability.isPersistent || durability.isResilient || holdsHandle(open)
  if (!isKept || !leaseMatches(open, session.clientGuid, lease)) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  if (v2?.persistent === true && !durability.isPersistent) return fail(NtStatus.INVALID_PARAMETER)
  if (lease !== undefined && !isNamed(open, body.name, request.header.flags)) return fail(NtStatus.INVALID_PARAMETER)
  return session.identity?.sid === durability.owner ? undefined : fail(NtStatus.ACCESS_DENIED)
}

/** Who had a lease comes back with it: same client, same key, same version. */
function leaseMatches(open: Open, clientGuid: string, lease: LeaseRequest | undefined): boolean {
  const has = leaseOf(open)
  if (has === undefined || lease === undefined) return has === lease
  return has.clientGuid === clientGuid && has.key === lease.key && has.version === lease.version
}

/** The name in the request is the file's. Of a file that goes, it may be another one's by now. */
function isNamed(open: Open, asked: string, flags: number): boolean {
  if (leaseOf(open)?.deletesOnClose === true) return true
  const { isPosix, path } = open
  const name = parseRequestedName(asked, flags, isPosix ? parsePosixPath : parsePathName)
  if (failed(name)) return false
  const isSame = (one: string, other = '') => (isPosix ? one === other : sameName(one, other))
  return (
    name.path.length === path.length &&
    name.path.every((part, i) => isSame(part, path[i])) &&
    sameName(name.stream ?? '', open.file.stream ?? '')
  )
}
