import { AccessMask } from '../wire/dtyp/index.ts'
import { ShareAccess } from '../wire/smb2/index.ts'
import type { SharedFile } from './file-table.ts'

const READS = AccessMask.FILE_READ_DATA | AccessMask.FILE_EXECUTE
const WRITES = AccessMask.FILE_WRITE_DATA | AccessMask.FILE_APPEND_DATA
const { DELETE } = AccessMask

/** Access that needs nobody's leave: looking at and changing what is beside the data (MS-FSA 2.1.5.1.2). */
export const usesSharing = (access: number): boolean => (access & (READS | WRITES | DELETE)) !== 0

/**
 * True if an open with this access and share mode goes together with the opens that are there (MS-FSA 2.1.5.1.2.1,
 * 2.1.5.1.2.2). `streamKey` limits it to the opens of one stream, but for who deletes the unnamed one.
 */
export function sharingAllows(shared: SharedFile, streamKey: string, access: number, shareAccess: number): boolean {
  if (!usesSharing(access)) return true
  for (const open of shared.opens) {
    const theirs = open.grantedAccess
    if (!usesSharing(theirs)) continue
    const isSame = open.stream.key === streamKey
    if (isSame) {
      if (conflicts(access, READS, open.shareAccess, ShareAccess.READ)) return false
      if (conflicts(access, WRITES, open.shareAccess, ShareAccess.WRITE)) return false
      if (conflicts(theirs, READS, shareAccess, ShareAccess.READ)) return false
      if (conflicts(theirs, WRITES, shareAccess, ShareAccess.WRITE)) return false
    }
    // Who deletes the unnamed stream deletes the file, and all the others with it.
    if ((isSame || streamKey === '') && conflicts(access, DELETE, open.shareAccess, ShareAccess.DELETE)) return false
    if ((isSame || open.stream.key === '') && conflicts(theirs, DELETE, shareAccess, ShareAccess.DELETE)) return false
  }
  return true
}

const conflicts = (access: number, rights: number, shareAccess: number, leave: number): boolean =>
  (access & rights) !== 0 && (shareAccess & leave) === 0
