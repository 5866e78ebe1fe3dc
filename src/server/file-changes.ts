import { viewOf } from '../bytes/utf16.ts'
import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  DispositionFlags,
  FileAllocationInformation,
  FileAttributes,
  FileBasicInformation,
  FileDispositionInformation,
  FileDispositionInformationEx,
  FileEndOfFileInformation,
  FileFullEaInformation,
  FileInformationClass,
  FileLinkInformation,
  FileModeInformation,
  FilePositionInformation,
  FileRenameInformation,
  FileRenameInformationEx,
  FileValidDataLengthInformation,
  RenameFlags,
} from '../wire/fscc/index.ts'
import type { StatChange } from './backend.ts'
import { afterBreaks, type Breaks, breakForHandles } from './caching/index.ts'
import { type Modification, reportModified } from './change-notifier.ts'
import { SETTABLE_ATTRIBUTES } from './file-information.ts'
import { keepFrozenTimes } from './frozen-times.ts'
import { narrow } from './narrow.ts'
import type { Open } from './open.ts'
import { link, rename } from './rename.ts'
import type { Request } from './request.ts'
import { type Steps, wait } from './steps.ts'
import { fitsVolume } from './volume-size.ts'

/** What SET_INFO does to a file, one class at a time (MS-FSA 2.1.5.15). */
type Change = (request: Request, open: Open, data: DataView) => Steps<Failure | void>

const { DELETE, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, FILE_WRITE_EA } = AccessMask
const SET = FileInformationClass

const may = (open: Open, access: number): boolean => (open.grantedAccess & access) === access

/** A time of zero means: as it is. -1: as it is, and not moved by what this handle does. -2: moved again. */
const KEEP = 0n
const FREEZE = 0xffff_ffff_ffff_ffffn
const THAW = 0xffff_ffff_ffff_fffen

