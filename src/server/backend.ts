/**
 * What smbkit asks of a place that keeps files. What Windows calls file sharing (share modes, delete-on-close, byte
 * range locks, notification, access checks) is the server's work and not here.
 *
 * Every method may answer at once or with a promise: a backend that can answer without waiting should, since a trip
 * through the event loop costs more than most file system calls. An expected failure is returned as `fail(status)`;
 * what is thrown is a bug and becomes STATUS_INTERNAL_ERROR.
 */
import type { Filetime } from '../bytes/filetime.ts'
import type { Failure } from '../wire/erref/failure.ts'

/** Now or later. */
export type Maybe<T> = T | Promise<T>
/** The value, or why there is none; now or later. */
export type Answer<T> = Maybe<T | Failure>

/**
 * A path inside the share, one string a component, `[]` for the root. The server has already checked the components:
 * none is empty, `.` or `..`, or has a character that Windows refuses in names (`\ / : * ? " < > |`, controls).
 */
export type BackendPath = readonly string[]

export interface Backend {
  readonly features: BackendFeatures
  /** Opens or creates. Names are looked up without regard to case and created as given. Never leads out of the root. */
  open(path: BackendPath, how: OpenHow): Answer<Opened>
  volume(): Answer<VolumeInfo>
  /**
   * Reports changes in the directory `path` (`recursive`: in all directories below it too) that were not made through
   * this backend object. Absent where the place cannot tell. The paths of changes are from that directory, also when it
   * is called something else by then. Returns what ends it; nothing is reported after that.
   */
  watch?(path: BackendPath, recursive: boolean, report: (change: OutsideChange) => void): () => void
  /** The place as it was earlier. Absent where nothing is kept of that. */
  readonly snapshots?: Snapshots
  /**
   * The same place as a user of the operating system has it: what is opened through it is used with that user's rights,
   * whoever asks. A user whom nobody knows may nothing. Absent where the server's own rights are everybody's.
   */
  as?(user: string): Pick<Backend, 'open'>
  close(): Maybe<void>
}

/** Previous versions of all that a backend has. */
export interface Snapshots {
  /** When they were made: whole seconds, newest first, no two alike. */
  times(): Answer<readonly Filetime[]>
  /**
   * The place as it was at one of these times, read-only, with other ids for its files than those of today and of other
   * snapshots; undefined if nothing is kept of that time. Who asked closes it.
   */
  open(time: Filetime): Answer<Backend | undefined>
}

export interface BackendFeatures {
  /** For FileFsAttributeInformation. */
  readonly fileSystemName: string
  readonly namedStreams: boolean
  readonly extendedAttributes: boolean
  readonly securityDescriptors: boolean
  readonly sparseFiles: boolean
  readonly readOnly: boolean
  /** Longest name, in UTF-16 units. */
  readonly maxNameLength: number
  /** FILE_ATTRIBUTE_COMPRESSED can be set, and is handed down (`InitialState.inheritedAttributes`). */
  readonly compression?: boolean
  /** Files have `reparsePoint` and `setReparsePoint`. */
  readonly reparsePoints?: boolean
  /** Files have `property` and `setProperty`. */
  readonly properties?: boolean
  /**
   * Names may differ in case alone (`OpenHow.caseSensitive`, `rename`, `link`), and files have owners and permissions
   * (`FileStat.posix`, `InitialState.permissions`, `StatChange.permissions`).
   */
  readonly posix?: boolean
}

export interface OpenHow {
  /** `open`: must exist. `create`: must not exist. `openOrCreate`: either. */
  readonly disposition: 'open' | 'create' | 'openOrCreate'
  /**
   * What it must be; when absent, either. A directory opened as `file` is STATUS_FILE_IS_A_DIRECTORY, a file opened as
   * `directory` STATUS_NOT_A_DIRECTORY. What is created is a directory only if this is `directory`.
   */
  readonly kind?: 'file' | 'directory'
  /** Which data access the handle must allow. Neither: attributes only. */
  readonly read: boolean
  readonly write: boolean
  /** Named stream of the file, without its type; absent: the unnamed stream. Names are without regard to case. */
  readonly stream?: string
  /** Names are looked up as they are spelled; only where `features.posix` is true. */
  readonly caseSensitive?: boolean
  /** What a file that has to be created begins with. */
  readonly initial?: InitialState
}

