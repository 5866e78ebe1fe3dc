/** Shares as MS-SRVS tells them: levels, access, and answers in pieces. */
import type { InputOf } from '../../rpc/ndr/index.ts'
import { type ShareEnum, ShareFlag, type ShareInfo, ShareType, UNLIMITED_USES } from '../../rpc/srvsvc/share-info.ts'
import {
  AceType,
  AclRevision,
  encodeSecurityDescriptor,
  FILE_ALL_ACCESS,
  SecurityControl,
  WellKnownSid,
} from '../../wire/dtyp/index.ts'
import type { Caller, SharedResource } from './context.ts'
import { type Page, pageOf } from './paging.ts'

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

/** MS-SRVS 2.2.2.5; files may be kept offline if a user asks for it. */
const flagsOf = ({ accessBasedEnumeration, encrypts, isDfsRoot }: SharedResource): number =>
  (accessBasedEnumeration === true ? ShareFlag.ACCESS_BASED_DIRECTORY_ENUM : 0) |
  (encrypts === true ? ShareFlag.ENCRYPT_DATA : 0) |
  (isDfsRoot === true ? ShareFlag.DFS | ShareFlag.DFS_ROOT : 0)

/** What a share without a descriptor of its own seems to have: everybody may do everything, as smbd says it, too. */
const OPEN_TO_ALL = encodeSecurityDescriptor({
  control: SecurityControl.DACL_PRESENT,
  dacl: {
    revision: AclRevision.ACL_REVISION,
    aces: [
      { kind: 'basic', type: AceType.ACCESS_ALLOWED, flags: 0, mask: FILE_ALL_ACCESS, sid: WellKnownSid.EVERYONE },
    ],
  },
})

const level0 = (share: SharedResource) => ({ name: share.name })
const level1 = (share: SharedResource) => ({ name: share.name, type: typeOf(share), comment: share.comment })
const level501 = (share: SharedResource) => ({ ...level1(share), flags: flagsOf(share) })

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
  ...descriptor(share),
})

const descriptor = ({ securityDescriptor }: SharedResource) => ({
  securityDescriptor: securityDescriptor ?? OPEN_TO_ALL,
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
      return { tag: 1005, value: at((each) => ({ flags: flagsOf(each) })) }
    case 1006:
      return { tag: 1006, value: at(({ maxUses }) => ({ maxUses: maxUses ?? UNLIMITED_USES })) }
    case 1007:
      // Not in MS-SRVS either: Samba has it, and its clients ask.
      return { tag: 1007, value: at((each) => ({ flags: flagsOf(each), alternateDirectoryName: '' })) }
    case 1501:
      return { tag: 1501, value: at(descriptor) }
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

/** The shares from `start` on that fit `preferredLength` bytes. */
export const listing = (
  shares: readonly SharedResource[],
  level: number,
  start: number,
  preferredLength: number,
): Page<SharedResource> => pageOf(shares, start, preferredLength, (share) => entryBytes(level, share))

const MAX_SHARE_NAME = 80

/** MS-SRVS 2.2.1.2 says what names of shares may not have. */
export const isShareName = (name: string, longest = MAX_SHARE_NAME): boolean =>
  name !== '' && name.length <= longest && !hasControl(name) && !/["/\\[\]:|<>+=;,*?]/.test(name)

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20) return true
  return false
}
