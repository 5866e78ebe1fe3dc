import type { Readable, Writable } from 'node:stream'
import { filetimeFromDate } from '../bytes/filetime.ts'
import type { SecurityDescriptor } from '../wire/dtyp/index.ts'
import { LeaseState } from '../wire/smb2/index.ts'
import type { Client } from './api/client.ts'
import type { CopyOptions, CopySummary, Place } from './api/copy.ts'
import type { FileHandle, OpenFlags, ReadStreamOptions, WriteStreamOptions } from './api/file-handle.ts'
import type { CallOptions } from './api/options.ts'
import type {
  AttributeChange,
  CopyFileOptions,
  Dir,
  FileContent,
  FileTimes,
  OpenOptions,
  Quota,
  ReaddirOptions,
  ReadFileOptions,
  RmOptions,
  Share,
  Snapshot,
  StatFs,
  StreamListing,
  TimeInput,
  WatchEvent,
  WatchOptions,
  WriteFileOptions,
} from './api/share.ts'
import { openKept } from './cache/by-name.ts'
import { UsageError } from './errors.ts'
import { RemoteHandle } from './handle.ts'
import type { OpenFile } from './open-file.ts'
import { createArgumentsOf, meaningOf } from './open-flags.ts'
import * as extras from './ops/extras.ts'
import * as links from './ops/links.ts'
import * as listing from './ops/listing.ts'
import * as metadata from './ops/metadata.ts'
import * as names from './ops/names.ts'
import { rm } from './ops/remove.ts'
import { statfs } from './ops/volume-info.ts'
import { readFile, writeFile } from './ops/whole-file.ts'
import { openReadStream } from './read-stream.ts'
import type { Dirent, Stats } from './stats.ts'
import type { Volume } from './volume.ts'
import { watch } from './watch.ts'
import { openWriteStream } from './write-stream.ts'

const L = LeaseState

/** What `client.share` gives: each call of the API is a function of a file of its own. */
export class RemoteShare implements Share {
  readonly name: string
  readonly client: Client
  readonly snapshotTime: Date | undefined
  readonly #volume: Volume
  readonly #owner: ShareOwner

  constructor(client: Client, volume: Volume, owner: ShareOwner, snapshotTime?: Date) {
    this.client = client
    this.name = volume.tree.name
    this.snapshotTime = snapshotTime
    this.#volume = volume
    this.#owner = owner
  }

