import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FileAttributes, upcase } from '../wire/fscc/index.ts'
import { HeaderFlags } from '../wire/smb2/index.ts'
import type { BackendPath } from './backend.ts'
import type { Open } from './open.ts'
import { mayAddToParent } from './parent-access.ts'
import { type PathName, parsePathName, parseStream, withoutDfsPrefix } from './path-name.ts'
import type { Request } from './request.ts'
import type { Share } from './share.ts'
import { type Steps, wait } from './steps.ts'

/** FileRenameInformation (MS-SMB2 3.3.5.21.1, MS-FSA 2.1.5.15.11). */
export function* rename(request: Request, open: Open, newName: string, replace: boolean): Steps<Failure | void> {
  const { share } = open
  if ((open.grantedAccess & AccessMask.DELETE) === 0) return fail(NtStatus.ACCESS_DENIED)
  // A name that begins with a colon renames the stream itself.
  if (newName.startsWith(':')) return yield* renameStream(open, newName, replace)
  const target = targetOf(request, newName)
  if (failed(target)) return target
  if (target.stream !== undefined || open.file.stream !== undefined) return fail(NtStatus.NOT_SUPPORTED)
  if (open.path.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  // A directory does not move from under what is open in it.
  if (open.file.isDirectory && share.files.hasOpenBelow(open.path)) return fail(NtStatus.ACCESS_DENIED)
  // A directory may: smbtorture (smb2.notify-inotify) renames one under who watches its parent with the right to delete.
  if (!open.file.isDirectory && !parentLetsGo(share, open)) return fail(NtStatus.SHARING_VIOLATION)
  const problem = replace ? yield* mayReplace(share, open, target.path) : undefined
  if (problem !== undefined) return problem
  if (!(yield* mayAddToParent(share, target.path, open.session.identity, open.file.isDirectory)))
    return fail(NtStatus.ACCESS_DENIED)
  const renamed = yield* wait(open.file.rename(target.path, replace))
  if (failed(renamed)) return renamed
  if (!open.file.isDirectory) yield* markForArchive(open)
  // Where it was by then: something above it may have moved meanwhile.
  const from = open.path
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

/** `:name`, `:name:$DATA` */
function* renameStream(open: Open, newName: string, replace: boolean): Steps<Failure | void> {
  const parsed = parseStream(newName.slice(1))
  if (failed(parsed)) return parsed
  const { stream: name } = parsed
  if (name === undefined) return fail(NtStatus.OBJECT_NAME_INVALID)
  if (open.file.stream === undefined) return fail(NtStatus.NOT_SUPPORTED)
  const { shared, stream } = open
  const key = upcase(name)
  // A stream that somebody has open is not replaced, as a file is not (MS-FSA 2.1.5.15.11).
  const isTaken = (): boolean => [...shared.opens].some((other) => other.stream !== stream && other.stream.key === key)
  if (replace && isTaken()) return fail(NtStatus.ACCESS_DENIED)
  const before = open.file.stream
  const done = yield* wait(open.file.renameStream(name, replace))
  if (failed(done)) return done
  shared.renameStream(stream, key)
  open.share.notifier.streamRenamed(open.path, before, name)
}

/** Who has the parent directory open to delete or rename it keeps the names in it as they are. */
function parentLetsGo(share: Share, open: Open): boolean {
  const parent = open.path.slice(0, -1)
  for (const other of share.files.opens()) {
    if (!other.file.isDirectory || other.path.length !== parent.length) continue
    if (!other.path.every((name, i) => upcase(name) === upcase(parent[i] as string))) continue
    if ((other.grantedAccess & AccessMask.DELETE) !== 0) return false
  }
  return true
}

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
