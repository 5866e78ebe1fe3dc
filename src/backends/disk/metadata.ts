import { type Filetime, filetimeFromDate } from '../../bytes/filetime.ts'
import type { FileStat } from '../../server/backend.ts'
import { FileAttributes } from '../../wire/fscc/file-attributes.ts'
import { type AttributeCalls, type DiskCalls, isErrno, type RawStat } from './calls.ts'
import {
  DOS_ATTRIB,
  type DosAttributes,
  decodeDosAttributes,
  encodeDosAttributes,
  KEPT_ATTRIBUTES,
} from './dos-attributes.ts'
import { Errno } from './errno.ts'
import { isExtendedAttribute, shownName } from './extended-attributes.ts'
import { REPARSE, reparseTagOf } from './reparse-points.ts'

/** What the extended attributes of a file say, but for streams and descriptors. */
interface Extra {
  readonly dos: DosAttributes
  readonly eaSize: number
  /** 0 where it is no reparse point. */
  readonly reparseTag: number
}

interface Remembered extends Extra {
  /** As long as the inode's change time is still this one, what is remembered is true. */
  readonly changeTime: Filetime
}

const MAX_REMEMBERED = 32_768
const MAX_OWN_TIMES = 4096
/** Elsewhere two changes within one step of the kernel's clock have the same time: a fresh one proves nothing yet. */
const SETTLED_100NS = 500_000n

const NOTHING: Extra = { dos: { attributes: undefined, creationTime: undefined }, eaSize: 0, reparseTag: 0 }

/** Reads and writes what POSIX has no place for, and makes the stats of SMB of it. */
export class Metadata {
  readonly #calls: DiskCalls
  readonly #attributes: AttributeCalls | undefined
  readonly #remembered = new Map<bigint, Remembered>()
  /** On a disk without extended attributes: what was set, for as long as the server runs. */
  readonly #unwritten = new Map<bigint, DosAttributes>()
  /** Change times that clients have set, which no disk keeps, by file: true until the inode changes again. */
  readonly #ownChangeTimes = new Map<bigint, { readonly inode: Filetime; readonly shown: Filetime }>()

  constructor(calls: DiskCalls) {
    this.#calls = calls
    this.#attributes = calls.attributes
  }

  /** The stat of an open file; for a named stream with the stream's own sizes. */
  stat(descriptor: number, raw: RawStat, stream?: { size: number; allocated: number }): FileStat {
    const extra = this.#recall(raw) ?? this.#remember(raw, this.#readOpen(descriptor), filetimeFromDate(new Date()))
    return this.#fileStat(raw, extra, stream)
  }

  /** The stat of an entry of an open directory that is no link. */
  entryStat(directory: number, name: string, raw: RawStat, now: Filetime): FileStat {
    return this.#fileStat(raw, this.#recall(raw) ?? this.#remember(raw, this.#readEntry(directory, name), now))
  }