export interface InitialState {
  /** FILE_ATTRIBUTE_* bits: READONLY, HIDDEN, SYSTEM, ARCHIVE, TEMPORARY, NOT_CONTENT_INDEXED, OFFLINE. */
  readonly attributes?: number
  /** FILE_ATTRIBUTE_* bits that it takes over from the directory that it goes into: COMPRESSED, INTEGRITY_STREAM. */
  readonly inheritedAttributes?: number
  /** Self-relative SECURITY_DESCRIPTOR. */
  readonly securityDescriptor?: Uint8Array
  /**
   * Called before a file or directory is made, with the descriptor of the directory that it goes into (undefined where
   * none is kept there). A failure: it must not be made there. Otherwise what it has where `securityDescriptor` is
   * absent; undefined for none.
   */
  readonly inherit?: (parent: Uint8Array | undefined) => Uint8Array | undefined | Failure
  readonly extendedAttributes?: readonly ExtendedAttribute[]
  readonly allocationSize?: number
  /** POSIX permissions and the sticky bit, whatever the umask is; only where `features.posix` is true. */
  readonly permissions?: number
}

export interface Opened {
  readonly file: BackendFile
  /** True when this call made it (the file, or the stream). */
  readonly created: boolean
  /** Where a stream was asked for: this call made its file, too. */
  readonly fileCreated?: boolean
  /** The path in the spelling in which it is stored. */
  readonly path: BackendPath
}

/** Ids, sizes and times of a file, in the units of SMB. */
export interface FileStat {
  /** Same for every open of the same file (all its streams, all its names), different from all others of the backend. */
  readonly fileId: bigint
  readonly isDirectory: boolean
  /** FILE_ATTRIBUTE_* bits, without FILE_ATTRIBUTE_NORMAL; FILE_ATTRIBUTE_DIRECTORY included. */
  readonly attributes: number
  readonly creationTime: Filetime
  readonly lastAccessTime: Filetime
  readonly lastWriteTime: Filetime
  readonly changeTime: Filetime
  /** Bytes, of the opened stream; 0 for directories. */
  readonly endOfFile: number
  /** Bytes on the medium, of the opened stream. */
  readonly allocationSize: number
  readonly links: number
  /** Bytes of all extended attributes as FileFullEaInformation counts them, 0 if there are none. */
  readonly eaSize: number
  /** 0, or what kind of reparse point it is. */
  readonly reparseTag: number
  /** There where `features.posix` is true. */
  readonly posix?: PosixStat
}

/** What POSIX has of a file, as its `stat` tells it. */
export interface PosixStat {
  /** The S_IFMT bits of the mode, shifted down by 12: 4 is a directory, 8 a regular file. */
  readonly type: number
  /** The other bits of the mode. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly links: number
}

/** What `setStat` changes; what is absent stays. */
export interface StatChange {
  /** FILE_ATTRIBUTE_* bits as in `FileStat`, all of them. */
  readonly attributes?: number
  readonly creationTime?: Filetime
  readonly lastAccessTime?: Filetime
  readonly lastWriteTime?: Filetime
  readonly changeTime?: Filetime
  /** As in `InitialState`. */
  readonly permissions?: number
}

export interface DirectoryEntry {
  readonly name: string
  readonly stat: FileStat
}

export interface ExtendedAttribute {
  readonly name: string
  readonly value: Uint8Array
  /** FILE_NEED_EA is 0x80. */
  readonly flags: number
}

export interface StreamEntry {
  /** Without type; '' is the unnamed stream. */
  readonly name: string
  readonly size: number
  readonly allocationSize: number
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** An open file, directory or stream. */
export interface BackendFile {
  readonly fileId: bigint
  readonly isDirectory: boolean
  /** Absent for the unnamed stream. */
  readonly stream?: string

