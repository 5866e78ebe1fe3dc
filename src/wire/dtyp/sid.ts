import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'
import type { Content } from '../schema/index.ts'

/** Security identifier as text, `S-1-5-21-…` (MS-DTYP 2.4.2). Authorities of 2^32 and above are in hexadecimal. */
export type Sid = string

const SPEC = '2.4.2.2'
const MAX_SUB_AUTHORITIES = 15
/** Bytes of the shortest and the longest SID. */
export const MIN_SID_BYTES = 8
export const MAX_SID_BYTES = 8 + MAX_SUB_AUTHORITIES * 4

/** Well-known SIDs (MS-DTYP 2.4.2.4). */
export const WellKnownSid = {
  NULL: 'S-1-0-0',
  EVERYONE: 'S-1-1-0',
  LOCAL: 'S-1-2-0',
  CONSOLE_LOGON: 'S-1-2-1',
  CREATOR_OWNER: 'S-1-3-0',
  CREATOR_GROUP: 'S-1-3-1',
  OWNER_SERVER: 'S-1-3-2',
  GROUP_SERVER: 'S-1-3-3',
  OWNER_RIGHTS: 'S-1-3-4',
  DIALUP: 'S-1-5-1',
  NETWORK: 'S-1-5-2',
  BATCH: 'S-1-5-3',
  INTERACTIVE: 'S-1-5-4',
  SERVICE: 'S-1-5-6',
  ANONYMOUS: 'S-1-5-7',
  PROXY: 'S-1-5-8',
  ENTERPRISE_DOMAIN_CONTROLLERS: 'S-1-5-9',
  PRINCIPAL_SELF: 'S-1-5-10',
  AUTHENTICATED_USERS: 'S-1-5-11',
  RESTRICTED_CODE: 'S-1-5-12',
  TERMINAL_SERVER_USER: 'S-1-5-13',
  REMOTE_INTERACTIVE_LOGON: 'S-1-5-14',
  THIS_ORGANIZATION: 'S-1-5-15',
  IUSR: 'S-1-5-17',
  LOCAL_SYSTEM: 'S-1-5-18',
  LOCAL_SERVICE: 'S-1-5-19',
  NETWORK_SERVICE: 'S-1-5-20',
  WRITE_RESTRICTED_CODE: 'S-1-5-33',
  BUILTIN_ADMINISTRATORS: 'S-1-5-32-544',
  BUILTIN_USERS: 'S-1-5-32-545',
  BUILTIN_GUESTS: 'S-1-5-32-546',
  POWER_USERS: 'S-1-5-32-547',
  ACCOUNT_OPERATORS: 'S-1-5-32-548',
  SERVER_OPERATORS: 'S-1-5-32-549',
  PRINTER_OPERATORS: 'S-1-5-32-550',
  BACKUP_OPERATORS: 'S-1-5-32-551',
  REPLICATOR: 'S-1-5-32-552',
  PRE_WINDOWS_2000_COMPATIBLE_ACCESS: 'S-1-5-32-554',
  REMOTE_DESKTOP: 'S-1-5-32-555',
  NETWORK_CONFIGURATION_OPERATORS: 'S-1-5-32-556',
  INCOMING_FOREST_TRUST_BUILDERS: 'S-1-5-32-557',
  PERFORMANCE_MONITOR_USERS: 'S-1-5-32-558',
  PERFORMANCE_LOG_USERS: 'S-1-5-32-559',
  WINDOWS_AUTHORIZATION_ACCESS_GROUP: 'S-1-5-32-560',
  TERMINAL_SERVER_LICENSE_SERVERS: 'S-1-5-32-561',
  DISTRIBUTED_COM_USERS: 'S-1-5-32-562',
  IIS_IUSRS: 'S-1-5-32-568',
  CRYPTOGRAPHIC_OPERATORS: 'S-1-5-32-569',
  EVENT_LOG_READERS: 'S-1-5-32-573',
  CERTIFICATE_SERVICE_DCOM_ACCESS: 'S-1-5-32-574',
  RDS_REMOTE_ACCESS_SERVERS: 'S-1-5-32-575',
  RDS_ENDPOINT_SERVERS: 'S-1-5-32-576',
  RDS_MANAGEMENT_SERVERS: 'S-1-5-32-577',
  HYPER_V_ADMINISTRATORS: 'S-1-5-32-578',
  ACCESS_CONTROL_ASSISTANCE_OPERATORS: 'S-1-5-32-579',
  REMOTE_MANAGEMENT_USERS: 'S-1-5-32-580',
  NTLM_AUTHENTICATION: 'S-1-5-64-10',
  SCHANNEL_AUTHENTICATION: 'S-1-5-64-14',
  DIGEST_AUTHENTICATION: 'S-1-5-64-21',
  NT_SERVICE: 'S-1-5-80-0',
  USER_MODE_DRIVERS: 'S-1-5-84-0-0-0-0-0',
  LOCAL_ACCOUNT: 'S-1-5-113',
  LOCAL_ACCOUNT_ADMINISTRATOR: 'S-1-5-114',
  OTHER_ORGANIZATION: 'S-1-5-1000',
  ALL_APP_PACKAGES: 'S-1-15-2-1',
  ML_UNTRUSTED: 'S-1-16-0',
  ML_LOW: 'S-1-16-4096',
  ML_MEDIUM: 'S-1-16-8192',
  ML_MEDIUM_PLUS: 'S-1-16-8448',
  ML_HIGH: 'S-1-16-12288',
  ML_SYSTEM: 'S-1-16-16384',
  ML_PROTECTED_PROCESS: 'S-1-16-20480',
  AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY: 'S-1-18-1',
  SERVICE_ASSERTED_IDENTITY: 'S-1-18-2',
} as const satisfies Record<string, Sid>

