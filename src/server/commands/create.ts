import type { Identity } from '../../auth/mechanism.ts'
import { AccessMask, mapGeneric } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import {
  Command,
  CreateAction,
  CreateDisposition,
  CreateOptions,
  CreateRequest,
  CreateResponse,
  HeaderFlags,
  ImpersonationLevel,
  OplockLevel,
} from '../../wire/smb2/index.ts'
import { maximalAccess } from '../access-check.ts'
import type { BackendFile, FileStat, Opened, OpenHow } from '../backend.ts'
import { reportCreated, reportModified } from '../change-notifier.ts'
import { defineCommand } from '../command.ts'
import { answerContexts, type RequestedContexts, readContexts } from '../create-contexts.ts'
import { commonInformation, SETTABLE_ATTRIBUTES } from '../file-information.ts'
import { SharedFile } from '../file-table.ts'
import { Open, streamKeyOf } from '../open.ts'
import { openByName } from '../open-by-name.ts'
import { mayAdd, mayDeleteFromParent } from '../parent-access.ts'
import { type PathName, parsePathName, withoutDfsPrefix } from '../path-name.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { inheritDescriptor } from '../security-inheritance.ts'
import type { Share } from '../share.ts'
import { sharingAllows } from '../share-mode.ts'
import { type Steps, wait } from '../steps.ts'
import { createPipe } from './create-pipe.ts'

const { DELETE, FILE_APPEND_DATA, FILE_EXECUTE, FILE_READ_DATA, FILE_WRITE_DATA, MAXIMUM_ALLOWED } = AccessMask

const KNOWN_OPTIONS = 0x00ff_ffff
const KNOWN_SHARE_ACCESS = 0x7
/** Attributes that a client may name in CREATE and SET_INFO (MS-FSCC 2.6). */
const VALID_ATTRIBUTES = 0x0000_7fb7
/** MS-SMB2 3.3.5.9, and MS-FSA 2.1.5.1 for what an open does. */
export const create = defineCommand({
  command: Command.CREATE,
  needs: 'tree',
  body: CreateRequest,
  *handler(request, body) {
    const { session, tree, connection } = request
    if (session.opens.size >= connection.server.limits.maxOpensPerSession) return fail(NtStatus.TOO_MANY_OPENED_FILES)
    const problem = checkParameters(body)
    if (problem !== undefined) return problem
    if (tree.share === undefined) return createPipe(request, body)
    return yield* createFile(request, body, tree.share)
  },
})

