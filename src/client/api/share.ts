import type { Readable, Writable } from 'node:stream'
import type { SecurityDescriptor } from '../../wire/dtyp/index.ts'
import type { Dirent, Stats } from '../stats.ts'
import type { Client } from './client.ts'
import type { CopyOptions, CopySummary, Place } from './copy.ts'
import type { FileHandle, OpenFlags, ReadStreamOptions, WriteStreamOptions } from './file-handle.ts'
import type { CallOptions } from './options.ts'

/**
 * Times as Node takes them: a Date, seconds since 1970 as a number, or text that Date understands. Exactly, to the 100
 * nanoseconds that Windows keeps, as nanoseconds since 1970: a bigint, as `mtimeNs` of Stats.
 */
export type TimeInput = Date | number | string | bigint

/** The times that Windows keeps; what is absent stays as it is. */
export interface FileTimes {
  readonly atime?: TimeInput
  readonly mtime?: TimeInput
  readonly ctime?: TimeInput
  readonly birthtime?: TimeInput
}

export interface OpenOptions extends CallOptions {
  /** Whom else this handle leaves the file to: any of `r`, `w`, `d` (delete, rename). Default `rwd`. */
  readonly share?: string
  /** Bits of `FileAttributes` of smbkit/wire, for a file that is made. */
  readonly attributes?: number
  /** Every write is on the disk before it is answered. Default false. */
  readonly writeThrough?: boolean
  /** Opens a link or other reparse point itself. Default false. */
  readonly reparsePoint?: boolean
  /** Opens a directory: for `stat`, `fsctl`, `sync`. Default false. */
  readonly directory?: boolean
  /** Rights (`AccessMask` of smbkit/wire) instead of those that the flags stand for. */
  readonly access?: number
}

export interface ReadFileOptions extends CallOptions {
  /** Bytes that it probably has, where that is known: so many are asked for at first. It is read to its end anyhow. */
  readonly sizeHint?: number
  /** Text in this encoding instead of bytes. */
  readonly encoding?: BufferEncoding
}

export interface WriteFileOptions extends CallOptions {
  /** Of text. Default utf8. */
  readonly encoding?: BufferEncoding
  /** Default `w`. */
  readonly flag?: OpenFlags
  /** Bits of `FileAttributes` for a file that is made. */
  readonly attributes?: number
  /** What it is to have instead of the time of this writing; with `attributes`, a file that is there gets those, too. */
  readonly times?: FileTimes
  /** The server has it on its disk when the call is done. Default false. */
  readonly flush?: boolean
}

/** What can be written as a file: bytes, text, or several of them one after the other. */
export type FileContent =
  | string
  | NodeJS.ArrayBufferView
  | Iterable<string | NodeJS.ArrayBufferView>
  | AsyncIterable<string | NodeJS.ArrayBufferView>

export interface ReaddirOptions extends CallOptions {
  /** Names of everything below, with the folders they are in. */
  readonly recursive?: boolean
  /** Only names that this fits: `*` and `?` as Windows knows them. The server looks. */
  readonly pattern?: string
}

/** A change that a watch has seen. */
export interface WatchEvent {
  /** As `node:fs` has it: a name came or went, or what is behind it changed. */
  readonly eventType: 'rename' | 'change'
  /** Relative to what is watched, with `/`. Null where something was missed: list it again. */
  readonly filename: string | null
  readonly action: 'added' | 'removed' | 'modified' | 'renamed' | 'overflow'
  /** Of a `renamed`: what it was called before. */
  readonly oldFilename?: string
  /** Named streams: the name with `:stream`. */
  readonly isStream: boolean
}

export interface WatchOptions extends CallOptions {
  readonly recursive?: boolean
  /** Bits of `CompletionFilter` of smbkit/wire. Default: names, sizes, times of writing, attributes. */
  readonly filter?: number
}

export interface RmOptions extends CallOptions {
  readonly recursive?: boolean
  /** What is not there is no error; what is read-only goes too. */
  readonly force?: boolean
}

