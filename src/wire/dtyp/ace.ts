import { WireError } from '../../bytes/errors.ts'
import { type Guid, NULL_GUID, readGuid, writeGuid } from '../../bytes/guid.ts'
import { hex, hexNumber } from '../../bytes/hex.ts'
import { bytesOf } from '../../bytes/utf16.ts'
import {
  bytes,
  type Content,
  type FieldNode,
  flagNames,
  optionalTail,
  struct,
  tail,
  u8,
  u16,
  u32,
} from '../schema/index.ts'
import { AccessMask } from './access-mask.ts'
import { nameOfSid, type Sid, sid } from './sid.ts'

/** Types of access control entries (MS-DTYP 2.4.4.1). */
export const AceType = {
  ACCESS_ALLOWED: 0x00,
  ACCESS_DENIED: 0x01,
  SYSTEM_AUDIT: 0x02,
  SYSTEM_ALARM: 0x03,
  ACCESS_ALLOWED_COMPOUND: 0x04,
  ACCESS_ALLOWED_OBJECT: 0x05,
  ACCESS_DENIED_OBJECT: 0x06,
  SYSTEM_AUDIT_OBJECT: 0x07,
  SYSTEM_ALARM_OBJECT: 0x08,
  ACCESS_ALLOWED_CALLBACK: 0x09,
  ACCESS_DENIED_CALLBACK: 0x0a,
  ACCESS_ALLOWED_CALLBACK_OBJECT: 0x0b,
  ACCESS_DENIED_CALLBACK_OBJECT: 0x0c,
  SYSTEM_AUDIT_CALLBACK: 0x0d,
  SYSTEM_ALARM_CALLBACK: 0x0e,
  SYSTEM_AUDIT_CALLBACK_OBJECT: 0x0f,
  SYSTEM_ALARM_CALLBACK_OBJECT: 0x10,
  SYSTEM_MANDATORY_LABEL: 0x11,
  SYSTEM_RESOURCE_ATTRIBUTE: 0x12,
  SYSTEM_SCOPED_POLICY_ID: 0x13,
} as const

/** Flags of an access control entry (MS-DTYP 2.4.4.1). */
export const AceFlags = {
  OBJECT_INHERIT: 0x01,
  CONTAINER_INHERIT: 0x02,
  NO_PROPAGATE_INHERIT: 0x04,
  INHERIT_ONLY: 0x08,
  INHERITED: 0x10,
  SUCCESSFUL_ACCESS: 0x40,
  FAILED_ACCESS: 0x80,
} as const

/** Which of the two GUIDs an object entry has (MS-DTYP 2.4.4.3). */
export const ObjectAceFlags = { OBJECT_TYPE_PRESENT: 1, INHERITED_OBJECT_TYPE_PRESENT: 2 } as const

/** An entry of a mask and a SID. `applicationData`: a callback's condition or a resource's attributes. */
export interface BasicAce {
  readonly kind: 'basic'
  readonly type: number
  readonly flags: number
  readonly mask: number
  readonly sid: Sid
  readonly applicationData?: Uint8Array
}

/** An entry about a kind of object or property of a directory service. */
export interface ObjectAce {
  readonly kind: 'object'
  readonly type: number
  readonly flags: number
  readonly mask: number
  readonly objectType?: Guid
  readonly inheritedObjectType?: Guid
  readonly sid: Sid
  readonly applicationData?: Uint8Array
}

/** An entry of a type that is not known: what follows its header. */
export interface UnknownAce {
  readonly kind: 'unknown'
  readonly type: number
  readonly flags: number
  readonly body: Uint8Array
}

export type Ace = BasicAce | ObjectAce | UnknownAce

const HEADER_BYTES = 4

/** MS-DTYP 2.4.4.1. */
export const AceHeader = struct('ACE_HEADER', '2.4.4.1', {
  type: u8.oneOf(AceType),
  flags: u8.flags(AceFlags),
  size: u16,
})

