import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { upcase } from '../wire/fscc/index.ts'
import type { BackendFile, OpenHow } from './backend.ts'
import { copyRange } from './copy-range.ts'
import type { Open } from './open.ts'
import { parseStream } from './path-name.ts'
import { type Steps, wait } from './steps.ts'

/**
 * Renames a stream within its file (MS-FSA 2.1.5.15.11.1). `newName`: `:name`, `:name:$DATA`, or `::$DATA` for the
 * unnamed stream, which every file has: what takes its name takes its place, and what it loses it to leaves it empty.
 */
export function* renameStream(open: Open, newName: string, replace: boolean): Steps<Failure | void> {
  const parsed = parseStream(newName.slice(1))
  if (failed(parsed)) return parsed
  const { stream: name } = parsed
  if (name === undefined && parsed.isData !== true) return fail(NtStatus.OBJECT_NAME_INVALID)
  if (open.file.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
  const key = upcase(name ?? '')
  const problem = key === open.stream.key ? undefined : yield* giveWay(open, key, replace)
  if (problem !== undefined) return problem
  const before = open.file.stream
  const isPlain = name !== undefined && before !== undefined
  const done = isPlain ? yield* wait(open.file.renameStream(name, replace)) : yield* moveContent(open, name)
  if (failed(done)) return done
  open.shared.renameStream(open.stream, key)
  open.share.notifier.streamRenamed(open.path, before, name)
}

/** Only an empty stream that nobody has open gives its name to another. */
function* giveWay(open: Open, key: string, replace: boolean): Steps<Failure | undefined> {
  const streams = yield* wait(open.file.streams())
  if (failed(streams)) return streams
  const target = streams.find(({ name }) => upcase(name) === key)
  if (target === undefined) return undefined
  if (!replace) return fail(NtStatus.OBJECT_NAME_COLLISION)
  const isOpen = [...open.shared.opens].some((other) => other.stream.key === key)
  return isOpen || target.size > 0 ? fail(NtStatus.INVALID_PARAMETER) : undefined
}

/** Where the unnamed stream is one of the two, its content goes over, and so does who has it open. */
function* moveContent(open: Open, name: string | undefined): Steps<Failure | undefined> {
  const source = yield* reopen(open, open.file.stream, 'open', true, false)
  if (failed(source)) return source
  try {
    const target = yield* reopen(open, name, 'openOrCreate', false, true)
    if (failed(target)) return target
    const copied = yield* copyAll(source, target)
    yield* wait(target.close())
    if (copied !== undefined) return copied
    const movers = [...open.shared.opens].filter((other) => other.stream === open.stream)
    const emptied = yield* wait(open.file.stream === undefined ? open.file.truncate(0) : open.file.remove())
    if (failed(emptied)) return emptied
    for (const mover of movers) yield* moveOpen(mover, name)
    return undefined
  } finally {
    yield* wait(source.close())
  }
}

function* reopen(
  { path, share }: Open,
  stream: string | undefined,
  disposition: OpenHow['disposition'],
  read: boolean,
  write: boolean,
): Steps<BackendFile | Failure> {
  const how: OpenHow = { disposition, read, write, ...(stream === undefined ? {} : { stream }) }
  const opened = yield* wait(share.backend.open(path, how))
  return failed(opened) ? opened : opened.file
}

function* copyAll(source: BackendFile, target: BackendFile): Steps<Failure | undefined> {
  const stat = yield* wait(source.stat())
  if (failed(stat)) return stat
  const sized = yield* wait(target.truncate(stat.endOfFile))
  if (failed(sized)) return sized
  if (stat.endOfFile === 0) return undefined
  return yield* copyRange(source, { offset: 0, length: stat.endOfFile }, target, 0, () => false)
}

const READS = AccessMask.FILE_READ_DATA | AccessMask.FILE_EXECUTE
const WRITES = AccessMask.FILE_WRITE_DATA | AccessMask.FILE_APPEND_DATA

function* moveOpen(mover: Open, name: string | undefined): Steps<void> {
  const access = mover.grantedAccess
  const file = yield* reopen(mover, name, 'open', (access & READS) !== 0, (access & WRITES) !== 0)
  // Gone again meanwhile: the handle stays with what it had.
  if (failed(file)) return
  const before = mover.file
  mover.file = file
  yield* wait(before.close())
}
