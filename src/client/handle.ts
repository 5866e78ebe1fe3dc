import type { Readable, Writable } from 'node:stream'
import { Readable as NodeReadable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { InfoType, LockFlags } from '../wire/smb2/index.ts'
import type { FileHandle, LockOptions, ReadStreamOptions, WriteStreamOptions } from './api/file-handle.ts'
import type { CallOptions } from './api/options.ts'
import type { AttributeChange, FileContent, TimeInput } from './api/share.ts'
import { factsByOpen } from './cache/by-name.ts'
import { flushCall, type Lent, lockCall } from './calls/file.ts'
import { ioctlCall, setInfoCall } from './calls/information.ts'
import { contentParts } from './content.ts'
import { type Occasion, UsageError } from './errors.ts'
import { basicInformation, changedAttributes, endOfFileInformation } from './information.ts'
import type { OpenFile } from './open-file.ts'
import { openReadStream } from './read-stream.ts'
import { Stats } from './stats.ts'
import { lendPart, readBytesAtOnce, readKept, writeRange } from './transfer.ts'
import { openWriteStream } from './write-stream.ts'

const DEFAULT_FSCTL_BYTES = 64 * 1024
const MAX_LOCK_INDEX = 64

export interface HandleOptions {
  readonly path: string
  readonly appends: boolean
  readonly writeThrough: boolean
  /** What the caller called, where it was not a call of the handle's. */
  readonly operation?: string
}

/** What `open` gives. */
export class RemoteHandle implements FileHandle {
  readonly path: string
  readonly #file: OpenFile
  #isClosed = false
  readonly #appends: boolean
  readonly #writeThrough: boolean
  readonly #operation: string | undefined
  #position = 0
  /** Calls without a position go one after the other: each begins where the one before ends. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #lockNumbers = Array.from({ length: MAX_LOCK_INDEX }, () => 0)
  readonly #lockIndexes = Array.from({ length: MAX_LOCK_INDEX }, (_, i) => i + 1)

  constructor(file: OpenFile, { path, appends, writeThrough, operation }: HandleOptions) {
    this.#operation = operation
    this.#file = file
    this.path = path
    this.#appends = appends
    this.#writeThrough = writeThrough
  }

  get size(): number {
    return this.#file.endOfFile
  }

  /** @throws UsageError (EBADF) */
  get file(): OpenFile {
    if (this.#isClosed) throw new UsageError('EBADF', 'The file has been closed.', { path: this.path })
    return this.#file
  }

  #occasion(operation: string): Occasion {
    return { operation: this.#operation ?? operation, path: this.path }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async read<T extends NodeJS.ArrayBufferView>(
    buffer: T,
    offset = 0,
    length = buffer.byteLength - offset,
    position: number | bigint | null = null,
    options: CallOptions = {},
  ): Promise<{ bytesRead: number; buffer: T }> {
    const into = bytesIn(buffer, offset, length)
    const bytesRead = await this.#read(into, position, 'read', options)
    return { bytesRead, buffer }
  }

  /** For who hands the bytes on at once: as one READ gives them, where they were received. Nothing at the end. */
  async lend(position: number, length: number, { signal }: CallOptions = {}): Promise<Lent> {
    await this.file.settle()
    return lendPart(this.file, position, length, this.#occasion('read'), signal)
  }

  /** Bytes that one READ brings at most. */
  get readBytesAtOnce(): number {
    return readBytesAtOnce(this.file)
  }

  #read(into: Uint8Array, position: number | bigint | null, operation: string, options: CallOptions): Promise<number> {
    const occasion = this.#occasion(operation)
    if (position !== null && Number(position) >= 0)
      return readKept(this.file, into, offsetOf(position, occasion), occasion, options.signal)
    return this.#inTurn(async () => {
      const count = await readKept(this.file, into, this.#position, occasion, options.signal)
      this.#position += count
      return count
    })
  }

  write(
    data: NodeJS.ArrayBufferView,
    offset?: number,
    length?: number,
    position?: number | bigint | null,
    options?: CallOptions,
  ): Promise<{ bytesWritten: number; buffer: NodeJS.ArrayBufferView }>
  write(
    data: string,
    position?: number | bigint | null,
    encoding?: BufferEncoding,
  ): Promise<{ bytesWritten: number; buffer: string }>
  async write(
    data: NodeJS.ArrayBufferView | string,
    ...rest: readonly unknown[]
  ): Promise<{ bytesWritten: number; buffer: never }> {
    if (typeof data === 'string') {
      const [position, encoding] = rest as [number | bigint | null | undefined, BufferEncoding | undefined]
      const bytes = Buffer.from(data, encoding)
      await this.#write(bytes, position ?? null, 'write', {})
      return { bytesWritten: bytes.length, buffer: data as never }
    }
    const [offset = 0, length = data.byteLength - offset, position = null, options = {}] = rest as [
      number?,
      number?,
      (number | bigint | null)?,
      CallOptions?,
    ]
    const bytes = bytesIn(data, offset, length)
    await this.#write(bytes, position, 'write', options)
    return { bytesWritten: bytes.length, buffer: data as never }
  }

  #write(data: Uint8Array, position: number | bigint | null, operation: string, options: CallOptions): Promise<void> {
    const occasion = this.#occasion(operation)
    const how = { occasion, signal: options.signal, writeThrough: this.#writeThrough }
    if (this.#appends) return this.#inTurn(() => this.#store(data, this.file.endOfFile, how))
    if (position !== null && Number(position) >= 0) return this.#store(data, offsetOf(position, occasion), how)
    return this.#inTurn(async () => {
      await this.#store(data, this.#position, how)
      this.#position += data.length
    })
  }

  async #store(data: Uint8Array, at: number, how: Parameters<typeof writeRange>[3]): Promise<void> {
    this.file.hasWritten = true
    const cache = this.file.lease?.cache
    await (cache === undefined ? writeRange(this.file, data, at, how) : cache.write(this.file, data, at, how))
    this.file.endOfFile = Math.max(this.file.endOfFile, at + data.length)
  }

  async readv(
    buffers: readonly NodeJS.ArrayBufferView[],
    position: number | bigint | null = null,
    options: CallOptions = {},
  ): Promise<{ bytesRead: number; buffers: readonly NodeJS.ArrayBufferView[] }> {
    let bytesRead = 0
    for (const buffer of buffers) {
      const at = position === null ? null : Number(position) + bytesRead
      const count = await this.#read(bytesIn(buffer, 0, buffer.byteLength), at, 'readv', options)
      bytesRead += count
      if (count < buffer.byteLength) break
    }
    return { bytesRead, buffers }
  }

  async writev(
    buffers: readonly NodeJS.ArrayBufferView[],
    position: number | bigint | null = null,
    options: CallOptions = {},
  ): Promise<{ bytesWritten: number; buffers: readonly NodeJS.ArrayBufferView[] }> {
    const whole = Buffer.concat(buffers.map((buffer) => bytesIn(buffer, 0, buffer.byteLength)))
    await this.#write(whole, position, 'writev', options)
    return { bytesWritten: whole.length, buffers }
  }

  readFile(options: CallOptions & { readonly encoding: BufferEncoding }): Promise<string>
  readFile(options?: CallOptions): Promise<Buffer>
  readFile(options: CallOptions & { readonly encoding?: BufferEncoding } = {}): Promise<Buffer | string> {
    return this.#inTurn(async () => {
      const whole = await readToEnd(this.file, this.#position, this.#occasion('readFile'), options.signal)
      this.#position += whole.length
      return options.encoding === undefined ? whole : whole.toString(options.encoding)
    })
  }

  async writeFile(
    data: FileContent,
    options: CallOptions & { readonly encoding?: BufferEncoding } = {},
  ): Promise<void> {
    for await (const part of contentParts(data, options.encoding)) await this.#write(part, null, 'writeFile', options)
  }

  appendFile(data: FileContent, options?: CallOptions & { readonly encoding?: BufferEncoding }): Promise<void> {
    return this.writeFile(data, options)
  }

  async stat({ signal }: CallOptions = {}): Promise<Stats> {
    signal?.throwIfAborted()
    await this.file.settle()
    const facts = await factsByOpen(this.file, this.#occasion('stat'), signal)
    this.file.endOfFile = facts.endOfFile
    return new Stats(facts)
  }

  async truncate(length = 0, { signal }: CallOptions = {}): Promise<void> {
    this.file.hasWritten = true
    await this.#set(endOfFileInformation(length), 'truncate', signal)
    this.file.endOfFile = length
  }

  async utimes(atime: TimeInput, mtime: TimeInput, { signal }: CallOptions = {}): Promise<void> {
    await this.#set(basicInformation({ atime, mtime }), 'utimes', signal)
  }

  async setAttributes(change: AttributeChange, { signal }: CallOptions = {}): Promise<void> {
    const attributes =
      typeof change === 'number'
        ? change
        : changedAttributes((await this.stat({ ...(signal && { signal }) })).attributes, change)
    await this.#set(basicInformation({ attributes }), 'setAttributes', signal)
  }

  #set(
    information: { readonly infoClass: number; readonly buffer: Uint8Array },
    operation: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const occasion = this.#occasion(operation)
    return this.#changing(() =>
      this.file.call(
        (fileId, flags) => setInfoCall({ fileId, infoType: InfoType.FILE, ...information, flags }, occasion),
        { signal, repeatable: true },
      ),
    )
  }

  /** What is kept of the file is not as it was, neither while it is changed nor after it. */
  async #changing<T>(work: () => Promise<T>): Promise<T> {
    const { file } = this
    file.isSpecial = true
    await file.settle()
    file.lease?.cache.changedAll()
    try {
      return await work()
    } finally {
      file.lease?.cache.changedAll()
      file.listedOtherwise()
    }
  }

  async sync({ signal }: CallOptions = {}): Promise<void> {
    const occasion = this.#occasion('sync')
    await this.file.settle()
    await this.file.call((fileId) => flushCall(fileId, occasion), { signal, repeatable: true })
  }

  datasync(options?: CallOptions): Promise<void> {
    return this.sync(options)
  }

  async lock(offset: number | bigint, length: number | bigint, options: LockOptions = {}): Promise<void> {
    const { shared = false, wait = false, signal } = options
    const kind = shared ? LockFlags.SHARED_LOCK : LockFlags.EXCLUSIVE_LOCK
    this.file.locked()
    await this.file.settle()
    await this.#lock(offset, length, kind | (wait ? 0 : LockFlags.FAIL_IMMEDIATELY), 'lock', signal)
  }

  unlock(offset: number | bigint, length: number | bigint, { signal }: CallOptions = {}): Promise<void> {
    return this.#lock(offset, length, LockFlags.UNLOCK, 'unlock', signal)
  }

  /** A durable open numbers its lock requests, so that one that is sent again is not done again (MS-SMB2 3.2.4.19). */
  async #lock(
    offset: number | bigint,
    length: number | bigint,
    flags: number,
    operation: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const occasion = this.#occasion(operation)
    const index = this.#lockIndexes.pop()
    const number = index === undefined ? 0 : (this.#lockNumbers[index - 1] as number)
    const sequence = index === undefined ? 0 : (index << 4) | number
    const locks = [{ offset: BigInt(offset), length: BigInt(length), flags }]
    try {
      await this.file.call((fileId) => lockCall(fileId, locks, sequence, occasion), {
        signal,
        repeatable: index !== undefined && this.file.keepsLockSequence,
      })
    } finally {
      if (index !== undefined) {
        this.#lockNumbers[index - 1] = (number + 1) & 0xf
        this.#lockIndexes.push(index)
      }
    }
  }

  async fsctl(
    code: number,
    input?: Uint8Array,
    options: CallOptions & { readonly maxOutputBytes?: number } = {},
  ): Promise<Buffer> {
    const { maxOutputBytes = DEFAULT_FSCTL_BYTES, signal } = options
    const occasion = this.#occasion('fsctl')
    return this.#changing(() =>
      this.file.call(
        (fileId) =>
          ioctlCall({ fileId, ctlCode: code, ...(input && { input }), maxOutputBytes }, occasion, (output) =>
            Buffer.from(output),
          ),
        { signal },
      ),
    )
  }

  createReadStream(options: ReadStreamOptions = {}): Readable {
    return openReadStream(async () => this.file, { ...options, path: this.path, close: () => this.close() })
  }

  createWriteStream(options: WriteStreamOptions = {}): Writable {
    return openWriteStream(async () => this.file, {
      ...options,
      path: this.path,
      appends: this.#appends,
      close: () => this.close(),
    })
  }

  readableWebStream(options: ReadStreamOptions = {}): ReadableStream<Uint8Array> {
    return NodeReadable.toWeb(this.createReadStream(options)) as ReadableStream<Uint8Array>
  }

  async close(): Promise<void> {
    await this.#last
    if (this.#isClosed) return
    if (this.file.tree.link.cache.idle.put(this.file)) this.#isClosed = true
    else await this.file.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function bytesIn(view: NodeJS.ArrayBufferView, offset: number, length: number): Uint8Array {
  if (offset < 0 || length < 0 || offset + length > view.byteLength)
    throw new UsageError('ERR_OUT_OF_RANGE', `${length} bytes from ${offset} are not within ${view.byteLength}.`)
  return new Uint8Array(view.buffer, view.byteOffset + offset, length)
}

function offsetOf(position: number | bigint, occasion: Occasion): number {
  const offset = Number(position)
  if (Number.isSafeInteger(offset)) return offset
  throw new UsageError('ERR_OUT_OF_RANGE', 'A position is a whole number of bytes.', occasion)
}

/** Asked for where nothing is known to be left: a file of an unknown size, or one that grows. */
const GROWTH_BYTES = 64 * 1024

/** All from `position` to where the file ended when it was opened; where that is nothing, to where it ends now. */
export async function readToEnd(
  file: OpenFile,
  position: number,
  occasion: Occasion,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const expected = file.endOfFile - position
  if (expected > 0) {
    const into = Buffer.allocUnsafeSlow(expected)
    return into.subarray(0, await readKept(file, into, position, occasion, signal))
  }
  const parts: Buffer[] = []
  for (let at = position; ; ) {
    const into = Buffer.allocUnsafeSlow(GROWTH_BYTES)
    const count = await readKept(file, into, at, occasion, signal)
    parts.push(into.subarray(0, count))
    at += count
    if (count < into.length) return Buffer.concat(parts)
  }
}
