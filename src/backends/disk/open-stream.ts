import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import { isErrno } from './calls.ts'
import { Data } from './data.ts'
import { failErrno } from './errno.ts'
import { attributeName, type FoundStream, type StreamSize, validStreamName } from './stream-name.ts'
import { failFull, isFull, type StoredStream } from './stream-store.ts'
import type { Streams } from './streams.ts'

/** A named stream with all that have it open; each call gets a descriptor of the file that carries it. */
export class OpenStream {
  readonly fileId: bigint
  name: string
  opens = 0
  removed = false
  readonly #streams: Streams
  /** Undefined while the content is an attribute. */
  #stored: StoredStream | undefined
  #data: Data | undefined
  /** The content of an attribute that was removed while open. */
  #orphan: Uint8Array | undefined

  constructor(streams: Streams, fileId: bigint, found: FoundStream) {
    this.#streams = streams
    this.fileId = fileId
    this.name = found.name
    this.#stored = found.stored
  }

  size(descriptor: number): StreamSize {
    if (this.#orphan !== undefined) return { size: this.#orphan.length, allocated: 0 }
    const raw = this.#data === undefined ? undefined : this.#streams.disk.calls.stat(this.#data.descriptor)
    if (raw !== undefined && !isErrno(raw)) return { size: raw.size, allocated: raw.allocated }
    return this.#streams.sizeOf(descriptor, { name: this.name, stored: this.#stored })
  }

  /** The whole content where it is an attribute; a copy. */
  content(descriptor: number): Uint8Array | Failure {
    if (this.#orphan !== undefined) return this.#orphan
    const value = this.#streams.attributes.read(descriptor, attributeName(this.name))
    return isErrno(value) ? failErrno(value) : value.slice(0, Math.max(0, value.length - 1))
  }

  setContent(descriptor: number, content: Uint8Array): Failure | undefined {
    if (this.#orphan !== undefined) {
      this.#orphan = content
      return undefined
    }
    const value = new Uint8Array(content.length + 1)
    value.set(content)
    const result = this.#streams.attributes.write(descriptor, attributeName(this.name), value)
    return result < 0 ? failFull(result) : undefined
  }

  /** The file in the store, undefined while the content is an attribute (or was one, when it was removed). */
  data(): Data | undefined | Failure {
    if (this.#data !== undefined) return this.#data
    if (this.#stored === undefined) return undefined
    const opened = this.#streams.store.open(this.#stored)
    if (opened < 0) return failErrno(opened)
    this.#data = new Data(this.#streams.disk, opened)
    return this.#data
  }

  /** Moves the content from the attribute to the store, which has more room. */
  moveToStore(descriptor: number): Data | Failure {
    const content = this.content(descriptor)
    if (failed(content)) return content
    const made = this.#streams.put(descriptor, this.fileId, this.name, content)
    if (failed(made)) return made
    this.#stored = made.stream
    this.#data = new Data(this.#streams.disk, made.descriptor)
    return this.#data
  }

  /** Another stream of the file needed the room. */
  movedToStore(stored: StoredStream): void {
    this.#stored = stored
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
    const refusal = this.#stored === undefined ? this.#renameAttribute(descriptor, to) : this.#renameStored(to)
    if (refusal !== undefined) return refusal
    const before = this.name
    this.name = to
    streams.rekey(this, before)
    return undefined
  }

  #renameAttribute(descriptor: number, to: string): Failure | undefined {
    const { attributes } = this.#streams
    const value = attributes.read(descriptor, attributeName(this.name))
    if (isErrno(value)) return failErrno(value)
    const copy = value.slice()
    // The old one first: both together may not fit.
    attributes.remove(descriptor, attributeName(this.name))
    const result = attributes.write(descriptor, attributeName(to), copy)
    if (result >= 0) return undefined
    attributes.write(descriptor, attributeName(this.name), copy)
    if (!isFull(result)) return failErrno(result)
    const moved = this.moveToStore(descriptor)
    return failed(moved) ? moved : this.#renameStored(to)
  }

  #renameStored(to: string): Failure | undefined {
    const data = this.data()
    if (failed(data)) return data
    if (data === undefined || this.#stored === undefined) return undefined
    const renamed = this.#streams.store.rename(data.descriptor, this.#stored, to)
    if (failed(renamed)) return renamed
    this.#stored = renamed
    return undefined
  }

  remove(descriptor: number): Failure | undefined {
    if (this.removed) return fail(NtStatus.FILE_DELETED)
    const streams = this.#streams
    if (this.#stored === undefined) {
      const orphan = this.content(descriptor)
      if (failed(orphan)) return orphan
      const result = streams.attributes.remove(descriptor, attributeName(this.name))
      if (result < 0) return failErrno(result)
      this.#orphan = orphan
    } else {
      // Who has it open keeps it.
      const data = this.opens > 0 ? this.data() : undefined
      if (failed(data)) return data
      streams.release(descriptor, this.#stored)
    }
    this.removed = true
    streams.rekey(this, this.name)
    return undefined
  }

  close(): void {
    this.opens--
    if (this.opens > 0) return
    this.#streams.forget(this, this.name)
    void this.#data?.close()
    this.#data = undefined
  }
}
