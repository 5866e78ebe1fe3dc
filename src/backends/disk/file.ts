import { filetimeFromDate } from '../../bytes/filetime.ts'
import type {
  Answer,
  BackendFile,
  BackendPath,
  ByteRange,
  ExtendedAttribute,
  FileStat,
  Maybe,
  StatChange,
  StreamEntry,
} from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileAttributes } from '../../wire/fscc/file-attributes.ts'
import { isErrno, type RawStat } from './calls.ts'
import { Data } from './data.ts'
import type { Disk } from './disk.ts'
import { Errno, failErrno } from './errno.ts'
import { readExtendedAttributes, writeExtendedAttributes } from './extended-attributes.ts'
import { link, type Named, remove, rename } from './moves.ts'
import { readProperty, writeProperty } from './properties.ts'
import { readReparsePoint, writeReparsePoint } from './reparse-points.ts'
import { readSecurityDescriptor, writeSecurityDescriptor } from './security-descriptor.ts'

/** What a call that changes something answers at once. */
export type Done = Failure | undefined

/** An open file or directory; the unnamed stream of it. */
export class DiskFile implements BackendFile, Named {
  readonly fileId: bigint
  readonly isDirectory: boolean
  readonly byLink: boolean
  path: readonly string[]
  protected readonly disk: Disk
  protected readonly data: Data
  removed = false

  constructor(disk: Disk, descriptor: number, raw: RawStat, path: readonly string[], byLink: boolean) {
    this.disk = disk
    this.data = new Data(disk, descriptor)
    this.fileId = raw.fileId
    this.isDirectory = raw.kind === 'directory'
    this.byLink = byLink
    this.path = path
    disk.openNames.add(this)
  }

  get descriptor(): number {
    return this.data.descriptor
  }

  stat(): FileStat | Failure {
    const raw = this.raw()
    return failed(raw) ? raw : this.disk.metadata.stat(this.descriptor, raw)
  }

  protected raw(): RawStat | Failure {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    const raw = this.disk.calls.stat(this.descriptor)
    return isErrno(raw) ? failErrno(raw) : raw
  }

  setStat(change: StatChange): Done {
    const { metadata } = this.disk
    const raw = this.raw()
    if (failed(raw)) return raw
    const refusal = this.notChangeable()
    if (refusal !== undefined) return refusal
    const { attributes, creationTime, lastAccessTime, lastWriteTime, changeTime, permissions } = change
    if (permissions !== undefined) {
      const result = this.disk.calls.setMode(this.descriptor, permissions)
      if (result < 0) return failErrno(result)
    }
    if (attributes !== undefined || creationTime !== undefined) {
      const before = metadata.dosAttributes(this.descriptor, this.fileId)
      if (attributes !== undefined) compress(this.disk, this.descriptor, before.attributes ?? 0, attributes)
      const result = metadata.setDosAttributes(
        this.descriptor,
        raw,
        attributes ?? before.attributes ?? 0,
        creationTime ?? before.creationTime,
      )
      if (result < 0) return failErrno(result)
    }
    if (lastAccessTime !== undefined || lastWriteTime !== undefined) {
      const result = this.disk.calls.setTimes(this.descriptor, lastAccessTime, lastWriteTime)
      if (result < 0) return failErrno(result)
    }
    if (changeTime === undefined) return undefined
    const result = metadata.setChangeTime(this.descriptor, changeTime)
    return result < 0 ? failErrno(result) : undefined
  }

  read(into: Uint8Array, offset: number): Answer<number> {
    return this.#notData() ?? this.data.read(into, offset)
  }

  write(data: Uint8Array, offset: number, through: boolean): Answer<void> {
    return this.#notWritable() ?? this.#working(this.data.write(data, offset, through))
  }

  flush(): Answer<void> {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    return this.data.flush()
  }

  truncate(size: number): Answer<void> {
    return this.#notWritable() ?? this.#working(this.data.truncate(size))
  }

