import type { InitialState, Opened, OpenHow } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isErrno, type OpenKind, type RawStat } from './calls.ts'
import type { Disk } from './disk.ts'
import { Errno, failErrno } from './errno.ts'
import { compress, DiskFile } from './file.ts'
import { failOpen, type Place } from './lookup.ts'
import { readSecurityDescriptor } from './security-descriptor.ts'
import { DiskStream } from './stream-file.ts'
import { validStreamName } from './stream-name.ts'

/** A file may come and go between the look and the open; more often than this is no accident. */
const MAX_RACES = 8

/** Opens or creates, in the order of checks of MS-FSA 2.1.5.1. */
export function open(disk: Disk, asked: readonly string[], how: OpenHow): Opened | Failure {
  if (how.stream !== undefined) {
    if (disk.streams === undefined || !validStreamName(how.stream)) return fail(NtStatus.OBJECT_NAME_INVALID)
    // A named stream is data, whatever carries it.
    if (how.kind === 'directory') return fail(NtStatus.NOT_A_DIRECTORY)
  }
  const path = disk.lookup.clean(asked)
  if (failed(path)) return path
  // What is spelled as stored and has no links in it, as most of what is opened, needs no search.
  const mustSearch = path.length > 0 && (how.disposition === 'create' || disk.calls.foldsCase)
  const raw = mustSearch ? -Errno.ENOENT : disk.calls.statAt(disk.calls.root, path)
  if (!isErrno(raw) && raw.kind !== 'link') {
    const opened = openExisting(disk, { base: disk.calls.root, names: path, path }, raw, how)
    if (opened !== undefined) return opened
  }
  for (let races = 0; races < MAX_RACES; races++) {
    const opened = search(disk, path, how)
    if (opened !== undefined) return opened
  }
  return fail(NtStatus.SHARING_VIOLATION)
}

/** How something is reached: names below an open directory, and where that is from the root. */
interface Way {
  readonly base: number
  readonly names: readonly string[]
  readonly path: readonly string[]
}

/** Looks without regard to case; undefined if what was found is another thing already. */
function search(disk: Disk, path: readonly string[], how: OpenHow): Opened | Failure | undefined {
  // The root has no name of its own to look for.
  if (path.length === 0) return fail(NtStatus.OBJECT_NAME_COLLISION)
  const place = disk.lookup.place(path, how.caseSensitive)
  if (failed(place)) return place
  try {
    if (place.stat === undefined) {
      return how.disposition === 'open' ? fail(NtStatus.OBJECT_NAME_NOT_FOUND) : create(disk, place, how)
    }
    if (how.disposition === 'create' && how.stream === undefined) return fail(NtStatus.OBJECT_NAME_COLLISION)
    if (place.stat.kind === 'link') return openLink(disk, place, how)
    return openExisting(disk, { base: place.parent, names: [place.name], path: place.path }, place.stat, how)
  } finally {
    disk.calls.close(place.parent)
  }
}

/** Opens what is there; undefined if the look and the open did not meet the same thing. */
function openExisting(disk: Disk, way: Way, seen: RawStat, how: OpenHow): Opened | Failure | undefined {
  const refusal = refusalOf(disk, seen, how)
  if (refusal !== undefined) return refusal
  const descriptor = openKind(seen, how, (kind) => disk.calls.open(way.base, way.names, kind))
  if (descriptor < 0) return goneMeanwhile(descriptor) ? undefined : failOpen(descriptor)
  const raw = disk.calls.stat(descriptor)
  if (isErrno(raw) || raw.kind !== seen.kind) {
    disk.calls.close(descriptor)
    return undefined
  }
  return handle(disk, descriptor, raw, way.path, false, how, false)
}

/** A link at the end of the path is followed, as long as it stays below the root. */
function openLink(disk: Disk, place: Place, how: OpenHow): Opened | Failure | undefined {
  const node = disk.lookup.openFollowed(place.path, 'node')
  if (node < 0) return failOpen(node)
  try {
    const seen = disk.calls.stat(node)
    if (isErrno(seen)) return failErrno(seen)
    const refusal = refusalOf(disk, seen, how)
    if (refusal !== undefined) return refusal
    const descriptor = openKind(seen, how, (kind) => disk.calls.reopen(node, kind))
    if (descriptor < 0) return failOpen(descriptor)
    return handle(disk, descriptor, seen, place.path, true, how, false)
  } finally {
    disk.calls.close(node)
  }
}

