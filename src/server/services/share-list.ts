/** Shares as MS-SRVS tells them: levels, access, and answers in pieces. */
import type { InputOf } from '../../rpc/ndr/index.ts'
import { type ShareEnum, type ShareInfo, ShareType, UNLIMITED_USES } from '../../rpc/srvsvc/share-info.ts'
import { WinError } from '../../rpc/werror.ts'
import type { Caller, SharedResource } from './context.ts'

const types = { disk: ShareType.DISK, printer: ShareType.PRINT_QUEUE, ipc: ShareType.IPC } as const

/** STYPE of a share (MS-SRVS 2.2.2.4). */
export function typeOf(share: SharedResource): number {
  const special = share.type === 'ipc' ? ShareType.SPECIAL : 0
  return (types[share.type] | special) >>> 0
}

/** `/srv/files` as an administrator's client expects a path: on drive C. */
export function windowsPath(path: string): string {
  return path === '' ? '' : `C:${path.replaceAll('/', '\\')}`
}

const level0 = (share: SharedResource) => ({ name: share.name })
const level1 = (share: SharedResource) => ({ name: share.name, type: typeOf(share), comment: share.comment })
const level501 = (share: SharedResource) => ({ ...level1(share), flags: 0 })

const detailed = (user: Caller) => (share: SharedResource) => ({
  ...level1(share),
  permissions: 0,
  maxUses: share.maxUses ?? UNLIMITED_USES,
  currentUses: share.currentUses ?? 0,
  path: user.isAdministrator === true ? windowsPath(share.path ?? '') : '',
  password: null,
})

const withDescriptor = (user: Caller) => (share: SharedResource) => ({
  ...detailed(user)(share),
  securityDescriptor: null,
})

/** Server name `*`: the share belongs to no scope (MS-SRVS 2.2.4.27). */
const scoped = (user: Caller) => (share: SharedResource) => ({ ...withDescriptor(user)(share), serverName: '*' })

/**
 * MS-SRVS 3.1.4.8 leaves to the server who may ask for what. Names, types and comments are for everyone who may
 * browse; what tells of the server itself is for users with an account.
 */
export function mayAsk(level: number, user: Caller): boolean {
  return level < 2 || level === 501 || level === 1005 || user.kind === 'user'
}

type EnumInput = InputOf<typeof ShareEnum>['info']
type InfoInput = InputOf<typeof ShareInfo>

const asList = <T>(entries: readonly T[]) => ({ entries })

/** `shares` in the form of a level, undefined for one that is not listed. */
export function listAt(level: number, shares: readonly SharedResource[], user: Caller): EnumInput | undefined {
  switch (level) {
    case 0:
      return { tag: 0, value: asList(shares.map(level0)) }
    case 1:
      return { tag: 1, value: asList(shares.map(level1)) }
    case 2:
      return { tag: 2, value: asList(shares.map(detailed(user))) }
    case 501:
      return { tag: 501, value: asList(shares.map(level501)) }
    case 502:
      return { tag: 502, value: asList(shares.map(withDescriptor(user))) }
    case 503:
      return { tag: 503, value: asList(shares.map(scoped(user))) }
    default:
      return undefined
  }
}

/** One share in the form of a level; `null` instead of a share gives the level with nothing in it. */
export function infoAt(level: number, share: SharedResource | null, user: Caller): InfoInput | undefined {
  const at = <T>(form: (each: SharedResource) => T): T | null => (share === null ? null : form(share))
  switch (level) {
    case 0:
      return { tag: 0, value: at(level0) }
    case 1:
      return { tag: 1, value: at(level1) }
    case 2:
      return { tag: 2, value: at(detailed(user)) }
    case 501:
      return { tag: 501, value: at(level501) }
    case 502:
      return { tag: 502, value: at(withDescriptor(user)) }
    case 503:
      return { tag: 503, value: at(scoped(user)) }
    case 1004:
      return { tag: 1004, value: at(({ comment }) => ({ comment })) }
    case 1005:
      return { tag: 1005, value: at(() => ({ flags: 0 })) }
    case 1006:
      return { tag: 1006, value: at(({ maxUses }) => ({ maxUses: maxUses ?? UNLIMITED_USES })) }
    default:
      return undefined
  }
}

/** What one entry takes in the client's buffer: its fixed part, and its strings (as Windows counts them). */
function entryBytes(level: number, share: SharedResource): number {
  const fixed = { 0: 4, 1: 12, 2: 32, 501: 16, 502: 40, 503: 44 }[level] ?? 0
  const text = level === 0 ? share.name.length + 1 : share.name.length + share.comment.length + 2
  return fixed + text * 2
}

export interface Listing {
  readonly result: number
  readonly shares: readonly SharedResource[]
  /** Entries from the resume handle on. */
  readonly total: number
  /** Where the next call goes on; 0 at the end. */
  readonly resumeAt: number
}

/** The shares from `start` on that fit `preferredLength` bytes; always at least one, so that a client gets on. */
export function listing(
  shares: readonly SharedResource[],
  level: number,
  start: number,
  preferredLength: number,
): Listing {
  const rest = shares.slice(start)
  let room = preferredLength
  let fitting = 0
  for (const share of rest) {
    room -= entryBytes(level, share)
    if (room < 0 && fitting > 0) break
    fitting++
  }
  const isAll = fitting === rest.length
  return {
    result: isAll ? WinError.SUCCESS : WinError.MORE_DATA,
    shares: rest.slice(0, fitting),
    total: rest.length,
    resumeAt: isAll ? 0 : start + fitting,
  }
}