function* setBasic(_request: Request, open: Open, data: DataView): Steps<Failure | void> {
  if (!may(open, FILE_WRITE_ATTRIBUTES)) return fail(NtStatus.ACCESS_DENIED)
  const info = FileBasicInformation.decode(data)
  const wanted = info.fileAttributes
  // MS-FSA 2.1.5.15.2: a directory cannot be temporary, and a file cannot become a directory.
  if (open.file.isDirectory && (wanted & FileAttributes.TEMPORARY) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  if (!open.file.isDirectory && (wanted & FileAttributes.DIRECTORY) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  const times = [info.creationTime, info.lastAccessTime, info.lastWriteTime, info.changeTime]
  if (times.some((time) => BigInt.asIntN(64, time) < -2n)) return fail(NtStatus.INVALID_PARAMETER)
  const before = yield* wait(open.file.stat())
  if (failed(before)) return before
  const change: { -readonly [K in keyof StatChange]: StatChange[K] } = {}
  // Writes that have not shown do so now, whatever is set (seen on Windows Server 2016, by smbtorture's account).
  const { lastWriteTime: shown } = open.shared.writeTime.shown(before)
  if (open.shared.writeTime.release())
    change.lastWriteTime = info.lastWriteTime === FREEZE ? shown : open.server.clock.now()
  const what: Modification[] = []
  const isSet = (time: bigint): boolean => time !== KEEP && time !== FREEZE && time !== THAW
  if (wanted !== 0) {
    change.attributes = (wanted & SETTABLE_ATTRIBUTES) | (before.attributes & ~SETTABLE_ATTRIBUTES)
    what.push('attributes')
  }
  if (isSet(info.creationTime)) {
    change.creationTime = info.creationTime
    what.push('creationTime')
  }
  if (isSet(info.lastAccessTime)) {
    change.lastAccessTime = info.lastAccessTime
    what.push('lastAccessTime')
  }
  if (isSet(info.lastWriteTime)) {
    change.lastWriteTime = info.lastWriteTime
    what.push('lastWriteTime')
  }
  if (isSet(info.changeTime)) {
    change.changeTime = info.changeTime
    what.push('changeTime')
  }
  if (info.lastWriteTime === FREEZE) open.frozenLastWriteTime = shown
  else if (info.lastWriteTime === THAW) open.frozenLastWriteTime = undefined
  else if (isSet(info.lastWriteTime)) open.frozenLastWriteTime = info.lastWriteTime
  if (info.changeTime === FREEZE) open.frozenChangeTime = before.changeTime
  else if (info.changeTime === THAW) open.frozenChangeTime = undefined
  else if (isSet(info.changeTime)) open.frozenChangeTime = info.changeTime
  // Who only freezes or thaws times changes nothing, not even the time of change.
  if (Object.keys(change).length === 0) return
  const changed = yield* wait(open.file.setStat(change))
  if (failed(changed)) return changed
  reportModified(open, ...what)
}

function* setEndOfFile(_request: Request, open: Open, data: DataView): Steps<Failure | void> {
  if (!may(open, FILE_WRITE_DATA)) return fail(NtStatus.ACCESS_DENIED)
  if (open.file.isDirectory && open.file.stream === undefined) return fail(NtStatus.INVALID_PARAMETER)
  const size = narrow(FileEndOfFileInformation.decode(data).endOfFile)
  if (size === undefined) return fail(NtStatus.INVALID_PARAMETER)
  const fits = yield* fitsVolume(open, size)
  if (fits !== true) return failed(fits) ? fits : fail(NtStatus.DISK_FULL)
  const truncated = yield* wait(open.file.truncate(size))
  if (failed(truncated)) return truncated
  yield* open.shared.writeTime.show(open)
  reportModified(open, 'resized')
}

function* setAllocation(_request: Request, open: Open, data: DataView): Steps<Failure | void> {
  if (!may(open, FILE_WRITE_DATA)) return fail(NtStatus.ACCESS_DENIED)
  if (open.file.isDirectory && open.file.stream === undefined) return fail(NtStatus.INVALID_PARAMETER)
  const size = narrow(FileAllocationInformation.decode(data).allocationSize)
  if (size === undefined) return fail(NtStatus.INVALID_PARAMETER)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  // MS-FSA 2.1.5.15.1: less room than there is data cuts the data off.
  const done = size < stat.endOfFile ? yield* wait(open.file.truncate(size)) : yield* wait(open.file.allocate(size))
  if (failed(done)) return done
  yield* open.shared.writeTime.show(open)
  reportModified(open, 'resized')
}

/** The data up to there is said to be valid: here all of it always is (MS-FSA 2.1.5.15.14). */
function* setValidDataLength(_request: Request, open: Open, data: DataView): Steps<Failure | void> {
  if (!may(open, FILE_WRITE_DATA)) return fail(NtStatus.ACCESS_DENIED)
  const length = FileValidDataLengthInformation.decode(data).validDataLength
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  return length > BigInt(stat.endOfFile) ? fail(NtStatus.INVALID_PARAMETER) : undefined
}

/** Marks for deletion, or takes the mark away (MS-FSA 2.1.5.15.3). */
function* dispose(request: Request, open: Open, remove: boolean, evenReadOnly: boolean): Steps<Failure | void> {
  if (!may(open, DELETE)) return fail(NtStatus.ACCESS_DENIED)
  const { shared, stream } = open
  if (!remove) {
    if (stream.key === '') shared.unmarkForDeletion()
    else shared.markStream(stream.key, false)
    return
  }
  if (open.path.length === 0 && stream.key === '') return fail(NtStatus.CANNOT_DELETE)
  const problem = yield* afterBreaks(request, open, () => mayDelete(open, evenReadOnly))
  if (problem !== undefined) return problem
  if (stream.key === '') shared.markForDeletion(open)
  else shared.markStream(stream.key, true)
}

function* mayDelete(open: Open, evenReadOnly: boolean): Steps<Failure | Breaks | undefined> {
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  if (!evenReadOnly && (stat.attributes & FileAttributes.READONLY) !== 0) return fail(NtStatus.CANNOT_DELETE)
  if (open.file.isDirectory && open.stream.key === '') {
    const names = yield* wait(open.file.list())
    if (failed(names)) return names
    if (names.length > 0) return fail(NtStatus.DIRECTORY_NOT_EMPTY)
  }
  return breakForHandles(open)
}

function* setDisposition(request: Request, open: Open, data: DataView): Steps<Failure | void> {
  return yield* dispose(request, open, FileDispositionInformation.decode(data).deletePending, false)
}

function* setDispositionEx(request: Request, open: Open, data: DataView): Steps<Failure | void> {
  const { flags } = FileDispositionInformationEx.decode(data)
  const evenReadOnly = (flags & DispositionFlags.IGNORE_READONLY_ATTRIBUTE) !== 0
  if ((flags & DispositionFlags.ON_CLOSE) !== 0) {
    // MS-FSA 2.1.5.15.4: the delete-on-close of the handle itself, where it was opened with it.
    if (!may(open, DELETE)) return fail(NtStatus.ACCESS_DENIED)
    const wanted = (flags & DispositionFlags.DELETE) !== 0
    const problem = wanted ? yield* mayDeleteOnClose(open, evenReadOnly) : undefined
    if (problem !== undefined) return problem
    open.deleteOnClose = wanted
    open.stateChanged()
    return
  }
  return yield* dispose(request, open, (flags & DispositionFlags.DELETE) !== 0, evenReadOnly)
}

/** As in CREATE: not the root, and nothing that is read-only. */
function* mayDeleteOnClose(open: Open, evenReadOnly: boolean): Steps<Failure | undefined> {
  if (open.path.length === 0) return fail(NtStatus.CANNOT_DELETE)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const isReadOnly = (stat.attributes & FileAttributes.READONLY) !== 0
  return isReadOnly && !evenReadOnly ? fail(NtStatus.CANNOT_DELETE) : undefined
}

function* setRename(request: Request, open: Open, data: DataView): Steps<Failure | void> {
  const { rootDirectory, fileName, replaceIfExists } = FileRenameInformation.decode(data)
  // MS-SMB2 3.3.5.21.1: names are relative to the share.
  if (rootDirectory !== 0n) return fail(NtStatus.INVALID_PARAMETER)
  return yield* rename(request, open, fileName, replaceIfExists)
}

function* setRenameEx(request: Request, open: Open, data: DataView): Steps<Failure | void> {
  const { rootDirectory, fileName, flags } = FileRenameInformationEx.decode(data)
  if (rootDirectory !== 0n) return fail(NtStatus.INVALID_PARAMETER)
  return yield* rename(request, open, fileName, (flags & RenameFlags.REPLACE_IF_EXISTS) !== 0)
}

function* setLink(request: Request, open: Open, data: DataView): Steps<Failure | void> {
  const { rootDirectory, fileName, replaceIfExists } = FileLinkInformation.decode(data)
  if (rootDirectory !== 0n) return fail(NtStatus.INVALID_PARAMETER)
  return yield* link(request, open, fileName, replaceIfExists)
}

function* setPosition(_request: Request, open: Open, data: DataView): Steps<Failure | void> {
  const { currentByteOffset } = FilePositionInformation.decode(data)
  if (BigInt.asIntN(64, currentByteOffset) < 0n) return fail(NtStatus.INVALID_PARAMETER)
  open.currentByteOffset = currentByteOffset
}

/** Only the modes that can change while a file is open (MS-FSA 2.1.5.15.9). */
const CHANGEABLE_MODES = 0x0000_003e

function* setMode(_request: Request, open: Open, data: DataView): Steps<Failure | void> {
  const { mode } = FileModeInformation.decode(data)
  if ((mode & ~CHANGEABLE_MODES) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  open.mode = (open.mode & ~CHANGEABLE_MODES) | mode
}

function* setExtendedAttributes(_request: Request, open: Open, data: DataView): Steps<Failure | void> {
  if (!may(open, FILE_WRITE_EA)) return fail(NtStatus.ACCESS_DENIED)
  if (!open.share.backend.features.extendedAttributes) return fail(NtStatus.EAS_NOT_SUPPORTED)
  const changes = FileFullEaInformation.decode(data).entries.map(({ eaName, eaValue, flags }) => ({
    name: eaName,
    value: eaValue.slice(),
    flags,
  }))
  if (changes.some(({ name }) => !isAttributeName(name))) return fail(NtStatus.INVALID_EA_NAME)
  const set = yield* wait(open.file.setExtendedAttributes(changes))
  if (failed(set)) return set
  reportModified(open, 'extendedAttributes')
}

/** MS-FSCC 2.4.15: no control characters, and none of these. */
const isAttributeName = (name: string): boolean => name !== '' && !/[\u0000-\u001f"*+,/:;<=>?[\\\]|]/.test(name)

const changes = new Map<number, readonly [minimum: number, change: Change]>([
  [SET.FileBasicInformation, [FileBasicInformation.size, setBasic]],
  [SET.FileRenameInformation, [FileRenameInformation.size, setRename]],
  [SET.FileRenameInformationEx, [FileRenameInformationEx.size, setRenameEx]],
  [SET.FileLinkInformation, [FileLinkInformation.size, setLink]],
  [SET.FileDispositionInformation, [FileDispositionInformation.size, setDisposition]],
  [SET.FileDispositionInformationEx, [FileDispositionInformationEx.size, setDispositionEx]],
  [SET.FilePositionInformation, [FilePositionInformation.size, setPosition]],
  [SET.FileModeInformation, [FileModeInformation.size, setMode]],
  [SET.FileAllocationInformation, [FileAllocationInformation.size, setAllocation]],
  [SET.FileEndOfFileInformation, [FileEndOfFileInformation.size, setEndOfFile]],
  [SET.FileValidDataLengthInformation, [FileValidDataLengthInformation.size, setValidDataLength]],
  [SET.FileFullEaInformation, [0, setExtendedAttributes]],
])

/** @throws WireError where the buffer is not what its class says */
export function* changeFile(
  request: Request,
  open: Open,
  infoClass: number,
  buffer: Uint8Array,
): Steps<Failure | void> {
  const found = changes.get(infoClass)
  if (found === undefined) return fail(NtStatus.INVALID_INFO_CLASS)
  const [minimum, change] = found
  if (buffer.length < minimum) return fail(NtStatus.INFO_LENGTH_MISMATCH)
  // MS-FSA 2.1.5.15; what concerns the handle alone is no change.
  if (open.share.isPast && change !== setPosition && change !== setMode) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  const changed = yield* change(request, open, viewOf(buffer))
  if (!failed(changed) && open.frozenChangeTime !== undefined) yield* keepFrozenTimes(open)
  return changed
}
