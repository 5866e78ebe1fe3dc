/** What a target is. MS-DFSC 2.2.5.1. */
export const DfsServerType = { NON_ROOT: 0, ROOT: 1 } as const
export type DfsServerType = (typeof DfsServerType)[keyof typeof DfsServerType]

/** MS-DFSC 2.2.4. */
export const DfsReferralHeaderFlags = {
  /** All targets can be asked for further referrals. */
  REFERRAL_SERVERS: 0x0000_0001,
  /** All targets have files, and need no further referral. */
  STORAGE_SERVERS: 0x0000_0002,
  /** A client goes back to an earlier target once that is there again. */
  TARGET_FAILBACK: 0x0000_0004,
} as const

/** MS-DFSC 2.2.5.3, 2.2.5.4. */
export const DfsReferralEntryFlags = {
  /** Of names of domains or domain controllers. */
  NAME_LIST_REFERRAL: 0x0002,
  /** Version 4: the first of targets that cost the same. */
  TARGET_SET_BOUNDARY: 0x0004,
} as const

/** MS-DFSC 2.2.3. */
export const GetDfsReferralExFlags = { SITE_NAME: 0x0001 } as const

/** The highest version of referrals that there is. */
export const MAX_DFS_REFERRAL_VERSION = 4
