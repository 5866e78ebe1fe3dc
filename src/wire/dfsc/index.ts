/** MS-DFSC: referrals of a namespace over several servers. */
export * from './constants.ts'
export * from './referral.ts'
export type { DfsReferralInput } from './referral-list.ts'
export * from './request.ts'
export * from './response.ts'