  stat(): Answer<FileStat>
  setStat(change: StatChange): Answer<void>
  /** Fills `into` from `offset`; returns how many bytes there were (0 at or past the end). */
  read(into: Uint8Array, offset: number): Answer<number>
  /** Writes all of `data`; `through`: not answered before it is on the medium. */
  write(data: Uint8Array, offset: number, through: boolean): Answer<void>
  /** On the medium when answered. */
  flush(): Answer<void>
  /** Sets the end of file; grown parts read as zeros. */
  truncate(size: number): Answer<void>
  /** Reserves room up to `size` bytes without moving the end of file. */
  allocate(size: number): Answer<void>
  /** Makes a range read as zeros, giving its room back where the place can. Does not move the end of file. */
  zero(range: ByteRange): Answer<void>
  /** Which parts of `range` are not holes, in order. */
  allocatedRanges(range: ByteRange): Answer<ByteRange[]>

  /** Names in a directory, as stored, without `.` and `..`, in an order that stays the same while nothing changes. */
  list(): Answer<string[]>
  /** Stats entries of a directory by their stored names; an entry that is gone meanwhile is undefined. */
  statEntries(names: readonly string[]): Answer<(FileStat | undefined)[]>

  streams(): Answer<StreamEntry[]>
  extendedAttributes(): Answer<ExtendedAttribute[]>
  /** Sets each; an empty value removes. */
  setExtendedAttributes(changes: readonly ExtendedAttribute[]): Answer<void>
  /** Self-relative SECURITY_DESCRIPTOR, undefined where none is kept. */
  securityDescriptor(): Answer<Uint8Array | undefined>
  setSecurityDescriptor(descriptor: Uint8Array): Answer<void>

  /**
   * Gives a range of this stream, from `to` on, the content that `range` of `source` has, by sharing its room: a file of
   * the same backend. Neither end of file moves. NOT_SUPPORTED where room cannot be shared between these two, or not at
   * these offsets: then the server copies.
   */
  duplicate?(source: BackendFile, range: ByteRange, to: number): Answer<void>
  /** What the server keeps with the file under a name of its own, up to 4 KiB; undefined for nothing. */
  property?(name: string): Answer<Uint8Array | undefined>
  /** Undefined takes it away. */
  setProperty?(name: string, value: Uint8Array | undefined): Answer<void>
  /** REPARSE_DATA_BUFFER or REPARSE_GUID_DATA_BUFFER, undefined where the file is no reparse point. */
  reparsePoint?(): Answer<Uint8Array | undefined>
  /** Undefined makes it a plain file or directory again. */
  setReparsePoint?(data: Uint8Array | undefined): Answer<void>

  /**
   * Moves the file or directory (not a stream). `replace`: an existing file gives way, in one step. `posix` (only where
   * `features.posix` is true): names are as they are spelled, and an empty directory gives way to a directory.
   */
  rename(to: BackendPath, replace: boolean, posix?: boolean): Answer<void>
  /** Renames a named stream of the file. */
  renameStream(to: string, replace: boolean): Answer<void>
  /** Gives the file another name. */
  link(to: BackendPath, replace: boolean, posix?: boolean): Answer<void>
  /** Removes the opened name: file, empty directory (else STATUS_DIRECTORY_NOT_EMPTY) or stream. The handle stays usable. */
  remove(): Answer<void>
  close(): Maybe<void>
}

export interface VolumeInfo {
  readonly serialNumber: number
  readonly label: string
  readonly creationTime: Filetime
  readonly totalBytes: number
  readonly freeBytes: number
  /** What the caller may still use; below `freeBytes` with quotas. */
  readonly availableBytes: number
  readonly bytesPerSector: number
  readonly sectorsPerAllocationUnit: number
  /** How many files there can be, and can still be made; absent where nobody knows. */
  readonly totalFiles?: number
  readonly freeFiles?: number
}

/** A change made behind the server's back. */
export interface OutsideChange {
  /**
   * `modified`: its content; `touched`: times, attributes, permissions. `lost`: there were more than could be told, or it
   * cannot be told any more; look anew at `path` and below.
   */
  readonly action: 'added' | 'removed' | 'modified' | 'touched' | 'renamed' | 'lost'
  /** From the directory that is watched. */
  readonly path: BackendPath
  /** Absent where it is not known. */
  readonly isDirectory?: boolean
  /** For `renamed`: where it is now. */
  readonly newPath?: BackendPath
}
