import { dateFromFiletime, type Filetime, unixNsFromFiletime } from '../bytes/filetime.ts'
import { FileAttributes, isNameSurrogate, ReparseTag } from '../wire/fscc/index.ts'

/** What the server tells of a file on every occasion. Times are FILETIME. */
export interface BasicFacts {
  readonly creationTime: Filetime
  readonly lastAccessTime: Filetime
  readonly lastWriteTime: Filetime
  readonly changeTime: Filetime
  /** Bytes. */
  readonly allocationSize: number
  readonly endOfFile: number
  /** Bits of `FileAttributes`. */
  readonly fileAttributes: number
}

/** The fields of FileAllInformation that have a use. */
export interface FileFacts extends BasicFacts {
  /** 0 where it is not known. */
  readonly fileId: bigint
  readonly numberOfLinks: number
  /** 0 where it is no reparse point, or which one is not known. */
  readonly reparseTag: number
  /** It is gone as soon as nobody has it open; absent where it is not known. */
  readonly deletePending?: boolean
}

const S_IFDIR = 0o040000
const S_IFREG = 0o100000
const S_IFLNK = 0o120000
const BLOCK_BYTES = 512

/** As `fs.Stats`, with what Windows has beside it. */
export class Stats {
  readonly facts: FileFacts

  constructor(facts: FileFacts) {
    this.facts = facts
  }

  isDirectory(): boolean {
    return (this.attributes & FileAttributes.DIRECTORY) !== 0 && !this.isSymbolicLink()
  }

  /** A symbolic link or a junction. */
  isSymbolicLink(): boolean {
    return this.isReparsePoint() && isNameSurrogate(this.facts.reparseTag)
  }

  isFile(): boolean {
    return (this.attributes & FileAttributes.DIRECTORY) === 0 && !this.isSymbolicLink()
  }

  /** Any reparse point: links, but also files that are kept elsewhere, deduplicated, and so on. */
  isReparsePoint(): boolean {
    return (this.attributes & FileAttributes.REPARSE_POINT) !== 0
  }

  isBlockDevice(): boolean {
    return this.facts.reparseTag === ReparseTag.LX_BLK
  }

  isCharacterDevice(): boolean {
    return this.facts.reparseTag === ReparseTag.LX_CHR
  }

  isFIFO(): boolean {
    return this.facts.reparseTag === ReparseTag.LX_FIFO
  }

  isSocket(): boolean {
    return this.facts.reparseTag === ReparseTag.AF_UNIX
  }

  /** Bytes. */
  get size(): number {
    return this.facts.endOfFile
  }

  /** Bytes on the disk. */
  get allocationSize(): number {
    return this.facts.allocationSize
  }

  /** Of 512 bytes, on the disk. */
  get blocks(): number {
    return Math.ceil(this.facts.allocationSize / BLOCK_BYTES)
  }

  /** Bits of `FileAttributes` of smbkit/wire. */
  get attributes(): number {
    return this.facts.fileAttributes
  }

  get reparseTag(): number {
    return this.facts.reparseTag
  }

  /** The server's number of the file; 0 where it has none. */
  get ino(): bigint {
    return this.facts.fileId
  }

  get nlink(): number {
    return this.facts.numberOfLinks
  }

  /** What comes closest in POSIX: the kind, and no right to write where the attribute READONLY is set. */
  get mode(): number {
    const writable = (this.attributes & FileAttributes.READONLY) === 0 ? 0o222 : 0
    if (this.isSymbolicLink()) return S_IFLNK | 0o777
    return this.isDirectory() ? S_IFDIR | 0o555 | writable : S_IFREG | 0o444 | writable
  }

  get isReadOnly(): boolean {
    return (this.attributes & FileAttributes.READONLY) !== 0
  }

  get isHidden(): boolean {
    return (this.attributes & FileAttributes.HIDDEN) !== 0
  }

  get isSystem(): boolean {
    return (this.attributes & FileAttributes.SYSTEM) !== 0
  }

  get isArchive(): boolean {
    return (this.attributes & FileAttributes.ARCHIVE) !== 0
  }

  get atime(): Date {
    return dateFromFiletime(this.facts.lastAccessTime)
  }

  get mtime(): Date {
    return dateFromFiletime(this.facts.lastWriteTime)
  }

  get ctime(): Date {
    return dateFromFiletime(this.facts.changeTime)
  }

  get birthtime(): Date {
    return dateFromFiletime(this.facts.creationTime)
  }

  /** Milliseconds since 1970, with what is below a millisecond as far as a number has it. */
  get atimeMs(): number {
    return msOf(this.facts.lastAccessTime)
  }

  get mtimeMs(): number {
    return msOf(this.facts.lastWriteTime)
  }

  get ctimeMs(): number {
    return msOf(this.facts.changeTime)
  }

  get birthtimeMs(): number {
    return msOf(this.facts.creationTime)
  }

  /** Nanoseconds since 1970: exactly what the server says, in steps of 100. */
  get atimeNs(): bigint {
    return unixNsFromFiletime(this.facts.lastAccessTime)
  }

  get mtimeNs(): bigint {
    return unixNsFromFiletime(this.facts.lastWriteTime)
  }

  get ctimeNs(): bigint {
    return unixNsFromFiletime(this.facts.changeTime)
  }

  get birthtimeNs(): bigint {
    return unixNsFromFiletime(this.facts.creationTime)
  }
}

const NS_PER_MS = 1_000_000n

function msOf(time: Filetime): number {
  const ns = unixNsFromFiletime(time)
  return Number(ns / NS_PER_MS) + Number(ns % NS_PER_MS) / Number(NS_PER_MS)
}

/** As `fs.Dirent`, with what the listing tells of the file anyway. */
export class Dirent {
  readonly name: string
  /** As it was given to `readdir`, with what lies between where that was recursive. */
  readonly parentPath: string
  /** Links are not followed. `nlink` is 1. */
  readonly stats: Stats

  constructor(name: string, parentPath: string, stats: Stats) {
    this.name = name
    this.parentPath = parentPath
    this.stats = stats
  }

  isDirectory(): boolean {
    return this.stats.isDirectory()
  }

  isFile(): boolean {
    return this.stats.isFile()
  }

  isSymbolicLink(): boolean {
    return this.stats.isSymbolicLink()
  }

  isBlockDevice(): boolean {
    return this.stats.isBlockDevice()
  }

  isCharacterDevice(): boolean {
    return this.stats.isCharacterDevice()
  }

  isFIFO(): boolean {
    return this.stats.isFIFO()
  }

  isSocket(): boolean {
    return this.stats.isSocket()
  }
}
