/** Reparse points: what is kept for clients to interpret (MS-FSA 2.1.5.10.2, .10, .38). */
import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  decodeReparsePoint,
  isMicrosoftTag,
  isNameSurrogate,
  MAX_REPARSE_DATA_BYTES,
  ReparseDataBuffer,
  ReparseGuidDataBuffer,
  ReparseTag,
} from '../../wire/fscc/index.ts'
import type { IoctlRequest } from '../../wire/smb2/index.ts'
import { reportModified } from '../change-notifier.ts'
import { type ControlResult, NO_OUTPUT } from '../control.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

const { FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA } = AccessMask

const isKept = (open: Open): boolean => open.share.backend.features.reparsePoints === true

/** MS-FSA 2.1.5.10.10. */
export function* reparsePoint(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (!isKept(open)) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  const data = yield* wait(open.file.reparsePoint?.())
  if (failed(data)) return data
  if (data === undefined) return fail(NtStatus.NOT_A_REPARSE_POINT)
  // The tag is told in any case, the rest as far as there is room.
  const fixed = isMicrosoftTag(tagOf(data)) ? ReparseDataBuffer.size : ReparseGuidDataBuffer.size
  if (body.maxOutputResponse < fixed) return fail(NtStatus.BUFFER_TOO_SMALL)
  if (data.length <= body.maxOutputResponse) return { output: data }
  return { output: data.subarray(0, body.maxOutputResponse), status: NtStatus.BUFFER_OVERFLOW }
}

const tagOf = (data: Uint8Array): number => viewOf(data).getUint32(0, true)

/** What stands in the way of changing it: the handle must be of the file itself. */
function mayChange(open: Open): Failure | undefined {
  if (!isKept(open)) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if ((open.grantedAccess & (FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES)) === 0) return fail(NtStatus.ACCESS_DENIED)
  return open.file.stream === undefined ? undefined : fail(NtStatus.INVALID_PARAMETER)
}

/** MS-FSA 2.1.5.10.38. */
export function* setReparsePoint(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const refused = mayChange(open) ?? checkData(body.input)
  if (refused !== undefined) return refused
  const kept = yield* wait(open.file.reparsePoint?.())
  if (failed(kept)) return kept
  const differs = kept === undefined ? undefined : compareOwners(kept, body.input)
  if (differs !== undefined) return differs
  const problem = yield* mayBecome(open, tagOf(body.input))
  if (problem !== undefined) return problem
  const set = yield* wait(open.file.setReparsePoint?.(body.input.slice()))
  if (failed(set)) return set
  reportModified(open, 'attributes')
  return NO_OUTPUT
}

/** MS-FSCC 2.3.82: size and tag have to be right, and what Windows itself reads has to be whole. */
function checkData(data: Uint8Array): Failure | undefined {
  if (data.length < ReparseDataBuffer.size || data.length > MAX_REPARSE_DATA_BYTES)
    return fail(NtStatus.IO_REPARSE_DATA_INVALID)
  const tag = tagOf(data)
  const isReserved =
    tag === ReparseTag.RESERVED_ZERO || tag === ReparseTag.RESERVED_ONE || tag === ReparseTag.RESERVED_TWO
  if (isReserved) return fail(NtStatus.IO_REPARSE_TAG_INVALID)
  try {
    decodeReparsePoint(data)
    return undefined
  } catch (error) {
    if (error instanceof WireError) return fail(NtStatus.IO_REPARSE_DATA_INVALID)
    throw error
  }
}

/** A reparse point belongs to the program whose tag (and GUID) it has: others leave it alone. */
function compareOwners(kept: Uint8Array, given: Uint8Array): Failure | undefined {
  if (tagOf(kept) !== tagOf(given)) return fail(NtStatus.IO_REPARSE_TAG_MISMATCH)
  if (isMicrosoftTag(tagOf(kept))) return undefined
  const [own, theirs] = [kept, given].map((data) => ReparseGuidDataBuffer.decode(viewOf(data)).reparseGuid)
  return own === theirs ? undefined : fail(NtStatus.REPARSE_ATTRIBUTE_CONFLICT)
}

function* mayBecome(open: Open, tag: number): Steps<Failure | undefined> {
  if (!open.file.isDirectory) return tag === ReparseTag.MOUNT_POINT ? fail(NtStatus.NOT_A_DIRECTORY) : undefined
  if (open.path.length === 0) return fail(NtStatus.ACCESS_DENIED)
  const names = yield* wait(open.file.list())
  if (failed(names)) return names
  // What stands for another name has nothing in it that would be hidden by it.
  return names.length > 0 && isNameSurrogate(tag) ? fail(NtStatus.DIRECTORY_NOT_EMPTY) : undefined
}

/** MS-FSA 2.1.5.10.2. */
export function* deleteReparsePoint(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const refused = mayChange(open)
  if (refused !== undefined) return refused
  if (body.input.length < ReparseDataBuffer.size) return fail(NtStatus.IO_REPARSE_DATA_INVALID)
  const kept = yield* wait(open.file.reparsePoint?.())
  if (failed(kept)) return kept
  if (kept === undefined) return fail(NtStatus.NOT_A_REPARSE_POINT)
  const differs = compareOwners(kept, body.input)
  if (differs !== undefined) return differs
  const removed = yield* wait(open.file.setReparsePoint?.(undefined))
  if (failed(removed)) return removed
  reportModified(open, 'attributes')
  return NO_OUTPUT
}
