import { filetimeFromUnixNs } from '../../bytes/filetime.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileAttributes, FileBasicInformation, FileInformationClass } from '../../wire/fscc/index.ts'
import type { InferInput } from '../../wire/schema/index.ts'
import {
  Smb1CloseWords,
  Smb1Empty,
  Smb1FidWords,
  type Smb1Link,
  Smb1NtCreateExtendedResponse,
  Smb1NtCreateResponse,
  Smb1NtCreateWords,
  smb1Part,
} from '../../wire/smb1/index.ts'
import {
  CreateContextName,
  type CreateRequest,
  CreateResponse,
  InfoType,
  MaximalAccessResponse,
} from '../../wire/smb2/index.ts'
import { close } from '../commands/close.ts'
import { create } from '../commands/create.ts'
import { flush } from '../commands/flush.ts'
import { setInfo } from '../commands/set-info.ts'
import { Open, type PipeOpen } from '../open.ts'
import type { Reply } from '../reply.ts'
import type { Steps } from '../steps.ts'
import { refuse, type Smb1Result, succeed } from './context.ts'
import { answered, ask, openOf, type Place } from './core.ts'
import { nameOf } from './names.ts'
import { oplockLevel, shownOplockLevel } from './oplock-levels.ts'

/** Flags of NT_CREATE_ANDX that are looked at. MS-CIFS 2.2.4.64.1, MS-SMB 2.2.4.9.1. */
const WANTS_MORE = 0x10

/** Attributes as files have them; what else stands there is of dialects long gone (MS-CIFS 2.2.1.2.3). */
const ATTRIBUTES = 0xffff

/** A pipe that passes messages, both ways (MS-CIFS 2.2.1.3). */
export const PIPE_STATE = 0x05ff
export const ResourceType = { DISK: 0, MESSAGE_PIPE: 2 } as const

const NOBODYS_GUID = new Uint8Array(16)
const EVERY_FILE = 0xffff

/** SMB_COM_NT_CREATE_ANDX. MS-CIFS 3.3.5.51, MS-SMB 3.3.5.5. */
export function* serveCreate(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context, tree } = place
  const words = context.words(Smb1NtCreateWords, link)
  const { start, end } = context.data(link)
  const root = words.rootDirectoryFid === 0 ? undefined : openOf(place, words.rootDirectoryFid)
  if (failed(root)) return refuse(root)
  const name = nameOf(context.text(start, end).value, tree, root)
  if (failed(name)) return refuse(name)
  const wantsMore = (words.flags & WANTS_MORE) !== 0
  const opened = yield* openFile(place, {
    requestedOplockLevel: oplockLevel(words.flags),
    impersonationLevel: words.impersonationLevel,
    // Whoever opens a file over SMB1 may see its attributes (smbtorture, raw.acls).
    desiredAccess: withAttributes(words.desiredAccess),
    fileAttributes: words.fileAttributes & ATTRIBUTES,
    shareAccess: words.shareAccess,
    createDisposition: words.createDisposition,
    createOptions: words.createOptions,
    name,
    createContexts: wantsMore ? [{ name: CreateContextName.MAXIMAL_ACCESS }] : [],
  })
  if (failed(opened)) return refuse(opened)
  const { made, open, fid } = opened
  const shown = { ...made, fid, ...kindOf(open, made.fileAttributes), oplockLevel: shownOplockLevel(context, open) }
  if (!wantsMore) return succeed(smb1Part(link.command, Smb1NtCreateResponse, shown))
  const rights = { maximalAccessRights: mostOf(made.createContexts ?? [], open), guestMaximalAccessRights: 0 }
  return succeed(
    smb1Part(link.command, Smb1NtCreateExtendedResponse, { ...shown, ...rights, volumeGuid: NOBODYS_GUID, fileId: 0n }),
  )
}

