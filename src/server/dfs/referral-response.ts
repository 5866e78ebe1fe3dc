import {
  DfsReferralEntryFlags,
  DfsReferralHeaderFlags,
  type DfsReferralInput,
  DfsServerType,
  GetDfsReferralResponse,
} from '../../wire/dfsc/index.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { DfsAnswer } from './answer.ts'

type PathAnswer = Exclude<DfsAnswer, { kind: 'domains' | 'controllers' }>

/** Seconds for which lists of names are good: they have no setting. */
const NAMES_TIME_TO_LIVE = 900
/** Names of domains and controllers came with this version. */
const NAMES_VERSION = 3

export interface ReferralShape {
  /** The path as the client wrote it. */
  readonly path: string
  /** The highest version that the client reads. */
  readonly maxVersion: number
  /** Bytes that it has room for. */
  readonly maxBytes: number
}

/** The answer in the version that the client reads, within the room that it has. MS-DFSC 2.2.4. */
export function encodeReferral(answer: DfsAnswer, shape: ReferralShape): Uint8Array | Failure {
  switch (answer.kind) {
    case 'domains':
      // MS-DFSC 3.3.5.2.
      return shape.maxVersion < NAMES_VERSION
        ? fail(NtStatus.UNSUCCESSFUL)
        : within(
            shape,
            0,
            0,
            answer.domains.map((domain) => nameList(domain, [])),
          )
    case 'controllers':
      return shape.maxVersion < NAMES_VERSION ? fail(NtStatus.UNSUCCESSFUL) : controllers(answer, shape)
    default:
      return within(shape, consumedBytes(shape.path, answer.consumed), headerFlags(answer), entries(answer, shape))
  }
}

const nameList = (specialName: string, names: readonly string[]): DfsReferralInput => ({
  versionNumber: NAMES_VERSION,
  serverType: DfsServerType.NON_ROOT,
  referralEntryFlags: DfsReferralEntryFlags.NAME_LIST_REFERRAL,
  timeToLive: NAMES_TIME_TO_LIVE,
  specialName: `\\${specialName}`,
  expandedNames: names.map((name) => `\\${name}`),
})

/** MS-DFSC 3.3.5.3: as many as there is room for. */
function controllers(
  { domain, controllers: names }: Extract<DfsAnswer, { kind: 'controllers' }>,
  shape: ReferralShape,
): Uint8Array | Failure {
  for (let count = names.length; count > 0; count--) {
    const output = within(shape, 0, 0, [nameList(domain, names.slice(0, count))])
    if (output instanceof Uint8Array) return output
  }
  return fail(NtStatus.BUFFER_OVERFLOW)
}

function within(
  { maxBytes }: ReferralShape,
  pathConsumed: number,
  referralHeaderFlags: number,
  referrals: readonly DfsReferralInput[],
): Uint8Array | Failure {
  const output = GetDfsReferralResponse.encode({ pathConsumed, referralHeaderFlags, referrals })
  return output.length > maxBytes ? fail(NtStatus.BUFFER_OVERFLOW) : output
}

function headerFlags({ kind, failback }: PathAnswer): number {
  const { REFERRAL_SERVERS, STORAGE_SERVERS, TARGET_FAILBACK } = DfsReferralHeaderFlags
  // MS-DFSC 2.2.4: a root has files and refers on; another namespace does only this; all else has files alone.
  const what =
    kind === 'root' ? REFERRAL_SERVERS | STORAGE_SERVERS : kind === 'interlink' ? REFERRAL_SERVERS : STORAGE_SERVERS
  return what | (failback ? TARGET_FAILBACK : 0)
}

function entries({ kind, sets, consumed, timeToLive }: PathAnswer, { path, maxVersion }: ReferralShape) {
  const prefix = prefixOf(path, consumed)
  const serverType = kind === 'root' ? DfsServerType.ROOT : DfsServerType.NON_ROOT
  return sets.flatMap((set) =>
    set.map(({ names }, i): DfsReferralInput => {
      const networkAddress = `\\${names.join('\\')}`
      if (maxVersion <= 1) return { versionNumber: 1, serverType, shareName: networkAddress }
      const paths = { dfsPath: prefix, dfsAlternatePath: prefix, networkAddress, timeToLive }
      if (maxVersion === 2) return { versionNumber: 2, serverType, ...paths }
      if (maxVersion === 3) return { versionNumber: 3, serverType, ...paths }
      const referralEntryFlags = i === 0 ? DfsReferralEntryFlags.TARGET_SET_BOUNDARY : 0
      return { versionNumber: 4, serverType, referralEntryFlags, ...paths }
    }),
  )
}

/** Characters of a path up to the end of its `count`th name. */
function endOf(path: string, count: number): number {
  let at = 0
  for (let i = 0; i < count; i++) {
    while (path.charAt(at) === '\\') at++
    while (at < path.length && path.charAt(at) !== '\\') at++
  }
  return at
}

const consumedBytes = (path: string, count: number): number => endOf(path, count) * 2
const prefixOf = (path: string, count: number): string => `\\${path.slice(0, endOf(path, count)).replace(/^\\+/, '')}`
