import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'
import {
  type DfsReferral,
  DfsReferralEntryFlags,
  DfsReferralHeaderFlags,
  DfsServerType,
  GetDfsReferralResponse,
} from '../../wire/dfsc/index.ts'
import { type DfsPath, dfsNames, dfsText } from './dfs-path.ts'

/** Where a part of a namespace is. */
export interface DfsTarget {
  /** Server and share, and the folder in it where there is one. */
  readonly path: DfsPath
  /** Which of the sets it is in: targets of one set cost the same, those of the first the least. */
  readonly set: number
}

/** What a part of a namespace stands for: the targets in the order in which they are to be tried. */
export interface PathReferral {
  /** How much of the path that was asked for this is for. */
  readonly prefix: DfsPath
  /** A root: deeper parts are to be asked for at its targets. */
  readonly isRoot: boolean
  readonly timeToLiveMs: number
  /** A target of a better set is gone back to when it may be there again. */
  readonly failback: boolean
  readonly targets: readonly [DfsTarget, ...DfsTarget[]]
}

/** Domain controllers, in the order in which they are to be tried. */
export interface ControllerReferral {
  readonly controllers: readonly string[]
  readonly timeToLiveMs: number
}

/** Version 1 does not say for how long it is good. */
const DEFAULT_TIME_TO_LIVE_MS = 300_000

const bad = (field: string, problem: string): WireError => new WireError(field, 0, 'MS-DFSC 2.2.4', problem)

/** The prefix that `pathConsumed` bytes of `\a\b\c` are. */
function prefixOf(asked: DfsPath, pathConsumed: number): DfsPath {
  const text = dfsText(asked)
  const units = pathConsumed / 2
  const end = text.charAt(units - 1) === '\\' ? units - 1 : units
  const names = text.slice(1, end).split('\\').length
  const isWhole = Number.isInteger(units) && (end === text.length || text.charAt(end) === '\\')
  if (!isWhole || end > text.length || names < 2)
    throw bad('RESP_GET_DFS_REFERRAL.pathConsumed', `${pathConsumed} bytes of ${text} are no part of a namespace`)
  return asked.slice(0, names)
}

/** What is told of the way to one target. @throws WireError */
function wayOf(referral: DfsReferral): { path: DfsPath; timeToLiveMs: number } {
  if ('expandedNames' in referral) throw bad('DFS_REFERRAL.referralEntryFlags', 'names where a path was asked for')
  const isFirst = 'shareName' in referral
  const text = isFirst ? referral.shareName : referral.networkAddress
  const path = dfsNames(text)
  if (path === undefined || path.length < 2)
    throw bad(`DFS_REFERRAL.${isFirst ? 'shareName' : 'networkAddress'}`, `${JSON.stringify(text)} is no target`)
  return { path, timeToLiveMs: isFirst ? DEFAULT_TIME_TO_LIVE_MS : referral.timeToLive * 1000 }
}

/**
 * Reads the answer to a referral request for a root, a link or sysvol (MS-DFSC 3.1.5.4). Targets beyond `maxTargets`
 * are passed over.
 * @throws WireError
 */
export function readPathReferral(asked: DfsPath, output: Uint8Array, maxTargets: number): PathReferral {
  const { pathConsumed, referralHeaderFlags, referrals } = GetDfsReferralResponse.decode(viewOf(output))
  const targets: DfsTarget[] = []
  let set = 0
  let timeToLiveMs = Number.POSITIVE_INFINITY
  for (const referral of referrals.slice(0, maxTargets)) {
    const way = wayOf(referral)
    const startsSet = (referral.referralEntryFlags & DfsReferralEntryFlags.TARGET_SET_BOUNDARY) !== 0
    // Before version 4 there are no sets: each target comes before the next.
    if (targets.length > 0 && referral.versionNumber >= 4 && startsSet) set++
    targets.push({ path: way.path, set })
    timeToLiveMs = Math.min(timeToLiveMs, way.timeToLiveMs)
  }
  const [first, ...others] = targets
  if (first === undefined) throw bad('RESP_GET_DFS_REFERRAL.numberOfReferrals', 'no referral at all')
  return {
    prefix: prefixOf(asked, pathConsumed),
    isRoot: referrals[0]?.serverType === DfsServerType.ROOT,
    timeToLiveMs,
    failback: (referralHeaderFlags & DfsReferralHeaderFlags.TARGET_FAILBACK) !== 0,
    targets: [first, ...others],
  }
}

/** Reads the answer to a request for a domain's controllers (MS-DFSC 3.1.5.4.2). @throws WireError */
export function readControllerReferral(output: Uint8Array, maxTargets: number): ControllerReferral {
  const { referrals } = GetDfsReferralResponse.decode(viewOf(output))
  const controllers: string[] = []
  let timeToLiveMs = Number.POSITIVE_INFINITY
  for (const referral of referrals) {
    if (!('expandedNames' in referral))
      throw bad('DFS_REFERRAL.referralEntryFlags', 'no names where domain controllers were asked for')
    timeToLiveMs = Math.min(timeToLiveMs, referral.timeToLive * 1000)
    for (const text of referral.expandedNames) {
      const names = dfsNames(text)
      if (names?.length !== 1) throw bad('DFS_REFERRAL.expandedNames', `${JSON.stringify(text)} is no server`)
      if (controllers.length < maxTargets) controllers.push(names[0] as string)
    }
  }
  if (controllers.length === 0) throw bad('DFS_REFERRAL.numberOfExpandedNames', 'no domain controller at all')
  return { controllers, timeToLiveMs }
}

/** Reads the answer to a request for domains (MS-DFSC 3.1.5.4.1): their names in DNS and in NetBIOS. @throws WireError */
export function readDomainReferral(output: Uint8Array): string[] {
  const { referrals } = GetDfsReferralResponse.decode(viewOf(output))
  return referrals.map((referral) => {
    if (!('specialName' in referral))
      throw bad('DFS_REFERRAL.referralEntryFlags', 'no names where domains were asked for')
    const names = dfsNames(referral.specialName)
    if (names?.length !== 1)
      throw bad('DFS_REFERRAL.specialName', `${JSON.stringify(referral.specialName)} is no domain`)
    return names[0] as string
  })
}
