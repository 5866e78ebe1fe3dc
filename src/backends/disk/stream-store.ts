/**
 * Streams that extended attributes cannot hold. A file that has such streams has the attribute `user.smbkit.streams`:
 * the ID of a folder in the hidden store of the share, `.smbkit/streams/ID`. In it each stream is a file whose attribute
 * `user.smbkit.name` has the stream's name.
 *
 * A copy of the file that was made behind the server's back has a copy of the attribute. So the folder tells by
 * `user.smbkit.owner` whose it is; for another file it is copied before one of its streams is opened.
 */
import { randomBytes } from 'node:crypto'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type AttributeCalls, isErrno } from './calls.ts'
import type { Disk } from './disk.ts'
import { Errno, failErrno } from './errno.ts'
import { STORE_NAME } from './names.ts'

export const STORE_ID = 'user.smbkit.streams'
const OWNER = 'user.smbkit.owner'
const NAME = 'user.smbkit.name'
const STREAMS_FOLDER = 'streams'
const COPY_BYTES = 2 ** 20

/** A stream in the store. */
export interface StoredStream {
  readonly name: string
  readonly folder: string
  readonly file: string
}

export class StreamStore {
  readonly #disk: Disk
  readonly #attributes: AttributeCalls
  #folder: number | undefined

  constructor(disk: Disk, attributes: AttributeCalls) {
    this.#disk = disk
    this.#attributes = attributes
  }

  /** The ID of an open file's folder; undefined if it has none. */
  idOf(descriptor: number): string | undefined {
    const value = this.#attributes.read(descriptor, STORE_ID)
    const id = isErrno(value) ? '' : text(value)
    return /^[0-9a-f]{32}$/.test(id) ? id : undefined
  }

  /** The streams in a folder; none if it is not there, as after a move to another share. */
  list(id: string): StoredStream[] {
    const folder = this.#open(id)
    if (folder < 0) return []
    const names = this.#disk.calls.list(folder)
    const found: StoredStream[] = []
    for (const file of isErrno(names) ? [] : names) {
      const name = this.#attributes.readAt(folder, file, NAME)
      if (!isErrno(name)) found.push({ name: Buffer.from(name).toString('utf8'), folder: id, file })
    }
    this.#disk.calls.close(folder)
    return found
  }

  /** Makes a folder for a file, not known to the file yet. */
  make(fileId: bigint): string | Failure {
    const { calls } = this.#disk
    const store = this.#store(true)
    if (store < 0) return failErrno(store)
    const id = randomBytes(16).toString('hex')
    const made = calls.makeDirectory(store, id, 0o700)
    if (made < 0) return failErrno(made)
    const folder = this.#open(id)
    const owned = folder < 0 ? folder : this.#attributes.write(folder, OWNER, Buffer.from(`${fileId}`))
    if (folder >= 0) calls.close(folder)
    if (owned >= 0) return id
    calls.removeAt(store, id, true)
    return failErrno(owned)
  }

  isOwner(id: string, fileId: bigint): boolean {
    const folder = this.#open(id)
    if (folder < 0) return false
    const owner = this.#attributes.read(folder, OWNER)
    this.#disk.calls.close(folder)
    return !isErrno(owner) && text(owner) === `${fileId}`
  }

  /** Makes a stream in a folder; the descriptor of its file. */
  create(id: string, name: string): { stream: StoredStream; descriptor: number } | Failure {
    const folder = this.#open(id)
    if (folder < 0) return failErrno(folder)
    const file = randomBytes(8).toString('hex')
    const descriptor = this.#disk.calls.create(folder, file, 0o600)
    const named = descriptor < 0 ? descriptor : this.#attributes.write(descriptor, NAME, Buffer.from(name))
    if (named < 0 && descriptor >= 0) {
      this.#disk.calls.close(descriptor)
      this.#disk.calls.removeAt(folder, file, false)
    }
    this.#disk.calls.close(folder)
    return named < 0 ? failErrno(named) : { stream: { name, folder: id, file }, descriptor }
  }

  open({ folder, file }: StoredStream): number {
    const store = this.#store(false)
    return store < 0 ? store : this.#disk.calls.open(store, [folder, file], this.#disk.readOnly ? 'read' : 'readWrite')
  }

