/** Controls of what a file's ranges hold: sparse files, zeros, trim. */
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  FileAllocatedRange,
  FileAllocatedRanges,
  FileAttributes,
  FileLevelTrim,
  FileLevelTrimOutput,
  FileRegion,
  FileRegionOutput,
  FileRegionUsage,
  FileSetSparseBuffer,
  FileZeroDataInformation,
} from '../../wire/fscc/index.ts'
import type { IoctlRequest } from '../../wire/smb2/index.ts'
import type { FileStat } from '../backend.ts'
import { reportModified } from '../change-notifier.ts'
import { type ControlResult, NO_OUTPUT } from '../control.ts'
import { MAX_FILE_SIZE, narrow } from '../narrow.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

const { FILE_APPEND_DATA, FILE_READ_DATA, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA } = AccessMask

const isSparse = (stat: FileStat): boolean => (stat.attributes & FileAttributes.SPARSE_FILE) !== 0

/** MS-FSA 2.1.5.10.36. */
export function* setSparse(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (!open.share.backend.features.sparseFiles) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if (open.file.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
  if ((open.grantedAccess & (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_ATTRIBUTES)) === 0)
    return fail(NtStatus.ACCESS_DENIED)
  // No input at all means that it should be sparse.
  const sparse = body.input.length === 0 || FileSetSparseBuffer.decode(viewOf(body.input)).setSparse
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  if (sparse === isSparse(stat)) return NO_OUTPUT
  if (!sparse) {
    // A file that is not sparse has no holes: its room has to be there.
    const allocated = yield* wait(open.file.allocate(stat.endOfFile))
    if (failed(allocated)) return allocated
  }
  const changed = yield* wait(open.file.setStat({ attributes: stat.attributes ^ FileAttributes.SPARSE_FILE }))
  if (failed(changed)) return changed
  reportModified(open, 'attributes')
  return NO_OUTPUT
}

/** MS-FSA 2.1.5.10.37. */
export function* setZeroData(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (open.file.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
  if ((open.grantedAccess & FILE_WRITE_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const { fileOffset, beyondFinalZero } = FileZeroDataInformation.decode(viewOf(body.input))
  if (fileOffset > beyondFinalZero) return fail(NtStatus.INVALID_PARAMETER)
  const offset = narrow(fileOffset)
  const end = narrow(beyondFinalZero)
  if (offset === undefined || end === undefined) return fail(NtStatus.INVALID_PARAMETER)
  if (open.stream.locks.blocksWrite(open, fileOffset, beyondFinalZero - fileOffset))
    return fail(NtStatus.FILE_LOCK_CONFLICT)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const stop = Math.min(end, stat.endOfFile)
  if (stop <= offset) return NO_OUTPUT
  const zeroed = yield* wait(open.file.zero({ offset, length: stop - offset }))
  if (failed(zeroed)) return zeroed
  // Only a sparse file gives room back by being zeroed.
  const kept = isSparse(stat) ? undefined : yield* wait(open.file.allocate(stat.endOfFile))
  if (failed(kept)) return kept
  reportModified(open, 'written')
  return NO_OUTPUT
}

/** MS-FSA 2.1.5.10.22. */
export function* queryAllocatedRanges(
  _request: Request,
  body: IoctlRequest,
  open: Open,
): Steps<ControlResult | Failure> {
  if (open.file.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
  if ((open.grantedAccess & FILE_READ_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const asked = FileAllocatedRange.decode(viewOf(body.input))
  if (BigInt.asIntN(64, asked.fileOffset) < 0n || BigInt.asIntN(64, asked.length) < 0n)
    return fail(NtStatus.INVALID_PARAMETER)
  if (asked.fileOffset + asked.length > 0x7fff_ffff_ffff_ffffn) return fail(NtStatus.INVALID_PARAMETER)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const offset = narrow(asked.fileOffset) ?? MAX_FILE_SIZE
  const length = Math.min(narrow(asked.length) ?? MAX_FILE_SIZE, stat.endOfFile - offset)
  if (length <= 0) return NO_OUTPUT
  // MS-FSCC 2.3.51: only sparse files have zeroed ranges that anybody knows of.
  const found = isSparse(stat) ? yield* wait(open.file.allocatedRanges({ offset, length })) : [{ offset, length }]
  if (failed(found)) return found
  const ranges = found.map((range) => ({ fileOffset: BigInt(range.offset), length: BigInt(range.length) }))
  const fitting = Math.floor(body.maxOutputResponse / FileAllocatedRange.size)
  if (ranges.length > 0 && fitting === 0) return fail(NtStatus.BUFFER_TOO_SMALL)
  const output = FileAllocatedRanges.encode({ ranges: ranges.slice(0, fitting) })
  return ranges.length > fitting ? { output, status: NtStatus.BUFFER_OVERFLOW } : { output }
}

/** Of one request; how many were done is what the answer says (MS-FSCC 2.3.14). */
const MAX_TRIM_RANGES = 1024

/** What is trimmed is of no use to the client any more: its room is given back (MS-FSA 2.1.5.10.13). */
export function* fileLevelTrim(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (!open.share.backend.features.sparseFiles) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if (open.file.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
  if ((open.grantedAccess & FILE_WRITE_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const { ranges } = FileLevelTrim.decode(viewOf(body.input))
  if (ranges.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  const cluster = yield* open.share.clusterBytes()
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  let done = 0
  for (const range of ranges.slice(0, MAX_TRIM_RANGES)) {
    const from = narrow(range.offset)
    const length = narrow(range.length)
    if (from === undefined || length === undefined) return fail(NtStatus.INVALID_PARAMETER)
    if (open.stream.locks.blocksWrite(open, range.offset, range.length)) return fail(NtStatus.FILE_LOCK_CONFLICT)
    // Whole clusters only: what shares one with data that is in use stays.
    const offset = Math.ceil(from / cluster) * cluster
    const end = Math.floor(Math.min(from + length, stat.endOfFile) / cluster) * cluster
    const trimmed = end > offset ? yield* wait(open.file.zero({ offset, length: end - offset })) : undefined
    if (failed(trimmed)) return trimmed
    done++
  }
  reportModified(open, 'written')
  const output = FileLevelTrimOutput.encode({ numRangesProcessed: done })
  return body.maxOutputResponse < output.length ? NO_OUTPUT : { output }
}

const WHOLE_FILE = { fileOffset: 0n, length: 0x7fff_ffff_ffff_ffffn, usage: FileRegionUsage.VALID_CACHED_DATA }

/** Which parts of a file have valid data: here all up to its end (MS-FSA 2.1.5.10.24). */
export function* queryFileRegions(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (open.file.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
  const asked = body.input.length === 0 ? WHOLE_FILE : FileRegion.decode(viewOf(body.input))
  const { fileOffset, length, usage } = asked
  const isOneUsage = usage === FileRegionUsage.VALID_CACHED_DATA || usage === FileRegionUsage.VALID_NONCACHED_DATA
  if (!isOneUsage || BigInt.asIntN(64, fileOffset) < 0n || BigInt.asIntN(64, length) <= 0n)
    return fail(NtStatus.INVALID_PARAMETER)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const valid = BigInt(stat.endOfFile) - fileOffset
  const regions = valid > 0n ? [{ fileOffset, length: length < valid ? length : valid, usage }] : []
  const output = FileRegionOutput.encode({ totalRegionEntryCount: regions.length, regions })
  return body.maxOutputResponse < output.length ? fail(NtStatus.BUFFER_TOO_SMALL) : { output }
}