/** What can be refused without looking at any file. */
function checkParameters(body: CreateRequest): Failure | undefined {
  const { createOptions, createDisposition } = body
  const isDirectory = (createOptions & CreateOptions.DIRECTORY_FILE) !== 0
  if (body.impersonationLevel > ImpersonationLevel.DELEGATE) return fail(NtStatus.BAD_IMPERSONATION_LEVEL)
  if (createDisposition > CreateDisposition.OVERWRITE_IF) return fail(NtStatus.INVALID_PARAMETER)
  if ((body.shareAccess & ~KNOWN_SHARE_ACCESS) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  if ((createOptions & ~KNOWN_OPTIONS) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  if ((createOptions & (CreateOptions.CREATE_TREE_CONNECTION | CreateOptions.OPEN_BY_FILE_ID)) !== 0)
    return fail(NtStatus.NOT_SUPPORTED)
  if ((createOptions & CreateOptions.RESERVE_OPFILTER) !== 0) return fail(NtStatus.NOT_SUPPORTED)
  if (isDirectory && (createOptions & CreateOptions.NON_DIRECTORY_FILE) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  // MS-FSA 2.1.5.1: a directory can be opened, created, or either; not overwritten.
  const opensOnly =
    createDisposition === CreateDisposition.OPEN ||
    createDisposition === CreateDisposition.CREATE ||
    createDisposition === CreateDisposition.OPEN_IF
  if (isDirectory && !opensOnly) return fail(NtStatus.INVALID_PARAMETER)
  if ((body.fileAttributes & ~VALID_ATTRIBUTES) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  if (isDirectory && (body.fileAttributes & FileAttributes.TEMPORARY) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  return checkAccessMask(body)
}

/** Bits of an access mask that mean something for files (MS-SMB2 2.2.13.1.1). */
const KNOWN_ACCESS = 0xf31f_01ff

function checkAccessMask(body: CreateRequest): Failure | undefined {
  const access = body.desiredAccess
  if (access === 0 || (access & ~KNOWN_ACCESS) !== 0) return fail(NtStatus.ACCESS_DENIED)
  const deletes = (body.createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0
  const mayDelete = (mapGeneric(access) & (DELETE | MAXIMUM_ALLOWED)) !== 0
  // MS-FSA 2.1.5.1: who asks for a delete on close has to ask for DELETE.
  return deletes && !mayDelete ? fail(NtStatus.INVALID_PARAMETER) : undefined
}

const overwrites = (disposition: number): boolean =>
  disposition === CreateDisposition.SUPERSEDE ||
  disposition === CreateDisposition.OVERWRITE ||
  disposition === CreateDisposition.OVERWRITE_IF

const creates = (disposition: number): boolean =>
  disposition !== CreateDisposition.OPEN && disposition !== CreateDisposition.OVERWRITE

function* createFile(request: Request, body: CreateRequest, share: Share): Steps<Reply | Failure> {
  const isDfs = (request.header.flags & HeaderFlags.DFS_OPERATIONS) !== 0
  const name = parsePathName(isDfs ? withoutDfsPrefix(body.name) : body.name)
  if (failed(name)) return name
  const contexts = readContexts(body)
  if (failed(contexts)) return contexts
  // There are no snapshots: nothing existed at that time.
  if (contexts.snapshot !== undefined && contexts.snapshot !== 0n) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  const desired = mapGeneric(body.desiredAccess)
  const allowed = request.tree.maximalAccess
  if ((desired & ~MAXIMUM_ALLOWED & ~allowed) !== 0) return fail(NtStatus.ACCESS_DENIED)
  const mayWrite = (allowed & FILE_WRITE_DATA) !== 0
  if (!mayWrite && overwrites(body.createDisposition)) return fail(NtStatus.ACCESS_DENIED)

  const opened = yield* openInBackend(share, name, body, contexts, desired, mayWrite, request.session.identity)
  if (failed(opened)) return opened
  const { file } = opened
  // Two opens of one file are settled one after the other, or both might find that nobody has it open.
  const leave = yield* share.files.enter(file.fileId)
  try {
    return yield* settleOrClose(request, body, share, name, contexts, opened, desired)
  } finally {
    leave()
  }
}

/** What was opened, and made, for nothing goes again; also where something throws. */
function* settleOrClose(
  request: Request,
  body: CreateRequest,
  share: Share,
  name: PathName,
  contexts: RequestedContexts,
  opened: Opened,
  desired: number,
): Steps<Reply | Failure> {
  const { file, created } = opened
  const shared = share.files.find(file.fileId) ?? new SharedFile(file.fileId, share.files)
  try {
    return yield* settle(request, body, share, name, contexts, opened, shared, desired)
  } finally {
    const isOpen = [...shared.opens].some((open) => open.file === file)
    if (!isOpen) {
      if (created) yield* wait(file.remove())
      yield* wait(file.close())
    }
  }
}

function kindOf(body: CreateRequest, name: PathName): 'file' | 'directory' | undefined {
  if (name.isDirectory === true || (body.createOptions & CreateOptions.DIRECTORY_FILE) !== 0) return 'directory'
  // A stream is data, whatever it belongs to.
  if (name.stream !== undefined) return undefined
  return (body.createOptions & CreateOptions.NON_DIRECTORY_FILE) !== 0 || overwrites(body.createDisposition)
    ? 'file'
    : undefined
}

function* openInBackend(
  share: Share,
  name: PathName,
  body: CreateRequest,
  contexts: RequestedContexts,
  desired: number,
  mayWrite: boolean,
  identity: Identity | undefined,
): Steps<Opened | Failure> {
  const kind = kindOf(body, name)
  if (name.stream !== undefined) {
    if (kind === 'directory') return fail(NtStatus.NOT_A_DIRECTORY)
    if (!share.backend.features.namedStreams) return fail(NtStatus.OBJECT_NAME_INVALID)
  }
  const wantsNew = creates(body.createDisposition)
  // Nothing is made in a directory that is about to go.
  if (wantsNew && share.files.isGoing(name.path.slice(0, -1))) return fail(NtStatus.DELETE_PENDING)
  const isDirectory = kind === 'directory'
  const attributes = (body.fileAttributes & SETTABLE_ATTRIBUTES) | (isDirectory ? 0 : FileAttributes.ARCHIVE)
  const asksForMaximum = (desired & MAXIMUM_ALLOWED) !== 0
  const how: OpenHow = {
    disposition:
      !wantsNew || !mayWrite ? 'open' : body.createDisposition === CreateDisposition.CREATE ? 'create' : 'openOrCreate',
    ...(kind === undefined ? {} : { kind }),
    ...(name.stream === undefined ? {} : { stream: name.stream }),
    read: (desired & (FILE_READ_DATA | FILE_EXECUTE)) !== 0 || asksForMaximum,
    write:
      (desired & (FILE_WRITE_DATA | FILE_APPEND_DATA)) !== 0 ||
      overwrites(body.createDisposition) ||
      (asksForMaximum && mayWrite),
    initial: {
      attributes,
      inherit: (parent) =>
        mayAdd(parent, identity, isDirectory)
          ? inheritDescriptor(parent, identity, isDirectory)
          : fail(NtStatus.ACCESS_DENIED),
      ...(contexts.securityDescriptor === undefined ? {} : { securityDescriptor: contexts.securityDescriptor }),
      ...(contexts.extendedAttributes === undefined ? {} : { extendedAttributes: contexts.extendedAttributes }),
      ...(contexts.allocationSize === undefined || isDirectory ? {} : { allocationSize: contexts.allocationSize }),
    },
  }
  let opened = yield* openByName(share, name.path, how)
  if (failed(opened) && opened.status === NtStatus.ACCESS_DENIED && asksForMaximum && how.write)
    // The maximum may well be to read only.
    opened = yield* openByName(share, name.path, { ...how, disposition: 'open', write: false })
  if (failed(opened) && opened.status === NtStatus.OBJECT_NAME_NOT_FOUND && wantsNew && !mayWrite)
    return fail(NtStatus.ACCESS_DENIED)
  if (!failed(opened) && !opened.created && body.createDisposition === CreateDisposition.CREATE) {
    yield* wait(opened.file.close())
    return fail(NtStatus.OBJECT_NAME_COLLISION)
  }
  return opened
}

/** The file is open in the backend: may it be, and what becomes of it. */
function* settle(
  request: Request,
  body: CreateRequest,
  share: Share,
  name: PathName,
  contexts: RequestedContexts,
  opened: Opened,
  shared: SharedFile,
  desired: number,
): Steps<Reply | Failure> {
  const { session, tree, connection } = request
  const { file, created } = opened
  const before = yield* wait(file.stat())
  if (failed(before)) return before
  const most = yield* mostAccess(request, share, opened)
  if (failed(most)) return most
  const granted = grant(desired, created ? most : withoutWrites(most, before, name), created)
  if (failed(granted)) return granted
  const streamKey = streamKeyOf(file)
  const problem = created ? undefined : checkExisting(body, before, shared, streamKey, most, granted, name)
  if (problem !== undefined) return problem
  if ((body.createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0) {
    const attributes = created ? body.fileAttributes : before.attributes
    if ((attributes & FileAttributes.READONLY) !== 0) return fail(NtStatus.CANNOT_DELETE)
    if ((granted & DELETE) === 0) return fail(NtStatus.ACCESS_DENIED)
    if (name.path.length === 0) return fail(NtStatus.CANNOT_DELETE)
  }
  const volumeId = contexts.onDiskId === true ? yield* share.volumeId() : 0n
  let stat = before
  if (!created && overwrites(body.createDisposition)) {
    const after = yield* overwrite(share, opened, body, contexts, before)
    if (failed(after)) return after
    stat = after
  }
  // The tree may have gone while the backend was at work; nobody would ever close what is opened on it now.
  if (session.trees.get(tree.id) !== tree) return fail(NtStatus.NETWORK_NAME_DELETED)
  const open = new Open({
    id: connection.server.newOpenId(),
    session,
    tree,
    file,
    shared,
    path: opened.path,
    grantedAccess: granted,
    shareAccess: body.shareAccess,
    createOptions: body.createOptions,
  })
  open.deleteOnClose = (body.createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0
  session.opens.set(open.id, open)
  share.files.add(open)
  request.chain.open = open
  if (created) reportCreated(open)
  else if (overwrites(body.createDisposition)) reportModified(open, 'overwritten')
  announce(request, open, created)
  return reply(CreateResponse, {
    oplockLevel: OplockLevel.NONE,
    createAction: actionOf(body.createDisposition, created),
    ...commonInformation(stat),
    fileId: { persistent: open.id, volatile: open.id },
    createContexts: answerContexts(contexts, { stat, maximalAccess: most, volumeId }),
  })
}

function announce(request: Request, open: Open, created: boolean): void {
  const { server, transport } = request.connection
  if (server.listenerCount('open') === 0) return
  server.emit('open', {
    remote: transport.remote,
    share: open.tree.name,
    path: open.displayPath,
    access: open.grantedAccess,
    created,
    identity: open.session.identity,
  })
}

/** All that this user may ever do with the file: by its security descriptor, its directory's, and the share. */
function* mostAccess(request: Request, share: Share, opened: Opened): Steps<number | Failure> {
  const { tree, session } = request
  // Who makes a file gets what was asked for (MS-FSA 2.1.5.1.1); its descriptor speaks from the next open on.
  if (opened.created || !share.backend.features.securityDescriptors) return tree.maximalAccess
  const descriptor = yield* wait(opened.file.securityDescriptor())
  if (failed(descriptor)) return descriptor
  let most = maximalAccess(descriptor, session.identity)
  if ((most & DELETE) === 0 && (yield* mayDeleteFromParent(share, opened.path, session.identity))) most |= DELETE
  return (most & tree.maximalAccess) >>> 0
}

/** A read-only file's data cannot be written, whatever its descriptor says (MS-FSA 2.1.5.1.2.1). */
function withoutWrites(most: number, stat: FileStat, name: PathName): number {
  const isReadOnly =
    (stat.attributes & FileAttributes.READONLY) !== 0 && !(stat.isDirectory && name.stream === undefined)
  return isReadOnly ? most & ~(FILE_WRITE_DATA | FILE_APPEND_DATA) : most
}

function grant(desired: number, most: number, created: boolean): number | Failure {
  const asked = (desired & ~MAXIMUM_ALLOWED) >>> 0
  if (created && (desired & MAXIMUM_ALLOWED) === 0) return asked
  if ((asked & ~most) !== 0) return fail(NtStatus.ACCESS_DENIED)
  return ((desired & MAXIMUM_ALLOWED) !== 0 ? asked | most : asked) >>> 0
}

function checkExisting(
  body: CreateRequest,
  stat: FileStat,
  shared: SharedFile,
  streamKey: string,
  most: number,
  granted: number,
  name: PathName,
): Failure | undefined {
  if (shared.deletePending || shared.streamsToDelete.has(streamKey)) return fail(NtStatus.DELETE_PENDING)
  const replaces = overwrites(body.createDisposition)
  if (replaces) {
    if ((stat.attributes & FileAttributes.READONLY) !== 0) return fail(NtStatus.ACCESS_DENIED)
    // MS-FSA 2.1.5.1.2: a hidden or system file is overwritten only by who says that it stays so.
    const guarded = stat.attributes & (FileAttributes.HIDDEN | FileAttributes.SYSTEM)
    if (name.stream === undefined && (guarded & ~body.fileAttributes) !== 0) return fail(NtStatus.ACCESS_DENIED)
    const needs = body.createDisposition === CreateDisposition.SUPERSEDE ? DELETE : FILE_WRITE_DATA
    if ((most & needs) === 0) return fail(NtStatus.ACCESS_DENIED)
  }
  const access = replaces ? granted | FILE_WRITE_DATA : granted
  return sharingAllows(shared, streamKey, access, body.shareAccess) ? undefined : fail(NtStatus.SHARING_VIOLATION)
}

/** Empties a file and gives it new attributes (MS-FSA 2.1.5.1.2, overwrite). */
function* overwrite(
  share: Share,
  opened: Opened,
  body: CreateRequest,
  contexts: RequestedContexts,
  before: FileStat,
): Steps<FileStat | Failure> {
  const { file, path } = opened
  const truncated = yield* wait(file.truncate(0))
  if (failed(truncated)) return truncated
  if (file.stream === undefined) {
    const keep = body.createDisposition === CreateDisposition.SUPERSEDE ? 0 : before.attributes & ~SETTABLE_ATTRIBUTES
    const attributes = (body.fileAttributes & SETTABLE_ATTRIBUTES) | FileAttributes.ARCHIVE | keep
    const changed = yield* wait(file.setStat({ attributes }))
    if (failed(changed)) return changed
    if (share.backend.features.namedStreams) yield* removeStreams(share, file, path)
    if (contexts.extendedAttributes !== undefined) {
      const set = yield* wait(file.setExtendedAttributes(contexts.extendedAttributes))
      if (failed(set)) return set
    }
  }
  if (contexts.allocationSize !== undefined) {
    const reserved = yield* wait(file.allocate(contexts.allocationSize))
    if (failed(reserved)) return reserved
  }
  return yield* wait(file.stat())
}

function* removeStreams(share: Share, file: BackendFile, path: Opened['path']): Steps<void> {
  const streams = yield* wait(file.streams())
  if (failed(streams)) return
  for (const { name } of streams) {
    if (name === '') continue
    const stream = yield* wait(
      share.backend.open(path, { disposition: 'open', read: false, write: true, stream: name }),
    )
    if (failed(stream)) continue
    yield* wait(stream.file.remove())
    yield* wait(stream.file.close())
  }
}

function actionOf(disposition: number, created: boolean): number {
  if (created) return CreateAction.CREATED
  if (disposition === CreateDisposition.SUPERSEDE) return CreateAction.SUPERSEDED
  return overwrites(disposition) ? CreateAction.OVERWRITTEN : CreateAction.OPENED
}
