import { AccessMask, mapGeneric } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import {
  Command,
  CreateAction,
  CreateContextName,
  CreateDisposition,
  CreateOptions,
  CreateRequest,
  CreateResponse,
  ImpersonationLevel,
} from '../../wire/smb2/index.ts'
import { isAdministrator } from '../access-check.ts'
import type { FileStat, Opened } from '../backend.ts'
import {
  afterBreaks,
  Breaks,
  breakForOpen,
  grantCaching,
  leaseFits,
  leaseRequestOf,
  oplockLevelOf,
} from '../caching/index.ts'
import { reportCreated, reportModified } from '../change-notifier.ts'
import { defineCommand } from '../command.ts'
import { answerContexts, readContexts } from '../create-contexts.ts'
import { overwrites } from '../create-disposition.ts'
import { type Creation, madeFile } from '../creation.ts'
import { leadsElsewhere } from '../dfs/covered.ts'
import { closeOtherInstances } from '../durability/app-instance.ts'
import { CreationName } from '../durability/creation-name.ts'
import { isWaitedFor } from '../durability/disconnect.ts'
import { durableWish } from '../durability/durable-request.ts'
import { grantDurability } from '../durability/granting.ts'
import { reconnect } from '../durability/reconnect.ts'
import { answerReplay } from '../durability/replay.ts'
import { commonInformation } from '../file-information.ts'
import { SharedFile } from '../file-table.ts'
import { grant, mostAccess, withoutWrites } from '../granted-access.ts'
import { answerAapl } from '../mac/aapl.ts'
import { asStored } from '../mac/names.ts'
import { shownFileId } from '../mac/session.ts'
import { asMacStream } from '../mac/streams.ts'
import { Open, streamKeyOf } from '../open.ts'
import { openInBackend } from '../open-in-backend.ts'
import { overwrite } from '../overwrite.ts'
import { parsePathName, parseRequestedName } from '../path-name.ts'
import { posixCreateAnswer } from '../posix/information.ts'
import { parsePosixPath } from '../posix/names.ts'
import { posixPermissions } from '../posix/posix-create.ts'
import { enterPast, withoutGmtToken } from '../previous-versions.ts'
import { documentOf, spoolName } from '../printing.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import type { Share } from '../share.ts'
import { type Steps, wait } from '../steps.ts'
import { stoppedAtTheEnd, stoppedOnTheWay } from '../stopped-on-symlink.ts'
import { createPipe } from './create-pipe.ts'

const { ACCESS_SYSTEM_SECURITY, DELETE, FILE_WRITE_DATA, MAXIMUM_ALLOWED } = AccessMask

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
    if (tree.share === undefined) return checkParameters(body) ?? createPipe(request, body)
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
  const denied = checkAccessMask(body)
  if (denied !== undefined) return denied
  if ((body.fileAttributes & ~VALID_ATTRIBUTES) !== 0) return fail(NtStatus.INVALID_PARAMETER)
  return isDirectory && (body.fileAttributes & FileAttributes.TEMPORARY) !== 0
    ? fail(NtStatus.INVALID_PARAMETER)
    : undefined
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

