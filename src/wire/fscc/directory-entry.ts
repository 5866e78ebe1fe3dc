import type { Filetime } from '../../bytes/filetime.ts'
import { type Sid, sidSize, WellKnownSid, writeSid } from '../dtyp/index.ts'
import type { Fields } from '../schema/index.ts'
import { type DirectoryInformationClass, directoryEntries } from './directory-information.ts'
import { FileInformationClass } from './information-class.ts'
import { shortName as shortNameKind } from './kinds.ts'

/** What a directory entry of any class is made of. Sizes in bytes. */
export interface FlatDirectoryEntry {
  readonly fileIndex: number
  readonly creationTime: Filetime
  readonly lastAccessTime: Filetime
  readonly lastWriteTime: Filetime
  readonly changeTime: Filetime
  /** A safe integer, not negative. */
  readonly endOfFile: number
  /** A safe integer, not negative. */
  readonly allocationSize: number
  readonly fileAttributes: number
  readonly eaSize: number
  readonly reparseTag: number
  /** 64 bits, or 128 where the class has room for them. */
  readonly fileId: bigint
  /** `''`, or the 8.3 name: at most 12 UTF-16 units. */
  readonly shortName: string
  readonly fileName: string
  /** For FilePosixInformation. */
  readonly posix?: FlatPosix
}

/** What POSIX extensions tell of a file beyond that. */
export interface FlatPosix {
  readonly deviceId: number
  readonly numberOfLinks: number
  /** With the type, see `posixMode`. */
  readonly mode: number
  /** SIDs of at most three sub-authorities. */
  readonly owner: Sid
  readonly group: Sid
}

/** Writes the entries of one class. */
export interface DirectoryEntryWriter {
  /** Bytes of an entry without its name. */
  readonly fixedSize: number
  /** Bytes of an entry with this name, without alignment; it may take fewer. */
  measure(name: string): number
  /**
   * Writes an entry at `at`, for which the caller has made room; returns its bytes. NextEntryOffset (the first 32
   * bits) is left zero for the caller, who also aligns entries to 8 bytes. Reserved bytes are zeroed.
   */
  write(view: DataView, at: number, entry: FlatDirectoryEntry): number
}

/** Offsets and sizes by name, as the declaration gives them; offset -1 for a field that the class does not have. */
function offsetsOf(fields: Fields) {
  const offsets = new Map<string, { at: number; size: number }>()
  let size = 0
  for (const [name, field] of Object.entries(fields)) {
    if ('tail' in field) continue
    offsets.set(name, { at: size, size: field.size })
    size += field.size
  }
  return {
    size,
    offset: (name: string): number => offsets.get(name)?.at ?? -1,
    sizeOf: (name: string): number => offsets.get(name)?.size ?? 0,
  }
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true)
  view.setUint32(at + 4, value / 0x1_0000_0000, true)
}

function writeName(view: DataView, at: number, name: string): void {
  for (let i = 0; i < name.length; i++) view.setUint16(at + i * 2, name.charCodeAt(i), true)
}