/** What follows the header of an entry without GUIDs: MS-DTYP 2.4.4.2, 2.4.4.4 to 2.4.4.7, 2.4.4.10 to 2.4.4.17. */
export const BasicAceBody = struct('ACCESS_ALLOWED_ACE', '2.4.4.2', {
  mask: u32.flags(AccessMask),
  sid: tail(sid),
  applicationData: optionalTail(bytes, new Uint8Array(0)),
})

/** A GUID that is there only if a flag says so. */
const optionalGuid: Content<Guid | null> = {
  contentName: 'guid',
  check(_view, start, end, place) {
    if (start !== end && end - start < 16) throw new WireError(place.path, start, place.spec, 'GUID is cut off')
  },
  read: (view, start, end) => (start === end ? null : readGuid(view, start)),
  measure: (value) => (value === null ? 0 : 16),
  write: (view, start, value) => writeGuid(view, start, value ?? NULL_GUID),
  extent: (_view, start, end) => Math.min(16, end - start),
  display: (value) => (value === null ? 'none' : `{${value}}`),
}

/** What follows the header of an entry with GUIDs: MS-DTYP 2.4.4.3, 2.4.4.8, 2.4.4.9, 2.4.4.14 and the like. */
export const ObjectAceBody = struct('ACCESS_ALLOWED_OBJECT_ACE', '2.4.4.3', {
  mask: u32.flags(AccessMask),
  objectFlags: u32.flags(ObjectAceFlags),
  objectType: optionalTail(optionalGuid, null, {
    when: (view, base) => (view.getUint32(base + 4, true) & ObjectAceFlags.OBJECT_TYPE_PRESENT) !== 0,
  }),
  inheritedObjectType: optionalTail(optionalGuid, null, {
    when: (view, base) => (view.getUint32(base + 4, true) & ObjectAceFlags.INHERITED_OBJECT_TYPE_PRESENT) !== 0,
  }),
  sid: tail(sid),
  applicationData: optionalTail(bytes, new Uint8Array(0)),
})

const OBJECT_TYPES: ReadonlySet<number> = new Set([
  AceType.ACCESS_ALLOWED_OBJECT,
  AceType.ACCESS_DENIED_OBJECT,
  AceType.SYSTEM_AUDIT_OBJECT,
  AceType.SYSTEM_ALARM_OBJECT,
  AceType.ACCESS_ALLOWED_CALLBACK_OBJECT,
  AceType.ACCESS_DENIED_CALLBACK_OBJECT,
  AceType.SYSTEM_AUDIT_CALLBACK_OBJECT,
  AceType.SYSTEM_ALARM_CALLBACK_OBJECT,
])

/** How the entry of a type is laid out. */
export function aceKind(type: number): Ace['kind'] {
  if (OBJECT_TYPES.has(type)) return 'object'
  // The compound entry is reserved: its layout is nowhere public.
  return type <= AceType.SYSTEM_SCOPED_POLICY_ID && type !== AceType.ACCESS_ALLOWED_COMPOUND ? 'basic' : 'unknown'
}

/** Checks the entry at `at` and gives its size. @throws WireError */
export function checkAce(view: DataView, at: number, end: number): number {
  AceHeader.check(view, at, end)
  const size = view.getUint16(at + 2, true)
  // MS-DTYP 2.4.4.1: AceSize is a multiple of 4; it counts the header.
  if (size < HEADER_BYTES || size % 4 !== 0 || at + size > end)
    throw new WireError('ACE_HEADER.size', at + 2, '2.4.4.1', `${size} bytes do not fit ${end - at}`)
  const kind = aceKind(view.getUint8(at))
  if (kind === 'basic') BasicAceBody.check(view, at + HEADER_BYTES, at + size)
  else if (kind === 'object') ObjectAceBody.check(view, at + HEADER_BYTES, at + size)
  return size
}

