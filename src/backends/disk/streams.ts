/**
 * Named streams, as Samba's streams_xattr keeps them: the extended attribute `user.DosStream.NAME:$DATA` has the content
 * and one NUL behind it. What an extended attribute cannot hold is a file of its own in the hidden store of the share,
 * `.smbkit/streams/ID`; the attribute `user.smbkit.stream.NAME` has its ID, and the stored file knows by
 * `user.smbkit.owner` whose stream it is, since a copy of the owner made behind the server's back copies the attribute.
 */
import { randomBytes } from 'node:crypto'
import type { StreamEntry } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type AttributeCalls, isErrno } from './calls.ts'
import { Data } from './data.ts'
import { upcase } from './directory-cache.ts'
import type { Disk } from './disk.ts'
import { Errno, failErrno } from './errno.ts'
import { STREAM_PREFIX } from './extended-attributes.ts'
import { STORE_NAME } from './names.ts'

const STREAM_SUFFIX = ':$DATA'
const STORED_PREFIX = 'user.smbkit.stream.'
const OWNER = 'user.smbkit.owner'
const STREAMS_FOLDER = 'streams'
/** An attribute's name has 255 bytes, prefix and suffix included. */
const MAX_NAME_BYTES = 255 - STREAM_PREFIX.length - STREAM_SUFFIX.length
/** The largest content that is tried as an attribute: 64 KiB less the NUL. */
const MAX_ATTRIBUTE_BYTES = 65_535

/** Where the content of a stream is. */
export type Keeping = { readonly kind: 'attribute' } | { readonly kind: 'stored'; readonly id: string }

export interface FoundStream {
  /** As stored. */
  readonly name: string
  readonly keeping: Keeping
}

export class Streams {
  readonly disk: Disk
  readonly attributes: AttributeCalls
  /** Streams that are open, by file id and upper-case name. */
  readonly #open = new Map<string, OpenStream>()
  #store: number | undefined

  constructor(disk: Disk, attributes: AttributeCalls) {
    this.disk = disk
    this.attributes = attributes
  }

  /** The named streams of an open file. */
  list(descriptor: number): FoundStream[] | Failure {
    const names = this.attributes.list(descriptor)
    if (isErrno(names)) return names === -Errno.EOPNOTSUPP ? [] : failErrno(names)
    const found: FoundStream[] = []
    const stored: string[] = []
    for (const name of names) {
      if (name.startsWith(STREAM_PREFIX) && name.endsWith(STREAM_SUFFIX)) {
        found.push({ name: name.slice(STREAM_PREFIX.length, -STREAM_SUFFIX.length), keeping: { kind: 'attribute' } })
      } else if (name.startsWith(STORED_PREFIX)) stored.push(name)
    }
    for (const attribute of stored) {
      const value = this.attributes.read(descriptor, attribute)
      if (isErrno(value)) continue
      const id = Buffer.from(value).toString('latin1')
      const name = attribute.slice(STORED_PREFIX.length)
      if (/^[0-9a-f]{32}$/.test(id)) found.push({ name, keeping: { kind: 'stored', id } })
    }
    return found
  }

  entries(descriptor: number): StreamEntry[] | Failure {
    const found = this.list(descriptor)
    if (failed(found)) return found
    return found.map(({ name, keeping }) => {
      const size = this.sizeOf(descriptor, name, keeping)
      return { name, size: size.size, allocationSize: size.allocated }
    })
  }

  sizeOf(descriptor: number, name: string, keeping: Keeping): { size: number; allocated: number } {
    if (keeping.kind === 'attribute') {
      const value = this.attributes.read(descriptor, attributeName(name))
      const size = isErrno(value) ? 0 : Math.max(0, value.length - 1)
      return { size, allocated: Math.ceil(size / 512) * 512 }
    }
    const store = this.store(false)
    const raw = store < 0 ? store : this.disk.calls.statAt(store, [keeping.id])
    return isErrno(raw) ? { size: 0, allocated: 0 } : { size: raw.size, allocated: raw.allocated }
  }

