import type { Filetime } from '../../bytes/filetime.ts'
import type { BufferPool } from '../../protocol/buffer-pool.ts'
import type { Stats } from '../stats.ts'

/** A file, folder or link of either end of a copy. */
export interface Item {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  readonly size: number
  readonly writeTime: Filetime
  readonly accessTime: Filetime
  /** Undefined where the disk does not know it. */
  readonly creationTime: Filetime | undefined
  /** Bits of `FileAttributes` that are worth keeping, undefined where there are none to keep. */
  readonly attributes: number | undefined
  /** What tells it from all others of its end while it is there; '' where nothing does. */
  readonly identity: string
  readonly stats: Stats | undefined
}

/** An entry of a folder under the name that it has there. */
export interface Listed {
  readonly name: string
  readonly item: Item
}

/** Bytes of a file, in memory that is used for others when they are given back: once. */
export interface Piece {
  readonly bytes: Uint8Array
  readonly give: () => void
}

/** A file that is read at places in any order. */
export interface Source extends AsyncDisposable {
  /** More than this is not worth asking for at a time. */
  readonly maxPieceBytes: number
  /** At most `length` bytes; none at the end of the file alone. */
  piece(at: number, length: number): Promise<Piece>
}

/** A file that is written at places in any order. */
export interface Sink extends AsyncDisposable {
  /** Bytes that it has. */
  readonly size: number
  read(into: Uint8Array, at: number): Promise<number>
  write(data: Uint8Array, at: number): Promise<void>
  truncate(size: number): Promise<void>
  /** Gives it times and attributes of the source, where `like` is one, and closes it; fails where something was lost. */
  finish(like: Item | undefined): Promise<void>
}

/** One end of a copy. Paths are those of the end; they are made by `join` alone. */
export interface Side {
  readonly kind: 'disk' | 'share'
  /**
   * What names of parts begin with. On a share nothing: they are hidden by their attribute, and Samba hides for good what
   * had a period there once.
   */
  readonly partPrefix: string
  join(folder: string, name: string): string
  /** The folder and the name of a path. */
  split(path: string): { folder: string; name: string }
  /** Where something is that is to be written: what a link leads to, where there is one. */
  settled(path: string): string
  /** Names that are the same to this end have the same key. */
  key(name: string): string
  /** Undefined where there is nothing. */
  item(path: string, follow: boolean): Promise<Item | undefined>
  list(path: string): AsyncIterable<Listed>
  /**
   * Makes a folder, the ones above it too where `isRoot`; false where it is there. What is there is not followed out of
   * where it seems to be, unless it is the root of the copy.
   */
  makeFolder(path: string, isRoot: boolean): Promise<boolean>
  /** Gives a folder the times of the source. */
  likeFolder(path: string, like: Item): Promise<void>
  readLink(path: string): Promise<string>
  makeLink(target: string, path: string, isFolder: boolean): Promise<void>
  /** A small file as a whole, or what cannot tell how long it is. */
  readWhole(path: string, size: number, signal: AbortSignal): Promise<Uint8Array>
  /** `inPlace`: what is there stays the same file. */
  writeWhole(path: string, data: Uint8Array, like: Item | undefined, inPlace: boolean): Promise<void>
  /** `buffers`: where pieces come from that have no memory of their own. */
  openSource(path: string, buffers: BufferPool): Promise<Source>
  /** What is there is kept where `keep`, else it is emptied. */
  openSink(path: string, keep: boolean, isPart: boolean): Promise<Sink>
  /** Renames; what has the new name is replaced. */
  replace(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  removeTree(path: string): Promise<void>
}
