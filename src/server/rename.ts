import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FileAttributes } from '../wire/fscc/index.ts'
import { HeaderFlags, ShareAccess } from '../wire/smb2/index.ts'
import type { BackendPath } from './backend.ts'
import { afterBreaks, type Breaks, breakForDirectory, breakForRename, breakToClose } from './caching/index.ts'
import { asStored } from './mac/names.ts'
import type { Open } from './open.ts'
import { mayAddToParent, mayDelete } from './parent-access.ts'
import { type PathName, parsePathName, withoutDfsPrefix } from './path-name.ts'
import { parsePosixPath } from './posix/names.ts'
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
  if (newName.startsWith(':') && !open.isPosix) return yield* renameStream(open, newName, replace)
  const target = yield* targetOf(request, open, newName)
  if (failed(target)) return target
  // MS-FSA 2.1.5.15.11: a stream has no path of its own that it could move to; so Windows says of one that is named.
  if (target.stream !== undefined) return fail(NtStatus.SHARING_VIOLATION)
  if (open.file.stream !== undefined) return fail(NtStatus.NOT_SUPPORTED)
  if (open.path.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  if (share.options.printer !== undefined) return fail(NtStatus.ACCESS_DENIED)
  // What is on the way to a link of the namespace stays there.
  if (share.namespace?.holds(open.path) === true) return fail(NtStatus.ACCESS_DENIED)
  const below = new Set(open.file.isDirectory ? share.files.opensBelow(open.path) : [])
  const problem = yield* afterBreaks(request, open, function* () {
    const inTheWay = directoryLetsGo(open, below) ?? parentsLetGo(open, target.path)
    const inItsPlace = inTheWay ?? (replace ? yield* mayReplace(share, open, target.path) : undefined)
    return inItsPlace ?? breakForRename(open)
  })
  // Two names of one file: POSIX leaves both.
  if (problem === 'same file') return
  if (problem !== undefined) return problem
  if (!(yield* mayAddToParent(share, target.path, open.session.identity, open.file.isDirectory)))
    return fail(NtStatus.ACCESS_DENIED)
  const renamed = yield* wait(open.file.rename(target.path, replace, open.isPosix))
  if (failed(renamed)) return renamed
  if (!open.file.isDirectory) yield* markForArchive(open)
  // Where it was by then: something above it may have moved meanwhile.
  const from = open.path
  if (share.options.shortNames === true) share.tunnel.remember(from, open.server.clock.now())
  share.files.moved(from, target.path)
  breakForDirectory(open, from)
  breakForDirectory(open, target.path)
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
  if (share.options.printer !== undefined) return fail(NtStatus.ACCESS_DENIED)
  if ((request.tree.maximalAccess & AccessMask.FILE_WRITE_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const target = yield* targetOf(request, open, newName)
  if (failed(target)) return target
  if (target.stream !== undefined || open.file.stream !== undefined) return fail(NtStatus.INVALID_PARAMETER)
  const problem = replace ? yield* afterBreaks(request, open, () => mayReplace(share, open, target.path)) : undefined
  if (problem === 'same file') return
  if (problem !== undefined) return problem
  if (!(yield* mayAddToParent(share, target.path, open.session.identity, false))) return fail(NtStatus.ACCESS_DENIED)
  const linked = yield* wait(open.file.link(target.path, replace, open.isPosix))
  if (failed(linked)) return linked
  breakForDirectory(open, target.path)
  share.notifier.linked(target.path)
}

function* targetOf(request: Request, open: Open, newName: string): Steps<PathName | Failure> {
  const target = yield* readTarget(request, open, newName)
  const leadsElsewhere = !failed(target) && open.share.namespace?.linkOf(target.path) !== undefined
  return leadsElsewhere ? fail(NtStatus.PATH_NOT_COVERED) : target
}

function* readTarget(request: Request, open: Open, newName: string): Steps<PathName | Failure> {
  const isDfs = (request.header.flags & HeaderFlags.DFS_OPERATIONS) !== 0
  if (open.isPosix) return parsePosixPath(isDfs ? withoutDfsPrefix(newName) : newName)
  // Some clients begin with a separator here, and Windows lets them.
  const plain = (isDfs ? withoutDfsPrefix(newName) : newName).replace(/^\\/, '')
  if (plain === '') return fail(NtStatus.INVALID_PARAMETER)
  const target = parsePathName(plain)
  return failed(target) ? target : { ...target, path: yield* asStored(open.session, open.share, target.path) }
}

/** A name is not held by who has it open as POSIX has it, against who renames as POSIX has it (POSIX-FSA 2.1.4.2). */
const concerns = (open: Open, other: Open): boolean => !(open.isPosix && other.isPosix)

/**
 * A directory does not move from under what is open in it; what only a cache keeps open is closed, one after the other.
 * `known` was open below it when the rename began: what has come since stays.
 */
function directoryLetsGo(open: Open, known: ReadonlySet<Open>): Failure | Breaks | undefined {
  if (!open.file.isDirectory) return undefined
  for (const other of open.share.files.opensBelow(open.path)) {
    if (!concerns(open, other)) continue
    const breaks = known.has(other) ? breakToClose(other) : undefined
    if (breaks !== undefined) return breaks
    // Macs rename folders in which they have files open.
    if (open.session.mac === undefined) return fail(NtStatus.ACCESS_DENIED)
  }
  return undefined
}

/**
 * Who has the directory that a file's name leaves open to delete or rename it keeps the names in it as they are; a name
 * that comes in needs leave to write from all who have its directory open.
 */
function parentsLetGo(open: Open, to: BackendPath): Failure | Breaks | undefined {
  const { file, path, share } = open
  const target = to.slice(0, -1)
  const sources = share.files.opensOfDirectory(path.slice(0, -1))
  const targets = share.files.opensOfDirectory(target)
  // A directory may: smbtorture (smb2.notify-inotify) renames one under who watches its parent with the right to delete.
  const keeps = (other: Open) => !file.isDirectory && (other.grantedAccess & AccessMask.DELETE) !== 0
  const shares = (other: Open) => !usesSharing(other.grantedAccess) || (other.shareAccess & ShareAccess.WRITE) !== 0
  const inTheWay =
    sources.find((other) => concerns(open, other) && keeps(other)) ??
    targets.find((other) => concerns(open, other) && (keeps(other) || !shares(other)))
  return inTheWay && (breakToClose(inTheWay) ?? fail(NtStatus.SHARING_VIOLATION))
}

/** A file that somebody has open cannot be replaced (MS-FSA 2.1.5.15.11), but among POSIX clients it can. */
function* mayReplace(share: Share, open: Open, path: BackendPath): Steps<Failure | Breaks | 'same file' | undefined> {
  const how = { disposition: 'open', read: false, write: false, caseSensitive: open.isPosix } as const
  const existing = yield* wait(share.backend.open(path, how))
  if (failed(existing)) return undefined
  const { file } = existing
  const isSame = file.fileId === open.file.fileId
  const opens = isSame ? [] : [...(share.files.find(file.fileId)?.opens ?? [])].filter((other) => concerns(open, other))
  const stat = yield* wait(file.stat())
  const may = isSame || (yield* mayDelete(share, existing, open.session.identity))
  yield* wait(file.close())
  if (isSame && open.isPosix) return 'same file'
  if (failed(may)) return may
  // What gives way is deleted.
  if (!may) return fail(NtStatus.ACCESS_DENIED)
  for (const other of opens) {
    const breaks = other.closed ? undefined : breakToClose(other)
    if (breaks !== undefined) return breaks
  }
  if (opens.length > 0) return fail(NtStatus.ACCESS_DENIED)
  if (file.isDirectory && !isSame && !open.isPosix) return fail(NtStatus.ACCESS_DENIED)
  if (!failed(stat) && (stat.attributes & FileAttributes.READONLY) !== 0) return fail(NtStatus.ACCESS_DENIED)
  return undefined
}