/** Reads an entry that `checkAce` has passed, into an object of its own. */
export function readAce(view: DataView, at: number): Ace {
  const header = AceHeader.read(view, at)
  const { type, flags } = header
  const start = at + HEADER_BYTES
  const end = at + header.size
  const kind = aceKind(type)
  if (kind === 'unknown') return { kind, type, flags, body: bytesOf(view, start, end).slice() }
  if (kind === 'basic') {
    const body = BasicAceBody.read(view, start, end)
    const data = body.applicationData
    const ace = { kind, type, flags, mask: body.mask, sid: body.sid }
    return data.length === 0 ? ace : { ...ace, applicationData: data.slice() }
  }
  const body = ObjectAceBody.read(view, start, end)
  const { objectType, inheritedObjectType, applicationData } = body
  return {
    kind,
    type,
    flags,
    mask: body.mask,
    ...(objectType !== null && { objectType }),
    ...(inheritedObjectType !== null && { inheritedObjectType }),
    sid: body.sid,
    ...(applicationData.length > 0 && { applicationData: applicationData.slice() }),
  }
}

function objectBody(ace: ObjectAce) {
  return {
    mask: ace.mask,
    objectFlags:
      (ace.objectType === undefined ? 0 : ObjectAceFlags.OBJECT_TYPE_PRESENT) |
      (ace.inheritedObjectType === undefined ? 0 : ObjectAceFlags.INHERITED_OBJECT_TYPE_PRESENT),
    objectType: ace.objectType ?? null,
    inheritedObjectType: ace.inheritedObjectType ?? null,
    sid: ace.sid,
    ...(ace.applicationData && { applicationData: ace.applicationData }),
  }
}

/** Bytes that `writeAce` writes: a multiple of 4. */
export function aceSize(ace: Ace): number {
  let body: number
  if (ace.kind === 'unknown') body = ace.body.length
  else if (ace.kind === 'basic') body = BasicAceBody.measure(ace)
  else body = ObjectAceBody.measure(objectBody(ace))
  return Math.ceil((HEADER_BYTES + body) / 4) * 4
}

/**
 * Writes an entry; returns its size.
 * @throws RangeError when it is larger than an entry can be (65,532 bytes)
 */
export function writeAce(view: DataView, at: number, ace: Ace): number {
  const size = aceSize(ace)
  if (size > 0xfffc) throw new RangeError(`an access control entry of ${size} bytes`)
  AceHeader.write(view, at, { type: ace.type, flags: ace.flags, size })
  const start = at + HEADER_BYTES
  let stop = start
  if (ace.kind === 'unknown') {
    bytesOf(view, start, start + ace.body.length).set(ace.body)
    stop += ace.body.length
  } else if (ace.kind === 'basic') stop = BasicAceBody.encodeInto(view, start, ace)
  else stop = ObjectAceBody.encodeInto(view, start, objectBody(ace))
  for (; stop < at + size; stop++) view.setUint8(stop, 0)
  return size
}

const nameOfType = new Map<number, string>(Object.entries(AceType).map(([name, type]) => [type, name]))

/** An entry in one line, for people. */
export function displayAce(ace: Ace): string {
  const type = nameOfType.get(ace.type) ?? `type ${hexNumber(ace.type, 2)}`
  const flags = ace.flags === 0 ? '' : ` [${flagNames(AceFlags, ace.flags)}]`
  if (ace.kind === 'unknown') return `${type}${flags} ${hex(ace.body, 32)}`
  return `${type}${flags} ${nameOfSid(ace.sid)} ${hexNumber(ace.mask, 8)}`
}

/** The entry as a tree; `checkAce` has passed it. */
export function dissectAce(view: DataView, at: number): FieldNode {
  const ace = readAce(view, at)
  const end = at + view.getUint16(at + 2, true)
  const children = AceHeader.dissect(view, at, at + HEADER_BYTES)
  if (ace.kind === 'basic') children.push(...BasicAceBody.dissect(view, at + HEADER_BYTES, end))
  else if (ace.kind === 'object') children.push(...ObjectAceBody.dissect(view, at + HEADER_BYTES, end))
  return { label: 'ACE', path: 'ACE', start: at, end, value: ace, display: displayAce(ace), spec: '2.4.4', children }
}