  readFile(path: string, options: ReadFileOptions & { readonly encoding: BufferEncoding }): Promise<string>
  readFile(path: string, encoding: BufferEncoding): Promise<string>
  readFile(path: string, options?: ReadFileOptions): Promise<Buffer>
  async readFile(path: string, given: ReadFileOptions | BufferEncoding = {}): Promise<Buffer | string> {
    const options = typeof given === 'string' ? { encoding: given } : given
    const whole = await readFile(this.#volume, path, options)
    return options.encoding === undefined ? whole : whole.toString(options.encoding)
  }

  writeFile(path: string, data: FileContent, options?: WriteFileOptions | BufferEncoding): Promise<void> {
    return writeFile(this.#volume, path, data, writeOptions(options))
  }

  appendFile(path: string, data: FileContent, options?: WriteFileOptions | BufferEncoding): Promise<void> {
    return writeFile(this.#volume, path, data, { flag: 'a', ...writeOptions(options) }, 'appendFile')
  }

  async open(path: string, flags: OpenFlags = 'r', options: OpenOptions = {}): Promise<FileHandle> {
    return this.#open(path, flags, options, 'open')
  }

  async #open(path: string, flags: OpenFlags, options: OpenOptions, operation: string): Promise<RemoteHandle> {
    const { appends } = meaningOf(flags)
    const { directory = false, writeThrough = false, signal } = options
    const isReading = flags === 'r'
    // Directories are not kept: nothing of them is cached, and they have no position.
    const wanted = directory ? 0 : isReading ? L.READ_CACHING | L.HANDLE_CACHING : ALL_CACHING
    const keeping = { wanted, durable: !directory && this.#volume.settings.reconnect }
    const file = await this.#volume.at(path, operation, (spot) =>
      openKept(spot, createArgumentsOf(spot.name, flags, options), keeping, signal),
    )
    return new RemoteHandle(file, { path, appends, writeThrough })
  }

  createReadStream(path: string, options: ReadStreamOptions = {}): Readable {
    const handle = lazily(() =>
      this.#open(path, 'r', options.signal ? { signal: options.signal } : {}, 'createReadStream'),
    )
    return openReadStream(handle.file, { ...options, path, close: handle.close })
  }

  createWriteStream(path: string, options: WriteStreamOptions & { readonly flags?: OpenFlags } = {}): Writable {
    const { flags = 'w', signal } = options
    const handle = lazily(() => this.#open(path, flags, signal ? { signal } : {}, 'createWriteStream'))
    const { appends } = meaningOf(flags)
    return openWriteStream(handle.file, { ...options, path, appends, close: handle.close })
  }

  readdir(path: string, options: ReaddirOptions & { readonly withFileTypes: true }): Promise<Dirent[]>
  readdir(path: string, options?: ReaddirOptions & { readonly withFileTypes?: false }): Promise<string[]>
  readdir(
    path: string,
    options: ReaddirOptions & { readonly withFileTypes?: boolean } = {},
  ): Promise<Dirent[] | string[]> {
    const list = options.withFileTypes === true ? listing.readdirEntries : listing.readdir
    return list(this.#volume, path, options)
  }

  opendir(path: string, options?: ReaddirOptions): Promise<Dir> {
    return listing.opendir(this.#volume, path, options)
  }

  stat(path: string, options?: CallOptions): Promise<Stats> {
    return metadata.stat(this.#volume, path, options)
  }

  lstat(path: string, options?: CallOptions): Promise<Stats> {
    return metadata.lstat(this.#volume, path, options)
  }

  statfs(path = '', options?: CallOptions): Promise<StatFs> {
    return statfs(this.#volume, path, options)
  }

  access(path: string, mode = 0, options?: CallOptions): Promise<void> {
    return metadata.access(this.#volume, path, mode, options)
  }

  async exists(path: string, options?: CallOptions): Promise<boolean> {
    try {
      await this.stat(path, options)
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return false
      throw error
    }
  }

  realpath(path: string, options?: CallOptions): Promise<string> {
    return metadata.realpath(this.#volume, path, options)
  }

  mkdir(path: string, options?: CallOptions & { readonly recursive?: boolean }): Promise<string | undefined> {
    return names.mkdir(this.#volume, path, options)
  }

  mkdtemp(prefix: string, options?: CallOptions): Promise<string> {
    return names.mkdtemp(this.#volume, prefix, options)
  }

  rmdir(path: string, options?: CallOptions): Promise<void> {
    return names.rmdir(this.#volume, path, options)
  }

  unlink(path: string, options?: CallOptions): Promise<void> {
    return names.unlink(this.#volume, path, options)
  }

  rm(path: string, options?: RmOptions): Promise<void> {
    return rm(this.#volume, path, options)
  }

  rename(oldPath: string, newPath: string, options?: CallOptions & { readonly replace?: boolean }): Promise<void> {
    return names.rename(this.#volume, oldPath, newPath, options)
  }

  async copyFile(from: string, to: string, options: CopyFileOptions & { readonly share?: Share } = {}): Promise<void> {
    const { share = this, ...others } = options
    if (!(share instanceof RemoteShare) || share.client !== this.client)
      throw new UsageError('EXDEV', 'Only cp copies between clients.', { operation: 'copyFile', path: from, dest: to })
    await this.#owner.copyFile({ from: this.#volume, to: share.#volume }, from, to, others)
  }

  cp(from: string | Place, to: string | Place, options?: CopyOptions): Promise<CopySummary> {
    const here = (place: string | Place): Place => (typeof place === 'string' ? { share: this, path: place } : place)
    return this.#owner.copyTree(here(from), here(to), options)
  }

  link(existingPath: string, newPath: string, options?: CallOptions): Promise<void> {
    return names.link(this.#volume, existingPath, newPath, options)
  }

  symlink(target: string, path: string, options?: links.SymlinkOptions): Promise<void> {
    return links.symlink(this.#volume, target, path, options)
  }

  readlink(path: string, options?: CallOptions): Promise<string> {
    return links.readlink(this.#volume, path, options)
  }

  truncate(path: string, length = 0, options?: CallOptions): Promise<void> {
    return metadata.truncate(this.#volume, path, length, options)
  }

  utimes(path: string, atime: TimeInput, mtime: TimeInput, options?: CallOptions): Promise<void> {
    return metadata.setTimes(this.#volume, path, { atime, mtime }, options, 'utimes')
  }

  setTimes(path: string, times: FileTimes, options?: CallOptions): Promise<void> {
    return metadata.setTimes(this.#volume, path, times, options)
  }

  setAttributes(path: string, change: AttributeChange, options?: CallOptions): Promise<void> {
    return metadata.setAttributes(this.#volume, path, change, options)
  }

  watch(path: string, options?: WatchOptions): AsyncIterable<WatchEvent> {
    return watch(this.#volume, path, options)
  }

  streams(path: string, options?: CallOptions): Promise<StreamListing[]> {
    return extras.streams(this.#volume, path, options)
  }

  extendedAttributes(path: string, options?: CallOptions): Promise<Map<string, Buffer>> {
    return extras.extendedAttributes(this.#volume, path, options)
  }

  setExtendedAttributes(
    path: string,
    attributes: Iterable<readonly [name: string, value: Uint8Array]>,
    options?: CallOptions,
  ): Promise<void> {
    return extras.setExtendedAttributes(this.#volume, path, attributes, options)
  }

  securityDescriptor(path: string, options?: extras.SecurityOptions): Promise<SecurityDescriptor> {
    return extras.securityDescriptor(this.#volume, path, options)
  }

  setSecurityDescriptor(path: string, descriptor: SecurityDescriptor, options?: CallOptions): Promise<void> {
    return extras.setSecurityDescriptor(this.#volume, path, descriptor, options)
  }

  snapshots(path = '', options?: CallOptions): Promise<Snapshot[]> {
    return extras.snapshots(this.#volume, path, options)
  }

  at(snapshot: Snapshot | Date | string): Share {
    const time = snapshot instanceof Date ? filetimeFromDate(snapshot) : extras.timeOfToken(tokenOf(snapshot))
    if (time === undefined)
      throw new UsageError('EINVAL', 'A state of the past is named by a Date or as @GMT-2026.01.31-12.00.00.')
    const date = snapshot instanceof Date ? snapshot : typeof snapshot === 'string' ? undefined : snapshot.time
    return new RemoteShare(this.client, this.#volume.asOf(time), this.#owner, date ?? extras.dateOf(time))
  }

  quotas(options?: extras.QuotaOptions): Promise<Quota[]> {
    return extras.quotas(this.#volume, options)
  }

  setQuotas(quotas: readonly extras.QuotaChange[], options?: CallOptions): Promise<void> {
    return extras.setQuotas(this.#volume, quotas, options)
  }

  fsctl(path: string, code: number, input?: Uint8Array, options?: extras.FsctlOptions): Promise<Buffer> {
    return extras.fsctl(this.#volume, path, code, input, options)
  }

  async close(): Promise<void> {
    await this.#owner.closeShare(this.#volume)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const ALL_CACHING = L.READ_CACHING | L.HANDLE_CACHING | L.WRITE_CACHING

/** What a share leaves to who made it. */
export interface ShareOwner {
  closeShare(volume: Volume): Promise<void>
  copyFile(volumes: Volumes, from: string, to: string, options?: CopyFileOptions): Promise<void>
  copyTree(from: Place, to: Place, options?: CopyOptions): Promise<CopySummary>
}

/** Where a copy comes from and where it goes. */
export interface Volumes {
  readonly from: Volume
  readonly to: Volume
}

const writeOptions = (options: WriteFileOptions | BufferEncoding | undefined): WriteFileOptions =>
  typeof options === 'string' ? { encoding: options } : (options ?? {})

const tokenOf = (snapshot: Snapshot | string): string => (typeof snapshot === 'string' ? snapshot : snapshot.token)

/** A handle that is opened when a stream first wants it, and closed if it was. */
function lazily(open: () => Promise<RemoteHandle>): { file: () => Promise<OpenFile>; close: () => Promise<void> } {
  let opening: Promise<RemoteHandle> | undefined
  return {
    file: async () => {
      opening ??= open()
      return (await opening).file
    },
    close: async () => {
      const handle = await opening?.catch(() => undefined)
      await handle?.close()
    },
  }
}
