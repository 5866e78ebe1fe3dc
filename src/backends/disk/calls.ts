import type { StatsFs } from 'node:fs'
import type { Filetime } from '../../bytes/filetime.ts'

/**
 * What the disk backend asks of the operating system. Two implement it: Linux by its own system calls, and any system
 * through `node:fs`. A directory or file is a descriptor; what is asked for by name is asked below a directory, so that
 * nothing that happens to the folders above it leads elsewhere. Failed calls answer a negative error number (`Errno`).
 */
export interface DiskCalls {
  /** The shared folder. */
  readonly root: number
  /** What this place cannot keep or promise, in sentences for people. */
  readonly limitations: readonly string[]
  /** Absent where the disk has no extended attributes. */
  readonly attributes?: AttributeCalls
  readonly sparse: boolean
  /** The disk itself finds names without regard to case, so that a name that is found need not be spelled as stored. */
  readonly foldsCase: boolean
  /** Number of the root's device. */
  readonly device: number

  /**
   * Opens `path` below `directory`. Links on the way are followed as long as they stay below the root, the last
   * component is not (-ELOOP; `folder` follows it); -EXDEV for a path that leads out or has an absolute link.
   */
  open(directory: number, path: readonly string[], kind: OpenKind): number
  /** Makes a file, opened for reading and writing; -EEXIST if the name is there. */
  create(directory: number, name: string, mode: number): number
  close(descriptor: number): void
  /** Opens again what an opened `node` or `folder` is. */
  reopen(descriptor: number, kind: OpenKind): number

  /** Stats `path` below `directory`, a link at its end not followed. What is found is not for use without an open. */
  statAt(directory: number, path: readonly string[]): RawStat | number
  stat(descriptor: number): RawStat | number
  /** Names as SMB sees them, the store left out, in the order of the disk. */
  list(descriptor: number): string[] | number

  /** Names of the directories among them. */
  listFolders(descriptor: number): string[] | number

  makeDirectory(directory: number, name: string, mode: number): number
  removeAt(directory: number, name: string, isDirectory: boolean): number
  /** `replace`: an existing file gives way; without it -EEXIST. */
  rename(from: number, fromName: string, to: number, toName: string, replace: boolean): number
  /** Another name for an open file. */
  link(descriptor: number, to: number, toName: string): number
  /** Where a link leads, in bytes as stored. */
  readLink(directory: number, name: string): Buffer | number
  /** Where an open file is now, from the root; undefined if it is not below it or removed. */
  currentPath(descriptor: number): string[] | undefined
  /** The root's own absolute path, as it is now, in bytes as stored. */
  rootPath(): Buffer

  setTimes(descriptor: number, access: Filetime | undefined, write: Filetime | undefined): number
  /** Permissions and the bits above them, 07777. */
  setMode(descriptor: number, mode: number): number

  /** Fills `into` without waiting; -EAGAIN if it would have to wait. */
  readNow(descriptor: number, into: Uint8Array, offset: number): number
  /** Fills `into`, waiting for the medium if need be. */
  readSync(descriptor: number, into: Uint8Array, offset: number): number
  writeNow(descriptor: number, data: Uint8Array, offset: number): number
  /** True where even a write into the cache may wait for long: network file systems. */
  readonly slow: boolean
  truncate(descriptor: number, size: number): number
  /** Reserves the range without moving the end of file. */
  reserve(descriptor: number, offset: number, length: number): number
  /** Makes the range a hole. */
  punch(descriptor: number, offset: number, length: number): number
  /** Lets a range of an open file share the room of a range of another. Absent where no disk can. */
  clone?(from: number, fromOffset: number, length: number, to: number, toOffset: number): number
  /** Whether the disk is to compress what is written from now on. Absent where no disk can. */
  setCompressed?(descriptor: number, compressed: boolean): number
  /** The next byte from `offset` on that is (not) in a hole; -ENXIO if there is none. */
  seekData(descriptor: number, offset: number): number
  seekHole(descriptor: number, offset: number): number

