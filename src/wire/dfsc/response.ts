import { type Infer, struct, tail, u16, u32 } from '../schema/index.ts'
import { DfsReferralHeaderFlags } from './constants.ts'
import { referralList } from './referral-list.ts'

/**
 * Output of both control codes. `pathConsumed` is how much of the path that was asked for the referrals are for: bytes
 * of UTF-16 from its beginning. MS-DFSC 2.2.4.
 */
export const GetDfsReferralResponse = struct('RESP_GET_DFS_REFERRAL', '2.2.4', {
  pathConsumed: u16,
  numberOfReferrals: u16.countOf('referrals'),
  referralHeaderFlags: u32.flags(DfsReferralHeaderFlags),
  referrals: tail(referralList),
})
export type GetDfsReferralResponse = Infer<typeof GetDfsReferralResponse>