function* createFile(request: Request, body: CreateRequest, share: Share): Steps<Reply | Failure> {
  const contexts = readContexts(body, request.session.negotiated.dialect)
  if (failed(contexts)) return contexts
  const wish = durableWish(contexts)
  if (failed(wish)) return wish
  // Who comes back for an open says nothing else that counts (MS-SMB2 3.3.5.9.7).
  if (wish.kind === 'reconnect') return yield* reconnect({ request, body, share }, wish.reconnect)
  const problem = checkParameters(body)
  if (problem !== undefined) return problem
  const permissions = posixPermissions(request, body, share)
  if (failed(permissions)) return permissions
  const parse = permissions === undefined ? parsePathName : parsePosixPath
  const name = parseRequestedName(body.name, request.header.flags, parse)
  if (failed(name)) return name
  if (share.options.printer !== undefined)
    return yield* createDocument({ request, body, share, name, contexts, wish, permissions })
  const elsewhere = share.namespace && leadsElsewhere(request, body, share.namespace, name.path)
  if (elsewhere !== undefined) return elsewhere
  const then = contexts.snapshot === undefined || contexts.snapshot === 0n ? undefined : contexts.snapshot
  const token = share.backend.snapshots === undefined ? undefined : withoutGmtToken(name)
  const time = then ?? token?.time
  if (time === undefined) return yield* openFile({ request, body, share, name, contexts, wish, permissions })
  const past = yield* enterPast(share, time)
  if (failed(past)) return past
  try {
    return yield* openFile({ request, body, share: past, name: token?.name ?? name, contexts, wish, permissions })
  } finally {
    yield* wait(past.release())
  }
}

/** What is opened on a printer is a new document, under whatever name. */
function* createDocument(asked: Omit<Creation, 'desired' | 'lease' | 'naming'>): Steps<Reply | Failure> {
  const spooled = spoolName(asked.body, asked.name)
  if (failed(spooled)) return spooled
  return yield* openFile({ ...asked, name: spooled, document: documentOf(asked.request, asked.share, asked.name) })
}