/** Why something that is there is not opened. */
function refusalOf(disk: Disk, raw: RawStat, how: OpenHow): Failure | undefined {
  const isDirectory = raw.kind === 'directory'
  if (how.stream === undefined) {
    if (how.disposition === 'create') return fail(NtStatus.OBJECT_NAME_COLLISION)
    if (how.kind === 'file' && isDirectory) return fail(NtStatus.FILE_IS_A_DIRECTORY)
    if (how.kind === 'directory' && !isDirectory) return fail(NtStatus.NOT_A_DIRECTORY)
  }
  if (how.write && disk.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  // Devices, FIFOs and sockets do things when they are opened: never.
  const special = raw.kind === 'special' || raw.kind === 'link'
  return special && (how.read || how.write || how.stream !== undefined) ? fail(NtStatus.ACCESS_DENIED) : undefined
}

/** Opens with the access that is asked for; for attributes alone also what the process may not read. */
function openKind(raw: RawStat, how: OpenHow, openAs: (kind: OpenKind) => number): number {
  if (raw.kind === 'special' || raw.kind === 'link') return openAs('node')
  const data = how.stream === undefined && raw.kind === 'file'
  if (data && how.write) return openAs(how.read ? 'readWrite' : 'write')
  const descriptor = openAs(raw.kind === 'directory' ? 'directory' : 'read')
  const denied = descriptor === -Errno.EACCES || descriptor === -Errno.EPERM
  return denied && !(how.read && how.stream === undefined) ? openAs('node') : descriptor
}

function goneMeanwhile(errno: number): boolean {
  return (
    errno === -Errno.ENOENT ||
    errno === -Errno.ENOTDIR ||
    errno === -Errno.ELOOP ||
    errno === -Errno.EXDEV ||
    errno === -Errno.EISDIR
  )
}

/** Creates a file or directory; undefined if something has taken the name meanwhile. */
function create(disk: Disk, place: Place, how: OpenHow): Opened | Failure | undefined {
  if (disk.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  const whole = inheriting(disk, place, how)
  if (failed(whole)) return whole
  const { calls } = disk
  const isDirectory = how.kind === 'directory'
  disk.outside.own('added', place.path)
  disk.outside.own('modified', place.path)
  let descriptor: number
  if (isDirectory) {
    const made = calls.makeDirectory(place.parent, place.name, disk.directoryMode)
    descriptor = made < 0 ? made : calls.open(place.parent, [place.name], 'directory')
  } else descriptor = calls.create(place.parent, place.name, disk.fileMode)
  if (descriptor === -Errno.EEXIST) return undefined
  if (descriptor < 0) return failErrno(descriptor)
  disk.cache.changed(place.parent, undefined, place.name)
  const raw = calls.stat(descriptor)
  const refusal = isErrno(raw) ? failErrno(raw) : undefined
  const opened = refusal ?? handle(disk, descriptor, raw as RawStat, place.path, false, whole, true)
  if (refusal !== undefined) calls.close(descriptor)
  if (!failed(opened)) return opened
  // Nothing is left behind of what could not be made whole.
  disk.outside.own('removed', place.path)
  calls.removeAt(place.parent, place.name, isDirectory)
  disk.cache.changed(place.parent, place.name, undefined)
  return opened
}

/** With the security descriptor that comes from the directory, where none is given; or why nothing may be made in it. */
function inheriting(disk: Disk, place: Place, how: OpenHow): OpenHow | Failure {
  const withAttributes = inheritingAttributes(disk, place, how)
  const inherit = how.initial?.inherit
  const { attributes } = disk.calls
  if (inherit === undefined || attributes === undefined) return withAttributes
  const parent = readSecurityDescriptor(attributes, place.parent)
  if (failed(parent)) return parent
  const inherited = inherit(parent)
  if (failed(inherited)) return inherited
  if (inherited === undefined || how.initial?.securityDescriptor !== undefined) return withAttributes
  return { ...withAttributes, initial: { ...withAttributes.initial, securityDescriptor: inherited } }
}

/** With the attributes that the directory hands down. */
function inheritingAttributes(disk: Disk, place: Place, how: OpenHow): OpenHow {
  const mask = how.initial?.inheritedAttributes ?? 0
  if (mask === 0 || disk.calls.attributes === undefined) return how
  const inherited = (disk.metadata.dosAttributes(place.parent, 0n).attributes ?? 0) & mask
  if (inherited === 0) return how
  return { ...how, initial: { ...how.initial, attributes: (how.initial?.attributes ?? 0) | inherited } }
}

/** Makes the handle; closes the descriptor if it cannot. */
function handle(
  disk: Disk,
  descriptor: number,
  raw: RawStat,
  path: readonly string[],
  byLink: boolean,
  how: OpenHow,
  made: boolean,
): Opened | Failure {
  const file = new DiskFile(disk, descriptor, raw, path, byLink)
  const refusal = made && how.initial !== undefined ? begin(disk, file, raw, how) : undefined
  if (refusal !== undefined) {
    void file.close()
    return refusal
  }
  if (how.stream === undefined || disk.streams === undefined) return { file, created: made, path }
  const disposition = made ? 'create' : how.disposition
  const opened = disk.streams.open(descriptor, raw.fileId, how.stream, disposition)
  if (failed(opened)) {
    void file.close()
    return opened
  }
  const stream = new DiskStream(disk, descriptor, raw, path, opened.stream)
  const size = how.initial?.allocationSize ?? 0
  if (opened.created && size > 0) void stream.allocate(size)
  return { file: stream, created: opened.created, fileCreated: made, path }
}

/** Gives what was just made its initial state. */
function begin(disk: Disk, file: DiskFile, raw: RawStat, how: OpenHow): Failure | undefined {
  const initial: InitialState = how.initial ?? {}
  const { attributes = 0, securityDescriptor, extendedAttributes = [], allocationSize = 0, permissions } = initial
  if (permissions !== undefined) {
    const result = disk.calls.setMode(file.descriptor, permissions)
    if (result < 0) return failErrno(result)
  }
  if (attributes !== 0) {
    compress(disk, file.descriptor, 0, attributes)
    const result = disk.metadata.setDosAttributes(file.descriptor, raw, attributes, undefined)
    if (result < 0) return failErrno(result)
  }
  if (securityDescriptor !== undefined) {
    const refusal = file.setSecurityDescriptor(securityDescriptor)
    if (refusal !== undefined) return refusal
  }
  if (extendedAttributes.length > 0) {
    const refusal = file.setExtendedAttributes(extendedAttributes)
    if (refusal !== undefined) return refusal
  }
  if (allocationSize === 0 || raw.kind !== 'file' || how.stream !== undefined) return undefined
  const result = disk.calls.reserve(file.descriptor, 0, allocationSize)
  return result < 0 && result !== -Errno.EOPNOTSUPP ? failErrno(result) : undefined
}
