import { type Infer, optionalTail, struct, tail, u16, u32 } from '../schema/index.ts'
import { GetDfsReferralExFlags } from './constants.ts'
import { countedText, optionalCountedText, zeroEnded } from './text.ts'

/** Input of FSCTL_DFS_GET_REFERRALS. The name is '' for domains, `\domain` for its controllers. MS-DFSC 2.2.2. */
export const GetDfsReferralRequest = struct('REQ_GET_DFS_REFERRAL', '2.2.2', {
  maxReferralLevel: u16,
  requestFileName: tail(zeroEnded),
})
export type GetDfsReferralRequest = Infer<typeof GetDfsReferralRequest>

/** MS-DFSC 2.2.3.1. The site is there where SITE_NAME says so. */
export const GetDfsReferralExData = struct('REQ_GET_DFS_REFERRAL_EX RequestData', '2.2.3.1', {
  requestFileName: tail(countedText),
  siteName: optionalTail(optionalCountedText, ''),
})
export type GetDfsReferralExData = Infer<typeof GetDfsReferralExData>

/** Input of FSCTL_DFS_GET_REFERRALS_EX: also tells the client's site. MS-DFSC 2.2.3. */
export const GetDfsReferralExRequest = struct('REQ_GET_DFS_REFERRAL_EX', '2.2.3', {
  maxReferralLevel: u16,
  requestFlags: u16.flags(GetDfsReferralExFlags),
  requestDataLength: u32.lengthOf('requestData'),
  requestData: tail(GetDfsReferralExData),
})
export type GetDfsReferralExRequest = Infer<typeof GetDfsReferralExRequest>
