import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  FileAllInformation,
  FileBasicInformation,
  FileEaInformation,
  FileInformationClass,
  FileInternalInformation,
  FileNameInformation,
  FileStandardInformation,
  FsInformationClass,
} from '../../wire/fscc/index.ts'
import { InfoType, QueryInfoResponse } from '../../wire/smb2/index.ts'
import { queryInfo } from '../commands/query-info.ts'
import { setInfo } from '../commands/set-info.ts'
import type { Open, PipeOpen } from '../open.ts'
import type { Steps } from '../steps.ts'
import { withPath } from './by-path.ts'
import { answered, ask, type Place } from './core.ts'

/** What a query answers with; `status` says whether it was cut off. */
export interface Information {
  readonly data: Uint8Array
  readonly status: number
}

/** Levels from here on are the information classes of Windows, and 1000. MS-SMB 2.2.2.3.5. */
const PASS_THROUGH = 1000

const CLASS = FileInformationClass

/** Levels of files that say the same as a class. MS-CIFS 2.2.2.3.3. */
const QUERY_LEVELS: Readonly<Record<number, number>> = {
  0x0101: CLASS.FileBasicInformation,
  0x0102: CLASS.FileStandardInformation,
  0x0103: CLASS.FileEaInformation,
  0x0108: CLASS.FileAlternateNameInformation,
  0x0109: CLASS.FileStreamInformation,
  0x010b: CLASS.FileCompressionInformation,
}
const QUERY_NAME_LEVEL = 0x0104
const QUERY_ALL_LEVEL = 0x0107

/** Levels by which files are changed. MS-CIFS 2.2.2.3.4. */
const SET_LEVELS: Readonly<Record<number, number>> = {
  0x0101: CLASS.FileBasicInformation,
  0x0102: CLASS.FileDispositionInformation,
  0x0103: CLASS.FileAllocationInformation,
  0x0104: CLASS.FileEndOfFileInformation,
}
/** In SMB1 their names begin elsewhere, and may be relative. */
const NOT_AS_IN_SMB2: ReadonlySet<number> = new Set([
  CLASS.FileRenameInformation,
  CLASS.FileLinkInformation,
  CLASS.FileRenameInformationEx,
  CLASS.FileLinkInformationEx,
])

/** Levels of volumes. MS-CIFS 2.2.2.3.2. */
const VOLUME_LEVELS: Readonly<Record<number, number>> = {
  0x0102: FsInformationClass.FileFsVolumeInformation,
  0x0103: FsInformationClass.FileFsSizeInformation,
  0x0104: FsInformationClass.FileFsDeviceInformation,
  0x0105: FsInformationClass.FileFsAttributeInformation,
}

/** One information class of an open file. */
export function* queryFile(
  place: Place,
  { fileId }: Open | PipeOpen,
  fileInfoClass: number,
  room: number,
): Steps<Information | Failure> {
  const answer = yield* ask(place, queryInfo, {
    infoType: InfoType.FILE,
    fileInfoClass,
    outputBufferLength: room,
    fileId,
  })
  return failed(answer) ? answer : { data: answered(answer, QueryInfoResponse).outputBuffer, status: answer.status }
}

/** Larger than what any class answers with, so that an answer is rearranged whole. */
const WHOLE = 65_536

/** One level of an open file. */
export function* queryLevel(
  place: Place,
  open: Open | PipeOpen,
  level: number,
  room: number,
): Steps<Information | Failure> {
  if (level >= PASS_THROUGH) return yield* queryFile(place, open, level - PASS_THROUGH, room)
  const known = QUERY_LEVELS[level]
  if (known !== undefined) return yield* queryFile(place, open, known, room)
  if (level !== QUERY_ALL_LEVEL && level !== QUERY_NAME_LEVEL) return fail(NtStatus.INVALID_LEVEL)
  const answer = yield* queryFile(place, open, CLASS.FileAllInformation, WHOLE)
  if (failed(answer)) return answer
  const all = FileAllInformation.decode(viewOf(answer.data))
  const name = FileNameInformation.encode({ fileName: all.fileName })
  return cut(level === QUERY_NAME_LEVEL ? name : asAllLevel(answer.data, name), room)
}

/** SMB_QUERY_FILE_ALL_INFO: of FileAllInformation what was there before Windows had more of it. MS-CIFS 2.2.8.3.8. */
function asAllLevel(all: Uint8Array, name: Uint8Array): Uint8Array {
  const start = FileBasicInformation.size + FileStandardInformation.size
  const eaSize = start + FileInternalInformation.size
  return Uint8Array.from([...all.subarray(0, start), ...all.subarray(eaSize, eaSize + FileEaInformation.size), ...name])
}

/** What does not fit is cut off, and the client told. */
const cut = (data: Uint8Array, room: number): Information =>
  data.length <= room
    ? { data, status: NtStatus.SUCCESS }
    : { data: data.subarray(0, room), status: NtStatus.BUFFER_OVERFLOW }

/** One class of a volume: asked of its root. */
export const queryVolume = (place: Place, fileInfoClass: number, room: number): Steps<Information | Failure> =>
  withPath(place, '', {}, function* ({ fileId }): Steps<Information | Failure> {
    const answer = yield* ask(place, queryInfo, {
      infoType: InfoType.FILESYSTEM,
      fileInfoClass,
      outputBufferLength: room,
      fileId,
    })
    return failed(answer) ? answer : { data: answered(answer, QueryInfoResponse).outputBuffer, status: answer.status }
  })

export function* queryVolumeLevel(place: Place, level: number, room: number): Steps<Information | Failure> {
  const known = level >= PASS_THROUGH ? level - PASS_THROUGH : VOLUME_LEVELS[level]
  return known === undefined ? fail(NtStatus.INVALID_LEVEL) : yield* queryVolume(place, known, room)
}

/** The class that a level changes a file by. */
export function classToSet(level: number): number | Failure {
  const fileInfoClass = level >= PASS_THROUGH ? level - PASS_THROUGH : SET_LEVELS[level]
  if (fileInfoClass === undefined) return fail(NtStatus.INVALID_LEVEL)
  return NOT_AS_IN_SMB2.has(fileInfoClass) ? fail(NtStatus.NOT_SUPPORTED) : fileInfoClass
}

/** Changes an open file by one level. */
export function* setLevel(
  place: Place,
  open: Open | PipeOpen,
  level: number,
  data: Uint8Array,
): Steps<Failure | undefined> {
  const fileInfoClass = classToSet(level)
  if (failed(fileInfoClass)) return fileInfoClass
  const answer = yield* ask(place, setInfo, {
    infoType: InfoType.FILE,
    fileInfoClass,
    fileId: open.fileId,
    buffer: fileInfoClass === CLASS.FileBasicInformation ? padded(data) : data,
  })
  return failed(answer) ? answer : undefined
}

/** Clients may leave out what is reserved at its end. MS-CIFS 2.2.8.4.3. */
function padded(data: Uint8Array): Uint8Array {
  if (data.length !== FileBasicInformation.size - 4) return data
  const whole = new Uint8Array(FileBasicInformation.size)
  whole.set(data)
  return whole
}
