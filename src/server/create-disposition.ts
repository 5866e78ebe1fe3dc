import { CreateDisposition } from '../wire/smb2/index.ts'

/** It replaces the data of a file that is there (MS-SMB2 2.2.13). */
export const overwrites = (disposition: number): boolean =>
  disposition === CreateDisposition.SUPERSEDE ||
  disposition === CreateDisposition.OVERWRITE ||
  disposition === CreateDisposition.OVERWRITE_IF

/** It makes what is not there. */
export const creates = (disposition: number): boolean =>
  disposition !== CreateDisposition.OPEN && disposition !== CreateDisposition.OVERWRITE
