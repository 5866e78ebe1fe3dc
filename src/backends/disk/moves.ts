/** Changes of names: rename, link and remove. What a name is now is looked at just before it is changed. */
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isErrno } from './calls.ts'
import type { Disk } from './disk.ts'
import { Errno, failErrno } from './errno.ts'
import type { Place } from './lookup.ts'
import { isBelow, type OpenName } from './open-names.ts'

/** An open file and the name by which it was opened. */
export interface Named extends OpenName {
  readonly descriptor: number
  readonly isDirectory: boolean
  /** The last component is a link to it: that link is what is renamed and removed. */
  readonly byLink: boolean
}

/** Finds the folder in which an open file has its name. The caller closes `parent`. */
export function locate(disk: Disk, file: Named): Place | Failure {
  const raw = disk.calls.stat(file.descriptor)
  if (isErrno(raw)) return failErrno(raw)
  if (raw.links === 0) return fail(NtStatus.FILE_DELETED)
  const place = check(disk, file, file.path)
  if (place !== undefined) return place
  // It, or a folder above it, was moved since: the kernel knows where it is now.
  const current = file.byLink ? undefined : disk.calls.currentPath(file.descriptor)
  const moved = current === undefined || current.length === 0 ? undefined : check(disk, file, current)
  return moved ?? fail(NtStatus.OBJECT_NAME_NOT_FOUND)
}

function check(disk: Disk, file: Named, path: readonly string[]): Place | undefined {
  const parent = disk.lookup.folder(path.slice(0, -1))
  if (parent < 0) return undefined
  const name = path[path.length - 1] as string
  const stat = disk.calls.statAt(parent, [name])
  if (!isErrno(stat)) {
    const found = stat
    if (file.byLink ? found.kind === 'link' : found.fileId === file.fileId) return { parent, name, path, stat: found }
  }
  disk.calls.close(parent)
  return undefined
}

export function remove(disk: Disk, file: Named): Failure | undefined {
  if (file.path.length === 0) return fail(NtStatus.CANNOT_DELETE)
  const place = locate(disk, file)
  if (failed(place)) return place
  const last = !file.byLink && (file.isDirectory || (place.stat?.links ?? 0) <= 1)
  const afterwards = last ? disk.streams?.beforeRemove(file.descriptor, file.fileId) : undefined
  disk.outside.own('removed', place.path)
  disk.outside.own('modified', place.path)
  const result = disk.calls.removeAt(place.parent, place.name, file.isDirectory && !file.byLink)
  if (result >= 0) {
    disk.cache.changed(place.parent, place.name, undefined)
    disk.openNames.removed(file.fileId, file.path)
    if (last) disk.metadata.forget(file.fileId)
    afterwards?.()
  }
  disk.calls.close(place.parent)
  return result < 0 ? failErrno(result) : undefined
}

export function rename(
  disk: Disk,
  file: Named,
  asked: readonly string[],
  replace: boolean,
  posix: boolean,
): Failure | undefined {
  if (file.path.length === 0 || asked.length === 0) return fail(NtStatus.ACCESS_DENIED)
  const to = disk.lookup.clean(asked)
  if (failed(to)) return to
  const from = locate(disk, file)
  if (failed(from)) return from
  const target = disk.lookup.place(to, posix)
  if (failed(target)) {
    disk.calls.close(from.parent)
    return target
  }
  const wanted = to[to.length - 1] as string
  // Two names of one file: POSIX leaves both, and changes nothing.
  const keepsBoth = posix && replace && isOtherName(disk, from, target)
  const refusal = keepsBoth ? undefined : renameTo(disk, file, { from, target, wanted, replace, posix })
  disk.calls.close(from.parent)
  disk.calls.close(target.parent)
  if (refusal === undefined && !keepsBoth) {
    disk.openNames.renamed(file.fileId, file.path, [...target.path.slice(0, -1), wanted], file.isDirectory)
  }
  return refusal
}

interface Rename {
  readonly from: Place
  readonly target: Place
  /** The new name as it was asked for. */
  readonly wanted: string
  readonly replace: boolean
  readonly posix: boolean
}

function renameTo(disk: Disk, file: Named, { from, target, wanted, replace, posix }: Rename): Failure | undefined {
  // A directory cannot become its own descendant, whatever is there already.
  if (file.isDirectory && isBelow(target.path, from.path)) return fail(NtStatus.ACCESS_DENIED)
  if (target.stat === undefined) return move(disk, from, target, wanted, false)
  if (target.stat.fileId === from.stat?.fileId) {
    if (!isOtherName(disk, from, target)) {
      // Only the case changes, or nothing at all.
      return target.name === wanted ? undefined : move(disk, from, target, wanted, true)
    }
    if (!replace) return fail(NtStatus.OBJECT_NAME_COLLISION)
    disk.outside.own('removed', from.path)
    disk.outside.own('modified', from.path)
    const result = disk.calls.removeAt(from.parent, from.name, false)
    if (result < 0) return failErrno(result)
    disk.cache.changed(from.parent, from.name, undefined)
    disk.openNames.removed(file.fileId, target.path)
    return target.name === wanted ? undefined : move(disk, target, target, wanted, true)
  }
  if (!replace) return fail(NtStatus.OBJECT_NAME_COLLISION)
  // MS-FSA 2.1.5.15.11: only a file gives way, and to a file. In POSIX an empty directory does to another, too.
  const involvesDirectory = target.stat.kind === 'directory' || file.isDirectory
  if (involvesDirectory && !posix) return fail(NtStatus.ACCESS_DENIED)
  if (involvesDirectory && !file.isDirectory) return fail(NtStatus.FILE_IS_A_DIRECTORY)
  if (involvesDirectory && target.stat.kind !== 'directory') return fail(NtStatus.NOT_A_DIRECTORY)
  const afterwards = replaced(disk, target)
  const refusal = move(disk, from, target, target.name, true)
  if (refusal !== undefined) return refusal
  afterwards()
  if (target.name === wanted) return undefined
  // It took the place of a name that is spelled otherwise.
  return move(disk, target, target, wanted, false)
}