  size({ folder, file }: StoredStream): { size: number; allocated: number } {
    const store = this.#store(false)
    const raw = store < 0 ? store : this.#disk.calls.statAt(store, [folder, file])
    return isErrno(raw) ? { size: 0, allocated: 0 } : { size: raw.size, allocated: raw.allocated }
  }

  /** Renames a stream whose file in the store is open. */
  rename(descriptor: number, stream: StoredStream, name: string): StoredStream | Failure {
    const result = this.#attributes.write(descriptor, NAME, Buffer.from(name))
    return result < 0 ? failErrno(result) : { ...stream, name }
  }

  /** Removes a stream, and the folder with its last one; true if that is gone. */
  remove({ folder, file }: StoredStream): boolean {
    const open = this.#open(folder)
    if (open < 0) return false
    this.#disk.calls.removeAt(open, file, false)
    this.#disk.calls.close(open)
    return this.removeEmpty(folder)
  }

  removeEmpty(id: string): boolean {
    const store = this.#store(false)
    return store >= 0 && this.#disk.calls.removeAt(store, id, true) >= 0
  }

  /** The streams in the folder of an open file, if it is the file's own. */
  owned(descriptor: number, fileId: bigint): StoredStream[] {
    const id = this.#store(false) < 0 ? undefined : this.idOf(descriptor)
    return id === undefined || !this.isOwner(id, fileId) ? [] : this.list(id)
  }

  /** A folder of the file's own with the same streams, in place of one that belongs to another file. */
  adopt(descriptor: number, fileId: bigint, id: string): string | Failure {
    const own = this.make(fileId)
    if (failed(own)) return own
    for (const stream of this.list(id)) {
      const refusal = this.#copy(stream, own)
      if (refusal === undefined) continue
      this.#discard(own)
      return refusal
    }
    const result = this.#attributes.write(descriptor, STORE_ID, Buffer.from(own))
    if (result >= 0) return own
    this.#discard(own)
    return failErrno(result)
  }

  #discard(id: string): void {
    for (const stream of this.list(id)) this.remove(stream)
    this.removeEmpty(id)
  }

  #copy(stream: StoredStream, folder: string): Failure | undefined {
    const from = this.open(stream)
    if (from < 0) return failErrno(from)
    const made = this.create(folder, stream.name)
    if (failed(made)) {
      this.#disk.calls.close(from)
      return made
    }
    const result = this.#copyBytes(from, made.descriptor)
    this.#disk.calls.close(from)
    this.#disk.calls.close(made.descriptor)
    return result < 0 ? failErrno(result) : undefined
  }

  #copyBytes(from: number, to: number): number {
    const buffer = new Uint8Array(COPY_BYTES)
    for (let at = 0; ; ) {
      const length = this.#disk.calls.readSync(from, buffer, at)
      if (length <= 0) return length
      const written = writeAll(this.#disk, to, buffer.subarray(0, length), at)
      if (written < 0) return written
      at += length
    }
  }

  #open(id: string): number {
    const store = this.#store(false)
    return store < 0 ? store : this.#disk.calls.open(store, [id], 'directory')
  }

  /** The folder of all folders; made when something has to be put in. */
  #store(make: boolean): number {
    if (this.#folder !== undefined) return this.#folder
    const { calls } = this.#disk
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
    if (folder >= 0) this.#folder = folder
    return folder
  }

  close(): void {
    if (this.#folder !== undefined) this.#disk.calls.close(this.#folder)
    this.#folder = undefined
  }
}

const text = (value: Uint8Array): string => Buffer.from(value).toString('latin1')

/** 0, or a negative error number. */
export function writeAll(disk: Disk, descriptor: number, data: Uint8Array, offset: number): number {
  for (let done = 0; done < data.length; ) {
    const length = disk.calls.writeNow(descriptor, data.subarray(done), offset + done)
    if (length < 0) return length
    done += length
  }
  return 0
}

/** No room among the extended attributes of the file: ENOSPC on ext4, others say too big. */
export function isFull(errno: number): boolean {
  return errno === -Errno.ENOSPC || errno === -Errno.E2BIG || errno === -Errno.ERANGE
}

/** The failure of writing a stream's attribute; no room among them is a full disk to a client. */
export function failFull(errno: number): Failure {
  return isFull(errno) ? fail(NtStatus.DISK_FULL) : failErrno(errno)
}