  /** Opens or creates a stream of an open file. */
  open(
    descriptor: number,
    fileId: bigint,
    name: string,
    disposition: 'open' | 'create' | 'openOrCreate',
  ): { stream: OpenStream; created: boolean } | Failure {
    if (!validStreamName(name)) return fail(NtStatus.OBJECT_NAME_INVALID)
    const found = this.find(descriptor, name)
    if (failed(found)) return found
    if (found === undefined) {
      if (disposition === 'open') return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
      if (this.disk.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
      const keeping = this.#make(descriptor, fileId, name)
      if (failed(keeping)) return keeping
      return { stream: this.#opened(fileId, { name, keeping }), created: true }
    }
    if (disposition === 'create') return fail(NtStatus.OBJECT_NAME_COLLISION)
    return { stream: this.#opened(fileId, found), created: false }
  }

  find(descriptor: number, name: string): FoundStream | undefined | Failure {
    const list = this.list(descriptor)
    if (failed(list)) return list
    const upper = upcase(name)
    return list.find((stream) => stream.name === name) ?? list.find((stream) => upcase(stream.name) === upper)
  }

  #make(descriptor: number, fileId: bigint, name: string): Keeping | Failure {
    const result = this.attributes.write(descriptor, attributeName(name), Uint8Array.of(0), true)
    if (result >= 0) return { kind: 'attribute' }
    if (!isFull(result)) return failErrno(result)
    const made = this.makeStored(fileId)
    if (failed(made)) return made
    this.disk.calls.close(made.descriptor)
    const linked = this.attributes.write(descriptor, storedName(name), Buffer.from(made.id, 'latin1'), true)
    if (linked >= 0) return { kind: 'stored', id: made.id }
    this.removeStored(made.id)
    return isFull(linked) ? fail(NtStatus.DISK_FULL) : failErrno(linked)
  }

  #opened(fileId: bigint, found: FoundStream): OpenStream {
    const key = keyOf(fileId, found.name)
    let stream = this.#open.get(key)
    if (stream === undefined) {
      stream = new OpenStream(this, fileId, found)
      this.#open.set(key, stream)
    }
    stream.opens++
    return stream
  }

  /** The stream is found under no name, or another, from now on. */
  rekey(stream: OpenStream, before: string): void {
    if (this.#open.get(keyOf(stream.fileId, before)) === stream) this.#open.delete(keyOf(stream.fileId, before))
    if (!stream.removed) this.#open.set(keyOf(stream.fileId, stream.name), stream)
  }

  forget(stream: OpenStream): void {
    if (this.#open.get(keyOf(stream.fileId, stream.name)) === stream) {
      this.#open.delete(keyOf(stream.fileId, stream.name))
    }
  }

  opened(fileId: bigint, name: string): OpenStream | undefined {
    return this.#open.get(keyOf(fileId, name))
  }

  /** The folder of the store; made when something has to be put in. */
  store(make: boolean): number {
    if (this.#store !== undefined) return this.#store
    const { calls } = this.disk
    const path = [STORE_NAME, STREAMS_FOLDER]
    let folder = calls.open(calls.root, path, 'folder')
    if (folder === -Errno.ENOENT && make) {
      const outer = calls.makeDirectory(calls.root, STORE_NAME, 0o700)
      if (outer < 0 && outer !== -Errno.EEXIST) return outer
      const parent = calls.open(calls.root, [STORE_NAME], 'folder')
      if (parent < 0) return parent
      calls.makeDirectory(parent, STREAMS_FOLDER, 0o700)
      calls.close(parent)
      folder = calls.open(calls.root, path, 'folder')
    }
    if (folder >= 0) this.#store = folder
    return folder
  }

  makeStored(fileId: bigint): { id: string; descriptor: number } | Failure {
    const store = this.store(true)
    if (store < 0) return failErrno(store)
    const id = randomBytes(16).toString('hex')
    const descriptor = this.disk.calls.create(store, id, 0o600)
    if (descriptor < 0) return failErrno(descriptor)
    const result = this.attributes.write(descriptor, OWNER, Buffer.from(`${fileId}`, 'latin1'))
    if (result >= 0) return { id, descriptor }
    this.disk.calls.close(descriptor)
    this.removeStored(id)
    return failErrno(result)
  }

  isOwner(descriptor: number, fileId: bigint): boolean {
    const owner = this.attributes.read(descriptor, OWNER)
    return !isErrno(owner) && Buffer.from(owner).toString('latin1') === `${fileId}`
  }

  openStored(id: string, write: boolean): number {
    const store = this.store(false)
    return store < 0 ? store : this.disk.calls.open(store, [id], write ? 'readWrite' : 'read')
  }

  removeStored(id: string): void {
    const store = this.store(false)
    if (store >= 0) this.disk.calls.removeAt(store, id, false)
  }

  /** Removes the stored content that belongs to the file, when its attribute goes. */
  releaseStored(id: string, fileId: bigint): void {
    const descriptor = this.openStored(id, false)
    if (descriptor < 0) return
    const owned = this.isOwner(descriptor, fileId)
    this.disk.calls.close(descriptor)
    if (owned) this.removeStored(id)
  }

  /** To be called before the last name of a file goes: what to do when it is gone. */
  beforeRemove(descriptor: number, fileId: bigint): () => void {
    const store = this.store(false)
    if (store < 0) return () => {}
    const list = this.list(descriptor)
    if (failed(list)) return () => {}
    return () => {
      for (const { keeping } of list) if (keeping.kind === 'stored') this.releaseStored(keeping.id, fileId)
    }
  }

  close(): void {
    if (this.#store !== undefined) this.disk.calls.close(this.#store)
    this.#store = undefined
  }
}

const keyOf = (fileId: bigint, name: string): string => `${fileId}/${upcase(name)}`

export const attributeName = (name: string): string => STREAM_PREFIX + name + STREAM_SUFFIX
export const storedName = (name: string): string => STORED_PREFIX + name

export function validStreamName(name: string): boolean {
  if (name.length === 0 || !name.isWellFormed() || /[\0/\\:]/.test(name)) return false
  return Buffer.byteLength(name) <= MAX_NAME_BYTES
}

/** No room among the extended attributes of the file: ENOSPC on ext4, others say too big. */
export function isFull(errno: number): boolean {
  return errno === -Errno.ENOSPC || errno === -Errno.E2BIG || errno === -Errno.ERANGE
}

/** A named stream with all that have it open; each call gets a descriptor of the file that carries it. */
export class OpenStream {
  readonly fileId: bigint
  name: string
  opens = 0
  removed = false
  keeping: Keeping
  readonly #streams: Streams
  #data: Data | undefined
  #writable = false
  /** The content of a stream that was removed while open. */
  #orphan: Uint8Array | undefined

  constructor(streams: Streams, fileId: bigint, found: FoundStream) {
    this.#streams = streams
    this.fileId = fileId
    this.name = found.name
    this.keeping = found.keeping
  }

  size(descriptor: number): { size: number; allocated: number } {
    if (this.#orphan !== undefined) return { size: this.#orphan.length, allocated: 0 }
    if (this.#data !== undefined) {
      const raw = this.#streams.disk.calls.stat(this.#data.descriptor)
      if (!isErrno(raw)) return { size: raw.size, allocated: raw.allocated }
    }
    return this.#streams.sizeOf(descriptor, this.name, this.keeping)
  }

  /** The whole content where it is an attribute; a copy. */
  content(descriptor: number): Uint8Array | Failure {
    if (this.#orphan !== undefined) return this.#orphan
    const value = this.#streams.attributes.read(descriptor, attributeName(this.name))
    if (isErrno(value)) return failErrno(value)
    const bytes = value
    return bytes.slice(0, Math.max(0, bytes.length - 1))
  }

  setContent(descriptor: number, content: Uint8Array): Failure | undefined {
    if (this.#orphan !== undefined) {
      this.#orphan = content
      return undefined
    }
    const value = new Uint8Array(content.length + 1)
    value.set(content)
    const name = attributeName(this.name)
    const result = this.#streams.attributes.write(descriptor, name, value)
    return result >= 0 ? undefined : isFull(result) ? fail(NtStatus.DISK_FULL) : failErrno(result)
  }

  /** The stored file, undefined while the content is an attribute (or was, when it was removed). */
  stored(descriptor: number, write: boolean): Data | undefined | Failure {
    if (this.#orphan !== undefined || this.keeping.kind === 'attribute') return undefined
    if (this.#data !== undefined && (this.#writable || !write)) return this.#data
    const opened = this.#streams.openStored(this.keeping.id, !this.#streams.disk.readOnly)
    if (opened < 0) return failErrno(opened)
    if (this.#data !== undefined) void this.#data.close()
    this.#data = new Data(this.#streams.disk, opened)
    this.#writable = this.#streams.isOwner(opened, this.fileId)
    return write && !this.#writable ? this.#ownCopy(descriptor) : this.#data
  }

  /** Content that a copied attribute leads to belongs to another file: what is written here goes to a copy of it. */
  #ownCopy(descriptor: number): Data | Failure {
    const from = this.#data
    const made = this.#streams.makeStored(this.fileId)
    if (failed(made)) return made
    const to = new Data(this.#streams.disk, made.descriptor)
    const refusal = from === undefined ? undefined : copyNow(this.#streams.disk, from.descriptor, made.descriptor)
    const id = Buffer.from(made.id, 'latin1')
    const linked = refusal ?? this.#streams.attributes.write(descriptor, storedName(this.name), id)
    if (linked < 0) {
      void to.close()
      this.#streams.removeStored(made.id)
      return failErrno(linked)
    }
    void from?.close()
    this.#data = to
    this.#writable = true
    this.keeping = { kind: 'stored', id: made.id }
    return to
  }

  /** Moves the content from the attribute to a stored file, which gives more room. */
  moveToStore(descriptor: number): Data | Failure {
    const content = this.content(descriptor)
    if (failed(content)) return content
    const made = this.#streams.makeStored(this.fileId)
    if (failed(made)) return made
    const written = writeAll(this.#streams.disk, made.descriptor, content, 0)
    const { attributes } = this.#streams
    if (written >= 0) attributes.remove(descriptor, attributeName(this.name))
    const id = Buffer.from(made.id, 'latin1')
    const linked = written < 0 ? written : attributes.write(descriptor, storedName(this.name), id)
    if (linked < 0) {
      if (written >= 0) this.setContent(descriptor, content)
      this.#streams.disk.calls.close(made.descriptor)
      this.#streams.removeStored(made.id)
      return isFull(linked) ? fail(NtStatus.DISK_FULL) : failErrno(linked)
    }
    this.keeping = { kind: 'stored', id: made.id }
    this.#data = new Data(this.#streams.disk, made.descriptor)
    this.#writable = true
    return this.#data
  }

  rename(descriptor: number, to: string, replace: boolean): Failure | undefined {
    if (!validStreamName(to)) return fail(NtStatus.OBJECT_NAME_INVALID)
    if (this.removed) return fail(NtStatus.ACCESS_DENIED)
    if (to === this.name) return undefined
    const streams = this.#streams
    const target = streams.find(descriptor, to)
    if (failed(target)) return target
    if (target !== undefined && upcase(target.name) !== upcase(this.name)) {
      if (!replace) return fail(NtStatus.OBJECT_NAME_COLLISION)
      const other = streams.opened(this.fileId, target.name) ?? new OpenStream(streams, this.fileId, target)
      const refusal = other.remove(descriptor)
      if (refusal !== undefined) return refusal
    }
    const isAttribute = this.keeping.kind === 'attribute'
    const nameOf = isAttribute ? attributeName : storedName
    const value = streams.attributes.read(descriptor, nameOf(this.name))
    if (isErrno(value)) return failErrno(value)
    const copy = value.slice()
    // The old one first: both together may not fit.
    streams.attributes.remove(descriptor, nameOf(this.name))
    const result = streams.attributes.write(descriptor, nameOf(to), copy)
    if (result < 0) {
      streams.attributes.write(descriptor, nameOf(this.name), copy)
      return isFull(result) ? fail(NtStatus.DISK_FULL) : failErrno(result)
    }
    const before = this.name
    this.name = to
    streams.rekey(this, before)
    return undefined
  }

  remove(descriptor: number): Failure | undefined {
    if (this.removed) return fail(NtStatus.FILE_DELETED)
    const streams = this.#streams
    const orphan = this.keeping.kind === 'attribute' ? this.content(descriptor) : undefined
    if (failed(orphan)) return orphan
    if (this.keeping.kind === 'stored' && this.opens > 0) {
      const open = this.stored(descriptor, false)
      if (failed(open)) return open
    }
    const name = this.keeping.kind === 'attribute' ? attributeName(this.name) : storedName(this.name)
    const result = streams.attributes.remove(descriptor, name)
    if (result < 0) return failErrno(result)
    if (this.keeping.kind === 'stored') streams.releaseStored(this.keeping.id, this.fileId)
    this.#orphan = orphan
    this.removed = true
    streams.rekey(this, this.name)
    return undefined
  }

  close(): void {
    this.opens--
    if (this.opens > 0) return
    this.#streams.forget(this)
    void this.#data?.close()
    this.#data = undefined
  }
}

const COPY_BYTES = 2 ** 20

function copyNow(disk: Disk, from: number, to: number): number {
  const buffer = new Uint8Array(COPY_BYTES)
  for (let at = 0; ; ) {
    const length = disk.calls.readSync(from, buffer, at)
    if (length <= 0) return length
    const written = writeAll(disk, to, buffer.subarray(0, length), at)
    if (written < 0) return written
    at += length
  }
}

function writeAll(disk: Disk, descriptor: number, data: Uint8Array, offset: number): number {
  for (let done = 0; done < data.length; ) {
    const length = disk.calls.writeNow(descriptor, data.subarray(done), offset + done)
    if (length < 0) return length
    done += length
  }
  return 0
}

export { MAX_ATTRIBUTE_BYTES }
