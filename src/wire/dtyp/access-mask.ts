/** Access rights, 32 bits (MS-DTYP 2.4.3, MS-SMB2 2.2.13.1). Rights of a directory share bits with those of a file. */
export const AccessMask = {
  FILE_READ_DATA: 0x0000_0001,
  FILE_WRITE_DATA: 0x0000_0002,
  FILE_APPEND_DATA: 0x0000_0004,
  FILE_READ_EA: 0x0000_0008,
  FILE_WRITE_EA: 0x0000_0010,
  FILE_EXECUTE: 0x0000_0020,
  FILE_DELETE_CHILD: 0x0000_0040,
  FILE_READ_ATTRIBUTES: 0x0000_0080,
  FILE_WRITE_ATTRIBUTES: 0x0000_0100,
  DELETE: 0x0001_0000,
  READ_CONTROL: 0x0002_0000,
  WRITE_DAC: 0x0004_0000,
  WRITE_OWNER: 0x0008_0000,
  SYNCHRONIZE: 0x0010_0000,
  ACCESS_SYSTEM_SECURITY: 0x0100_0000,
  MAXIMUM_ALLOWED: 0x0200_0000,
  GENERIC_ALL: 0x1000_0000,
  GENERIC_EXECUTE: 0x2000_0000,
  GENERIC_WRITE: 0x4000_0000,
  GENERIC_READ: 0x8000_0000,
} as const

/** What the same bits are called on a directory (MS-SMB2 2.2.13.1.2). */
export const DirectoryAccessMask = {
  ...AccessMask,
  FILE_LIST_DIRECTORY: AccessMask.FILE_READ_DATA,
  FILE_ADD_FILE: AccessMask.FILE_WRITE_DATA,
  FILE_ADD_SUBDIRECTORY: AccessMask.FILE_APPEND_DATA,
  FILE_TRAVERSE: AccessMask.FILE_EXECUTE,
} as const

/** Every right that a file has of its own, and every standard right. */
export const FILE_ALL_ACCESS = 0x001f_01ff

/** What GENERIC_READ means for a file. */
export const FILE_GENERIC_READ =
  AccessMask.FILE_READ_DATA |
  AccessMask.FILE_READ_EA |
  AccessMask.FILE_READ_ATTRIBUTES |
  AccessMask.READ_CONTROL |
  AccessMask.SYNCHRONIZE

/** What GENERIC_WRITE means for a file. */
export const FILE_GENERIC_WRITE =
  AccessMask.FILE_WRITE_DATA |
  AccessMask.FILE_APPEND_DATA |
  AccessMask.FILE_WRITE_EA |
  AccessMask.FILE_WRITE_ATTRIBUTES |
  AccessMask.READ_CONTROL |
  AccessMask.SYNCHRONIZE

/** What GENERIC_EXECUTE means for a file. */
export const FILE_GENERIC_EXECUTE =
  AccessMask.FILE_EXECUTE | AccessMask.FILE_READ_ATTRIBUTES | AccessMask.READ_CONTROL | AccessMask.SYNCHRONIZE

const GENERIC_BITS = 0xf000_0000

/**
 * Replaces the generic rights in a mask by the file rights that they stand for; everything else, MAXIMUM_ALLOWED
 * included, stays. Unsigned.
 */
export function mapGeneric(mask: number): number {
  if ((mask & GENERIC_BITS) === 0) return mask >>> 0
  let mapped = mask & ~GENERIC_BITS
  if ((mask & AccessMask.GENERIC_READ) !== 0) mapped |= FILE_GENERIC_READ
  if ((mask & AccessMask.GENERIC_WRITE) !== 0) mapped |= FILE_GENERIC_WRITE
  if ((mask & AccessMask.GENERIC_EXECUTE) !== 0) mapped |= FILE_GENERIC_EXECUTE
  if ((mask & AccessMask.GENERIC_ALL) !== 0) mapped |= FILE_ALL_ACCESS
  return mapped >>> 0
}
