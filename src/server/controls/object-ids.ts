/** Object ids: what shortcuts find a file again by (MS-FSA 2.1.5.10.1, .3, .9, .35). */
import { randomBytes } from 'node:crypto'
import { NULL_GUID, readGuid } from '../../bytes/guid.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileObjectIdBuffer, FileObjectIdBuffer2, ObjectIdExtendedInfo } from '../../wire/fscc/index.ts'
import type { IoctlRequest } from '../../wire/smb2/index.ts'
import { reportModified } from '../change-notifier.ts'
import { type ControlResult, NO_OUTPUT } from '../control.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

/** Under this name a file keeps its id and the 48 bytes beside it. */
const PROPERTY = 'objectId'
const ID_BYTES = 16

function* read(open: Open): Steps<Uint8Array | undefined | Failure> {
  const kept = yield* wait(open.file.property?.(PROPERTY))
  return kept === undefined || failed(kept) || kept.length === FileObjectIdBuffer.size ? kept : undefined
}

function* write(open: Open, id: Uint8Array | undefined): Steps<Failure | undefined> {
  const done = yield* wait(open.file.setProperty?.(PROPERTY, id))
  if (failed(done)) return done
  reportModified(open, 'attributes')
  return undefined
}

const isKept = (open: Open): boolean => open.share.backend.features.properties === true

/** The id of a file, which is made when it is first asked for. */
export function* createOrGetObjectId(
  _request: Request,
  body: IoctlRequest,
  open: Open,
): Steps<ControlResult | Failure> {
  const { share } = open
  if (!isKept(open)) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if (body.maxOutputResponse < FileObjectIdBuffer.size) return fail(NtStatus.INVALID_PARAMETER)
  const kept = yield* read(open)
  if (failed(kept)) return kept
  if (kept !== undefined) return { output: kept }
  if (share.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  const id = readGuid(viewOf(randomBytes(ID_BYTES)), 0)
  const volume = new Uint8Array(ID_BYTES)
  viewOf(volume).setBigUint64(0, yield* share.volumeId(), true)
  const birthVolumeId = readGuid(viewOf(volume), 0)
  const output = FileObjectIdBuffer.encode({ objectId: id, birthVolumeId, birthObjectId: id, domainId: NULL_GUID })
  const problem = yield* write(open, output)
  return problem ?? { output }
}

export function* objectId(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (!isKept(open)) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if (body.maxOutputResponse < FileObjectIdBuffer.size) return fail(NtStatus.INVALID_PARAMETER)
  const kept = yield* read(open)
  if (failed(kept)) return kept
  return kept === undefined ? fail(NtStatus.OBJECTID_NOT_FOUND) : { output: kept }
}

/** Windows leaves this to who may restore files; here it takes the right to change the file's attributes. */
function mayChange(open: Open): Failure | undefined {
  if (!isKept(open)) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  return (open.grantedAccess & AccessMask.FILE_WRITE_ATTRIBUTES) === 0 ? fail(NtStatus.ACCESS_DENIED) : undefined
}

/** Gives a file that has none an id of the client's own. */
export function* setObjectId(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const refused = mayChange(open)
  if (refused !== undefined) return refused
  if (body.input.length !== FileObjectIdBuffer2.size) return fail(NtStatus.INVALID_PARAMETER)
  const { objectId: wanted } = FileObjectIdBuffer2.decode(viewOf(body.input))
  if (wanted === NULL_GUID) return fail(NtStatus.INVALID_PARAMETER)
  const kept = yield* read(open)
  if (failed(kept)) return kept
  if (kept !== undefined) return fail(NtStatus.OBJECT_NAME_COLLISION)
  return (yield* write(open, body.input.slice())) ?? NO_OUTPUT
}

/** The 48 bytes beside an id. */
export function* setObjectIdExtended(
  _request: Request,
  body: IoctlRequest,
  open: Open,
): Steps<ControlResult | Failure> {
  const refused = mayChange(open)
  if (refused !== undefined) return refused
  if (body.input.length !== ObjectIdExtendedInfo.size) return fail(NtStatus.INVALID_PARAMETER)
  const kept = yield* read(open)
  if (failed(kept)) return kept
  if (kept === undefined) return fail(NtStatus.OBJECTID_NOT_FOUND)
  const changed = kept.slice()
  changed.set(body.input, ID_BYTES)
  return (yield* write(open, changed)) ?? NO_OUTPUT
}

export function* deleteObjectId(_request: Request, _body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  return mayChange(open) ?? (yield* write(open, undefined)) ?? NO_OUTPUT
}
