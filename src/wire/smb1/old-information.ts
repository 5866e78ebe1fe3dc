/** Levels of files from the time of DOS and OS/2: dates and times of two seconds, sizes of 32 bits. */
import { type Infer, struct, u16, u32 } from '../schema/index.ts'

const dates = {
  creationDate: u16.hex,
  creationTime: u16.hex,
  lastAccessDate: u16.hex,
  lastAccessTime: u16.hex,
  lastWriteDate: u16.hex,
  lastWriteTime: u16.hex,
} as const

/** SMB_INFO_STANDARD where it is set; what follows is reserved. MS-CIFS 2.2.8.4.1. */
export const Smb1SetInfoStandard = struct('SMB_INFO_STANDARD', 'MS-CIFS 2.2.8.4.1', dates)
export type Smb1SetInfoStandard = Infer<typeof Smb1SetInfoStandard>

const standard = { ...dates, fileDataSize: u32, allocationSize: u32, attributes: u16.hex } as const

/** SMB_INFO_STANDARD where it is asked for. MS-CIFS 2.2.8.3.1. */
export const Smb1InfoStandard = struct('SMB_INFO_STANDARD', 'MS-CIFS 2.2.8.3.1', standard)
export type Smb1InfoStandard = Infer<typeof Smb1InfoStandard>

/** MS-CIFS 2.2.8.3.2. */
export const Smb1InfoQueryEaSize = struct('SMB_INFO_QUERY_EA_SIZE', 'MS-CIFS 2.2.8.3.2', { ...standard, eaSize: u32 })
export type Smb1InfoQueryEaSize = Infer<typeof Smb1InfoQueryEaSize>