function make(infoClass: DirectoryInformationClass): DirectoryEntryWriter {
  const { size, offset, sizeOf } = offsetsOf(directoryEntries[infoClass].fields)
  const times = offset('creationTime')
  const [access, write, change] = [offset('lastAccessTime'), offset('lastWriteTime'), offset('changeTime')]
  const [endOfFile, allocation, attributes] = [offset('endOfFile'), offset('allocationSize'), offset('fileAttributes')]
  const nameLength = offset('fileNameLength')
  const afterLength = nameLength + 4
  const [eaSize, tag, short] = [offset('eaSize'), offset('reparseTag'), offset('shortName')]
  const id128At = offset('fileId128')
  const idAt = offset('fileId')
  const wideId = sizeOf('fileId') === 16
  const zeros = size - afterLength
  return {
    fixedSize: size,
    measure: (name) => size + name.length * 2,
    write(view, at, entry) {
      view.setUint32(at, 0, true)
      view.setUint32(at + 4, entry.fileIndex, true)
      if (times >= 0) {
        view.setBigUint64(at + times, entry.creationTime, true)
        view.setBigUint64(at + access, entry.lastAccessTime, true)
        view.setBigUint64(at + write, entry.lastWriteTime, true)
        view.setBigUint64(at + change, entry.changeTime, true)
        setU64(view, at + endOfFile, entry.endOfFile)
        setU64(view, at + allocation, entry.allocationSize)
        view.setUint32(at + attributes, entry.fileAttributes, true)
      }
      const name = entry.fileName
      view.setUint32(at + nameLength, name.length * 2, true)
      for (let i = 0; i < zeros; i++) view.setUint8(at + afterLength + i, 0)
      if (eaSize >= 0) view.setUint32(at + eaSize, entry.eaSize, true)
      if (tag >= 0) view.setUint32(at + tag, entry.reparseTag, true)
      if (idAt >= 0) {
        view.setBigUint64(at + idAt, entry.fileId, true)
        if (wideId) view.setBigUint64(at + idAt + 8, entry.fileId >> 64n, true)
      }
      if (id128At >= 0) {
        view.setBigUint64(at + id128At, entry.fileId, true)
        view.setBigUint64(at + id128At + 8, entry.fileId >> 64n, true)
      }
      if (short >= 0 && entry.shortName !== '') shortNameKind.write(view, at + short, entry.shortName)
      writeName(view, at + size, name)
      return size + name.length * 2
    },
  }
}

/** S-1-22-1-UID and S-1-22-2-GID. */
const POSIX_SID_BYTES = 16

/** The POSIX class has its name behind two SIDs, and its other fields where the declaration has them. */
function makePosix(): DirectoryEntryWriter {
  const { size, offset } = offsetsOf(directoryEntries[FileInformationClass.FilePosixInformation].fields)
  const head = make(FileInformationClass.FileDirectoryInformation)
  const fixedSize = size + 2 * POSIX_SID_BYTES + 4
  return {
    fixedSize,
    measure: (name) => fixedSize + name.length * 2,
    write(view, at, entry) {
      const { posix = NOBODY } = entry
      // Up to the attributes it is like the others.
      head.write(view, at, { ...entry, fileName: '' })
      view.setBigUint64(at + offset('inode'), entry.fileId, true)
      view.setUint32(at + offset('deviceId'), posix.deviceId, true)
      view.setUint32(at + offset('reserved'), 0, true)
      view.setUint32(at + offset('numberOfLinks'), posix.numberOfLinks, true)
      view.setUint32(at + offset('reparseTag'), entry.reparseTag, true)
      view.setUint32(at + offset('mode'), posix.mode, true)
      let end = at + size
      for (const sid of [posix.owner, posix.group]) {
        writeSid(view, end, sid)
        end += sidSize(sid)
      }
      view.setUint32(end, entry.fileName.length * 2, true)
      writeName(view, end + 4, entry.fileName)
      return end + 4 + entry.fileName.length * 2 - at
    },
  }
}

const NOBODY: FlatPosix = {
  deviceId: 0,
  numberOfLinks: 0,
  mode: 0,
  owner: WellKnownSid.NULL,
  group: WellKnownSid.NULL,
}

const writers = new Map<DirectoryInformationClass, DirectoryEntryWriter>()

/**
 * How entries of a class are written fast: the fields lie where the declaration of the class puts them, and a test
 * holds the bytes equal to what that declaration encodes.
 */
export function directoryEntryWriter(infoClass: DirectoryInformationClass): DirectoryEntryWriter {
  let writer = writers.get(infoClass)
  if (writer === undefined) {
    writer = infoClass === FileInformationClass.FilePosixInformation ? makePosix() : make(infoClass)
    writers.set(infoClass, writer)
  }
  return writer
}