/** Whether the two are one file, and not the same name of it. */
function isOtherName(disk: Disk, from: Place, target: Place): boolean {
  if (target.stat === undefined || target.stat.fileId !== from.stat?.fileId) return false
  return target.name !== from.name || folderId(disk, from.parent) !== folderId(disk, target.parent)
}

/** What is to be cleaned up when the file at `target` has given way. */
function replaced(disk: Disk, target: Place): () => void {
  const { stat, path } = target
  if (stat === undefined) return () => {}
  if (stat.kind !== 'file' || stat.links > 1) return () => disk.openNames.removed(stat.fileId, path)
  const descriptor = disk.streams === undefined ? -1 : disk.calls.open(target.parent, [target.name], 'node')
  const streams = descriptor < 0 ? undefined : disk.streams?.beforeRemove(descriptor, stat.fileId)
  if (descriptor >= 0) disk.calls.close(descriptor)
  return () => {
    disk.openNames.removed(stat.fileId, path)
    disk.metadata.forget(stat.fileId)
    streams?.()
  }
}

/** Moves `from` into the folder of `to`, there to be called `toName`. */
function move(disk: Disk, from: Place, to: Place, toName: string, replace: boolean): Failure | undefined {
  disk.outside.own('movedFrom', from.path)
  disk.outside.own('movedTo', [...to.path.slice(0, -1), toName])
  const result = disk.calls.rename(from.parent, from.name, to.parent, toName, replace)
  // By way of a link a directory would become its own descendant.
  if (result === -Errno.EINVAL) return fail(NtStatus.ACCESS_DENIED)
  if (result < 0) return failErrno(result)
  disk.cache.changed(from.parent, from.name, undefined)
  disk.cache.changed(to.parent, undefined, toName)
  return undefined
}

function folderId(disk: Disk, descriptor: number): bigint | undefined {
  const stat = disk.calls.stat(descriptor)
  return isErrno(stat) ? undefined : stat.fileId
}

export function link(
  disk: Disk,
  file: Named,
  asked: readonly string[],
  replace: boolean,
  posix: boolean,
): Failure | undefined {
  if (file.isDirectory) return fail(NtStatus.FILE_IS_A_DIRECTORY)
  if (asked.length === 0) return fail(NtStatus.ACCESS_DENIED)
  const to = disk.lookup.clean(asked)
  if (failed(to)) return to
  // A name that was removed gives no other, even where the file has one left.
  const from = locate(disk, file)
  if (failed(from)) return from
  disk.calls.close(from.parent)
  const target = disk.lookup.place(to, posix)
  if (failed(target)) return target
  const refusal = linkTo(disk, file, target, to[to.length - 1] as string, replace)
  disk.calls.close(target.parent)
  return refusal
}

function linkTo(disk: Disk, file: Named, target: Place, wanted: string, replace: boolean): Failure | undefined {
  const { calls } = disk
  if (target.stat === undefined) {
    disk.outside.own('added', target.path)
    disk.outside.own('modified', file.path)
    const result = calls.link(file.descriptor, target.parent, wanted)
    if (result < 0) return failErrno(result)
    disk.cache.changed(target.parent, undefined, wanted)
    return undefined
  }
  if (!replace) return fail(NtStatus.OBJECT_NAME_COLLISION)
  if (target.stat.kind === 'directory') return fail(NtStatus.ACCESS_DENIED)
  if (target.stat.fileId === file.fileId) return undefined
  const afterwards = replaced(disk, target)
  // First under another name, then in one step in the place of what gives way.
  const temporary = `.smbkit-${process.pid}-${file.fileId}`
  const folder = target.path.slice(0, -1)
  disk.outside.own('added', [...folder, temporary])
  disk.outside.own('modified', file.path)
  disk.outside.own('movedFrom', [...folder, temporary])
  disk.outside.own('movedTo', target.path)
  const linked = calls.link(file.descriptor, target.parent, temporary)
  if (linked < 0) return failErrno(linked)
  const moved = calls.rename(target.parent, temporary, target.parent, target.name, true)
  if (moved < 0) {
    calls.removeAt(target.parent, temporary, false)
    return failErrno(moved)
  }
  afterwards()
  disk.cache.changed(target.parent, target.name, target.name)
  return target.name === wanted ? undefined : move(disk, target, target, wanted, false)
}
