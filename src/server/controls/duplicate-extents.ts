import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  DuplicateExtentsData,
  DuplicateExtentsDataEx,
  DuplicateExtentsFlags,
  FileAttributes,
} from '../../wire/fscc/index.ts'
import { FsctlCode, type IoctlRequest } from '../../wire/smb2/index.ts'
import type { ByteRange, FileStat } from '../backend.ts'
import { reportModified } from '../change-notifier.ts'
import { type ControlResult, NO_OUTPUT } from '../control.ts'
import { copyRange, shareRange } from '../copy-range.ts'
import { narrow } from '../narrow.ts'
import { Open } from '../open.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

/** Windows duplicates less than this at a time. */
const MAX_BYTES = 2 ** 32
/** So much is copied without anybody coming between, where it cannot be shared. */
const ATOMIC_COPY_BYTES = 2 ** 20

/** What is asked for, in numbers. */
interface Duplication {
  readonly source: Open
  readonly from: number
  readonly to: number
  readonly length: number
  /** Nothing may come between in the source. */
  readonly atomic: boolean
}

/** FSCTL_DUPLICATE_EXTENTS_TO_FILE(_EX): MS-SMB2 3.3.5.15.17, 3.3.5.15.18, MS-FSA 2.1.5.10.4, 2.1.5.10.5. */
export function* duplicateExtents(request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const asked = readRequest(request, body)
  if (failed(asked)) return asked
  const problem = checkOpens(asked.source, open)
  if (problem !== undefined) return problem
  asked.source.use()
  try {
    const done = yield* duplicate(request, asked, open)
    return failed(done) ? done : NO_OUTPUT
  } finally {
    asked.source.release()
  }
}

function readRequest(request: Request, body: IoctlRequest): Duplication | Failure {
  const data = viewOf(body.input)
  const isEx = body.ctlCode === FsctlCode.DUPLICATE_EXTENTS_TO_FILE_EX
  const plain = isEx ? undefined : DuplicateExtentsData.decode(data)
  const extended = isEx ? DuplicateExtentsDataEx.decode(data) : undefined
  const asked = plain ?? extended
  if (asked === undefined) return fail(NtStatus.INVALID_PARAMETER)
  const { persistent, volatile } = asked.sourceFileId
  const source = request.session.opens.get(volatile)
  if (!(source instanceof Open) || source.id !== persistent) return fail(NtStatus.INVALID_HANDLE)
  const [from, to, length] = [asked.sourceFileOffset, asked.targetFileOffset, asked.byteCount].map(narrow)
  if (from === undefined || to === undefined || length === undefined || length >= MAX_BYTES)
    return fail(NtStatus.INVALID_PARAMETER)
  const atomic = ((extended?.flags ?? 0) & DuplicateExtentsFlags.SOURCE_ATOMIC) !== 0
  return { source, from, to, length, atomic }
}

function checkOpens(source: Open, target: Open): Failure | undefined {
  // Both are on one volume.
  if (source.share.backend !== target.share.backend) return fail(NtStatus.INVALID_PARAMETER)
  if (source.file.isDirectory || target.file.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
  if ((source.grantedAccess & AccessMask.FILE_READ_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  return (target.grantedAccess & AccessMask.FILE_WRITE_DATA) === 0 ? fail(NtStatus.ACCESS_DENIED) : undefined
}

function* duplicate(request: Request, asked: Duplication, open: Open): Steps<Failure | undefined> {
  const { source, from, to } = asked
  const { share } = open
  const sourceStat = yield* wait(source.file.stat())
  if (failed(sourceStat)) return sourceStat
  const targetStat = yield* wait(open.file.stat())
  if (failed(targetStat)) return targetStat
  const problem = checkRanges(asked, open, sourceStat, targetStat, yield* share.clusterBytes())
  if (problem !== undefined) return problem
  // Whole clusters are asked for, and what lies past the end of the target is left out: sizes stay (as on Windows).
  const length = Math.min(asked.length, sourceStat.endOfFile - from, targetStat.endOfFile - to)
  if (length <= 0) return undefined
  const range: ByteRange = { offset: from, length }
  // Byte-range locks are not looked at, unlike in a copy: Windows Server does not either.
  const done =
    asked.atomic && length > ATOMIC_COPY_BYTES
      ? yield* shareRange(source.file, range, open.file, to)
      : yield* copyRange(source.file, range, open.file, to, () => request.connection.isClosed)
  if (done === undefined) reportModified(open, 'written')
  return done
}

/** MS-FSA 2.1.5.10.4, MS-FSCC 2.3.8. */
function checkRanges(
  { source, from, to, length }: Duplication,
  open: Open,
  sourceStat: FileStat,
  targetStat: FileStat,
  cluster: number,
): Failure | undefined {
  const isSparse = (stat: FileStat): boolean => (stat.attributes & FileAttributes.SPARSE_FILE) !== 0
  const roundUp = (size: number): number => Math.ceil(size / cluster) * cluster
  if (from % cluster !== 0 || to % cluster !== 0) return fail(NtStatus.INVALID_PARAMETER)
  if (length % cluster !== 0 && from + length !== sourceStat.endOfFile) return fail(NtStatus.INVALID_PARAMETER)
  if (length === 0) return undefined
  if (isSparse(sourceStat) && !isSparse(targetStat)) return fail(NtStatus.NOT_SUPPORTED)
  if (from + length > roundUp(sourceStat.endOfFile)) return fail(NtStatus.NOT_SUPPORTED)
  const overlaps = source.stream === open.stream && from < to + length && to < from + length
  return overlaps ? fail(NtStatus.NOT_SUPPORTED) : undefined
}
