/**
 * Named streams, as Samba's streams_xattr keeps them: the extended attribute `user.DosStream.NAME:$DATA` has the content
 * and one NUL behind it. What does not fit among a file's extended attributes goes to the store (`StreamStore`).
 */
import type { StreamEntry } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import { type AttributeCalls, isErrno } from './calls.ts'
import type { Disk } from './disk.ts'
import { Errno, failErrno } from './errno.ts'
import { OpenStream } from './open-stream.ts'
import { attributeName, type FoundStream, type StreamSize, streamOfAttribute, validStreamName } from './stream-name.ts'
import { failFull, isFull, STORE_ID, type StoredStream, StreamStore, writeAll } from './stream-store.ts'

export class Streams {
  readonly disk: Disk
  readonly attributes: AttributeCalls
  readonly store: StreamStore
  /** Streams that are open, by file id and upper-case name. */
  readonly #open = new Map<string, OpenStream>()

  constructor(disk: Disk, attributes: AttributeCalls) {
    this.disk = disk
    this.attributes = attributes
    this.store = new StreamStore(disk, attributes)
  }

  /** The named streams of an open file. */
  list(descriptor: number): FoundStream[] | Failure {
    const names = this.attributes.list(descriptor)
    if (isErrno(names)) return names === -Errno.EOPNOTSUPP ? [] : failErrno(names)
    const found: FoundStream[] = []
    for (const name of names) {
      const stream = streamOfAttribute(name)
      if (stream !== undefined) found.push({ name: stream, stored: undefined })
    }
    const id = names.includes(STORE_ID) ? this.store.idOf(descriptor) : undefined
    for (const stored of id === undefined ? [] : this.store.list(id)) found.push({ name: stored.name, stored })
    return found
  }

  entries(descriptor: number): StreamEntry[] | Failure {
    const found = this.list(descriptor)
    if (failed(found)) return found
    return found.map((stream) => {
      const { size, allocated } = this.sizeOf(descriptor, stream)
      return { name: stream.name, size, allocationSize: allocated }
    })
  }

  sizeOf(descriptor: number, { name, stored }: FoundStream): StreamSize {
    if (stored !== undefined) return this.store.size(stored)
    const value = this.attributes.read(descriptor, attributeName(name))
    const size = isErrno(value) ? 0 : Math.max(0, value.length - 1)
    return { size, allocated: Math.ceil(size / 512) * 512 }
  }

