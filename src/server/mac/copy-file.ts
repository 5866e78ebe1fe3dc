import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { reportModified } from '../change-notifier.ts'
import { copyRange } from '../copy-range.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

/** More than this takes so long that the client is told to wait. */
const QUICK_BYTES = 64 * 1024 * 1024

/**
 * SRV_COPYCHUNK without chunks, as Macs use it: the whole file takes the place of what the target holds, and its named
 * streams are copied with it. Returns the bytes of the unnamed stream.
 */
export function* copyFile(request: Request, source: Open, target: Open): Steps<number | Failure> {
  const stat = yield* wait(source.file.stat())
  if (failed(stat)) return stat
  const size = stat.endOfFile
  // To make room for itself a file would have to lose what is to be copied.
  if (source.stream === target.stream) return size
  const whole = BigInt(size)
  if (source.stream.locks.blocksRead(source, 0n, whole)) return fail(NtStatus.FILE_LOCK_CONFLICT)
  if (target.stream.locks.blocksWrite(target, 0n, whole)) return fail(NtStatus.FILE_LOCK_CONFLICT)
  const refused = size > QUICK_BYTES ? request.goAsync(target, () => {}) : undefined
  if (refused !== undefined) return refused
  const isCancelled = () => request.cancelled || request.connection.isClosed
  const cut = yield* wait(target.file.truncate(0))
  if (failed(cut)) return cut
  const copied =
    size === 0 ? undefined : yield* copyRange(source.file, { offset: 0, length: size }, target.file, 0, isCancelled)
  reportModified(target, 'written')
  if (copied !== undefined) return copied
  if (source.file.stream !== undefined || target.file.stream !== undefined) return size
  const streams = yield* wait(source.file.streams())
  if (failed(streams)) return streams
  for (const { name, size: bytes } of streams) {
    const done = name === '' ? undefined : yield* copyStream(source, target, name, bytes, isCancelled)
    if (done !== undefined) return done
  }
  return size
}

function* copyStream(
  source: Open,
  target: Open,
  stream: string,
  length: number,
  isCancelled: () => boolean,
): Steps<Failure | undefined> {
  const how = { kind: 'file', stream } as const
  const from = yield* wait(
    source.share.backend.open(source.path, { ...how, disposition: 'open', read: true, write: false }),
  )
  if (failed(from)) return from
  const to = yield* wait(
    target.share.backend.open(target.path, { ...how, disposition: 'openOrCreate', read: false, write: true }),
  )
  try {
    if (failed(to)) return to
    const cut = yield* wait(to.file.truncate(0))
    if (failed(cut)) return cut
    return length === 0 ? undefined : yield* copyRange(from.file, { offset: 0, length }, to.file, 0, isCancelled)
  } finally {
    yield* wait(from.file.close())
    if (!failed(to)) yield* wait(to.file.close())
  }
}
