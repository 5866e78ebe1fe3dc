import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Capabilities,
  Command,
  Dialect,
  LockFlags,
  LockRequest,
  LockResponse,
  lockSequenceIndex,
  lockSequenceNumber,
} from '../../wire/smb2/index.ts'
import { isValidRange } from '../byte-range-locks.ts'
import { breakForData } from '../caching/index.ts'
import { defineCommand } from '../command.ts'
import { LockSequences } from '../durability/lock-sequence.ts'
import type { Open } from '../open.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

type LockElement = LockRequest['locks'][number]

const { EXCLUSIVE_LOCK, FAIL_IMMEDIATELY, SHARED_LOCK, UNLOCK } = LockFlags

/** Ranges of one request: they are taken in one go, and nobody else is served meanwhile. */
const MAX_RANGES = 1024

/** MS-SMB2 3.3.5.14. */
export const lock = defineCommand({
  command: Command.LOCK,
  needs: 'tree',
  body: LockRequest,
  *handler(request, body) {
    if (body.locks.length === 0) return fail(NtStatus.INVALID_PARAMETER)
    const open = request.open(body.fileId)
    if (failed(open)) return open
    if (open.file.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
    const { locks } = body
    if (locks.length > MAX_RANGES) return fail(NtStatus.INSUFFICIENT_RESOURCES)
    const index = lockSequenceIndex(body)
    const number = lockSequenceNumber(body)
    const recognizes = recognizesLocks(request, open)
    if (recognizes && open.lockSequences?.wasDone(index, number) === true) return reply(LockResponse, {})
    const answer = yield* serveLocks(request, open, locks)
    if (recognizes && !failed(answer)) {
      open.lockSequences ??= new LockSequences()
      open.lockSequences.done(index, number)
      open.stateChanged()
    }
    return answer
  },
})

/** MS-SMB2 3.3.5.14: for opens that outlive a connection, and where a session may have several. */
function recognizesLocks({ session }: Request, { durability }: Open): boolean {
  const { dialect, serverCapabilities } = session.negotiated
  if ((serverCapabilities & Capabilities.MULTI_CHANNEL) !== 0) return true
  return dialect !== Dialect.SMB_2_0_2 && durability !== undefined && (durability.isDurable || durability.isResilient)
}

function* serveLocks(request: Request, open: Open, locks: LockRequest['locks']): Steps<Reply | Failure> {
  const first = locks[0] as LockElement
  if ((first.flags & UNLOCK) === 0) {
    // Windows lets who has no ticket any more give locks back, and take none.
    if (request.session.state === 'expired') return fail(NtStatus.NETWORK_SESSION_EXPIRED)
    return yield* lockAll(request, open, locks)
  }
  const unlocked = unlockAll(open, locks)
  open.stream.locks.grantWaiting()
  return unlocked
}

/** All ranges in turn, until one is not locked; what is unlocked by then stays so (MS-SMB2 3.3.5.14.1). */
function unlockAll(open: Open, elements: readonly LockElement[]): Reply | Failure {
  for (const element of elements) {
    if (element.flags !== UNLOCK) return fail(NtStatus.INVALID_PARAMETER)
    if (!open.stream.locks.unlock(open, element)) return fail(NtStatus.RANGE_NOT_LOCKED)
  }
  return reply(LockResponse, {})
}

/** All ranges or none (MS-SMB2 3.3.5.14.2). Only a single one may be waited for. */
function* lockAll(request: Request, open: Open, elements: readonly LockElement[]): Steps<Reply | Failure> {
  const may =
    AccessMask.FILE_READ_DATA | AccessMask.FILE_WRITE_DATA | AccessMask.FILE_APPEND_DATA | AccessMask.FILE_EXECUTE
  if ((open.grantedAccess & may) === 0) return fail(NtStatus.ACCESS_DENIED)
  for (const { flags } of elements) {
    const kind = flags & ~FAIL_IMMEDIATELY
    if (kind !== SHARED_LOCK && kind !== EXCLUSIVE_LOCK) return fail(NtStatus.INVALID_PARAMETER)
    if (elements.length > 1 && (flags & FAIL_IMMEDIATELY) === 0) return fail(NtStatus.INVALID_PARAMETER)
  }
  breakForData(open)
  const taken: LockElement[] = []
  for (const element of elements) {
    const problem = yield* lockOne(request, open, element)
    if (problem !== undefined) {
      for (const done of taken) open.stream.locks.takeBack(open, done, (done.flags & EXCLUSIVE_LOCK) !== 0)
      if (taken.length > 0) open.stream.locks.grantWaiting()
      return problem
    }
    taken.push(element)
  }
  return reply(LockResponse, {})
}

function* lockOne(request: Request, open: Open, element: LockElement): Steps<Failure | undefined> {
  const { locks } = open.stream
  if (!isValidRange(element)) return fail(NtStatus.INVALID_LOCK_RANGE)
  if (locks.isFull || open.lockCount >= request.connection.server.limits.maxLocksPerOpen)
    return fail(NtStatus.INSUFFICIENT_RESOURCES)
  const exclusive = (element.flags & EXCLUSIVE_LOCK) !== 0
  if (locks.lock(open, element, exclusive)) return undefined
  if ((element.flags & FAIL_IMMEDIATELY) !== 0) return fail(NtStatus.LOCK_NOT_GRANTED)
  return yield* wait(waitForLock(request, open, element, exclusive))
}

/** The answer comes when the lock does, or the client cancels (MS-SMB2 3.3.5.14.2), or the file goes. */
function waitForLock(
  request: Request,
  open: Open,
  element: LockElement,
  exclusive: boolean,
): Promise<Failure | undefined> | Failure {
  return promiseOr((resolve) => {
    const stop = open.stream.locks.wait(open, element, exclusive, () => resolve(undefined))
    const refused = request.goAsync(open, () => {
      stop()
      // A lock that ends with its file is told so (MS-SMB2 3.3.5.10).
      resolve(request.endedWith(fail(request.closedMeanwhile ? NtStatus.RANGE_NOT_LOCKED : NtStatus.CANCELLED)))
    })
    if (refused !== undefined) stop()
    return refused
  })
}

/** A promise, unless `start` refuses at once. */
function promiseOr<T>(start: (resolve: (value: T) => void) => Failure | undefined): Promise<T> | Failure {
  const { promise, resolve } = Promise.withResolvers<T>()
  return start(resolve) ?? promise
}