  allocate(size: number): Answer<void> {
    return this.#notWritable() ?? this.data.allocate(size)
  }

  zero(range: ByteRange): Answer<void> {
    return this.#notWritable() ?? this.#working(this.data.zero(range))
  }

  /** What another thread changes for us is no change of others. */
  #working(answer: Answer<void>): Answer<void> {
    if (!(answer instanceof Promise) || !this.disk.outside.active) return answer
    const end = this.disk.outside.ownWork(this.path)
    return answer.finally(end)
  }

  allocatedRanges(range: ByteRange): Answer<ByteRange[]> {
    return this.#notData() ?? this.data.allocatedRanges(range)
  }

  #notData(): Done {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    return this.isDirectory ? fail(NtStatus.INVALID_DEVICE_REQUEST) : undefined
  }

  #notWritable(): Done {
    return this.#notData() ?? this.notChangeable()
  }

  /** To be asked before every change of the file. */
  protected notChangeable(): Done {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    if (this.disk.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    this.disk.outside.own('modified', this.path)
    return undefined
  }

  list(): string[] | Failure {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    // MS-FSA 2.1.5.6.3: only directories can be listed.
    if (!this.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
    const names = this.disk.calls.list(this.descriptor)
    // A directory that the process may not list was opened for its attributes alone.
    if (names === -Errno.EBADF) return fail(NtStatus.ACCESS_DENIED)
    if (isErrno(names)) return failErrno(names)
    return this.path.length === 0 ? names.filter((name) => !this.disk.lookup.isHidden(true, name)) : names
  }

  statEntries(names: readonly string[]): (FileStat | undefined)[] | Failure {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    if (!this.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
    const now = filetimeFromDate(new Date())
    const stats: (FileStat | undefined)[] = []
    for (const name of names) {
      const raw = this.#isEntry(name) ? this.disk.calls.statAt(this.descriptor, [name]) : -1
      if (isErrno(raw)) stats.push(undefined)
      else if (raw.kind === 'link') stats.push(this.#linkStat(name))
      else stats.push(this.disk.metadata.entryStat(this.descriptor, name, raw, now))
    }
    return stats
  }

  /** A link is shown as what it leads to; one that leads nowhere or out of the root is not shown. */
  #linkStat(name: string): FileStat | undefined {
    const target = this.disk.lookup.openFollowed([...this.path, name], 'node')
    if (target < 0) return undefined
    const raw = this.disk.calls.stat(target)
    const stat = isErrno(raw) ? undefined : this.disk.metadata.stat(target, raw)
    this.disk.calls.close(target)
    return stat
  }

  /** Whether a name can be that of an entry: nothing that leads elsewhere, and nothing hidden. */
  #isEntry(name: string): boolean {
    const isName = name !== '' && name !== '.' && name !== '..' && !name.includes('/')
    return isName && !this.disk.lookup.isHidden(this.path.length === 0, name)
  }

  streams(): StreamEntry[] | Failure {
    const raw = this.raw()
    if (failed(raw)) return raw
    const named = this.disk.streams?.entries(this.descriptor) ?? []
    if (failed(named) || this.isDirectory) return named
    return [{ name: '', size: raw.size, allocationSize: raw.allocated }, ...named]
  }

  extendedAttributes(): ExtendedAttribute[] | Failure {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    const { attributes } = this.disk.calls
    return attributes === undefined ? [] : readExtendedAttributes(attributes, this.descriptor)
  }

  setExtendedAttributes(changes: readonly ExtendedAttribute[]): Done {
    const refusal = this.notChangeable()
    if (refusal !== undefined) return refusal
    const { attributes } = this.disk.calls
    if (attributes === undefined) return fail(NtStatus.EAS_NOT_SUPPORTED)
    return writeExtendedAttributes(attributes, this.descriptor, changes)
  }

  securityDescriptor(): Uint8Array | undefined | Failure {
    const raw = this.raw()
    if (failed(raw)) return raw
    const { attributes } = this.disk.calls
    return attributes === undefined ? undefined : readSecurityDescriptor(attributes, this.descriptor)
  }

  setSecurityDescriptor(descriptor: Uint8Array): Done {
    const raw = this.raw()
    if (failed(raw)) return raw
    const refusal = this.notChangeable()
    if (refusal !== undefined) return refusal
    const { attributes } = this.disk.calls
    if (attributes === undefined) return fail(NtStatus.INVALID_DEVICE_REQUEST)
    return writeSecurityDescriptor(attributes, this.descriptor, raw, descriptor)
  }

  duplicate(source: BackendFile, range: ByteRange, to: number): Answer<void> {
    const refusal = this.#notWritable()
    if (refusal !== undefined) return refusal
    if (!(source instanceof DiskFile) || source.disk !== this.disk) return fail(NtStatus.NOT_SUPPORTED)
    const from = source.shared()
    const into = this.shared()
    if (failed(from)) return from
    if (failed(into)) return into
    return from === undefined || into === undefined ? fail(NtStatus.NOT_SUPPORTED) : into.duplicate(from, range, to)
  }

  /** The bytes whose room can be shared with others; undefined where they have none of their own. */
  protected shared(): Data | undefined | Failure {
    return this.isDirectory ? undefined : this.data
  }

  property(name: string): Uint8Array | undefined | Failure {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    const { attributes } = this.disk.calls
    return attributes === undefined ? undefined : readProperty(attributes, this.descriptor, name)
  }

  setProperty(name: string, value: Uint8Array | undefined): Done {
    const refusal = this.notChangeable()
    if (refusal !== undefined) return refusal
    const { attributes } = this.disk.calls
    if (attributes === undefined) return fail(NtStatus.NOT_SUPPORTED)
    return writeProperty(attributes, this.descriptor, name, value)
  }

  reparsePoint(): Uint8Array | undefined | Failure {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    const { attributes } = this.disk.calls
    return attributes === undefined ? undefined : readReparsePoint(attributes, this.descriptor)
  }

  setReparsePoint(data: Uint8Array | undefined): Done {
    const raw = this.raw()
    if (failed(raw)) return raw
    const refusal = this.notChangeable()
    if (refusal !== undefined) return refusal
    const { attributes } = this.disk.calls
    if (attributes === undefined) return fail(NtStatus.NOT_SUPPORTED)
    return writeReparsePoint(this.disk.metadata, attributes, this.descriptor, raw, data)
  }

  rename(to: BackendPath, replace: boolean, posix = false): Done {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    if (this.disk.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    return this.removed ? fail(NtStatus.FILE_DELETED) : rename(this.disk, this, to, replace, posix)
  }

  renameStream(_to: string, _replace: boolean): Done {
    return fail(NtStatus.INVALID_PARAMETER)
  }

  link(to: BackendPath, replace: boolean, posix = false): Done {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    if (this.removed) return fail(NtStatus.ACCESS_DENIED)
    return this.disk.readOnly ? fail(NtStatus.MEDIA_WRITE_PROTECTED) : link(this.disk, this, to, replace, posix)
  }

  remove(): Done {
    if (this.data.closed) return fail(NtStatus.FILE_CLOSED)
    if (this.disk.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    return this.removed ? fail(NtStatus.FILE_DELETED) : remove(this.disk, this)
  }

  close(): Maybe<void> {
    this.disk.openNames.delete(this)
    return this.data.close()
  }
}

/** The disk itself compresses what is marked so, where it can; elsewhere the mark is all there is. */
export function compress(disk: Disk, descriptor: number, before: number, after: number): void {
  const { COMPRESSED } = FileAttributes
  if ((before & COMPRESSED) !== (after & COMPRESSED)) disk.calls.setCompressed?.(descriptor, (after & COMPRESSED) !== 0)
}
