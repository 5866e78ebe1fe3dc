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
  FileRenameInformation,
  FileRenameInformationType1,
  FileStandardInformation,
  FsInformationClass,
} from '../../wire/fscc/index.ts'
import { SMB1_PASS_THROUGH } from '../../wire/smb1/index.ts'
import { InfoType } from '../../wire/smb2/index.ts'
import { setInfo } from '../commands/set-info.ts'
import { Open, type PipeOpen } from '../open.ts'
import type { Steps } from '../steps.ts'
import { ask, type Place } from './core.ts'
import { basicOfStandard, OldLevel, queryOldLevel } from './old-levels.ts'
import { type Information, queryFile, queryVolume } from './queries.ts'

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
  [OldLevel.STANDARD]: CLASS.FileBasicInformation,
  0x0101: CLASS.FileBasicInformation,
  0x0102: CLASS.FileDispositionInformation,
  0x0103: CLASS.FileAllocationInformation,
  0x0104: CLASS.FileEndOfFileInformation,
}
/** In SMB1 their names begin elsewhere, and nobody asks for them. */
const NOT_AS_IN_SMB2: ReadonlySet<number> = new Set([
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

/** Larger than what any class answers with, so that an answer is rearranged whole. */
const WHOLE = 65_536

/** One level of an open file. */
export function* queryLevel(
  place: Place,
  open: Open | PipeOpen,
  level: number,
  room: number,
): Steps<Information | Failure> {
  const isAll = level === QUERY_ALL_LEVEL || level === SMB1_PASS_THROUGH + CLASS.FileAllInformation
  if (level >= SMB1_PASS_THROUGH && !isAll) return yield* queryFile(place, open, level - SMB1_PASS_THROUGH, room)
  const known = QUERY_LEVELS[level]
  if (known !== undefined) return yield* queryFile(place, open, known, room)
  if (level === OldLevel.STANDARD || level === OldLevel.QUERY_EA_SIZE) {
    const data = yield* queryOldLevel(place, open, level)
    return failed(data) ? data : cut(data, room)
  }
  if (!isAll && level !== QUERY_NAME_LEVEL) return fail(NtStatus.INVALID_LEVEL)
  const answer = yield* queryFile(place, open, CLASS.FileAllInformation, WHOLE)
  if (failed(answer)) return answer
  const all = FileAllInformation.decode(viewOf(answer.data))
  const name = FileNameInformation.encode({ fileName: all.fileName })
  return cut(level === QUERY_NAME_LEVEL ? name : asAllLevel(answer.data, name), room)
}

/** SMB_QUERY_FILE_ALL_INFO, also where FileAllInformation is passed through (raw.qfileinfo): of FileAllInformation what was there before Windows had more of it. MS-CIFS 2.2.8.3.8. */
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

export function* queryVolumeLevel(place: Place, level: number, room: number): Steps<Information | Failure> {
  const known = level >= SMB1_PASS_THROUGH ? level - SMB1_PASS_THROUGH : VOLUME_LEVELS[level]
  return known === undefined ? fail(NtStatus.INVALID_LEVEL) : yield* queryVolume(place, known, room)
}

/** The class that a level changes a file by. */
export function classToSet(level: number): number | Failure {
  const fileInfoClass = level >= SMB1_PASS_THROUGH ? level - SMB1_PASS_THROUGH : SET_LEVELS[level]
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
  const isRename = fileInfoClass === CLASS.FileRenameInformation
  const buffer = level === OldLevel.STANDARD ? basicOfStandard(data) : isRename ? newName(open, data) : data
  if (failed(buffer)) return buffer
  const answer = yield* ask(place, setInfo, {
    infoType: InfoType.FILE,
    fileInfoClass,
    fileId: open.fileId,
    buffer: fileInfoClass === CLASS.FileBasicInformation ? padded(buffer) : buffer,
  })
  return failed(answer) ? answer : undefined
}

/** FileRenameInformation of SMB2: there a name counts from the root; here one without separators is beside the old one. */
function newName(open: Open | PipeOpen, data: Uint8Array): Uint8Array | Failure {
  const { fileName, replaceIfExists, rootDirectory } = FileRenameInformationType1.decode(viewOf(data))
  if (rootDirectory !== 0 || !(open instanceof Open)) return fail(NtStatus.INVALID_PARAMETER)
  const beside = open.path.slice(0, -1)
  const isBeside = !fileName.includes('\\') && !fileName.startsWith(':')
  const whole = isBeside ? [...beside, fileName].join('\\') : fileName.replace(/^\\/, '')
  return FileRenameInformation.encode({ replaceIfExists, fileName: whole })
}

/** Clients may leave out what is reserved at its end. MS-CIFS 2.2.8.4.3. */
function padded(data: Uint8Array): Uint8Array {
  if (data.length !== FileBasicInformation.size - 4) return data
  const whole = new Uint8Array(FileBasicInformation.size)
  whole.set(data)
  return whole
}
