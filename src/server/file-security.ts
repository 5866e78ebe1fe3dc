/** Descriptors of files by their names, with nothing opened: srvsvc asks so (MS-SRVS 3.1.4.14, 3.1.4.15). */
import type { Identity } from '../auth/mechanism.ts'
import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { NotifyAction } from '../wire/fscc/index.ts'
import { CompletionFilter } from '../wire/smb2/index.ts'
import { isAdministrator, maximalAccess } from './access-check.ts'
import { serveAs, unixUserOf } from './acting-user.ts'
import type { BackendFile } from './backend.ts'
import { type PathName, parsePathName } from './path-name.ts'
import { mergeSecurity, rightsToRead, rightsToSet, selectSecurity } from './security.ts'
import type { ServerCore } from './server-core.ts'
import type { Share } from './share.ts'
import { shareAccess } from './share-access.ts'
import { type Steps, wait } from './steps.ts'

/** A file as it is named, and who asks for it. */
export interface NamedFile {
  readonly server: ServerCore
  readonly identity: Identity | undefined
  readonly shareName: string
  readonly path: string
}

interface Found {
  readonly share: Share
  readonly name: PathName
  readonly file: BackendFile
  readonly stored: Uint8Array | undefined
  /** What the share and the descriptor leave to who asks. */
  readonly granted: number
}

const { ACCESS_SYSTEM_SECURITY, WRITE_OWNER } = AccessMask

/** The parts of the descriptor, as far as who asks may read them. */
export const fileSecurity = (named: NamedFile, parts: number): Steps<Uint8Array | Failure> =>
  withFile(named, function* ({ file, stored, granted }) {
    const needed = rightsToRead(parts)
    if ((granted & needed) !== needed) return fail(NtStatus.ACCESS_DENIED)
    return selectSecurity(stored, parts, named.identity, file.isDirectory)
  })

/** Replaces the parts of the descriptor. @throws WireError where `change` is no descriptor */
export const setFileSecurity = (named: NamedFile, parts: number, change: Uint8Array): Steps<Failure | void> =>
  withFile(named, function* ({ share, name, file, stored, granted }) {
    const needed = rightsToSet(parts)
    if ((granted & needed) !== needed) return fail(NtStatus.ACCESS_DENIED)
    // Who names no part changes nothing, and needs no right for it.
    if (needed === 0) return undefined
    if (!share.backend.features.securityDescriptors) return fail(NtStatus.NOT_SUPPORTED)
    const changed = mergeSecurity(stored, change, parts, named.identity, file.isDirectory)
    if (failed(changed)) return changed
    const set = yield* wait(file.setSecurityDescriptor(changed))
    if (failed(set)) return set
    share.notifier.report(NotifyAction.MODIFIED, name.path, CompletionFilter.SECURITY)
    return undefined
  })

/** Finds the file as who asks for it would, and lets go of it afterwards. */
function* withFile<T>(named: NamedFile, work: (found: Found) => Steps<T | Failure>): Steps<T | Failure> {
  const { server, identity, shareName, path } = named
  const share = server.share(shareName)
  if (share === undefined) return fail(NtStatus.BAD_NETWORK_NAME)
  const allowed = shareAccess({ server, identity }, share)
  if (allowed === 0) return fail(NtStatus.ACCESS_DENIED)
  const name = parsePathName(path.replace(/^[\\/]+/, '').replaceAll('/', '\\'))
  if (failed(name)) return name
  if (share.namespace?.linkOf(name.path) !== undefined) return fail(NtStatus.PATH_NOT_COVERED)
  const find = () => inBackend({ share, name, allowed, identity }, work)
  return yield* share.impersonates ? serveAs(unixUserOf(identity, share.options.guestUnixUser), find) : find()
}

function* inBackend<T>(
  {
    share,
    name,
    allowed,
    identity,
  }: Pick<Found, 'share' | 'name'> & { allowed: number; identity: Identity | undefined },
  work: (found: Found) => Steps<T | Failure>,
): Steps<T | Failure> {
  const opened = yield* wait(share.backend.open(name.path, { disposition: 'open', read: false, write: false }))
  if (failed(opened)) return opened
  const { file } = opened
  try {
    const stored = yield* wait(file.securityDescriptor())
    if (failed(stored)) return stored
    const most = maximalAccess(stored, identity)
    // The privileges of administrators: to take what is not theirs, and to see and set audit lists.
    const granted = isAdministrator(identity)
      ? ((most | WRITE_OWNER) & allowed) | ACCESS_SYSTEM_SECURITY
      : most & allowed
    return yield* work({ share, name, file, stored, granted })
  } finally {
    yield* wait(file.close())
  }
}