/** Bytes of the whole and of what is free; `available` is what this user may take. */
export interface StatFs {
  readonly type: string
  readonly label: string
  readonly bsize: number
  readonly blocks: number
  readonly bfree: number
  readonly bavail: number
  readonly totalBytes: bigint
  readonly freeBytes: bigint
  readonly availableBytes: bigint
  /** Bits of `FileSystemAttributes` of smbkit/wire. */
  readonly attributes: number
  readonly maxNameLength: number
  readonly serialNumber: number
}

export interface StreamListing {
  /** '' for the file's own content. */
  readonly name: string
  readonly size: number
  readonly allocationSize: number
}

/** Which attributes to set and take away, or all of them at once. Bits of `FileAttributes` of smbkit/wire. */
export type AttributeChange = number | { readonly set?: number; readonly clear?: number }

/** A state of the past. */
export interface Snapshot {
  readonly time: Date
  /** `@GMT-2026.01.31-12.00.00`. */
  readonly token: string
}

/** What one user stores and may store. MS-FSCC 2.4.41. Bytes; undefined limits are none. */
export interface Quota {
  readonly sid: string
  readonly used: bigint
  readonly threshold: bigint | undefined
  readonly limit: bigint | undefined
  readonly changed: Date
}

/** A folder that is read step by step; as an iterator it closes itself. */
export interface Dir extends AsyncDisposable, AsyncIterable<Dirent> {
  readonly path: string
  read(): Promise<Dirent | null>
  close(): Promise<void>
}

export interface CopyFileOptions extends CallOptions {
  /** A file that is there is an error. Default false: it is replaced. */
  readonly exclusive?: boolean
  /** So many bytes are there already, and are not copied. Default 0. */
  readonly start?: number
  /** So many bytes more have been copied. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * A share, with the promise API of `node:fs/promises` and what Windows has more. Paths are relative to its root; `/` and
 * `\` separate names, leading ones are passed over, `.` and `..` are resolved here and never lead above the root.
 * `name:stream` is a named stream. Text answers of the server are names, never paths: one with a separator, NUL, or
 * that is `.` or `..`, is refused.
 */
export interface Share extends AsyncDisposable {
  readonly name: string
  readonly client: Client
  /** Which state of the past this is; undefined for the present. */
  readonly snapshotTime: Date | undefined

  readFile(path: string, options: ReadFileOptions & { readonly encoding: BufferEncoding }): Promise<string>
  readFile(path: string, encoding: BufferEncoding): Promise<string>
  readFile(path: string, options?: ReadFileOptions): Promise<Buffer>
  writeFile(path: string, data: FileContent, options?: WriteFileOptions | BufferEncoding): Promise<void>
  appendFile(path: string, data: FileContent, options?: WriteFileOptions | BufferEncoding): Promise<void>
  /** `flags` as in Node: `r`, `r+`, `w`, `wx`, `w+`, `wx+`, `a`, `ax`, `a+`, `ax+`. Default `r`. */
  open(path: string, flags?: OpenFlags, options?: OpenOptions): Promise<FileHandle>
  createReadStream(path: string, options?: ReadStreamOptions): Readable
  createWriteStream(path: string, options?: WriteStreamOptions & { readonly flags?: OpenFlags }): Writable

  readdir(path: string, options: ReaddirOptions & { readonly withFileTypes: true }): Promise<Dirent[]>
  readdir(path: string, options?: ReaddirOptions & { readonly withFileTypes?: false }): Promise<string[]>
  /**
   * Does not gather: a folder of a million entries takes no more memory than one of ten. Goes on after a cut connection;
   * ESTALE where the entry that was read last has gone meanwhile.
   */
  opendir(path: string, options?: ReaddirOptions): Promise<Dir>
  stat(path: string, options?: CallOptions): Promise<Stats>
  /** Of a link itself. */
  lstat(path: string, options?: CallOptions): Promise<Stats>
  statfs(path?: string, options?: CallOptions): Promise<StatFs>
  access(path: string, mode?: number, options?: CallOptions): Promise<void>
  exists(path: string, options?: CallOptions): Promise<boolean>
  /** The path as the server spells it. */
  realpath(path: string, options?: CallOptions): Promise<string>

