import { setImmediate } from 'node:timers/promises'
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  FileAttributes,
  FileDispositionInformation,
  FileFsSizeInformation,
  FileInformationClass,
  FileRenameInformation,
  FsInformationClass,
} from '../../wire/fscc/index.ts'
import {
  Smb1Empty,
  type Smb1Link,
  type Smb1Part,
  Smb1QueryInformationDiskResponse,
  Smb1QueryInformationResponse,
  Smb1SearchAttributesWords,
  Smb1SetInformationWords,
  smb1Part,
} from '../../wire/smb1/index.ts'
import { CreateOptions, InfoType } from '../../wire/smb2/index.ts'
import { setInfo } from '../commands/set-info.ts'
import type { Open } from '../open.ts'
import type { Reply } from '../reply.ts'
import { type Steps, wait } from '../steps.ts'
import { checkDirectory, makeDirectory, withPath } from './by-path.ts'
import { refuse, type Smb1Context, type Smb1Result, succeed } from './context.ts'
import { ask, type Place } from './core.ts'
import { setWriteTime } from './files.ts'
import { isWanted, namesFound } from './find.ts'
import { hasWildcards, nameOf, searchOf } from './names.ts'
import { secondsOf, shownAttributes, shownSize } from './old-forms.ts'
import { networkOpenInformation, queryVolume } from './queries.ts'

const { DELETE, FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES } = AccessMask

/** What stands before a text in the bytes of these commands. MS-CIFS 2.2.4.2.1. */
const TEXT_FORMAT = 0x04

/** `count` texts, each with a format before it; undefined where they are not so. */
function texts(context: Smb1Context, link: Smb1Link, count: number): string[] | undefined {
  const { start, end } = context.data(link)
  const found: string[] = []
  for (let at = start; found.length < count; ) {
    if (at >= end || context.message.getUint8(at) !== TEXT_FORMAT) return undefined
    const text = context.text(at + 1, end)
    found.push(text.value)
    at = text.end
  }
  return found
}

/** What a command with nothing to tell is answered with. */
const empty = ({ command }: Smb1Link): Smb1Part => smb1Part(command, Smb1Empty, {})

/** A command whose bytes are one path; `tell`: the answer to who wants to know something. */
function* onPath<T>(
  place: Place,
  link: Smb1Link,
  act: (name: string) => Steps<T | Failure>,
  tell: (found: T) => Smb1Part = () => empty(link),
): Steps<Smb1Result> {
  const [text] = texts(place.context, link, 1) ?? []
  if (text === undefined) return refuse(NtStatus.INVALID_PARAMETER)
  const name = nameOf(text, place.tree)
  if (failed(name)) return refuse(name)
  const found = yield* act(name)
  return failed(found) ? refuse(found) : succeed(tell(found))
}

/** SMB_COM_CREATE_DIRECTORY. MS-CIFS 3.3.5.3. */
export const serveCreateDirectory = (place: Place, link: Smb1Link): Steps<Smb1Result> =>
  onPath(place, link, (name) => makeDirectory(place, name))

/** SMB_COM_CHECK_DIRECTORY. MS-CIFS 3.3.5.19. */
export const serveCheckDirectory = (place: Place, link: Smb1Link): Steps<Smb1Result> =>
  onPath(place, link, (name) => checkDirectory(place, name))

/** SMB_COM_DELETE_DIRECTORY. MS-CIFS 3.3.5.4. */
export const serveDeleteDirectory = (place: Place, link: Smb1Link): Steps<Smb1Result> =>
  onPath(place, link, (name) => {
    const how = { access: DELETE | FILE_READ_ATTRIBUTES, options: CreateOptions.DIRECTORY_FILE }
    return withPath(place, name, how, (open) => markForDeletion(place, open))
  })

/** SMB_COM_DELETE: a file, or all that its name stands for. MS-CIFS 3.3.5.9. */
export function* serveDelete(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { searchAttributes } = place.context.words(Smb1SearchAttributesWords, link)
  return yield* onPath(place, link, function* (name) {
    if (!hasWildcards(name)) return yield* deleteFile(place, name, searchAttributes)
    const search = searchOf(name, place.tree)
    if (failed(search)) return search
    const found = yield* namesFound(
      place,
      search.directory,
      search.pattern,
      searchAttributes & ~FileAttributes.DIRECTORY,
    )
    if (failed(found)) return found
    for (const [i, one] of found.entries()) {
      if (i % FILES_IN_A_TURN === FILES_IN_A_TURN - 1) yield* wait(setImmediate())
      const deleted = yield* deleteFile(place, join(search.directory, one), searchAttributes)
      if (failed(deleted)) return deleted
    }
    return found.length === 0 ? fail(NtStatus.NO_SUCH_FILE) : undefined
  })
}

/** Files that are deleted by one name before others have their turn. */
const FILES_IN_A_TURN = 64

const join = (directory: string, name: string): string => (directory === '' ? name : `${directory}\\${name}`)