  /** Opens or creates a stream of an open file. */
  open(
    descriptor: number,
    fileId: bigint,
    name: string,
    disposition: 'open' | 'create' | 'openOrCreate',
  ): { stream: OpenStream; created: boolean } | Failure {
    if (!validStreamName(name)) return fail(NtStatus.OBJECT_NAME_INVALID)
    const refusal = this.#ownStore(descriptor, fileId)
    if (refusal !== undefined) return refusal
    const found = this.find(descriptor, name)
    if (failed(found)) return found
    if (found !== undefined) {
      if (disposition === 'create') return fail(NtStatus.OBJECT_NAME_COLLISION)
      return { stream: this.#opened(fileId, found), created: false }
    }
    if (disposition === 'open') return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
    if (this.disk.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    const made = this.#make(descriptor, fileId, name)
    return failed(made) ? made : { stream: this.#opened(fileId, made), created: true }
  }

  /** The streams of a copied file are its own before one of them is opened. */
  #ownStore(descriptor: number, fileId: bigint): Failure | undefined {
    if (this.disk.readOnly) return undefined
    const id = this.store.idOf(descriptor)
    if (id === undefined || this.store.isOwner(id, fileId)) return undefined
    const own = this.store.adopt(descriptor, fileId, id)
    return failed(own) ? own : undefined
  }

  find(descriptor: number, name: string): FoundStream | undefined | Failure {
    const list = this.list(descriptor)
    if (failed(list)) return list
    const upper = upcase(name)
    return list.find((stream) => stream.name === name) ?? list.find((stream) => upcase(stream.name) === upper)
  }

  #make(descriptor: number, fileId: bigint, name: string): FoundStream | Failure {
    const result = this.attributes.write(descriptor, attributeName(name), Uint8Array.of(0), true)
    if (result >= 0) return { name, stored: undefined }
    if (!isFull(result)) return failErrno(result)
    const made = this.put(descriptor, fileId, name, undefined)
    if (failed(made)) return made
    this.disk.calls.close(made.descriptor)
    return { name, stored: made.stream }
  }

  /** Puts a stream into the store; its descriptor there. Content that was an attribute is one no longer. */
  put(
    descriptor: number,
    fileId: bigint,
    name: string,
    content: Uint8Array | undefined,
  ): { stream: StoredStream; descriptor: number } | Failure {
    const id = this.store.idOf(descriptor) ?? this.#makeFolder(descriptor, fileId, name)
    if (failed(id)) return id
    const made = this.store.create(id, name)
    if (failed(made)) return made
    const written = writeAll(this.disk, made.descriptor, content ?? new Uint8Array(0), 0)
    if (written < 0) {
      this.disk.calls.close(made.descriptor)
      this.store.remove(made.stream)
      return failErrno(written)
    }
    if (content !== undefined) this.attributes.remove(descriptor, attributeName(name))
    return made
  }

  /** Gives a file a folder in the store; streams that leave no room for its ID move there. */
  #makeFolder(descriptor: number, fileId: bigint, except: string): string | Failure {
    const id = this.store.make(fileId)
    if (failed(id)) return id
    const list = this.list(descriptor)
    const others = failed(list) ? [] : list.filter(({ name }) => name !== except)
    const bySize = others
      .map((stream) => ({ name: stream.name, size: this.sizeOf(descriptor, stream).size }))
      .toSorted((a, b) => a.size - b.size)
    for (;;) {
      const result = this.attributes.write(descriptor, STORE_ID, Buffer.from(id))
      if (result >= 0) return id
      const largest = bySize.pop()
      const moved = isFull(result) && largest !== undefined && this.#moveAway(descriptor, fileId, id, largest.name)
      if (moved) continue
      this.store.removeEmpty(id)
      return failFull(result)
    }
  }

  #moveAway(descriptor: number, fileId: bigint, id: string, name: string): boolean {
    const value = this.attributes.read(descriptor, attributeName(name))
    if (isErrno(value)) return false
    const content = value.slice(0, Math.max(0, value.length - 1))
    const made = this.store.create(id, name)
    if (failed(made)) return false
    const written = writeAll(this.disk, made.descriptor, content, 0)
    this.disk.calls.close(made.descriptor)
    if (written < 0 || this.attributes.remove(descriptor, attributeName(name)) < 0) {
      this.store.remove(made.stream)
      return false
    }
    this.opened(fileId, name)?.movedToStore(made.stream)
    return true
  }

  /** To be called before the last name of a file goes: what to do when it is gone. Who has a stream open keeps it. */
  beforeRemove(descriptor: number, fileId: bigint): () => void {
    const owned = this.store.owned(descriptor, fileId)
    for (const { name } of owned) this.opened(fileId, name)?.data()
    return () => {
      for (const stream of owned) this.store.remove(stream)
    }
  }

  /** The last stream in the store is gone: so is the folder, and the file need not know it. */
  release(descriptor: number, stream: StoredStream): void {
    if (this.store.remove(stream)) this.attributes.remove(descriptor, STORE_ID)
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

  /** The open stream of that name, if it is open. */
  opened(fileId: bigint, name: string): OpenStream | undefined {
    return this.#open.get(keyOf(fileId, name))
  }

  /** An open stream is found under another name from now on, or under none. */
  rekey(stream: OpenStream, before: string): void {
    this.forget(stream, before)
    if (!stream.removed) this.#open.set(keyOf(stream.fileId, stream.name), stream)
  }

  forget(stream: OpenStream, name: string): void {
    const key = keyOf(stream.fileId, name)
    if (this.#open.get(key) === stream) this.#open.delete(key)
  }
}

const keyOf = (fileId: bigint, name: string): string => `${fileId}/${upcase(name)}`
