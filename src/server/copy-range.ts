import { setImmediate } from 'node:timers/promises'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { BackendFile, ByteRange } from './backend.ts'
import { type Steps, wait } from './steps.ts'

const PIECE_BYTES = 1024 * 1024
/** So much is copied before others have their turn. */
const TURN_BYTES = 8 * PIECE_BYTES

/**
 * Gives a range of `target`, from `to` on, the content of a range of `source`: without copying where the backend can
 * share the room, else piece by piece. The range lies before the end of `source`; the two do not overlap. Ends early
 * when `isCancelled` says so.
 */
export function* copyRange(
  source: BackendFile,
  range: ByteRange,
  target: BackendFile,
  to: number,
  isCancelled: () => boolean,
): Steps<Failure | undefined> {
  const problem = yield* shareRange(source, range, target, to)
  if (problem === undefined || problem.status !== NtStatus.NOT_SUPPORTED) return problem
  // What is a hole there becomes one here, without being read.
  const parts = yield* wait(source.allocatedRanges(range))
  if (failed(parts)) return parts
  const whole = parts.length === 1 && parts[0]?.offset === range.offset && parts[0].length === range.length
  const zeroed = whole ? undefined : yield* zeroRange(target, { offset: to, length: range.length })
  if (failed(zeroed)) return zeroed
  for (const part of parts) {
    const copied = yield* copyPart(source, part, target, to + part.offset - range.offset, isCancelled)
    if (copied !== undefined) return copied
  }
  return undefined
}

/** Lets the two share the room of a range; NOT_SUPPORTED where that cannot be. */
export function* shareRange(
  source: BackendFile,
  range: ByteRange,
  target: BackendFile,
  to: number,
): Steps<Failure | undefined> {
  if (target.duplicate === undefined) return fail(NtStatus.NOT_SUPPORTED)
  const shared = yield* wait(target.duplicate(source, range, to))
  return failed(shared) ? shared : undefined
}

/** Zeros end at the end of file: what is to lie beyond it is made by growing. */
function* zeroRange(target: BackendFile, range: ByteRange): Steps<Failure | undefined> {
  const stat = yield* wait(target.stat())
  if (failed(stat)) return stat
  const end = range.offset + range.length
  if (end > stat.endOfFile) {
    const grown = yield* wait(target.truncate(end))
    if (failed(grown)) return grown
  }
  const zeroed = yield* wait(target.zero(range))
  return failed(zeroed) ? zeroed : undefined
}

function* copyPart(
  source: BackendFile,
  range: ByteRange,
  target: BackendFile,
  to: number,
  isCancelled: () => boolean,
): Steps<Failure | undefined> {
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, range.length))
  for (let done = 0; done < range.length; ) {
    const piece = buffer.subarray(0, Math.min(buffer.length, range.length - done))
    const count = yield* wait(source.read(piece, range.offset + done))
    if (failed(count)) return count
    // It was cut off meanwhile.
    if (count === 0) return fail(NtStatus.END_OF_FILE)
    const written = yield* wait(target.write(piece.subarray(0, count), to + done, false))
    if (failed(written)) return written
    const turn = Math.floor(done / TURN_BYTES)
    done += count
    if (Math.floor(done / TURN_BYTES) !== turn) yield* wait(setImmediate())
    if (isCancelled()) return fail(NtStatus.CANCELLED)
  }
  return undefined
}
