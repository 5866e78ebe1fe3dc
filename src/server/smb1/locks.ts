import { failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Smb1LargeLockRange,
  type Smb1Link,
  Smb1LockingResponse,
  Smb1LockingWords,
  Smb1LockRange,
  Smb1LockType,
  smb1Part,
} from '../../wire/smb1/index.ts'
import { LockFlags } from '../../wire/smb2/index.ts'
import { lock } from '../commands/lock.ts'
import { acknowledgeOplock } from '../commands/oplock-break.ts'
import type { Open, PipeOpen } from '../open.ts'
import type { Steps } from '../steps.ts'
import { refuse, type Smb1Context, type Smb1Result, succeed } from './context.ts'
import { ask, openOf, type Place } from './core.ts'
import { releasedLevel } from './oplock-levels.ts'

interface Range {
  readonly offset: bigint
  readonly length: bigint
}

/** SMB_COM_LOCKING_ANDX: locks, and what clients answer to breaks of their oplocks. MS-CIFS 3.3.5.30. */
export function* serveLocking(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context } = place
  const words = context.words(Smb1LockingWords, link)
  const open = openOf(place, words.fid)
  if (failed(open)) return refuse(open)
  const { numberOfRequestedLocks: locks, numberOfRequestedUnlocks: unlocks, typeOfLock } = words
  if ((typeOfLock & Smb1LockType.OPLOCK_RELEASE) !== 0) {
    const oplockLevel = releasedLevel(words.newOplockLevel)
    const released = yield* ask(place, acknowledgeOplock, { oplockLevel, fileId: open.fileId })
    // MS-CIFS 3.3.5.30: what only answers a break has no answer itself.
    if (locks === 0 && unlocks === 0) return { status: NtStatus.SUCCESS }
    if (failed(released)) return refuse(released)
  }
  // Neither did Windows ever do these.
  if ((typeOfLock & (Smb1LockType.CHANGE_LOCKTYPE | Smb1LockType.CANCEL_LOCK)) !== 0)
    return refuse(NtStatus.NOT_SUPPORTED)
  const ranges = rangesOf(context, link, unlocks + locks, (typeOfLock & Smb1LockType.LARGE_FILES) !== 0)
  const how = (typeOfLock & Smb1LockType.SHARED_LOCK) === 0 ? LockFlags.EXCLUSIVE_LOCK : LockFlags.SHARED_LOCK
  const done = yield* serveRanges(place, open, ranges.slice(0, unlocks), LockFlags.UNLOCK)
  if (done !== undefined) return done
  const wanted = ranges.slice(unlocks)
  const waits = words.timeout !== 0 && wanted.length === 1
  const taken = waits
    ? yield* waitForLock(place, open, wanted, how, words.timeout)
    : yield* serveRanges(place, open, wanted, how | LockFlags.FAIL_IMMEDIATELY)
  return taken ?? succeed(smb1Part(link.command, Smb1LockingResponse, {}))
}

/** @throws WireError */
function rangesOf(context: Smb1Context, link: Smb1Link, count: number, isLarge: boolean): Range[] {
  const { start, end } = context.data(link)
  const size = isLarge ? Smb1LargeLockRange.size : Smb1LockRange.size
  const whole = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low)
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * size
    const stop = Math.min(at + size, end)
    if (!isLarge) {
      const { offset, length } = Smb1LockRange.decode(context.message, at, stop, 0)
      return { offset: BigInt(offset), length: BigInt(length) }
    }
    const { offset, offsetHigh, length, lengthHigh } = Smb1LargeLockRange.decode(context.message, at, stop, 0)
    return { offset: whole(offsetHigh, offset), length: whole(lengthHigh, length) }
  })
}

function* serveRanges(
  place: Place,
  open: Open | PipeOpen,
  ranges: readonly Range[],
  flags: number,
): Steps<Smb1Result | undefined> {
  if (ranges.length === 0) return undefined
  const locks = ranges.map((range) => ({ ...range, flags }))
  const answer = yield* ask(place, lock, { fileId: open.fileId, locks })
  return failed(answer) ? refuse(answer) : undefined
}

const FOR_EVER = 0xffff_ffff

/** `timeoutMs`: how long the client has patience; all ones are for ever. */
function* waitForLock(
  place: Place,
  open: Open | PipeOpen,
  ranges: readonly Range[],
  flags: number,
  timeoutMs: number,
): Steps<Smb1Result | undefined> {
  const { context } = place
  let isOver = false
  const stop =
    timeoutMs === FOR_EVER
      ? undefined
      : context.connection.server.clock.after(timeoutMs, () => {
          isOver = true
          context.cancel()
        })
  try {
    const refused = yield* serveRanges(place, open, ranges, flags)
    // MS-CIFS 3.3.5.30: who has lost patience learns that somebody else has the range.
    return refused !== undefined && isOver ? refuse(NtStatus.FILE_LOCK_CONFLICT) : refused
  } finally {
    stop?.()
  }
}