  #recall(raw: RawStat): Extra | undefined {
    const known = this.#remembered.get(raw.fileId)
    return known !== undefined && known.changeTime === raw.changeTime ? known : undefined
  }

  #remember(raw: RawStat, extra: Extra, now: Filetime): Extra {
    if (this.#attributes === undefined) return extra
    if (!raw.exactChangeTime && raw.changeTime > now - SETTLED_100NS) return extra
    const { changeTime, fileId } = raw
    this.#remembered.set(fileId, { changeTime, ...extra })
    if (this.#remembered.size > MAX_REMEMBERED) dropOldest(this.#remembered)
    return extra
  }

  #readOpen(descriptor: number): Extra {
    const attributes = this.#attributes
    if (attributes === undefined) return NOTHING
    const names = attributes.list(descriptor)
    return extraOf(names, (name) => attributes.read(descriptor, name))
  }

  #readEntry(directory: number, entry: string): Extra {
    const attributes = this.#attributes
    if (attributes === undefined) return NOTHING
    const names = attributes.listAt(directory, entry)
    return extraOf(names, (name) => attributes.readAt(directory, entry, name))
  }

  #fileStat(raw: RawStat, extra: Extra, stream?: { size: number; allocated: number }): FileStat {
    const dos = this.#attributes === undefined ? (this.#unwritten.get(raw.fileId) ?? extra.dos) : extra.dos
    const isDirectory = raw.kind === 'directory'
    const isFile = raw.kind === 'file'
    const own = this.#ownChangeTimes.size === 0 ? undefined : this.#ownChangeTimes.get(raw.fileId)
    return {
      fileId: raw.fileId,
      isDirectory: isDirectory && stream === undefined,
      attributes:
        ((dos.attributes ?? 0) & KEPT_ATTRIBUTES) |
        (isDirectory && stream === undefined ? FileAttributes.DIRECTORY : 0) |
        (extra.reparseTag === 0 ? 0 : FileAttributes.REPARSE_POINT),
      creationTime: dos.creationTime ?? birthOf(raw),
      lastAccessTime: raw.accessTime,
      lastWriteTime: raw.writeTime,
      changeTime: own !== undefined && own.inode === raw.changeTime ? own.shown : raw.changeTime,
      // A device or FIFO has no bytes that could be read through the share.
      endOfFile: stream === undefined ? (isFile ? raw.size : 0) : stream.size,
      allocationSize: stream === undefined ? (isFile ? raw.allocated : 0) : stream.allocated,
      // A directory has one name; what a POSIX disk counts are the `..` of those in it.
      links: isDirectory ? Math.min(1, raw.links) : raw.links,
      eaSize: extra.eaSize,
      reparseTag: extra.reparseTag,
      posix: raw,
    }
  }

  dosAttributes(descriptor: number, fileId: bigint): DosAttributes {
    if (this.#attributes === undefined) return this.#unwritten.get(fileId) ?? NOTHING.dos
    const value = this.#attributes.read(descriptor, DOS_ATTRIB)
    return isErrno(value) ? NOTHING.dos : decodeDosAttributes(value)
  }

  /** Keeps attributes and creation time. 0, or a negative error number. */
  setDosAttributes(descriptor: number, raw: RawStat, attributes: number, creationTime: Filetime | undefined): number {
    const kept = attributes & KEPT_ATTRIBUTES
    if (this.#attributes !== undefined) {
      const stored =
        kept | (attributes & FileAttributes.REPARSE_POINT) | (raw.kind === 'directory' ? FileAttributes.DIRECTORY : 0)
      const value = encodeDosAttributes(stored, creationTime ?? birthOf(raw))
      const result = this.#attributes.write(descriptor, DOS_ATTRIB, value)
      // A folder below the root may be a mount of a disk without extended attributes.
      if (result !== -Errno.EOPNOTSUPP) return result
      return 0
    }
    this.#unwritten.delete(raw.fileId)
    this.#unwritten.set(raw.fileId, { attributes: kept, creationTime })
    if (this.#unwritten.size > MAX_REMEMBERED) dropOldest(this.#unwritten)
    return 0
  }

  /** Shows `time` as the change time of an open file until it changes again. */
  setChangeTime(descriptor: number, time: Filetime): number {
    const raw = this.#calls.stat(descriptor)
    if (isErrno(raw)) return raw
    const { fileId, changeTime } = raw
    this.#ownChangeTimes.delete(fileId)
    this.#ownChangeTimes.set(fileId, { inode: changeTime, shown: time })
    if (this.#ownChangeTimes.size > MAX_OWN_TIMES) dropOldest(this.#ownChangeTimes)
    return 0
  }

  /** A file is gone; its id may be given to another. */
  forget(fileId: bigint): void {
    this.#unwritten.delete(fileId)
    this.#ownChangeTimes.delete(fileId)
  }
}

function extraOf(names: readonly string[] | number, read: (name: string) => Uint8Array | number): Extra {
  if (isErrno(names) || names.length === 0) return NOTHING
  let dos = NOTHING.dos
  let eaSize = 0
  let reparseTag = 0
  for (const name of names) {
    if (name === DOS_ATTRIB) {
      const value = read(name)
      if (!isErrno(value)) dos = decodeDosAttributes(value)
    } else if (name === REPARSE) {
      reparseTag = reparseTagOf(read(name))
    } else if (isExtendedAttribute(name)) {
      const value = read(name)
      if (isErrno(value) || value.length === 0) continue
      eaSize = entryEnd(eaSize, shownName(name), value.length)
    }
  }
  return { dos, eaSize, reparseTag }
}

/** Where an entry of FileFullEaInformation ends that follows `size` bytes of others (MS-FSCC 2.4.16). */
function entryEnd(size: number, name: string, valueLength: number): number {
  return Math.ceil(size / 4) * 4 + 8 + name.length + 1 + valueLength
}

function birthOf(raw: RawStat): Filetime {
  if (raw.birthTime !== 0n) return raw.birthTime
  let time = raw.writeTime
  if (raw.changeTime < time) time = raw.changeTime
  return raw.accessTime < time ? raw.accessTime : time
}

function dropOldest(map: Map<bigint, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
