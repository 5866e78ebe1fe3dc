/** What the POSIX extensions of SMB 3.1.1 add to the information classes (POSIX-FSCC, as Samba and Linux have it). */
import { WireError } from '../../bytes/errors.ts'
import { readUtf16, writeUtf16 } from '../../bytes/utf16.ts'
import { sid } from '../dtyp/index.ts'
import { type Content, filetime, type Infer, struct, tail, u32, u64 } from '../schema/index.ts'
import { FileAttributes } from './file-attributes.ts'
import { ReparseTag } from './reparse-tag.ts'

/** What a file is, in bits 12 to 14 of a mode. POSIX-FSCC 2.1.1.2. */
export const PosixFileType = {
  REGULAR: 0,
  DIRECTORY: 1,
  SYMBOLIC_LINK: 2,
  CHARACTER_DEVICE: 3,
  BLOCK_DEVICE: 4,
  FIFO: 5,
  SOCKET: 6,
} as const
export type PosixFileType = (typeof PosixFileType)[keyof typeof PosixFileType]

/** Permissions with the sticky, set-group-id and set-user-id bits: where POSIX systems have them. POSIX-FSCC 2.1.1.1. */
export const POSIX_PERMISSIONS = 0o7777

/** A mode as it goes over the wire. */
export const posixMode = (type: PosixFileType, permissions: number): number =>
  (type << 12) | (permissions & POSIX_PERMISSIONS)

/** From the times on, entries of directories and what is told of a file are the same. */
const posix = {
  creationTime: filetime,
  lastAccessTime: filetime,
  lastWriteTime: filetime,
  changeTime: filetime,
  endOfFile: u64,
  allocationSize: u64,
  fileAttributes: u32.flags(FileAttributes),
  inode: u64,
  deviceId: u32,
  reserved: u32.reserved,
  // From here on as in the answer to the create context.
  numberOfLinks: u32,
  reparseTag: u32.oneOf(ReparseTag),
  mode: u32,
} as const

/** Answer to a query of a file; read by some with a name behind it, written by nobody so. POSIX-FSCC 2.3.1.1. */
export const FilePosixInformation = struct('FilePosixInformation', 'POSIX-FSCC 2.3.1.1', {
  ...posix,
  owner: tail(sid),
  group: tail(sid),
})
export type FilePosixInformation = Infer<typeof FilePosixInformation>

/** A name behind its length in bytes. */
const countedName: Content<string> = {
  contentName: 'counted name',
  check(view, start, end, place) {
    if (start + 4 > end) throw new WireError(place.path, start, place.spec, `needs 4 bytes, has ${end - start}`)
    const length = view.getUint32(start, true)
    if (length % 2 !== 0) throw new WireError(place.path, start, place.spec, 'UTF-16 text of an odd length')
    if (length > end - start - 4)
      throw new WireError(place.path, start, place.spec, `${length} bytes do not fit ${end - start - 4}`)
  },
  read: (view, start) => readUtf16(view, start + 4, view.getUint32(start, true)),
  measure: (value) => 4 + value.length * 2,
  write(view, start, value) {
    view.setUint32(start, value.length * 2, true)
    writeUtf16(view, start + 4, value)
  },
  extent: (view, start, end) =>
    start + 4 > end ? end - start : Math.min(end - start, 4 + view.getUint32(start, true)),
  display: (value) => JSON.stringify(value),
}

/** An entry of a listing. */
export const FilePosixDirectoryInformation = struct('FilePosixInformation entry', 'POSIX-FSCC 2.3.1.1', {
  nextEntryOffset: u32.or(0),
  fileIndex: u32.or(0),
  ...posix,
  owner: tail(sid),
  group: tail(sid),
  fileName: tail(countedName),
})
export type FilePosixDirectoryInformation = Infer<typeof FilePosixDirectoryInformation>

/** Room and files of a file system; all ones where something is not known. POSIX-FSCC 2.3.2.1. */
export const FileFsPosixInformation = struct('FileFsPosixInformation', 'POSIX-FSCC 2.3.2.1', {
  optimalTransferSize: u32,
  blockSize: u32,
  totalBlocks: u64,
  blocksAvailable: u64,
  userBlocksAvailable: u64,
  totalFileNodes: u64,
  freeFileNodes: u64,
  fileSystemIdentifier: u64.hex,
})
export type FileFsPosixInformation = Infer<typeof FileFsPosixInformation>