  space(): Space
  /**
   * The same calls with an open directory as their root. `idSalt` (32 bits, not 0) goes into the ids of its files, so
   * that a copy on the same disk, or one whose inodes have the same numbers, is told from what it is a copy of.
   */
  descend(directory: number, idSalt: number): DiskCalls
  /** Closes the root; nothing else is called after it. */
  end(): void

  /** Reports what happens in an open directory, until the answer is called. Absent where the system cannot tell. */
  watch?: WatchCalls
}

/** Extended attributes with their full names. What is read is valid until the next call. */
export interface AttributeCalls {
  read(descriptor: number, name: string): Uint8Array | number
  /** Of a name in a directory; a link is not followed. */
  readAt(directory: number, name: string, attribute: string): Uint8Array | number
  list(descriptor: number): readonly string[] | number
  listAt(directory: number, name: string): readonly string[] | number
  /** `create`: -EEXIST if it is there. */
  write(descriptor: number, name: string, value: Uint8Array, create?: boolean): number
  remove(descriptor: number, name: string): number
  /** Whether attributes of the system (`security.`) can be written. */
  readonly privileged: boolean
}

export interface FolderEvent {
  /** `modified`: its content; `touched`: its times, permissions, attributes. */
  readonly action: 'added' | 'removed' | 'modified' | 'touched' | 'movedFrom' | 'movedTo'
  readonly name: string
  readonly isDirectory: boolean
  /** Joins the two halves of a rename. */
  readonly cookie: number
}

export interface FolderWatch {
  /** Watches an open folder; the number by which its events come, or a negative error number. */
  add(directory: number): number
  remove(watch: number): void
  close(): void
}

export interface WatchReport {
  event(watch: number, event: FolderEvent): void
  /** A folder is watched no longer: it is gone, or its disk. */
  gone(watch: number): void
  /** Events were lost. */
  overflow(): void
  /** All events that were waiting have been reported. */
  drained(): void
}

export type WatchCalls = (report: WatchReport) => FolderWatch | number

/**
 * `node`: whatever it is, without access to its data; also a link itself. `folder`: a directory to work below, a link to
 * one followed. `directory`: to be listed.
 */
export type OpenKind = 'node' | 'folder' | 'directory' | 'read' | 'write' | 'readWrite'

/** Room on the disk, in bytes. */
export interface Space {
  readonly totalBytes: number
  readonly freeBytes: number
  /** What the process itself may still use. */
  readonly availableBytes: number
  /** The unit in which it is given out. */
  readonly blockBytes: number
  /** How many inodes there are, and are free. */
  readonly files: number
  readonly freeFiles: number
}

export type NodeKind = 'file' | 'directory' | 'link' | 'special'

export interface RawStat {
  readonly kind: NodeKind
  /** Of the file; the same for all its names. */
  readonly fileId: bigint
  readonly size: number
  /** Bytes on the medium. */
  readonly allocated: number
  readonly links: number
  readonly accessTime: Filetime
  readonly writeTime: Filetime
  /** Of the inode: moves with every change of it. */
  readonly changeTime: Filetime
  /** True where no two changes have the same change time, if it was asked for between them. */
  readonly exactChangeTime: boolean
  /** 0 where the disk does not keep it. */
  readonly birthTime: Filetime
  /** The S_IFMT bits of the mode, shifted down by 12. */
  readonly type: number
  /** The other bits of the mode. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** The room that statfs tells of. */
export function spaceOf(statfs: StatsFs): Space {
  const { bavail, bfree, blocks, bsize, ffree, files } = statfs
  return {
    totalBytes: blocks * bsize,
    freeBytes: bfree * bsize,
    availableBytes: bavail * bsize,
    blockBytes: bsize,
    files,
    freeFiles: ffree,
  }
}

export const isErrno = (value: unknown): value is number => typeof value === 'number' && value < 0