function* openFile(asked: Omit<Creation, 'desired' | 'lease' | 'naming'>): Steps<Reply | Failure> {
  const { request, body, share } = asked
  const desired = mapGeneric(body.desiredAccess)
  const allowed = request.tree.maximalAccess
  // MS-FSA 2.1.5.1.2.1: audit lists are for who holds the privilege.
  if ((desired & ACCESS_SYSTEM_SECURITY) !== 0 && !isAdministrator(request.session.identity))
    return fail(NtStatus.PRIVILEGE_NOT_HELD)
  if ((desired & ~MAXIMUM_ALLOWED & ~ACCESS_SYSTEM_SECURITY & ~allowed) !== 0) return fail(NtStatus.ACCESS_DENIED)
  if ((allowed & FILE_WRITE_DATA) === 0 && overwrites(body.createDisposition)) return fail(NtStatus.ACCESS_DENIED)
  // MS-FSA 2.1.5.1: what cannot be written to is not emptied and not deleted.
  const changes = overwrites(body.createDisposition) || (body.createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0
  if (share.isPast && changes) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  // What is past does not change: there is nothing that a lease could tell, and its key is that of the file of today.
  const lease = share.isPast ? undefined : leaseRequestOf(request, body)
  if (lease !== undefined && failed(lease)) return lease
  const path = yield* asStored(request.session, share, asked.name.path)
  const name = path === asked.name.path ? asked.name : { ...asked.name, path }
  const creation: Creation = { ...asked, name, lease, desired, naming: new CreationName(request, asked.wish) }
  const again = yield* answerReplay(creation)
  if (again !== undefined) return again
  try {
    return yield* afterBreaks(request, request.session, () => attempt(creation))
  } finally {
    creation.naming.giveBack()
  }
}

function* attempt(creation: Creation): Steps<Reply | Failure | Breaks> {
  creation.naming.take()
  const result = yield* openAndSettle(creation)
  if (result instanceof Breaks && result.isSharingViolation) creation.naming.giveBack()
  return result
}

function* openAndSettle(creation: Creation): Steps<Reply | Failure | Breaks> {
  if (!leaseFits(creation)) return fail(NtStatus.INVALID_PARAMETER)
  const found = yield* openInBackend(creation)
  const opened = failed(found) || found.file.stream === undefined ? found : yield* asMacStream(creation, found)
  if (failed(opened)) return opened.status === NtStatus.STOPPED_ON_SYMLINK ? yield* stoppedOnTheWay(creation) : opened
  // Two opens of one file are settled one after the other, or both might find that nobody has it open.
  const leave = yield* creation.share.files.enter(opened.file.fileId)
  try {
    return yield* settleOrClose(creation, opened)
  } finally {
    leave()
  }
}

/** What was opened, and made, for nothing goes again; also where something throws. */
function* settleOrClose(creation: Creation, opened: Opened): Steps<Reply | Failure | Breaks> {
  const { file, created } = opened
  const { files } = creation.share
  const shared = files.find(file.fileId) ?? new SharedFile(file.fileId, files)
  try {
    return yield* settle(creation, opened, shared)
  } finally {
    const isOpen = [...shared.opens].some((open) => open.file === file)
    if (!isOpen) {
      if (created) yield* wait(file.remove())
      yield* wait(file.close())
    }
  }
}

/** The file is open in the backend: may it be, and what becomes of it. */
function* settle(creation: Creation, opened: Opened, shared: SharedFile): Steps<Reply | Failure | Breaks> {
  const { request, body, share, name, contexts } = creation
  const { file, created } = opened
  const before = yield* wait(file.stat())
  if (failed(before)) return before
  // MS-FSA 2.1.5.1: a reparse point is opened as such, or it leads on.
  if (before.reparseTag !== 0 && (body.createOptions & CreateOptions.OPEN_REPARSE_POINT) === 0)
    return yield* stoppedAtTheEnd(creation, file)
  const most = yield* mostAccess(creation, opened)
  if (failed(most)) return most
  const isNew = madeFile(opened)
  const granted = grant(creation.desired, isNew ? most : withoutWrites(most, before, name), isNew)
  if (failed(granted)) return granted
  const older = yield* closeOtherInstances(creation, opened, shared, most)
  if (older !== undefined) return older
  const problem = isNew ? undefined : checkExisting(creation, opened, before, shared, most, granted)
  if (problem !== undefined) return problem
  const kept = checkDeleteOnClose(creation, isNew ? body.fileAttributes : before.attributes, granted)
  if (kept !== undefined) return kept
  // A CREATE of the same GUID was faster.
  if (!creation.naming.take()) return fail(NtStatus.FILE_NOT_AVAILABLE)
  const volumeId = contexts.onDiskId === true ? yield* share.volumeId() : 0n
  let stat = before
  if (!created && overwrites(body.createDisposition)) {
    const after = yield* overwrite(creation, opened, before)
    if (failed(after)) return after
    stat = after
    shared.writeTime.release()
  }
  shared.writeTime.opened(stat)
  stat = shared.writeTime.shown(stat)
  // The tree may have gone while the backend was at work; nobody would ever close what is opened on it now.
  if (request.session.trees.get(request.tree.id) !== request.tree) return fail(NtStatus.NETWORK_NAME_DELETED)
  const open = register(creation, opened, shared, granted)
  open.wasCreated = created
  open.document = creation.document
  const createAction = actionOf(body.createDisposition, created)
  const granting = [...grantCaching(creation, open, stat), ...grantDurability(creation, open, createAction)]
  if (created) reportCreated(open, opened.fileCreated === true)
  else if (overwrites(body.createDisposition)) reportModified(open, 'overwritten')
  announce(request, open, created)
  const { session } = request
  const aapl = contexts.aapl === undefined ? undefined : answerAapl(session, share, contexts.aapl, stat)
  const fileId = shownFileId(session, stat.fileId)
  const answers = answerContexts(contexts, { stat, fileId, maximalAccess: most, volumeId })
  return reply(CreateResponse, {
    oplockLevel: oplockLevelOf(open),
    createAction,
    ...commonInformation(stat),
    fileId: open.fileId,
    createContexts: [
      ...granting,
      ...answers,
      ...(aapl === undefined ? [] : [aapl]),
      ...(open.isPosix ? [{ name: CreateContextName.POSIX, data: posixCreateAnswer(stat) }] : []),
    ],
  })
}

function checkDeleteOnClose({ body, name }: Creation, attributes: number, granted: number): Failure | undefined {
  if ((body.createOptions & CreateOptions.DELETE_ON_CLOSE) === 0) return undefined
  if ((attributes & FileAttributes.READONLY) !== 0) return fail(NtStatus.CANNOT_DELETE)
  if ((granted & DELETE) === 0) return fail(NtStatus.ACCESS_DENIED)
  return name.path.length === 0 ? fail(NtStatus.CANNOT_DELETE) : undefined
}

/** It is open from now on, for everybody to see. */
function register(creation: Creation, opened: Opened, shared: SharedFile, grantedAccess: number): Open {
  const { request, body, share } = creation
  const { session, tree } = request
  const { server } = session
  const open = new Open({
    id: server.newOpenId(),
    server,
    connection: request.connection,
    session,
    tree,
    share,
    file: opened.file,
    shared,
    path: opened.path,
    grantedAccess,
    shareAccess: body.shareAccess,
    createOptions: body.createOptions,
    isPosix: creation.permissions !== undefined,
    channelSequence: request.newChannelSequence(),
  })
  open.deleteOnClose = (body.createOptions & CreateOptions.DELETE_ON_CLOSE) !== 0
  share.use()
  session.opens.set(open.volatileId, open)
  server.opens.set(open.id, open)
  share.files.add(open)
  request.chain.open = open
  return open
}

function announce(request: Request, open: Open, created: boolean): void {
  const { server, transport } = request.connection
  if (server.listenerCount('open') === 0) return
  server.emit('open', {
    remote: transport.remote,
    share: open.share.name,
    path: open.displayPath,
    access: open.grantedAccess,
    created,
    identity: open.session.identity,
  })
}

function checkExisting(
  creation: Creation,
  { created, file }: Opened,
  stat: FileStat,
  shared: SharedFile,
  most: number,
  granted: number,
): Failure | Breaks | undefined {
  const { body, lease, name, request } = creation
  const streamKey = streamKeyOf(file)
  if (isWaitedFor(shared)) return fail(NtStatus.FILE_NOT_AVAILABLE)
  if (shared.deletePending || shared.streamsToDelete.has(streamKey)) return fail(NtStatus.DELETE_PENDING)
  // Who adds a stream changes the file.
  if (created && (most & FILE_WRITE_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const replaces = !created && overwrites(body.createDisposition)
  if (replaces) {
    if ((stat.attributes & FileAttributes.READONLY) !== 0) return fail(NtStatus.ACCESS_DENIED)
    // MS-FSA 2.1.5.1.2: a hidden or system file is overwritten only by who says that it stays so.
    const guarded = stat.attributes & (FileAttributes.HIDDEN | FileAttributes.SYSTEM)
    if ((body.fileAttributes & FileAttributes.ENCRYPTED) !== 0) return fail(NtStatus.ACCESS_DENIED)
    if (name.stream === undefined && (guarded & ~body.fileAttributes) !== 0) return fail(NtStatus.ACCESS_DENIED)
    const needs = FILE_WRITE_DATA | (body.createDisposition === CreateDisposition.SUPERSEDE ? DELETE : 0)
    if ((most & needs) !== needs) return fail(NtStatus.ACCESS_DENIED)
  }
  const { clientGuid, server } = request.session
  return breakForOpen({
    shared,
    streamKey,
    own: lease === undefined ? undefined : server.leases.find(clientGuid, lease.key),
    access: replaces ? granted | FILE_WRITE_DATA : granted,
    shareAccess: body.shareAccess,
    overwrites: replaces,
  })
}

function actionOf(disposition: number, created: boolean): number {
  if (created) return CreateAction.CREATED
  if (disposition === CreateDisposition.SUPERSEDE) return CreateAction.SUPERSEDED
  return overwrites(disposition) ? CreateAction.OVERWRITTEN : CreateAction.OPENED
}
