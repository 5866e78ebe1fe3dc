import { encodeSecurityDescriptor, parseSddl } from '../wire/dtyp/index.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FileAttributes } from '../wire/fscc/index.ts'
import type { BackendFile, FileStat, Opened } from './backend.ts'

/** Below the ids of all files, which come from inode numbers and counters. */
const FILE_ID = 0xffff_ffff_ffff_fffdn

/** Who may use the share may ask here; nobody may delete it. */
const descriptor = encodeSecurityDescriptor(parseSddl('O:BAG:BAD:(A;;0x1e01ff;;;WD)'))

const refused = (): Failure => fail(NtStatus.ACCESS_DENIED)
const nothing = (): never[] => []

const stat: FileStat = {
  fileId: FILE_ID,
  isDirectory: true,
  attributes: FileAttributes.HIDDEN | FileAttributes.SYSTEM | FileAttributes.DIRECTORY | FileAttributes.ARCHIVE,
  creationTime: 0n,
  lastAccessTime: 0n,
  lastWriteTime: 0n,
  changeTime: 0n,
  endOfFile: 0,
  allocationSize: 0,
  links: 1,
  eaSize: 0,
  reparseTag: 0,
}

const file: BackendFile = {
  fileId: FILE_ID,
  isDirectory: true,
  stat: () => stat,
  setStat: refused,
  read: () => fail(NtStatus.INVALID_DEVICE_REQUEST),
  write: () => fail(NtStatus.INVALID_DEVICE_REQUEST),
  flush: () => {},
  truncate: refused,
  allocate: refused,
  zero: refused,
  allocatedRanges: nothing,
  list: nothing,
  statEntries: (names) => names.map(() => undefined),
  streams: nothing,
  extendedAttributes: nothing,
  setExtendedAttributes: refused,
  securityDescriptor: () => descriptor,
  setSecurityDescriptor: refused,
  rename: refused,
  renameStream: refused,
  link: refused,
  remove: refused,
  close: () => {},
}

/**
 * `$Extend\$Quota:$Q:$INDEX_ALLOCATION`, which clients open to ask for quotas: on NTFS an index of a hidden file, here a
 * directory with nothing in it.
 */
export const openQuotaIndex = (path: readonly string[]): Opened => ({ file: { ...file }, created: false, path })
