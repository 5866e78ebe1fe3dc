import { type Infer, struct, u64 } from '../schema/index.ts'

/** SMB2_FILEID. MS-SMB2 2.2.14.1. */
export const FileId = struct('FileId', '2.2.14.1', {
  persistent: u64.hex,
  volatile: u64.hex,
})
export type FileId = Infer<typeof FileId>

const ALL_ONES = 0xffff_ffff_ffff_ffffn

/** In a related request: the file of the request before (MS-SMB2 3.3.5.2.7.2). */
export const RELATED_FILE_ID: FileId = { persistent: ALL_ONES, volatile: ALL_ONES }

/** In IOCTL requests that need no file (MS-SMB2 2.2.31). The same bits. */
export const NO_FILE_ID: FileId = RELATED_FILE_ID

export const sameFileId = (a: FileId, b: FileId): boolean => a.persistent === b.persistent && a.volatile === b.volatile

/** True when every bit is set. */
export const isRelatedFileId = (id: FileId): boolean => sameFileId(id, RELATED_FILE_ID)
