import { FileAttributes } from '../wire/fscc/index.ts'
import type { FileStat } from './backend.ts'

/** Attributes as they go over the wire: NORMAL stands for none (MS-FSCC 2.6). */
export const wireAttributes = (stat: FileStat): number =>
  stat.attributes === 0 ? FileAttributes.NORMAL : stat.attributes

/** The times and sizes that several answers and classes begin with. */
export function commonInformation(stat: FileStat) {
  return {
    creationTime: stat.creationTime,
    lastAccessTime: stat.lastAccessTime,
    lastWriteTime: stat.lastWriteTime,
    changeTime: stat.changeTime,
    allocationSize: BigInt(stat.allocationSize),
    endOfFile: BigInt(stat.endOfFile),
    fileAttributes: wireAttributes(stat),
  }
}

/** The attributes that a client may set, and that are kept (MS-FSCC 2.6). */
export const SETTABLE_ATTRIBUTES =
  FileAttributes.READONLY |
  FileAttributes.HIDDEN |
  FileAttributes.SYSTEM |
  FileAttributes.ARCHIVE |
  FileAttributes.TEMPORARY |
  FileAttributes.OFFLINE |
  FileAttributes.NOT_CONTENT_INDEXED
