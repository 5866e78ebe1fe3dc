/**
 * Compression and integrity of files and directories. What a client sets is kept, told and handed down; whether bytes are
 * compressed or have checksums is the backend's affair.
 */
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  ChecksumAlgorithm,
  CompressionFormat,
  CompressionState,
  FileAttributes,
  IntegrityFlags,
  IntegrityInformation,
  SetIntegrityInformation,
  SetIntegrityInformationEx,
} from '../../wire/fscc/index.ts'
import { FsctlCode, type IoctlRequest } from '../../wire/smb2/index.ts'
import { reportModified } from '../change-notifier.ts'
import { type ControlResult, NO_OUTPUT } from '../control.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

const { COMPRESSED, INTEGRITY_STREAM, NO_SCRUB_DATA } = FileAttributes
/** Nobody is told more than what attributes can keep: checksums of one kind, made in pieces of this size. */
const CHECKSUM_CHUNK_BYTES = 65_536

/** MS-FSA 2.1.5.10.8. */
export function* getCompression(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (body.maxOutputResponse < CompressionState.size) return fail(NtStatus.INVALID_PARAMETER)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const isCompressed = (stat.attributes & COMPRESSED) !== 0
  const compressionState = isCompressed ? CompressionFormat.LZNT1 : CompressionFormat.NONE
  return { output: CompressionState.encode({ compressionState }) }
}

/** MS-FSA 2.1.5.10.31. */
export function* setCompression(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if ((open.grantedAccess & AccessMask.FILE_WRITE_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const { compressionState } = CompressionState.decode(viewOf(body.input))
  const wanted = compressionState !== CompressionFormat.NONE
  if (compressionState > CompressionFormat.LZNT1) return fail(NtStatus.INVALID_PARAMETER)
  // Where nothing can be compressed, nothing is: that may be asked for (as on ReFS).
  if (wanted && open.share.backend.features.compression !== true) return fail(NtStatus.NOT_SUPPORTED)
  return yield* mark(open, COMPRESSED, wanted ? COMPRESSED : 0)
}

/** MS-FSA 2.1.5.10.9. */
export function* getIntegrity(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (open.share.backend.features.compression !== true) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if (body.maxOutputResponse < IntegrityInformation.size) return fail(NtStatus.BUFFER_TOO_SMALL)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const isOn = (stat.attributes & INTEGRITY_STREAM) !== 0
  return {
    output: IntegrityInformation.encode({
      checksumAlgorithm: isOn ? ChecksumAlgorithm.CRC64 : ChecksumAlgorithm.NONE,
      flags: (stat.attributes & NO_SCRUB_DATA) !== 0 ? IntegrityFlags.CHECKSUM_ENFORCEMENT_OFF : 0,
      checksumChunkSizeInBytes: isOn ? CHECKSUM_CHUNK_BYTES : 0,
      clusterSizeInBytes: yield* open.share.clusterBytes(),
    }),
  }
}

/** MS-FSA 2.1.5.10.33, 2.1.5.10.34. */
export function* setIntegrity(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (open.share.backend.features.compression !== true) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if ((open.grantedAccess & AccessMask.FILE_WRITE_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const wanted = integrityWanted(body)
  if (failed(wanted)) return wanted
  const flag = wanted.noEnforcement ? NO_SCRUB_DATA : 0
  if (wanted.enable === undefined) return yield* mark(open, NO_SCRUB_DATA, flag)
  return yield* mark(open, INTEGRITY_STREAM | NO_SCRUB_DATA, flag | (wanted.enable ? INTEGRITY_STREAM : 0))
}

/** `enable` is undefined where it stays as it is. */
function integrityWanted(body: IoctlRequest): { enable: boolean | undefined; noEnforcement: boolean } | Failure {
  const data = viewOf(body.input)
  if (body.ctlCode === FsctlCode.SET_INTEGRITY_INFORMATION_EX) {
    const { enableIntegrity, keepIntegrityStateUnchanged, flags } = SetIntegrityInformationEx.decode(data)
    return {
      enable: keepIntegrityStateUnchanged ? undefined : enableIntegrity,
      noEnforcement: (flags & IntegrityFlags.CHECKSUM_ENFORCEMENT_OFF) !== 0,
    }
  }
  const { checksumAlgorithm, flags } = SetIntegrityInformation.decode(data)
  const noEnforcement = (flags & IntegrityFlags.CHECKSUM_ENFORCEMENT_OFF) !== 0
  switch (checksumAlgorithm) {
    case ChecksumAlgorithm.UNCHANGED:
      return { enable: undefined, noEnforcement }
    case ChecksumAlgorithm.NONE:
      return { enable: false, noEnforcement }
    case ChecksumAlgorithm.CRC32:
    case ChecksumAlgorithm.CRC64:
      return { enable: true, noEnforcement }
    default:
      return fail(NtStatus.INVALID_PARAMETER)
  }
}

/** Sets some bits of the attributes. */
function* mark(open: Open, mask: number, bits: number): Steps<ControlResult | Failure> {
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const attributes = (stat.attributes & ~mask) | bits
  if (attributes === stat.attributes) return NO_OUTPUT
  const changed = yield* wait(open.file.setStat({ attributes }))
  if (failed(changed)) return changed
  reportModified(open, 'attributes')
  return NO_OUTPUT
}
