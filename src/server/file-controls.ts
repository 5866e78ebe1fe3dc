import { NULL_GUID, readGuid } from '../bytes/guid.ts'
import { viewOf } from '../bytes/utf16.ts'
import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  CompressionFormat,
  CompressionState,
  FileAllocatedRange,
  FileAllocatedRanges,
  FileAttributes,
  FileObjectIdBuffer,
  FileSetSparseBuffer,
  FileZeroDataInformation,
} from '../wire/fscc/index.ts'
import { type IoctlRequest, SrvSnapshotArray } from '../wire/smb2/index.ts'
import { breakForData } from './caching/index.ts'
import { reportModified } from './change-notifier.ts'
import { type ControlResult, NO_OUTPUT } from './control.ts'
import { MAX_FILE_SIZE, narrow } from './narrow.ts'
import type { Open } from './open.ts'
import type { Request } from './request.ts'
import { type Steps, wait } from './steps.ts'

const { FILE_APPEND_DATA, FILE_READ_DATA, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA } = AccessMask

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
  const bit = FileAttributes.SPARSE_FILE
  const attributes = sparse ? stat.attributes | bit : stat.attributes & ~bit
  const changed = yield* wait(open.file.setStat({ attributes }))
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
  if (stop > offset) {
    breakForData(open)
    const zeroed = yield* wait(open.file.zero({ offset, length: stop - offset }))
    if (failed(zeroed)) return zeroed
    breakForData(open)
    reportModified(open, 'written')
  }
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
  const found = yield* wait(open.file.allocatedRanges({ offset, length }))
  if (failed(found)) return found
  const ranges = found.map((range) => ({ fileOffset: BigInt(range.offset), length: BigInt(range.length) }))
  const fitting = Math.floor(body.maxOutputResponse / FileAllocatedRange.size)
  if (ranges.length > 0 && fitting === 0) return fail(NtStatus.BUFFER_TOO_SMALL)
  const output = FileAllocatedRanges.encode({ ranges: ranges.slice(0, fitting) })
  return ranges.length > fitting ? { output, status: NtStatus.BUFFER_OVERFLOW } : { output }
}

/** Nothing is compressed here (MS-FSA 2.1.5.10.8). */
export function* getCompression(_request: Request, body: IoctlRequest): Steps<ControlResult | Failure> {
  const output = CompressionState.encode({ compressionState: CompressionFormat.NONE })
  return body.maxOutputResponse < output.length ? fail(NtStatus.INVALID_PARAMETER) : { output }
}

/** There are no snapshots: the list is empty, and says so properly (MS-SMB2 3.3.5.15.1). */
export function* enumerateSnapshots(_request: Request, body: IoctlRequest): Steps<ControlResult | Failure> {
  const output = SrvSnapshotArray.encode({
    numberOfSnapShots: 0,
    numberOfSnapShotsReturned: 0,
    snapShotArraySize: 0,
    snapShots: '',
  })
  return body.maxOutputResponse < output.length ? fail(NtStatus.INVALID_PARAMETER) : { output }
}

/**
 * An object id that is made of volume and file, so that it stays the same without being stored (MS-FSA 2.1.5.10.1);
 * it was born where it is.
 */
export function* createOrGetObjectId(
  _request: Request,
  body: IoctlRequest,
  open: Open,
): Steps<ControlResult | Failure> {
  if (body.maxOutputResponse < FileObjectIdBuffer.size) return fail(NtStatus.INVALID_PARAMETER)
  const volume = yield* open.share.volumeId()
  const id = new Uint8Array(16)
  viewOf(id).setBigUint64(0, volume, true)
  viewOf(id).setBigUint64(8, open.file.fileId, true)
  const objectId = readGuid(viewOf(id), 0)
  const birthVolumeId = readGuid(viewOf(Uint8Array.from([...id.subarray(0, 8), ...new Uint8Array(8)])), 0)
  return {
    output: FileObjectIdBuffer.encode({ objectId, birthVolumeId, birthObjectId: objectId, domainId: NULL_GUID }),
  }
}
