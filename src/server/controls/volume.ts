/** Controls that ask about the volume, or about a file as the volume sees it. */
import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { IsPathnameValid, NtfsVolumeData, ReadFileUsnData, UsnRecordV2, UsnRecordV3 } from '../../wire/fscc/index.ts'
import type { IoctlRequest } from '../../wire/smb2/index.ts'
import { type ControlResult, NO_OUTPUT } from '../control.ts'
import { wireAttributes } from '../file-information.ts'
import type { Open } from '../open.ts'
import { parsePathName } from '../path-name.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

/** MS-FSA 2.1.5.10.16. */
export function* isPathnameValid(_request: Request, body: IoctlRequest): Steps<ControlResult | Failure> {
  const { pathName } = IsPathnameValid.decode(viewOf(body.input))
  const parsed = parsePathName(pathName.replace(/^\\/, ''))
  return failed(parsed) ? parsed : NO_OUTPUT
}

/** Of one file record, as NTFS has it: there is no table of them here, but clients reckon with the size. */
const FILE_RECORD_BYTES = 1024

/** MS-FSA 2.1.5.10.11. */
export function* ntfsVolumeData(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const { share } = open
  if (body.maxOutputResponse < NtfsVolumeData.size) return fail(NtStatus.BUFFER_TOO_SMALL)
  const volume = yield* wait(share.backend.volume())
  if (failed(volume)) return volume
  const bytesPerCluster = volume.bytesPerSector * volume.sectorsPerAllocationUnit
  const clusters = (bytes: number): bigint => BigInt(Math.floor(bytes / bytesPerCluster))
  return {
    output: NtfsVolumeData.encode({
      volumeSerialNumber: BigInt(volume.serialNumber),
      numberSectors: BigInt(Math.floor(volume.totalBytes / volume.bytesPerSector)),
      totalClusters: clusters(volume.totalBytes),
      freeClusters: clusters(volume.freeBytes),
      totalReserved: 0n,
      bytesPerSector: volume.bytesPerSector,
      bytesPerCluster,
      bytesPerFileRecordSegment: FILE_RECORD_BYTES,
      clustersPerFileRecordSegment: 0,
      mftValidDataLength: 0n,
      mftStartLcn: 0n,
      mft2StartLcn: 0n,
      mftZoneStart: 0n,
      mftZoneEnd: 0n,
    }),
  }
}

/**
 * What a change journal would know of a file: its ids, name and attributes. There is no journal, so that nothing ever
 * happened to it (MS-FSA 2.1.5.10.28: number, time and reason are zero).
 */
export function* readFileUsnData(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const asked =
    body.input.length === 0 ? { minMajorVersion: 2, maxMajorVersion: 2 } : ReadFileUsnData.decode(viewOf(body.input))
  const version = asked.minMajorVersion <= 2 ? 2 : 3
  if (asked.minMajorVersion > 3 || asked.maxMajorVersion < version) return fail(NtStatus.INVALID_PARAMETER)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const parentId = yield* parentIdOf(open)
  if (failed(parentId)) return parentId
  const fileName = open.path.at(-1) ?? ''
  const common = {
    usn: 0n,
    timeStamp: 0n,
    reason: 0,
    sourceInfo: 0,
    securityId: 0,
    fileAttributes: wireAttributes(stat),
    fileName,
  }
  const size = (version === 2 ? UsnRecordV2.size : UsnRecordV3.size) + fileName.length * 2
  // A record takes a multiple of 8 bytes.
  const recordLength = Math.ceil(size / 8) * 8
  if (body.maxOutputResponse < recordLength) return fail(NtStatus.BUFFER_TOO_SMALL)
  const ids = { recordLength, fileReferenceNumber: open.file.fileId, parentFileReferenceNumber: parentId }
  const record = version === 2 ? UsnRecordV2.encode({ ...common, ...ids }) : UsnRecordV3.encode({ ...common, ...ids })
  const output = new Uint8Array(recordLength)
  output.set(record)
  return { output }
}

function* parentIdOf(open: Open): Steps<bigint | Failure> {
  if (open.path.length === 0) return open.file.fileId
  const parent = yield* wait(
    open.share.backend.open(open.path.slice(0, -1), { disposition: 'open', read: false, write: false }),
  )
  if (failed(parent)) return parent
  const id = parent.file.fileId
  yield* wait(parent.file.close())
  return id
}

/** There is no change journal that a record could be written to (MS-FSA 2.1.5.10.39). */
export function* writeUsnCloseRecord(): Steps<Failure> {
  return fail(NtStatus.JOURNAL_NOT_ACTIVE)
}
