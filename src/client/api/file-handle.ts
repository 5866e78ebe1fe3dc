import type { Readable, Writable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { Stats } from '../stats.ts'
import type { CallOptions } from './options.ts'
import type { AttributeChange, FileContent, TimeInput } from './share.ts'

export type OpenFlags = 'r' | 'r+' | 'w' | 'wx' | 'w+' | 'wx+' | 'a' | 'ax' | 'a+' | 'ax+'

export interface ReadStreamOptions extends CallOptions {
  /** Both inclusive, in bytes, as in Node. */
  readonly start?: number
  readonly end?: number
  readonly encoding?: BufferEncoding
  /** The handle is closed at the end. Default true. */
  readonly autoClose?: boolean
}

export interface WriteStreamOptions extends CallOptions {
  /** Where the first byte goes. Default: the beginning; at the end with `a`. */
  readonly start?: number
  readonly autoClose?: boolean
  /** The server has it on its disk when the stream finishes. Default false. */
  readonly flush?: boolean
}

export interface LockOptions extends CallOptions {
  /** Others may read, and lock in the same way. Default false: nobody else may read or write. */
  readonly shared?: boolean
  /** Waits until it can be had, or the signal aborts. Default false: EAGAIN. */
  readonly wait?: boolean
}

/**
 * An open file. `position` is in bytes; null or absent is where the handle is, which then moves on. Goes on after a cut
 * connection where the server keeps it (durable handles); otherwise it is opened again if nobody can have changed it
 * meanwhile, and else its calls fail with EBADF.
 */
export interface FileHandle extends AsyncDisposable {
  readonly path: string
  /** Bytes, when it was opened or last asked for. */
  readonly size: number

  read<T extends NodeJS.ArrayBufferView>(
    buffer: T,
    offset?: number,
    length?: number,
    position?: number | bigint | null,
    options?: CallOptions,
  ): Promise<{ bytesRead: number; buffer: T }>
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
  readv(
    buffers: readonly NodeJS.ArrayBufferView[],
    position?: number | bigint | null,
    options?: CallOptions,
  ): Promise<{ bytesRead: number; buffers: readonly NodeJS.ArrayBufferView[] }>
  writev(
    buffers: readonly NodeJS.ArrayBufferView[],
    position?: number | bigint | null,
    options?: CallOptions,
  ): Promise<{ bytesWritten: number; buffers: readonly NodeJS.ArrayBufferView[] }>
  readFile(options: CallOptions & { readonly encoding: BufferEncoding }): Promise<string>
  readFile(options?: CallOptions): Promise<Buffer>
  /** From where the handle is. */
  writeFile(data: FileContent, options?: CallOptions & { readonly encoding?: BufferEncoding }): Promise<void>
  appendFile(data: FileContent, options?: CallOptions & { readonly encoding?: BufferEncoding }): Promise<void>

  stat(options?: CallOptions): Promise<Stats>
  truncate(length?: number, options?: CallOptions): Promise<void>
  utimes(atime: TimeInput, mtime: TimeInput, options?: CallOptions): Promise<void>
  setAttributes(change: AttributeChange, options?: CallOptions): Promise<void>
  /** What was written is on the server's disk. */
  sync(options?: CallOptions): Promise<void>
  datasync(options?: CallOptions): Promise<void>
  lock(offset: number | bigint, length: number | bigint, options?: LockOptions): Promise<void>
  unlock(offset: number | bigint, length: number | bigint, options?: CallOptions): Promise<void>
  fsctl(code: number, input?: Uint8Array, options?: CallOptions & { readonly maxOutputBytes?: number }): Promise<Buffer>

  createReadStream(options?: ReadStreamOptions): Readable
  createWriteStream(options?: WriteStreamOptions): Writable
  readableWebStream(options?: ReadStreamOptions): ReadableStream<Uint8Array>
  /** Waits for what is under way. What cannot be written any more is this call's error. */
  close(): Promise<void>
}