  /** With `recursive`: the first folder that was made, if one was. */
  mkdir(path: string, options?: CallOptions & { readonly recursive?: boolean }): Promise<string | undefined>
  /** `prefix` and six characters that nobody else has. */
  mkdtemp(prefix: string, options?: CallOptions): Promise<string>
  rmdir(path: string, options?: CallOptions): Promise<void>
  /** After a cut connection a file that is gone counts as removed. */
  unlink(path: string, options?: CallOptions): Promise<void>
  rm(path: string, options?: RmOptions): Promise<void>
  /** Replaces a file that is there, unless told otherwise. */
  rename(oldPath: string, newPath: string, options?: CallOptions & { readonly replace?: boolean }): Promise<void>
  /**
   * One file, on the server where it can. With `exclusive` a file that is there is an error. `share`: where `to` is, if
   * it is another share of the same client. Fails with EXDEV where it cannot be known that these are two files.
   */
  copyFile(from: string, to: string, options?: CopyFileOptions & { readonly share?: Share }): Promise<void>
  /** Of folders and files, between shares and the local disk; a bare path is one of this share. */
  cp(from: string | Place, to: string | Place, options?: CopyOptions): Promise<CopySummary>
  link(existingPath: string, newPath: string, options?: CallOptions): Promise<void>
  /** `target` is relative to where the link is, or absolute (`\??\C:\x`, `\\server\share\x`). */
  symlink(
    target: string,
    path: string,
    options?: CallOptions & { readonly type?: 'file' | 'dir' | 'junction' },
  ): Promise<void>
  readlink(path: string, options?: CallOptions): Promise<string>
  truncate(path: string, length?: number, options?: CallOptions): Promise<void>
  utimes(path: string, atime: TimeInput, mtime: TimeInput, options?: CallOptions): Promise<void>
  /** Any of the times that Windows keeps. */
  setTimes(path: string, times: FileTimes, options?: CallOptions): Promise<void>
  setAttributes(path: string, change: AttributeChange, options?: CallOptions): Promise<void>
  /** Goes on after a cut connection (with an `overflow`, since something may have been missed), and ends with the signal. */
  watch(path: string, options?: WatchOptions): AsyncIterable<WatchEvent>

  streams(path: string, options?: CallOptions): Promise<StreamListing[]>
  extendedAttributes(path: string, options?: CallOptions): Promise<Map<string, Buffer>>
  /** An empty value removes it. */
  setExtendedAttributes(
    path: string,
    attributes: Iterable<readonly [name: string, value: Uint8Array]>,
    options?: CallOptions,
  ): Promise<void>
  /** `sacl` also asks for the system's access list, which needs a privilege. */
  securityDescriptor(path: string, options?: CallOptions & { readonly sacl?: boolean }): Promise<SecurityDescriptor>
  /** What is absent of owner, group and lists stays as it is. */
  setSecurityDescriptor(path: string, descriptor: SecurityDescriptor, options?: CallOptions): Promise<void>
  snapshots(path?: string, options?: CallOptions): Promise<Snapshot[]>
  /** The share as it was then. */
  at(snapshot: Snapshot | Date | string): Share
  quotas(options?: CallOptions & { readonly sids?: readonly string[] }): Promise<Quota[]>
  setQuotas(
    quotas: readonly { readonly sid: string; readonly threshold?: bigint; readonly limit?: bigint }[],
    options?: CallOptions,
  ): Promise<void>
  /** Any control code of the file system. `maxOutputBytes` default 64 KiB. */
  fsctl(
    path: string,
    code: number,
    input?: Uint8Array,
    options?: CallOptions & { readonly maxOutputBytes?: number },
  ): Promise<Buffer>
  /** Writes and closes what is open on it, and disconnects from it. */
  close(): Promise<void>
}
