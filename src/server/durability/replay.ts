import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { CreateRequest, OplockLevel } from '../../wire/smb2/index.ts'
import { oplockLevelOf } from '../caching/index.ts'
import type { Creation } from '../creation.ts'
import type { Open } from '../open.ts'
import type { Reply } from '../reply.ts'
import type { Steps } from '../steps.ts'
import { answerAgain, leaseAnswerOf } from './answer.ts'
import { isDisconnected } from './disconnect.ts'
import { leaseOf } from './durability.ts'
import type { DurableV2 } from './durable-request.ts'
import { durableAnswer, offersPersistence } from './granting.ts'
import { fitsTree, takeUp } from './taking-up.ts'

/**
 * What has a CREATE of this GUID done before (MS-SMB2 3.3.5.9, Create Context Validation, and 3.3.5.9.10)? If it is sent
 * again it is answered again; nothing is opened a second time. Undefined: it has done nothing yet.
 */
export function* answerReplay(creation: Creation): Steps<Reply | Failure | undefined> {
  const { request, wish } = creation
  if (wish.kind !== 'open' || wish.v2 === undefined) return undefined
  const { v2 } = wish
  const { clientGuid, server } = request.session
  const made = server.durableOpens.madeBy(clientGuid, v2.createGuid)
  if (!request.isReplay) return made === undefined ? undefined : fail(NtStatus.DUPLICATE_OBJECTID)
  // As long as it waits for others to give way the open has no owner (Open.DurableOwner): what Windows makes of it.
  if (made === 'pending') return fail(NtStatus.ACCESS_DENIED)
  const waits = made !== undefined && made.durability?.isPersistent === true && isDisconnected(made)
  if (made !== undefined && !waits) return yield* answerMade(creation, v2, made)
  if (!v2.persistent || !offersPersistence(request, creation.share)) return undefined
  const persistent = server.durableOpens.persistentBy(v2.createGuid)
  return persistent === undefined ? undefined : yield* resume(creation, v2, persistent)
}

function* answerMade({ request, body, lease }: Creation, v2: DurableV2, open: Open): Steps<Reply | Failure> {
  const { session } = request
  if (open.durability?.owner !== session.identity?.sid) return fail(NtStatus.ACCESS_DENIED)
  if (leaseOf(open)?.key !== lease?.key) return fail(NtStatus.ACCESS_DENIED)
  if (open.maybeSession !== session || isDisconnected(open)) return fail(NtStatus.DUPLICATE_OBJECTID)
  if (open.durability?.isPersistent === true && !v2.persistent) return fail(NtStatus.INVALID_PARAMETER)
  request.chain.open = open
  return yield* answerWith(open, body, v2)
}

/** A persistent open that nobody has goes on with the CREATE that made it (MS-SMB2 3.3.5.9). */
function* resume({ request, body }: Creation, v2: DurableV2, open: Open): Steps<Reply | Failure> {
  const { durability } = open
  if (durability === undefined || !isDisconnected(open)) return fail(NtStatus.FILE_NOT_AVAILABLE)
  if (durability.owner !== request.session.identity?.sid || !fitsTree(open, request))
    return fail(NtStatus.ACCESS_DENIED)
  const isSame =
    durability.createOptions === body.createOptions &&
    durability.desiredAccess === body.desiredAccess &&
    open.shareAccess === body.shareAccess
  if (!isSame) return fail(NtStatus.CONTEXT_MISMATCH)
  const problem = yield* takeUp(request, open)
  if (problem !== undefined) return problem
  // This answer may get lost, too.
  durability.isReplayEligible = true
  request.session.server.durableOpens.add(open)
  return yield* answerWith(open, body, v2)
}

/** With an oplock, it is told no more than it asks for this time (as Windows does); the open itself stays as it is. */
function* answerWith(open: Open, body: CreateRequest, v2: DurableV2): Steps<Reply | Failure> {
  const has = oplockLevelOf(open)
  const isLess = open.caching?.kind === 'oplock' && body.requestedOplockLevel < has
  const oplockLevel = (isLess ? body.requestedOplockLevel : has) as OplockLevel
  const isDurable = !isLess || open.durability?.isPersistent === true
  return yield* answerAgain(open, {
    oplockLevel,
    createAction: open.durability?.createAction ?? 0,
    createContexts: [...leaseAnswerOf(open), ...(isDurable ? durableAnswer(open, v2) : [])],
  })
}
