import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  type DirectoryInformationClass,
  directoryEntries,
  FileAttributes,
  FileInformationClass,
} from '../../wire/fscc/index.ts'
import { CreateOptions, QueryDirectoryFlags, QueryDirectoryResponse } from '../../wire/smb2/index.ts'
import { queryDirectory } from '../commands/query-directory.ts'
import type { Open } from '../open.ts'
import type { Steps } from '../steps.ts'
import { type How, openByPath, withPath } from './by-path.ts'
import { answered, ask, type Place } from './core.ts'

const { FILE_READ_ATTRIBUTES, FILE_READ_DATA } = AccessMask
const { INDEX_SPECIFIED, RESTART_SCANS, RETURN_SINGLE_ENTRY } = QueryDirectoryFlags

/** What a search shows only to who asks for it. MS-CIFS 2.2.1.2.4. */
const HIDES = FileAttributes.HIDDEN | FileAttributes.SYSTEM | FileAttributes.DIRECTORY

export const isWanted = (attributes: number, searchAttributes: number): boolean =>
  (attributes & HIDES & ~searchAttributes) === 0

/** An entry of a listing, as it came. */
export interface Found {
  readonly bytes: Uint8Array
  readonly name: string
  /** By this the listing goes on behind it. */
  readonly index: number
  readonly attributes: number
}

const TO_LIST: How = { access: FILE_READ_DATA | FILE_READ_ATTRIBUTES, options: CreateOptions.DIRECTORY_FILE }

/** Opens a directory to list it. */
export const openDirectory = (place: Place, directory: string): Steps<Open | Failure> =>
  openByPath(place, directory, TO_LIST)

/**
 * Entries of a listing, from behind the one with index `after`: as many as there is room for; of a new listing where
 * `after` is undefined. None: there are no more.
 */
export function* entriesOf(
  place: Place,
  open: Open,
  wanted: { infoClass: DirectoryInformationClass; pattern: string; room: number; after?: number; single?: boolean },
): Steps<Found[] | Failure> {
  const { infoClass, pattern, room, after, single } = wanted
  const answer = yield* ask(place, queryDirectory, {
    fileInformationClass: infoClass,
    flags: (after === undefined ? RESTART_SCANS : INDEX_SPECIFIED) | (single === true ? RETURN_SINGLE_ENTRY : 0),
    fileIndex: after ?? 0,
    fileId: open.fileId,
    fileName: pattern,
    outputBufferLength: room,
  })
  if (failed(answer)) return answer.status === NtStatus.NO_MORE_FILES ? [] : answer
  return [...split(answered(answer, QueryDirectoryResponse).outputBuffer, infoClass)]
}

function* split(buffer: Uint8Array, infoClass: DirectoryInformationClass): Generator<Found> {
  const view = viewOf(buffer)
  for (let at = 0; ; ) {
    const next = view.getUint32(at, true)
    const end = next === 0 ? buffer.length : at + next
    const entry = directoryEntries[infoClass].decode(view, at, end)
    yield {
      bytes: buffer.subarray(at, end),
      name: entry.fileName,
      index: entry.fileIndex ?? 0,
      attributes: 'fileAttributes' in entry ? entry.fileAttributes : 0,
    }
    if (next === 0) return
    at = end
  }
}

const ROOM = 65_536

/** Names in a directory that match and are wanted. */
export function* namesFound(
  place: Place,
  directory: string,
  pattern: string,
  searchAttributes: number,
): Steps<string[] | Failure> {
  return yield* withPath(place, directory, TO_LIST, function* (open) {
    const names: string[] = []
    const infoClass = FileInformationClass.FileDirectoryInformation
    for (let after: number | undefined; ; ) {
      const found = yield* entriesOf(place, open, {
        infoClass,
        pattern,
        room: ROOM,
        ...(after !== undefined && { after }),
      })
      if (failed(found)) return found.status === NtStatus.NO_SUCH_FILE ? names : found
      const last = found.at(-1)
      if (last === undefined) return names
      names.push(...found.filter(({ attributes }) => isWanted(attributes, searchAttributes)).map(({ name }) => name))
      after = last.index
    }
  })
}