/** Opens a file, and gives it the number by which the client knows it. */
export function* openFile(
  place: Place,
  body: InferInput<typeof CreateRequest>,
): Steps<{ made: InferInput<typeof CreateResponse>; open: Open | PipeOpen; fid: number } | Failure> {
  const { context, tree } = place
  const answer = yield* ask(place, create, body)
  if (failed(answer)) return answer
  const made = answered(answer, CreateResponse)
  const open = tree.session.opens.get(made.fileId.volatile)
  // It was closed as soon as it was there: the session has ended.
  if (open === undefined) return fail(NtStatus.INVALID_HANDLE)
  const fid = context.state.addOpen(open)
  if (fid === undefined) {
    yield* ask(place, close, { flags: 0, fileId: open.fileId })
    return fail(NtStatus.TOO_MANY_OPENED_FILES)
  }
  context.opened = open
  return { made, open, fid }
}

const withAttributes = (access: number): number =>
  access === 0 ? access : (access | AccessMask.FILE_READ_ATTRIBUTES) >>> 0

const kindOf = (open: Open | PipeOpen, attributes: number) =>
  open instanceof Open
    ? { resourceType: ResourceType.DISK, isDirectory: (attributes & FileAttributes.DIRECTORY) === 0 ? 0 : 1 }
    : { resourceType: ResourceType.MESSAGE_PIPE, pipeStatus: PIPE_STATE, isDirectory: 0 }

function mostOf(contexts: readonly { name: string; data?: Uint8Array }[], open: Open | PipeOpen): number {
  const found = contexts.find(({ name }) => name === CreateContextName.MAXIMAL_ACCESS)
  return found?.data === undefined ? open.grantedAccess : MaximalAccessResponse.decode(viewOf(found.data)).maximalAccess
}

/** SMB_COM_CLOSE. MS-CIFS 3.3.5.7. */
export function* serveClose(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { fid, lastWriteTime } = place.context.words(Smb1CloseWords, link)
  const open = openOf(place, fid)
  if (failed(open)) return refuse(open)
  // Who may not set the time closes the file all the same.
  if (open instanceof Open && isTime(lastWriteTime)) yield* setWriteTime(place, open, lastWriteTime)
  const closed = yield* closeOpenOf(place, open)
  return failed(closed) ? refuse(closed) : succeed(smb1Part(link.command, Smb1Empty, {}))
}

/** Seconds since 1970; zero and all ones leave a time as it is (MS-CIFS 2.2.4.5.1). */
const isTime = (seconds: number): boolean => seconds !== 0 && seconds !== 0xffff_ffff

/** Changes attributes and the time of the last write; zero leaves them. */
export const setWriteTime = (place: Place, open: Open, seconds: number, fileAttributes = 0): Steps<Reply | Failure> =>
  ask(place, setInfo, {
    infoType: InfoType.FILE,
    fileInfoClass: FileInformationClass.FileBasicInformation,
    fileId: open.fileId,
    buffer: FileBasicInformation.encode({
      creationTime: 0n,
      lastAccessTime: 0n,
      lastWriteTime: isTime(seconds) ? filetimeFromUnixNs(BigInt(seconds) * 1_000_000_000n) : 0n,
      changeTime: 0n,
      fileAttributes,
    }),
  })

export function* closeOpenOf(place: Place, open: Open | PipeOpen): Steps<Reply | Failure> {
  const { context } = place
  const answer = yield* ask(place, close, { flags: 0, fileId: open.fileId })
  const fid = context.state.fidOf(open)
  if (fid !== undefined) context.state.closed(fid)
  if (context.opened === open) context.opened = undefined
  return answer
}

/** SMB_COM_FLUSH: one file, or all that the client has open here. MS-CIFS 3.3.5.8. */
export function* serveFlush(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context, tree } = place
  const { fid } = context.words(Smb1FidWords, link)
  const one = fid === EVERY_FILE ? undefined : openOf(place, fid)
  if (failed(one)) return refuse(one)
  const all = one === undefined ? [...tree.session.opens.values()].filter((open) => open.tree === tree) : [one]
  for (const open of all) {
    const flushed = yield* ask(place, flush, { fileId: open.fileId })
    // Of all files those are meant that can be written to.
    if (failed(flushed) && one !== undefined) return refuse(flushed)
  }
  return succeed(smb1Part(link.command, Smb1Empty, {}))
}
