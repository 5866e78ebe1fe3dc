import { optionalSid, sid } from '../dtyp/sid.ts'
import { chain, filetime, type Infer, struct, tail, u32, u64 } from '../schema/index.ts'

/** What one user may store and does store, in bytes. MS-FSCC 2.4.41. */
export const FileQuotaEntry = struct('FILE_QUOTA_INFORMATION', '2.4.41', {
  nextEntryOffset: u32.reserved,
  sidLength: u32.lengthOf('sid'),
  changeTime: filetime,
  quotaUsed: u64,
  quotaThreshold: u64,
  quotaLimit: u64,
  sid: tail(optionalSid),
})
export type FileQuotaEntry = Infer<typeof FileQuotaEntry>

/** MS-FSCC 2.4.41. */
export const FileQuotaInformation = struct('FileQuotaInformation', '2.4.41', {
  entries: tail(chain(FileQuotaEntry, { align: 8 })),
})
export type FileQuotaInformation = Infer<typeof FileQuotaInformation>

/** Whose quota is asked for. MS-FSCC 2.4.41.1. */
export const FileGetQuotaEntry = struct('FILE_GET_QUOTA_INFORMATION', '2.4.41.1', {
  nextEntryOffset: u32.reserved,
  sidLength: u32.lengthOf('sid'),
  sid: tail(sid),
})
export type FileGetQuotaEntry = Infer<typeof FileGetQuotaEntry>

/** MS-FSCC 2.4.41.1. */
export const FileGetQuotaInformation = struct('FileGetQuotaInformation', '2.4.41.1', {
  entries: tail(chain(FileGetQuotaEntry, { align: 4 })),
})
export type FileGetQuotaInformation = Infer<typeof FileGetQuotaInformation>
