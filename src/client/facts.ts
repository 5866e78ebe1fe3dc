import { type FileAllInformation, FileAttributes, type FileIdFullDirectoryInformation } from '../wire/fscc/index.ts'
import { narrow } from './narrow.ts'
import type { FileFacts } from './stats.ts'

/** From FileAllInformation. The tag of a reparse point is not in it. */
export function factsOf(all: FileAllInformation, reparseTag = 0): FileFacts {
  const { basic, standard, internal } = all
  return {
    creationTime: basic.creationTime,
    lastAccessTime: basic.lastAccessTime,
    lastWriteTime: basic.lastWriteTime,
    changeTime: basic.changeTime,
    allocationSize: narrow(standard.allocationSize, 'FileAllInformation.standard.allocationSize'),
    endOfFile: narrow(standard.endOfFile, 'FileAllInformation.standard.endOfFile'),
    fileAttributes: basic.fileAttributes,
    fileId: internal.indexNumber,
    numberOfLinks: standard.numberOfLinks,
    reparseTag,
    deletePending: standard.deletePending,
  }
}

/** What the classes of a listing have in common. */
export type ListedEntry = Pick<
  FileIdFullDirectoryInformation,
  | 'creationTime'
  | 'lastAccessTime'
  | 'lastWriteTime'
  | 'changeTime'
  | 'endOfFile'
  | 'allocationSize'
  | 'fileAttributes'
  | 'fileName'
> & { readonly eaSize?: number; readonly fileId?: bigint }

/** From an entry of a listing. */
export function factsOfEntry(entry: ListedEntry): FileFacts {
  const { fileAttributes } = entry
  // The size of extended attributes gives way to the tag (MS-FSCC 2.4.22).
  const reparseTag = (fileAttributes & FileAttributes.REPARSE_POINT) !== 0 ? (entry.eaSize ?? 0) : 0
  return {
    creationTime: entry.creationTime,
    lastAccessTime: entry.lastAccessTime,
    lastWriteTime: entry.lastWriteTime,
    changeTime: entry.changeTime,
    allocationSize: narrow(entry.allocationSize, 'directory entry.allocationSize'),
    endOfFile: narrow(entry.endOfFile, 'directory entry.endOfFile'),
    fileAttributes,
    fileId: entry.fileId ?? 0n,
    numberOfLinks: 1,
    reparseTag,
  }
}
