import type { Answer, ByteRange, FileStat, Maybe } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { RawStat } from './calls.ts'
import type { Data } from './data.ts'
import type { Disk } from './disk.ts'
import { DiskFile, type Done } from './file.ts'
import type { OpenStream } from './open-stream.ts'

/** The largest content that is tried as an attribute: 64 KiB less the NUL. */
const MAX_ATTRIBUTE_BYTES = 65_535

/** An open named stream of a file or directory. */
export class DiskStream extends DiskFile {
  readonly #stream: OpenStream
  readonly #ofDirectory: boolean
  #open = true

  constructor(disk: Disk, descriptor: number, raw: RawStat, path: readonly string[], stream: OpenStream) {
    super(disk, descriptor, { ...raw, kind: 'file' }, path, false)
    this.#stream = stream
    this.#ofDirectory = raw.kind === 'directory'
  }

  get stream(): string {
    return this.#stream.name
  }

  override stat(): FileStat | Failure {
    const raw = this.raw()
    if (failed(raw)) return raw
    return this.disk.metadata.stat(this.descriptor, raw, this.#stream.size(this.descriptor))
  }

  /** The stream's own file, where it has one; otherwise its content is small and an attribute. */
  #stored(write: boolean): Data | undefined | Failure {
    if (!this.#open) return fail(NtStatus.FILE_CLOSED)
    const refusal = write ? this.notChangeable() : undefined
    return refusal ?? this.#stream.data()
  }

  override read(into: Uint8Array, offset: number): Answer<number> {
    const stored = this.#stored(false)
    if (failed(stored)) return stored
    if (stored !== undefined) return stored.read(into, offset)
    const content = this.#stream.content(this.descriptor)
    if (failed(content)) return content
    const part = content.subarray(offset, offset + into.length)
    into.set(part)
    return part.length
  }

  override write(data: Uint8Array, offset: number, through: boolean): Answer<void> {
    const stored = this.#stored(true)
    if (failed(stored)) return stored
    if (stored !== undefined) return stored.write(data, offset, through)
    if (data.length === 0) return undefined
    const moved = this.#change(Math.max(offset + data.length, this.#size()), (content) => content.set(data, offset))
    if (moved === undefined) return through ? this.data.flush() : undefined
    return failed(moved) ? moved : moved.write(data, offset, through)
  }

  override truncate(size: number): Answer<void> {
    const stored = this.#stored(true)
    if (failed(stored)) return stored
    if (stored !== undefined) return stored.truncate(size)
    const moved = this.#change(size, () => {})
    return moved === undefined || failed(moved) ? moved : moved.truncate(size)
  }

  #size(): number {
    return this.#stream.size(this.descriptor).size
  }

  /** Makes content of `size` bytes that begins as the old. The file to be written to instead, if it does not fit. */
  #change(size: number, edit: (content: Uint8Array) => void): Data | Failure | undefined {
    if (size <= MAX_ATTRIBUTE_BYTES) {
      const before = this.#stream.content(this.descriptor)
      if (failed(before)) return before
      const content = new Uint8Array(size)
      content.set(before.subarray(0, size))
      edit(content)
      const refusal = this.#stream.setContent(this.descriptor, content)
      if (refusal === undefined || refusal.status !== NtStatus.DISK_FULL) return refusal
    }
    if (this.#stream.removed) return fail(NtStatus.DISK_FULL)
    return this.#stream.moveToStore(this.descriptor)
  }

  override allocate(size: number): Answer<void> {
    const stored = this.#stored(true)
    if (failed(stored)) return stored
    if (stored !== undefined) return stored.allocate(size)
    return size > this.disk.calls.space().availableBytes ? fail(NtStatus.DISK_FULL) : undefined
  }

  override zero(range: ByteRange): Answer<void> {
    const stored = this.#stored(true)
    if (failed(stored)) return stored
    if (stored !== undefined) return stored.zero(range)
    const changed = this.#change(this.#size(), (content) => content.fill(0, range.offset, range.offset + range.length))
    return changed === undefined || failed(changed) ? changed : changed.zero(range)
  }

  override allocatedRanges(range: ByteRange): Answer<ByteRange[]> {
    const stored = this.#stored(false)
    if (failed(stored)) return stored
    if (stored !== undefined) return stored.allocatedRanges(range)
    const length = Math.min(range.length, this.#size() - range.offset)
    return length <= 0 ? [] : [{ offset: range.offset, length }]
  }

  protected override shared(): Data | undefined | Failure {
    return this.#stored(false)
  }

  override flush(): Answer<void> {
    const stored = this.#stored(false)
    if (failed(stored)) return stored
    return stored === undefined ? super.flush() : stored.flush()
  }

  override rename(): Done {
    return fail(NtStatus.INVALID_PARAMETER)
  }

  override link(): Done {
    return fail(NtStatus.INVALID_PARAMETER)
  }

  override renameStream(to: string, replace: boolean): Done {
    return this.notChangeable() ?? this.#stream.rename(this.descriptor, to, replace)
  }

  override remove(): Done {
    return this.notChangeable() ?? this.#stream.remove(this.descriptor)
  }

  /** Whether the file that carries it is a directory. */
  get ofDirectory(): boolean {
    return this.#ofDirectory
  }

  override close(): Maybe<void> {
    if (!this.#open) return undefined
    this.#open = false
    this.#stream.close()
    return super.close()
  }
}
