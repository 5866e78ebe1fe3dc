import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, failed } from '../../wire/erref/failure.ts'
import { FileInformationClass, FileNetworkOpenInformation } from '../../wire/fscc/index.ts'
import { InfoType, QueryInfoResponse } from '../../wire/smb2/index.ts'
import { queryInfo } from '../commands/query-info.ts'
import type { Open, PipeOpen } from '../open.ts'
import type { Steps } from '../steps.ts'
import { withPath } from './by-path.ts'
import { answered, ask, type Place } from './core.ts'

/** What a query answers with; `status` says whether it was cut off. */
export interface Information {
  readonly data: Uint8Array
  readonly status: number
}

/** One information class of an open file, or of the volume that it is on. */
export function* queryFile(
  place: Place,
  { fileId }: Open | PipeOpen,
  fileInfoClass: number,
  room: number,
  infoType: InfoType = InfoType.FILE,
): Steps<Information | Failure> {
  const answer = yield* ask(place, queryInfo, {
    infoType,
    fileInfoClass,
    outputBufferLength: room,
    fileId,
  })
  return failed(answer) ? answer : { data: answered(answer, QueryInfoResponse).outputBuffer, status: answer.status }
}

/** Times, sizes and attributes of an open file. */
export function* networkOpenInformation(
  place: Place,
  open: Open | PipeOpen,
): Steps<FileNetworkOpenInformation | Failure> {
  const { FileNetworkOpenInformation: CLASS } = FileInformationClass
  const answer = yield* queryFile(place, open, CLASS, FileNetworkOpenInformation.size)
  return failed(answer) ? answer : FileNetworkOpenInformation.decode(viewOf(answer.data))
}

/** One class of a volume: asked of its root. */
export const queryVolume = (place: Place, fileInfoClass: number, room: number): Steps<Information | Failure> =>
  withPath(place, '', {}, (root) => queryFile(place, root, fileInfoClass, room, InfoType.FILESYSTEM))
