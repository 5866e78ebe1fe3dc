import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FileAttributes } from '../wire/fscc/index.ts'
import { CreateDisposition, CreateOptions, type CreateRequest } from '../wire/smb2/index.ts'
import { backsUp } from './access-check.ts'
import type { Opened, OpenHow } from './backend.ts'
import { creates, overwrites } from './create-disposition.ts'
import type { Creation } from './creation.ts'
import { SETTABLE_ATTRIBUTES } from './file-information.ts'
import { openByName } from './open-by-name.ts'
import { mayAdd } from './parent-access.ts'
import type { PathName } from './path-name.ts'
import { openQuotaIndex } from './quota-index.ts'
import { keepsQuotas } from './quotas.ts'
import { descriptorOfNew } from './security-inheritance.ts'
import { type Steps, wait } from './steps.ts'

const { FILE_APPEND_DATA, FILE_EXECUTE, FILE_READ_DATA, FILE_WRITE_DATA, MAXIMUM_ALLOWED } = AccessMask

function kindOf(body: CreateRequest, name: PathName): 'file' | 'directory' | undefined {
  if (name.isDirectory === true || (body.createOptions & CreateOptions.DIRECTORY_FILE) !== 0) return 'directory'
  // A stream is data, whatever it belongs to.
  if (name.stream !== undefined) return undefined
  if (name.isData === true) return 'file'
  return (body.createOptions & CreateOptions.NON_DIRECTORY_FILE) !== 0 || overwrites(body.createDisposition)
    ? 'file'
    : undefined
}

/** What a new file takes over from its directory (MS-FSA 2.1.5.1.1). */
function inheritedBy(body: CreateRequest): number {
  const { COMPRESSED, INTEGRITY_STREAM } = FileAttributes
  const mayBeCompressed = (body.createOptions & CreateOptions.NO_COMPRESSION) === 0
  return mayBeCompressed ? COMPRESSED | INTEGRITY_STREAM : INTEGRITY_STREAM
}

function openIndexOfQuotas({ body, name, share }: Creation): Opened | Failure {
  if (!keepsQuotas(share)) return fail(NtStatus.OBJECT_PATH_NOT_FOUND)
  if (body.createDisposition === CreateDisposition.CREATE) return fail(NtStatus.OBJECT_NAME_COLLISION)
  return overwrites(body.createDisposition) ? fail(NtStatus.ACCESS_DENIED) : openQuotaIndex(name.path)
}

/** Opens or makes what a CREATE names, as its disposition and options have it. */
export function* openInBackend(creation: Creation): Steps<Opened | Failure> {
  const { request, body, share, name, contexts, desired } = creation
  if (name.isQuotaIndex === true) return openIndexOfQuotas(creation)
  const { identity, server } = request.session
  const now = server.clock.now()
  const mayWrite = (request.tree.maximalAccess & FILE_WRITE_DATA) !== 0 && !share.isPast
  const kind = kindOf(body, name)
  const namesStream = name.stream !== undefined || name.isData === true
  if (namesStream && kind === 'directory') return fail(NtStatus.NOT_A_DIRECTORY)
  // Without streams a name that tells of one is no name.
  if (namesStream && !share.backend.features.namedStreams) return fail(NtStatus.OBJECT_NAME_INVALID)
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
    ...(creation.permissions === undefined ? {} : { caseSensitive: true }),
    read: (desired & (FILE_READ_DATA | FILE_EXECUTE)) !== 0 || asksForMaximum,
    // A previous version is opened for writing, too, since Explorer does so to restore it: each write is refused.
    write:
      !share.isPast &&
      ((desired & (FILE_WRITE_DATA | FILE_APPEND_DATA)) !== 0 ||
        overwrites(body.createDisposition) ||
        (asksForMaximum && mayWrite)),
    initial: {
      attributes,
      inheritedAttributes: inheritedBy(body),
      inherit: (parent) =>
        // Nobody is trusted to encrypt here, as on a Windows server that cannot act for the client.
        (body.fileAttributes & FileAttributes.ENCRYPTED) === 0 &&
        (backsUp(identity, body.createOptions) || mayAdd(parent, identity, isDirectory))
          ? descriptorOfNew(contexts.securityDescriptor, parent, identity, isDirectory)
          : fail(NtStatus.ACCESS_DENIED),
      ...(creation.permissions === undefined ? {} : { permissions: creation.permissions }),
      ...(contexts.extendedAttributes === undefined ? {} : { extendedAttributes: contexts.extendedAttributes }),
      ...(contexts.allocationSize === undefined || isDirectory ? {} : { allocationSize: contexts.allocationSize }),
    },
  }
  let opened = yield* openByName(share, name.path, how, now)
  if (failed(opened) && opened.status === NtStatus.ACCESS_DENIED && asksForMaximum && how.write) {
    // The maximum may well be to read only, if there is something to be read.
    const readable = yield* openByName(share, name.path, { ...how, disposition: 'open', write: false }, now)
    if (!failed(readable) || readable.status !== NtStatus.OBJECT_NAME_NOT_FOUND || !wantsNew) opened = readable
  }
  if (failed(opened) && opened.status === NtStatus.OBJECT_NAME_NOT_FOUND && wantsNew && !mayWrite)
    return fail(share.isPast ? NtStatus.MEDIA_WRITE_PROTECTED : NtStatus.ACCESS_DENIED)
  if (!failed(opened) && !opened.created && body.createDisposition === CreateDisposition.CREATE) {
    yield* wait(opened.file.close())
    return fail(NtStatus.OBJECT_NAME_COLLISION)
  }
  return opened
}
