import { unixNsFromFiletime } from '../../bytes/filetime.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import type { FileHandle } from '../api/file-handle.ts'
import type { Share } from '../api/share.ts'
import { StatusError, UsageError } from '../errors.ts'
import { RemoteHandle } from '../handle.ts'
import type { Stats } from '../stats.ts'
import type { Item, Listed, Piece, Side, Sink, Source } from './side.ts'

/** Attributes that a copy has of its source: the others tell of the disk where it is (MS-FSCC 2.6). */
const keptAttributes =
  FileAttributes.READONLY |
  FileAttributes.HIDDEN |
  FileAttributes.SYSTEM |
  FileAttributes.ARCHIVE |
  FileAttributes.NOT_CONTENT_INDEXED

/** A share as one end of a copy. */
export class ShareSide implements Side {
  readonly kind = 'share'
  readonly partPrefix = ''
  readonly share: Share
  readonly #signal: AbortSignal

  constructor(share: Share, signal: AbortSignal) {
    this.share = share
    this.#signal = signal
  }

  join(folder: string, name: string): string {
    return folder === '' ? name : `${folder}/${name}`
  }

  split(path: string): { folder: string; name: string } {
    const slash = path.lastIndexOf('/')
    return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) }
  }

  settled(path: string): string {
    return path
  }

  key(name: string): string {
    return upcase(name)
  }

  async item(path: string, follow: boolean): Promise<Item | undefined> {
    try {
      return itemOf(await (follow ? this.share.stat(path, this.#call) : this.share.lstat(path, this.#call)))
    } catch (error) {
      if (error instanceof StatusError && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  async *list(path: string): AsyncGenerator<Listed> {
    await using folder = await this.share.opendir(path, this.#call)
    for await (const { name, stats } of folder) yield { name, item: itemOf(stats) }
  }

  async makeFolder(path: string, isRoot: boolean): Promise<boolean> {
    if (path === '') return false
    try {
      const made = await this.share.mkdir(path, { ...this.#call, recursive: isRoot })
      return made !== undefined || !isRoot
    } catch (error) {
      if (!(error instanceof StatusError && error.code === 'EEXIST')) throw error
    }
    if ((await this.share.stat(path, this.#call)).isDirectory()) return false
    throw new UsageError('ENOTDIR', 'What is there is no folder.', { path })
  }

  async likeFolder(path: string, like: Item): Promise<void> {
    if (path !== '') await this.share.setTimes(path, timesOf(like), this.#call)
  }

  readLink(path: string): Promise<string> {
    return this.share.readlink(path, this.#call)
  }

  makeLink(target: string, path: string, isFolder: boolean): Promise<void> {
    return this.share.symlink(target, path, { ...this.#call, type: isFolder ? 'dir' : 'file' })
  }

  readWhole(path: string, size: number): Promise<Uint8Array> {
    return this.share.readFile(path, { ...this.#call, sizeHint: size })
  }

  /** In one round trip. */
  async writeWhole(path: string, data: Uint8Array, like: Item | undefined): Promise<void> {
    const kept = like && {
      times: timesOf(like),
      ...(like.attributes !== undefined && { attributes: like.attributes }),
    }
    await this.share.writeFile(path, data, { ...this.#call, ...kept })
  }

  async openSource(path: string): Promise<Source> {
    const handle = await this.share.open(path, 'r', this.#call)
    if (handle instanceof RemoteHandle) return new ShareSource(handle, this.#call)
    throw new UsageError('ENOTSUP', 'It is on a share that no client here has opened.', { path })
  }

  async openSink(path: string, keep: boolean, isPart: boolean): Promise<Sink> {
    // Nobody else writes to it meanwhile; a part that another attempt is at work on is refused.
    const how = { ...this.#call, share: 'rd', ...(isPart && { attributes: FileAttributes.HIDDEN }) }
    const handle = await this.share.open(path, keep ? 'r+' : 'w+', how)
    return new ShareSink(this.share, handle, this.#call, isPart)
  }

  /** Empty, and not to be seen until it is whole. */
  async makePart(path: string): Promise<void> {
    await this.share.writeFile(path, '', { ...this.#call, attributes: FileAttributes.HIDDEN })
  }

  async unhide(path: string): Promise<void> {
    await this.share.setAttributes(path, { clear: FileAttributes.HIDDEN }, this.#call)
  }

  replace(from: string, to: string): Promise<void> {
    return this.share.rename(from, to, { ...this.#call, replace: true })
  }

  async remove(path: string): Promise<void> {
    // Also when the copy has been aborted.
    await this.share.rm(path, { force: true })
  }

  async removeTree(path: string): Promise<void> {
    await this.share.rm(path, { ...this.#call, recursive: true, force: true })
  }

  /** Whether the server of this one can copy to that one by itself. A state of the past is carried, to be told from now. */
  isBeside({ share }: ShareSide): boolean {
    const isPast = this.share.snapshotTime !== undefined || share.snapshotTime !== undefined
    return this.share === share || (this.share.client === share.client && !isPast)
  }

  /** On the server alone; false where it cannot. Gives the copy what it is to have of the source. */
  async copyWithin(
    from: string,
    { share }: ShareSide,
    to: string,
    { like, start, moved }: { like: Item | undefined; start?: number; moved: (bytes: number) => void },
  ): Promise<boolean> {
    try {
      await this.share.copyFile(from, to, {
        ...this.#call,
        share,
        onBytes: moved,
        ...(start !== undefined && { start }),
      })
    } catch (error) {
      if (error instanceof UsageError && error.code === 'EXDEV') return false
      throw error
    }
    if (like === undefined) return true
    await share.setTimes(to, timesOf(like), this.#call)
    if (like.attributes !== undefined) await share.setAttributes(to, like.attributes, this.#call)
    return true
  }

  get #call(): { signal: AbortSignal } {
    return { signal: this.#signal }
  }
}

export function itemOf(stats: Stats): Item {
  const { facts } = stats
  const isLink = stats.isSymbolicLink()
  return {
    kind: isLink ? 'symlink' : stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other',
    size: stats.size,
    writeTime: facts.lastWriteTime,
    accessTime: facts.lastAccessTime,
    creationTime: facts.creationTime > 0n ? facts.creationTime : undefined,
    attributes: stats.attributes & keptAttributes,
    identity: stats.ino === 0n ? '' : String(stats.ino),
    stats,
  }
}

function timesOf(like: Item): { mtime: bigint; atime: bigint; birthtime?: bigint } {
  const { writeTime, accessTime, creationTime } = like
  return {
    mtime: unixNsFromFiletime(writeTime),
    atime: unixNsFromFiletime(accessTime),
    ...(creationTime !== undefined && { birthtime: unixNsFromFiletime(creationTime) }),
  }
}

class ShareSource implements Source {
  readonly #handle: RemoteHandle
  readonly #call: { signal: AbortSignal }

  constructor(handle: RemoteHandle, call: { signal: AbortSignal }) {
    this.#handle = handle
    this.#call = call
  }

  get maxPieceBytes(): number {
    return this.#handle.readBytesAtOnce
  }

  piece(at: number, length: number): Promise<Piece> {
    return this.#handle.lend(at, length, this.#call)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.close()
  }
}

class ShareSink implements Sink {
  readonly #share: Share
  readonly #handle: FileHandle
  readonly #call: { signal: AbortSignal }
  readonly #isPart: boolean
  #isFinished = false

  constructor(share: Share, handle: FileHandle, call: { signal: AbortSignal }, isPart = false) {
    this.#share = share
    this.#handle = handle
    this.#call = call
    this.#isPart = isPart
  }

  get size(): number {
    return this.#handle.size
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    let done = 0
    while (done < into.length) {
      const { bytesRead } = await this.#handle.read(into, done, into.length - done, at + done, this.#call)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }

  async write(data: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < data.length; ) {
      const { bytesWritten } = await this.#handle.write(data, done, data.length - done, at + done, this.#call)
      done += bytesWritten
    }
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size, this.#call)
  }

  async finish(like: Item | undefined): Promise<void> {
    const { handle, call } = { handle: this.#handle, call: this.#call }
    if (this.#isPart) await handle.setAttributes({ clear: FileAttributes.HIDDEN }, call)
    if (like?.attributes !== undefined) await handle.setAttributes(like.attributes, call)
    this.#isFinished = true
    await handle.close()
    // By path: a handle sets two of the times alone.
    if (like !== undefined) await this.#share.setTimes(handle.path, timesOf(like), call)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isFinished) await this.#handle.close()
  }
}
