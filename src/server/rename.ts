import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FileAttributes, sameName } from '../wire/fscc/index.ts'
import { HeaderFlags, ShareAccess } from '../wire/smb2/index.ts'
import type { BackendPath } from './backend.ts'
import type { Open } from './open.ts'
import { mayAddToParent } from './parent-access.ts'
import { type PathName, parsePathName, withoutDfsPrefix } from './path-name.ts'
import type { Request } from './request.ts'
import type { Share } from './share.ts'
import { usesSharing } from './share-mode.ts'
import { type Steps, wait } from './steps.ts'
import { renameStream } from './stream-rename.ts'

/** FileRenameInformation (MS-SMB2 3.3.5.21.1, MS-FSA 2.1.5.15.11). */
export function* rename(request: Request, open: Open, newName: string, replace: boolean): Steps<Failure | void> {
  const { share } = open
  if ((open.grantedAccess & AccessMask.DELETE) === 0) return fail(NtStatus.ACCESS_DENIED)
  // A name that begins with a colon renames the stream itself.
  if (newName.startsWith(':')) return yield* renameStream(open, newName, replace)
  const target = targetOf(request, newName)
  if (failed(target)) return target
  // MS-FSA 2.1.5.15.11: a stream has no path of its own that it could move to; so Windows says of one that is named.
  if (target.stream !== undefined) return fail(NtStatus.SHARING_VIOLATION)
  if (open.file.stream !== undefined) return fail(NtStatus.NOT_SUPPORTED)
  if (open.path.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  // A directory does not move from under what is open in it.
  if (open.file.isDirectory && share.files.hasOpenBelow(open.path)) return fail(NtStatus.ACCESS_DENIED)
  if (!parentsLetGo(share, open, target.path)) return fail(NtStatus.SHARING_VIOLATION)
  const problem = replace ? yield* mayReplace(share, open, target.path) : undefined
  if (problem !== undefined) return problem
  if (!(yield* mayAddToParent(share, target.path, open.session.identity, open.file.isDirectory)))
    return fail(NtStatus.ACCESS_DENIED)
  const renamed = yield* wait(open.file.rename(target.path, replace))
  if (failed(renamed)) return renamed
  if (!open.file.isDirectory) yield* markForArchive(open)
  // Where it was by then: something above it may have moved meanwhile.
  const from = open.path
  if (share.options.shortNames === true) share.tunnel.remember(from, open.session.server.clock.now())
  share.files.moved(from, target.path)
  share.notifier.renamed(from, target.path, open.file.isDirectory)
}

/** What has another name has to be archived anew. */
function* markForArchive(open: Open): Steps<void> {
  open.wasRenamed = true
  const stat = yield* wait(open.file.stat())
  if (failed(stat) || (stat.attributes & FileAttributes.ARCHIVE) !== 0) return
  yield* wait(open.file.setStat({ attributes: stat.attributes | FileAttributes.ARCHIVE }))
}

/** FileLinkInformation (MS-FSA 2.1.5.15.7). */
export function* link(request: Request, open: Open, newName: string, replace: boolean): Steps<Failure | void> {
  const { share } = open
  if (open.file.isDirectory) return fail(NtStatus.FILE_IS_A_DIRECTORY)
  if ((open.tree.maximalAccess & AccessMask.FILE_WRITE_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const target = targetOf(request, newName)
  if (failed(target)) return target
  if (target.stream !== undefined || open.file.stream !== undefined) return fail(NtStatus.INVALID_PARAMETER)
  const problem = replace ? yield* mayReplace(share, open, target.path) : undefined
  if (problem !== undefined) return problem
  if (!(yield* mayAddToParent(share, target.path, open.session.identity, false))) return fail(NtStatus.ACCESS_DENIED)
  const linked = yield* wait(open.file.link(target.path, replace))
  if (failed(linked)) return linked
  share.notifier.linked(target.path)
}

function targetOf(request: Request, newName: string): PathName | Failure {
  const isDfs = (request.header.flags & HeaderFlags.DFS_OPERATIONS) !== 0
  // Some clients begin with a separator here, and Windows lets them.
  const plain = (isDfs ? withoutDfsPrefix(newName) : newName).replace(/^\\/, '')
  if (plain === '') return fail(NtStatus.INVALID_PARAMETER)
  return parsePathName(plain)
}

/**
 * Who has the directory that a file's name leaves open to delete or rename it keeps the names in it as they are; a name
 * that comes in needs leave to write from all who have its directory open.
 */
function parentsLetGo(share: Share, open: Open, to: BackendPath): boolean {
  const [source, target] = [open.path.slice(0, -1), to.slice(0, -1)]
  // A directory may: smbtorture (smb2.notify-inotify) renames one under who watches its parent with the right to delete.
  const keeps = (other: Open) => !open.file.isDirectory && (other.grantedAccess & AccessMask.DELETE) !== 0
  for (const other of share.files.opens()) {
    if (!other.file.isDirectory) continue
    const isTarget = samePath(other.path, target)
    if (keeps(other) && (isTarget || samePath(other.path, source))) return false
    const shares = !usesSharing(other.grantedAccess) || (other.shareAccess & ShareAccess.WRITE) !== 0
    if (isTarget && !shares) return false
  }
  return true
}

const samePath = (a: BackendPath, b: BackendPath): boolean =>
  a.length === b.length && a.every((name, i) => sameName(name, b[i] as string))

/** A file that somebody has open cannot be replaced (MS-FSA 2.1.5.15.11). */
function* mayReplace(share: Share, open: Open, path: BackendPath): Steps<Failure | undefined> {
  const existing = yield* wait(share.backend.open(path, { disposition: 'open', read: false, write: false }))
  if (failed(existing)) return undefined
  const { file } = existing
  const isOpen = file.fileId !== open.file.fileId && (share.files.find(file.fileId)?.opens.size ?? 0) > 0
  const stat = yield* wait(file.stat())
  yield* wait(file.close())
  if (isOpen) return fail(NtStatus.ACCESS_DENIED)
  if (file.isDirectory && file.fileId !== open.file.fileId) return fail(NtStatus.ACCESS_DENIED)
  if (!failed(stat) && (stat.attributes & 0x1) !== 0) return fail(NtStatus.ACCESS_DENIED)
  return undefined
}