interface SidParts {
  readonly authority: number
  readonly subAuthorities: readonly number[]
}

function parts(sid: Sid): SidParts | undefined {
  const match = /^S-1-(0x[0-9a-f]{1,12}|\d{1,15})((?:-\d{1,10})*)$/i.exec(sid)
  if (match === null) return undefined
  const authority = Number(match[1])
  const subAuthorities = (match[2] as string).split('-').slice(1).map(Number)
  if (authority > 0xffff_ffff_ffff || subAuthorities.length > MAX_SUB_AUTHORITIES) return undefined
  return subAuthorities.every((value) => value <= 0xffff_ffff) ? { authority, subAuthorities } : undefined
}

/** True for text that is a SID. */
export const isSid = (text: string): boolean => parts(text) !== undefined

function partsOf(sid: Sid): SidParts {
  const found = parts(sid)
  if (found === undefined) throw new TypeError(`not a SID: ${sid}`)
  return found
}

/** Bytes that `writeSid` writes. */
export function sidSize(sid: Sid): number {
  let dashes = 0
  for (let i = 0; i < sid.length; i++) if (sid.charCodeAt(i) === 0x2d) dashes++
  return 8 + Math.max(0, dashes - 2) * 4
}

/** Bytes that the SID at `at` takes, at most what there is. */
export function sidExtent(view: DataView, at: number, end: number): number {
  return at + MIN_SID_BYTES > end ? end - at : Math.min(end - at, 8 + view.getUint8(at + 1) * 4)
}

/** @throws WireError where no whole SID lies between `at` and `end`. Bytes after it are not looked at. */
export function checkSid(view: DataView, at: number, end: number, path = 'SID'): void {
  if (at + MIN_SID_BYTES > end) throw new WireError(path, at, SPEC, `needs 8 bytes, has ${Math.max(0, end - at)}`)
  const revision = view.getUint8(at)
  if (revision !== 1) throw new WireError(path, at, SPEC, `revision must be 1, is ${revision}`)
  const count = view.getUint8(at + 1)
  if (count > MAX_SUB_AUTHORITIES) throw new WireError(path, at + 1, SPEC, `${count} sub-authorities, at most 15`)
  if (at + 8 + count * 4 > end)
    throw new WireError(path, at + 8, SPEC, `${count} sub-authorities do not fit ${end - at - 8} bytes`)
}

/** Reads a SID that `checkSid` has passed. */
export function readSid(view: DataView, at: number): Sid {
  const authority = view.getUint16(at + 2, false) * 0x1_0000_0000 + view.getUint32(at + 4, false)
  let text =
    authority > 0xffff_ffff ? `S-1-0x${authority.toString(16).padStart(12, '0').toUpperCase()}` : `S-1-${authority}`
  const count = view.getUint8(at + 1)
  for (let i = 0; i < count; i++) text += `-${view.getUint32(at + 8 + i * 4, true)}`
  return text
}

/**
 * Writes a SID at `at`.
 * @throws TypeError for text that is not one
 */
export function writeSid(view: DataView, at: number, sid: Sid): void {
  const { authority, subAuthorities } = partsOf(sid)
  view.setUint8(at, 1)
  view.setUint8(at + 1, subAuthorities.length)
  view.setUint16(at + 2, Math.floor(authority / 0x1_0000_0000), false)
  view.setUint32(at + 4, authority >>> 0, false)
  for (let i = 0; i < subAuthorities.length; i++) view.setUint32(at + 8 + i * 4, subAuthorities[i] as number, true)
}

/** A SID as content of a structure. It knows its own length. */
export const sid: Content<Sid> = {
  contentName: 'SID',
  check: (view, start, end, place) => checkSid(view, start, end, place.path),
  read: (view, start) => readSid(view, start),
  measure: sidSize,
  write: writeSid,
  extent: sidExtent,
  display: (value) => nameOfSid(value),
}

/** A SID that may be missing (null, no bytes). */
export const optionalSid: Content<Sid | null> = {
  ...sid,
  check: (view, start, end, place) => (start === end ? undefined : checkSid(view, start, end, place.path)),
  read: (view, start, end) => (start === end ? null : readSid(view, start)),
  measure: (value) => (value === null ? 0 : sidSize(value)),
  write: (view, start, value) => (value === null ? undefined : writeSid(view, start, value)),
  display: (value) => (value === null ? 'none' : nameOfSid(value)),
}

/** @throws WireError */
export function decodeSid(bytes: Uint8Array): Sid {
  const view = viewOf(bytes)
  checkSid(view, 0, bytes.length)
  return readSid(view, 0)
}

/** @throws TypeError for text that is not a SID */
export function encodeSid(value: Sid): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(sidSize(value))
  writeSid(new DataView(out.buffer), 0, value)
  return out
}

const names = new Map<Sid, string>(Object.entries(WellKnownSid).map(([name, value]) => [value, name]))

/** The SID for people, with its name where it is well known. */
export function nameOfSid(value: Sid): string {
  const name = names.get(value)
  return name === undefined ? value : `${value} (${name})`
}
