import { fdatasync, fsync, ftruncate, read, write } from 'node:fs'
import type { Answer, ByteRange, Maybe } from '../../server/backend.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isErrno } from './calls.ts'
import type { Disk } from './disk.ts'
import { Errno, failErrno, thrownErrno } from './errno.ts'

/** Cutting off more than this may free so many extents that it is worth another thread. */
const LARGE_CUT_BYTES = 2 ** 28
/** More ranges than this are told as one that covers the rest: too much is harmless, too little loses data. */
const MAX_RANGES = 65_536
const ZEROS = new Uint8Array(2 ** 18)

/**
 * The bytes behind one descriptor. What the page cache can answer is answered at once; what may wait for the medium is
 * done in another thread, and `close` waits for it.
 */
export class Data {
  readonly descriptor: number
  readonly #disk: Disk
  #pending = 0
  #closing: (() => void) | undefined
  #closed = false

  constructor(disk: Disk, descriptor: number) {
    this.#disk = disk
    this.descriptor = descriptor
  }

  get closed(): boolean {
    return this.#closed
  }

  read(into: Uint8Array, offset: number): Answer<number> {
    if (into.length < this.#disk.threadBytes) {
      const length = this.#disk.calls.readNow(this.descriptor, into, offset)
      if (length >= 0) return length
      if (length !== -Errno.EAGAIN) return failErrno(length)
    }
    return this.#later<number>((done) => read(this.descriptor, into, 0, into.length, offset, done))
  }

  write(data: Uint8Array, offset: number, through: boolean): Answer<void> {
    if (data.length === 0) return undefined
    if (!through && !this.#disk.calls.slow && data.length < this.#disk.threadBytes) return this.#writeNow(data, offset)
    return this.#hold(this.#writeLater(data, offset, through))
  }

  #writeNow(data: Uint8Array, offset: number): Failure | undefined {
    for (let done = 0; done < data.length; ) {
      const part = done === 0 ? data : data.subarray(done)
      const length = this.#disk.calls.writeNow(this.descriptor, part, offset + done)
      if (length < 0) return failErrno(length)
      done += length
    }
    return undefined
  }

  async #writeLater(data: Uint8Array, offset: number, through: boolean): Promise<void | Failure> {
    for (let done = 0; done < data.length; ) {
      const at = offset + done
      const part = data.subarray(done)
      const length = await inThread<number>((end) => write(this.descriptor, part, 0, part.length, at, end))
      if (typeof length !== 'number') return length
      done += length
    }
    return through ? inThread<void>((end) => fdatasync(this.descriptor, end)) : undefined
  }

  async flush(): Promise<void | Failure> {
    const result = await this.#later<void>((done) => fsync(this.descriptor, done))
    // A handle for attributes alone may have nothing that the system could flush, and has written nothing.
    return result?.status === NtStatus.INVALID_HANDLE ? undefined : result
  }

  /** The descriptor is not closed while a call runs in another thread. */
  async #hold<T>(work: Promise<T>): Promise<T> {
    this.#pending++
    try {
      return await work
    } finally {
      this.#pending--
      if (this.#pending === 0) this.#closing?.()
    }
  }

  #later<T>(start: (done: Done<T>) => void): Promise<T | Failure> {
    return this.#hold(inThread(start))
  }

  truncate(size: number): Answer<void> {
    const raw = this.#disk.calls.stat(this.descriptor)
    if (isErrno(raw)) return failErrno(raw)
    if (raw.size - size > LARGE_CUT_BYTES) {
      return this.#later<void>((done) => ftruncate(this.descriptor, size, done))
    }
    const result = this.#disk.calls.truncate(this.descriptor, size)
    return result < 0 ? failErrno(result) : undefined
  }

  allocate(size: number): Answer<void> {
    const raw = this.#disk.calls.stat(this.descriptor)
    if (isErrno(raw)) return failErrno(raw)
    const { allocated } = raw
    if (size <= allocated) return undefined
    const result = this.#disk.calls.reserve(this.descriptor, 0, size)
    if (result !== -Errno.EOPNOTSUPP) return result < 0 ? failErrno(result) : undefined
    // The disk cannot reserve: what is certain not to fit is refused at least.
    return size - allocated > this.#disk.calls.space().availableBytes ? fail(NtStatus.DISK_FULL) : undefined
  }

  zero(range: ByteRange): Answer<void> {
    const raw = this.#disk.calls.stat(this.descriptor)
    if (isErrno(raw)) return failErrno(raw)
    const length = Math.min(range.length, raw.size - range.offset)
    if (length <= 0) return undefined
    const result = this.#disk.calls.punch(this.descriptor, range.offset, length)
    if (result === -Errno.EOPNOTSUPP) return this.#hold(this.#writeZeros(range.offset, length))
    return result < 0 ? failErrno(result) : undefined
  }

  /** Shares room with a range of another file, where the disk can do that at these offsets. */
  duplicate(source: Data, range: ByteRange, to: number): Failure | undefined {
    const { calls } = this.#disk
    if (calls.clone === undefined) return fail(NtStatus.NOT_SUPPORTED)
    const result = calls.clone(source.descriptor, range.offset, range.length, this.descriptor, to)
    if (result >= 0) return undefined
    // Whatever else stands in the way (another disk, offsets within a block): what is not shared can be copied.
    return fail(result === -Errno.ENOSPC || result === -Errno.EDQUOT ? NtStatus.DISK_FULL : NtStatus.NOT_SUPPORTED)
  }

  async #writeZeros(offset: number, length: number): Promise<void | Failure> {
    for (let done = 0; done < length; ) {
      const part = ZEROS.subarray(0, Math.min(ZEROS.length, length - done))
      const refusal = await this.#writeLater(part, offset + done, false)
      if (refusal !== undefined) return refusal
      done += part.length
    }
    return undefined
  }

  allocatedRanges(range: ByteRange): ByteRange[] | Failure {
    const { calls } = this.#disk
    const raw = calls.stat(this.descriptor)
    if (isErrno(raw)) return failErrno(raw)
    const end = Math.min(range.offset + range.length, raw.size)
    const ranges: ByteRange[] = []
    for (let at = range.offset; at < end; ) {
      const data = calls.seekData(this.descriptor, at)
      if (data === -Errno.ENXIO || data >= end) break
      const hole = data < 0 || ranges.length === MAX_RANGES ? end : calls.seekHole(this.descriptor, data)
      // A disk that cannot tell has data everywhere.
      const from = data < 0 ? at : data
      const to = hole < 0 ? end : Math.min(hole, end)
      ranges.push({ offset: from, length: to - from })
      at = to
    }
    return ranges
  }

  close(): Maybe<void> {
    if (this.#closed) return undefined
    this.#closed = true
    if (this.#pending === 0) {
      this.#disk.calls.close(this.descriptor)
      return undefined
    }
    return new Promise((resolve) => {
      this.#closing = () => {
        this.#disk.calls.close(this.descriptor)
        resolve()
      }
    })
  }
}

type Done<T> = (error: NodeJS.ErrnoException | null, value?: T) => void

/** Runs an asynchronous call of node:fs. */
function inThread<T>(start: (done: Done<T>) => void): Promise<T | Failure> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null) {
        resolve(value as T)
        return
      }
      try {
        resolve(failErrno(thrownErrno(error)))
      } catch (bug) {
        reject(bug)
      }
    })
  })
}
