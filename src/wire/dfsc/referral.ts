import { type Infer, octets, optionalTail, struct, tail, u16, u32 } from '../schema/index.ts'
import { DfsReferralEntryFlags, DfsServerType } from './constants.ts'
import { zeroEnded, zeroEndedList } from './text.ts'

/** Bytes of `size` are written by the list that the entry stands in. */
const header = (versionNumber: number) => ({
  versionNumber: u16.fixed(versionNumber),
  size: u16.or(0),
  serverType: u16.oneOf(DfsServerType).or(DfsServerType.NON_ROOT),
  referralEntryFlags: u16.flags(DfsReferralEntryFlags).or(0),
})

/** `shareName`: the target. MS-DFSC 2.2.5.1. */
export const DfsReferralV1 = struct('DFS_REFERRAL_V1', '2.2.5.1', {
  ...header(1),
  shareName: tail(zeroEnded),
})
export type DfsReferralV1 = Infer<typeof DfsReferralV1>

const pathOffsets = {
  dfsPathOffset: u16.offsetOf('dfsPath'),
  dfsAlternatePathOffset: u16.offsetOf('dfsAlternatePath'),
  networkAddressOffset: u16.offsetOf('networkAddress'),
} as const

/** The prefix of the namespace that the entry is for, the same in short names, and the target. */
const paths = {
  dfsPath: tail(zeroEnded),
  dfsAlternatePath: tail(zeroEnded),
  networkAddress: tail(zeroEnded),
} as const

/** `timeToLive` in seconds. MS-DFSC 2.2.5.2. */
export const DfsReferralV2 = struct('DFS_REFERRAL_V2', '2.2.5.2', {
  ...header(2),
  proximity: u32.reserved,
  timeToLive: u32,
  ...pathOffsets,
  ...paths,
})
export type DfsReferralV2 = Infer<typeof DfsReferralV2>

const pathReferral = (versionNumber: 3 | 4, spec: string) =>
  struct(`DFS_REFERRAL_V${versionNumber}`, spec, {
    ...header(versionNumber),
    timeToLive: u32,
    ...pathOffsets,
    serviceSiteGuid: octets(16).reserved,
    ...paths,
  })

const nameListReferral = (versionNumber: 3 | 4, spec: string) =>
  struct(`DFS_REFERRAL_V${versionNumber} name list`, spec, {
    ...header(versionNumber),
    timeToLive: u32,
    specialNameOffset: u16.offsetOf('specialName'),
    numberOfExpandedNames: u16.countOf('expandedNames'),
    expandedNameOffset: u16.offsetOf('expandedNames'),
    specialName: tail(zeroEnded),
    expandedNames: optionalTail(zeroEndedList, []),
  })

/** MS-DFSC 2.2.5.3.1. */
export const DfsReferralV3 = pathReferral(3, '2.2.5.3.1')
export type DfsReferralV3 = Infer<typeof DfsReferralV3>

/** A domain, and its controllers where those were asked for. MS-DFSC 2.2.5.3.2. */
export const DfsReferralV3NameList = nameListReferral(3, '2.2.5.3.2')
export type DfsReferralV3NameList = Infer<typeof DfsReferralV3NameList>

/** MS-DFSC 2.2.5.4. */
export const DfsReferralV4 = pathReferral(4, '2.2.5.4')
export type DfsReferralV4 = Infer<typeof DfsReferralV4>

/** MS-DFSC 2.2.5.4. */
export const DfsReferralV4NameList = nameListReferral(4, '2.2.5.4')
export type DfsReferralV4NameList = Infer<typeof DfsReferralV4NameList>

/** A target of a path, or the names of domain controllers. Version 4 has the fields of version 3. */
export type DfsReferral = DfsReferralV1 | DfsReferralV2 | DfsReferralV3 | DfsReferralV3NameList
