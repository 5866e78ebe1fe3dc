import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open, opendir } from 'node:fs/promises'
import { basename, dirname, sep } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Filetime, filetimeFromUnixNs, unixNsFromFiletime } from '../../bytes/filetime.ts'
import type { BufferPool } from '../../protocol/buffer-pool.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import { UsageError } from '../errors.ts'
import type { Item, Listed, Piece, Side, Sink, Source } from './side.ts'

/**
 * The local disk. What concerns names, times and small files is asked for synchronously: the answer is in the system's
 * memory nearly always, and the way through Node's threads takes ten times as long (docs/decisions/0016). Content of
 * large files goes that way, beside everything else.
 */
export const diskSide: Side = {
  kind: 'disk',
  partPrefix: '.',
  join: within,
  split: (path) => ({ folder: dirname(path), name: basename(path) }),
  settled: (path) =>
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && existsSync(path)
      ? realpathSync(path)
      : path,
  key: process.platform === 'win32' || process.platform === 'darwin' ? (name) => name.toLowerCase() : (name) => name,

  async item(path, follow) {
    const options = { bigint: true, throwIfNoEntry: false } as const
    const stats = follow ? statSync(path, options) : lstatSync(path, options)
    return stats === undefined ? undefined : itemOf(stats)
  },

  async *list(path) {
    for await (const { name } of await opendir(path, { bufferSize: listBatch })) {
      const stats = lstatSync(within(path, name), { bigint: true, throwIfNoEntry: false })
      if (stats !== undefined) yield { name, item: itemOf(stats) } satisfies Listed
      // Node does not tell bytes that are no UTF-8: nothing is found by such a name. What else is not there went away.
      else if (name.includes('\ufffd')) yield { name, item: unreadable } satisfies Listed
    }
  },

  async makeFolder(path, isRoot) {
    try {
      return mkdirSync(path, { recursive: isRoot }) !== undefined || !isRoot
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    // A link could lead anywhere: below what the user has named, none is followed.
    const stats = lstatSync(path)
    if (stats.isDirectory() || (isRoot && statSync(path).isDirectory())) return false
    const what = stats.isSymbolicLink() ? 'A link is there, which is not followed.' : 'What is there is no folder.'
    throw new UsageError('ENOTDIR', what, { path })
  },

  async likeFolder(path, like) {
    utimesSync(path, secondsOf(like.accessTime), secondsOf(like.writeTime))
  },

  async readLink(path) {
    return readlinkSync(path)
  },

  async makeLink(target, path, isFolder) {
    symlinkSync(target, path, isFolder ? 'dir' : 'file')
  },

  async readWhole(path, size, signal) {
    return size === 0 && statSync(path).isFIFO() ? readPipe(path, signal) : readNow(path, size)
  },

  async writeWhole(path, data, like, inPlace) {
    if (inPlace) {
      writeNow(openInPlace(path), data, like)
      return
    }
    // Nobody sees it half written.
    const part = within(dirname(path), `.${process.pid}-${nextTemporary++}.part`)
    try {
      writeNow(openNew(part), data, like)
      renameSync(part, path)
    } catch (error) {
      removeNow(part)
      throw error
    }
  },

  async openSource(path, buffers) {
    return new DiskSource(await open(path, 'r'), buffers)
  },

  async openSink(path, keep, isPart) {
    const handle = keep ? await open(path, KEPT) : await openAnew(path, isPart)
    return new DiskSink(path, handle, fstatSync(handle.fd).size)
  },

  async replace(from, to) {
    renameSync(from, to)
  },

  async remove(path) {
    removeNow(path)
  },

  async removeTree(path) {
    // Of a link itself, and not of what it leads to.
    rmSync(path, { recursive: true, force: true })
  },
}

const listBatch = 256

/** Something that its name does not lead to: a copy fails with the name. */
const unreadable: Item = {
  kind: 'file',
  size: 0,
  writeTime: 0n,
  accessTime: 0n,
  creationTime: undefined,
  attributes: undefined,
  identity: '',
  stats: undefined,
}

/** A name in a folder. Neither needs to be looked at: names are without separators, and what the user has named is kept. */
function within(folder: string, name: string): string {
  return folder === '' || folder.endsWith(sep) ? `${folder}${name}` : `${folder}${sep}${name}`
}

/** All of a file that had `size` bytes: with one call to the system more than it takes. */
function readNow(path: string, size: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.allocUnsafe(size + 1)
    let length = 0
    for (let count = -1; count !== 0 && length < bytes.length; length += count)
      count = readSync(file, bytes, length, bytes.length - length, null)
    // It has grown meanwhile.
    return length > size ? Buffer.concat([bytes, readFileSync(file)]) : bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

/** All that others write to a named pipe, until the last of them has closed it: nobody knows when that will be. */
async function readPipe(path: string, signal: AbortSignal): Promise<Buffer> {
  // Without O_NONBLOCK the system waits for the first writer, and the program with it.
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const parts: Buffer[] = []
    const buffer = Buffer.allocUnsafe(PIPE_BYTES)
    for (let isBegun = false; ; ) {
      const count = readAtOnce(pipe, buffer)
      if (count === 0 && isBegun) return Buffer.concat(parts)
      // Nothing at all is what a pipe has that nobody has opened yet.
      isBegun ||= count !== 0
      if (count > 0) parts.push(Buffer.from(buffer.subarray(0, count)))
      else await setTimeout(PIPE_LOOK_MS, undefined, { signal })
    }
  } finally {
    closeSync(pipe)
  }
}

const PIPE_BYTES = 64 * 1024
const PIPE_LOOK_MS = 10
const NOTHING_YET = -1

/** Bytes that are there; `NOTHING_YET` where a writer has not written. */
function readAtOnce(pipe: number, buffer: Uint8Array): number {
  try {
    return readSync(pipe, buffer)
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return NOTHING_YET
    throw error
  }
}

let nextTemporary = 1

/**
 * Links below the target are never written through: a server may have had them made by this very copy, and knows what
 * parts will be called. Windows has no such flag, and leaves links to those who may make them.
 */
const NO_FOLLOW = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW
const KEPT = constants.O_RDWR | NO_FOLLOW
const IN_PLACE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | NO_FOLLOW
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

/** Of a file that only may be read: what DOS calls READONLY. */
const readOnlyMode = 0o444
const anyWrite = 0o222n

function itemOf(stats: BigIntStats): Item {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'other'
  return {
    kind,
    size: Number(stats.size),
    writeTime: filetimeFromUnixNs(stats.mtimeNs),
    accessTime: filetimeFromUnixNs(stats.atimeNs),
    creationTime: stats.birthtimeNs > 0n ? filetimeFromUnixNs(stats.birthtimeNs) : undefined,
    attributes: kind === 'file' && (stats.mode & anyWrite) === 0n ? FileAttributes.READONLY : undefined,
    identity: `${stats.dev}:${stats.ino}`,
    stats: undefined,
  }
}

/** As `utimes` takes it: true to a quarter of a microsecond. As a Date it would lose what is below a millisecond. */
const secondsOf = (time: Filetime): number => Number(unixNsFromFiletime(time)) / 1e9

const isReadOnly = (like: Item): boolean => ((like.attributes ?? 0) & FileAttributes.READONLY) !== 0

/** A file that is empty: what had its name goes. */
function openNew(path: string): number {
  try {
    return openSync(path, NEW)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  unlinkSync(path)
  return openSync(path, NEW)
}

/** The file that is there, emptied; a link goes. */
function openInPlace(path: string): number {
  try {
    return openSync(path, IN_PLACE)
  } catch (error) {
    if (!isLinkError(error)) throw error
  }
  return openNew(path)
}

/** The same for files that are written through Node's threads. */
async function openAnew(path: string, isPart: boolean): Promise<FileHandle> {
  try {
    return await open(path, isPart ? NEW : IN_PLACE)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' && !isLinkError(error)) throw error
  }
  unlinkSync(path)
  return open(path, NEW)
}

/** What O_NOFOLLOW says to a link: ELOOP, on FreeBSD EMLINK. */
const isLinkError = (error: unknown): boolean => codeOf(error) === 'ELOOP' || codeOf(error) === 'EMLINK'

function writeNow(file: number, data: Uint8Array, like: Item | undefined): void {
  try {
    writeFileSync(file, data)
    if (like === undefined) return
    futimesSync(file, secondsOf(like.accessTime), secondsOf(like.writeTime))
    if (isReadOnly(like)) fchmodSync(file, readOnlyMode)
  } finally {
    closeSync(file)
  }
}

function removeNow(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

class DiskSource implements Source {
  readonly maxPieceBytes = Infinity
  readonly #handle: FileHandle
  readonly #buffers: BufferPool

  constructor(handle: FileHandle, buffers: BufferPool) {
    this.#handle = handle
    this.#buffers = buffers
  }

  async piece(at: number, length: number): Promise<Piece> {
    const buffer = this.#buffers.take(length)
    const give = (): void => this.#buffers.give(buffer)
    try {
      const { bytesRead } = await this.#handle.read(buffer, 0, length, at)
      return { bytes: buffer.subarray(0, bytesRead), give }
    } catch (error) {
      give()
      throw error
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.close()
  }
}

class DiskSink implements Sink {
  readonly #path: string
  readonly #handle: FileHandle
  readonly size: number
  #isFinished = false
  #last: Promise<void> = Promise.resolve()

  constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path
    this.#handle = handle
    this.size = size
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    let done = 0
    while (done < into.length) {
      const { bytesRead } = await this.#handle.read(into, done, into.length - done, at + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }

  /** One after the other: the system lets one write to a file at a time, and the others would wait in Node's threads. */
  write(data: Uint8Array, at: number): Promise<void> {
    const turn = this.#last.then(() => this.#write(data, at))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #write(data: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < data.length; ) {
      const { bytesWritten } = await this.#handle.write(data, done, data.length - done, at + done)
      done += bytesWritten
    }
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size)
  }

  async finish(like: Item | undefined): Promise<void> {
    if (like !== undefined) await this.#handle.utimes(secondsOf(like.accessTime), secondsOf(like.writeTime))
    this.#isFinished = true
    await this.#handle.close()
    if (like !== undefined && isReadOnly(like)) chmodSync(this.#path, readOnlyMode)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isFinished) await this.#handle.close()
  }
}