function deleteFile(place: Place, name: string, searchAttributes: number): Steps<unknown> {
  // MS-CIFS 3.3.5.9: what anybody has open for its data stays, whatever they share.
  const how = { access: DELETE | FILE_READ_ATTRIBUTES, options: CreateOptions.NON_DIRECTORY_FILE, share: 0 }
  return withPath(place, name, how, function* (open) {
    const found = yield* networkOpenInformation(place, open)
    if (failed(found)) return found
    // MS-CIFS 2.2.4.7: hidden and system files are for who names them.
    if (!isWanted(found.fileAttributes, searchAttributes)) return fail(NtStatus.NO_SUCH_FILE)
    return yield* markForDeletion(place, open)
  })
}

/** It goes with the open by which it is marked. */
const markForDeletion = (place: Place, open: Open): Steps<Reply | Failure> =>
  ask(place, setInfo, {
    infoType: InfoType.FILE,
    fileInfoClass: FileInformationClass.FileDispositionInformation,
    fileId: open.fileId,
    buffer: FileDispositionInformation.encode({ deletePending: true }),
  })

/** SMB_COM_RENAME: one file or directory; what Windows takes wildcards for nobody has asked since. MS-CIFS 3.3.5.10. */
export function* serveRename(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context, tree } = place
  const { searchAttributes } = context.words(Smb1SearchAttributesWords, link)
  const [from, to] = texts(context, link, 2) ?? []
  if (from === undefined || to === undefined) return refuse(NtStatus.INVALID_PARAMETER)
  if (hasWildcards(from) || hasWildcards(to)) return refuse(NtStatus.NOT_SUPPORTED)
  const [name, newName] = [nameOf(from, tree), nameOf(to, tree)]
  if (failed(name)) return refuse(name)
  if (failed(newName)) return refuse(newName)
  const renamed = yield* withPath(place, name, { access: DELETE | FILE_READ_ATTRIBUTES }, function* (open) {
    const found = yield* networkOpenInformation(place, open)
    if (failed(found)) return found
    if (!isWanted(found.fileAttributes, searchAttributes | FileAttributes.DIRECTORY)) return fail(NtStatus.NO_SUCH_FILE)
    return yield* ask(place, setInfo, {
      infoType: InfoType.FILE,
      fileInfoClass: FileInformationClass.FileRenameInformation,
      fileId: open.fileId,
      buffer: FileRenameInformation.encode({ replaceIfExists: false, fileName: newName }),
    })
  })
  return failed(renamed) ? refuse(renamed) : succeed(empty(link))
}

/** SMB_COM_QUERY_INFORMATION. MS-CIFS 3.3.5.11. */
export const serveQueryInformation = (place: Place, link: Smb1Link): Steps<Smb1Result> =>
  onPath(
    place,
    link,
    (name) => withPath(place, name, {}, (open) => networkOpenInformation(place, open)),
    ({ fileAttributes, lastWriteTime, endOfFile }) =>
      smb1Part(link.command, Smb1QueryInformationResponse, {
        fileAttributes: shownAttributes(fileAttributes),
        lastWriteTime: secondsOf(lastWriteTime),
        fileSize: shownSize(endOfFile),
      }),
  )

/** SMB_COM_SET_INFORMATION. MS-CIFS 3.3.5.12. */
export function* serveSetInformation(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { fileAttributes, lastWriteTime } = place.context.words(Smb1SetInformationWords, link)
  const attributes = shownAttributes(fileAttributes) & ~FileAttributes.DIRECTORY
  return yield* onPath(place, link, (name) =>
    withPath(place, name, { access: FILE_WRITE_ATTRIBUTES }, (open) =>
      setWriteTime(place, open, lastWriteTime, attributes === 0 ? FileAttributes.NORMAL : attributes),
    ),
  )
}

const MAX_UNITS = 0xffff

/** SMB_COM_QUERY_INFORMATION_DISK: in units so large that 16 bits can count them. MS-CIFS 3.3.5.46. */
export function* serveQueryDisk(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const answer = yield* queryVolume(place, FsInformationClass.FileFsSizeInformation, FileFsSizeInformation.size)
  if (failed(answer)) return refuse(answer)
  const size = FileFsSizeInformation.decode(viewOf(answer.data))
  const { sectorsPerAllocationUnit, bytesPerSector } = size
  let [total, free, blocks] = [
    Number(size.totalAllocationUnits),
    Number(size.availableAllocationUnits),
    sectorsPerAllocationUnit,
  ]
  while (total > MAX_UNITS && blocks * 2 <= MAX_UNITS) [total, free, blocks] = [total / 2, free / 2, blocks * 2]
  return succeed(
    smb1Part(link.command, Smb1QueryInformationDiskResponse, {
      totalUnits: Math.min(MAX_UNITS, Math.floor(total)),
      blocksPerUnit: blocks,
      blockSize: bytesPerSector,
      freeUnits: Math.min(MAX_UNITS, Math.floor(free)),
    }),
  )
}
