/**
 * Security descriptors as text (MS-DTYP 2.5.1). Conditions and resource attributes are written and read as the bytes
 * that they are on the wire, `#` and hexadecimal digits, and so is what follows the header of an entry of a type that
 * SDDL has no name for: `(0x4;;#00…)`.
 */
import { SmbError } from '../../bytes/errors.ts'
import type { Guid } from '../../bytes/guid.ts'
import { fromHex, hex, hexNumber } from '../../bytes/hex.ts'
import { type Ace, AceType, aceKind } from './ace.ts'
import { type Acl, AclRevision, aclOf } from './acl.ts'
import {
  SDDL_ACE_FLAGS,
  SDDL_ACE_TYPES,
  SDDL_DOMAIN_RIDS,
  SDDL_FILE_RIGHTS,
  SDDL_LABEL_RIGHTS,
  SDDL_OTHER_RIGHTS,
  SDDL_SIDS,
  SDDL_STANDARD_RIGHTS,
} from './sddl-names.ts'
import { SecurityControl, type SecurityDescriptor } from './security-descriptor.ts'
import { isSid, type Sid } from './sid.ts'

type Names = Readonly<Record<string, number>>

const sidNames = new Map<Sid, string>(Object.entries(SDDL_SIDS).map(([name, sid]) => [sid, name]))
const aceTypeNames = new Map<number, string>(Object.entries(SDDL_ACE_TYPES).map(([name, type]) => [type, name]))
const fileRightNames = new Map<number, string>(Object.entries(SDDL_FILE_RIGHTS).map(([name, mask]) => [mask, name]))

/** How lists may be marked: the word before the entries, and the control bits of each list. */
const LISTS = {
  D: {
    present: SecurityControl.DACL_PRESENT,
    P: SecurityControl.DACL_PROTECTED,
    AR: SecurityControl.DACL_AUTO_INHERIT_REQ,
    AI: SecurityControl.DACL_AUTO_INHERITED,
  },
  S: {
    present: SecurityControl.SACL_PRESENT,
    P: SecurityControl.SACL_PROTECTED,
    AR: SecurityControl.SACL_AUTO_INHERIT_REQ,
    AI: SecurityControl.SACL_AUTO_INHERITED,
  },
} as const
const NO_LIST = 'NO_ACCESS_CONTROL'

/** Names of the bits in a mask, or undefined where they do not make up all of it. */
function bitNames(names: Names, mask: number): string | undefined {
  let rest = mask
  let text = ''
  for (const [name, bit] of Object.entries(names)) {
    if ((rest & bit) === 0) continue
    text += name
    rest = (rest & ~bit) >>> 0
  }
  return rest === 0 ? text : undefined
}

function formatMask(type: number, mask: number): string {
  if (mask === 0) return ''
  const names = type === AceType.SYSTEM_MANDATORY_LABEL ? SDDL_LABEL_RIGHTS : SDDL_STANDARD_RIGHTS
  const whole = type === AceType.SYSTEM_MANDATORY_LABEL ? undefined : fileRightNames.get(mask)
  return whole ?? bitNames(names, mask) ?? hexNumber(mask)
}

const formatSid = (sid: Sid): string => sidNames.get(sid) ?? sid

function formatAce(ace: Ace): string {
  const type = aceTypeNames.get(ace.type) ?? hexNumber(ace.type)
  const flags = bitNames(SDDL_ACE_FLAGS, ace.flags) ?? hexNumber(ace.flags)
  if (ace.kind === 'unknown') return `(${type};${flags};#${hex(ace.body)})`
  const guids = ace.kind === 'object' ? `${ace.objectType ?? ''};${ace.inheritedObjectType ?? ''}` : ';'
  const data = ace.applicationData === undefined ? '' : `;#${hex(ace.applicationData)}`
  return `(${type};${flags};${formatMask(ace.type, ace.mask)};${guids};${formatSid(ace.sid)}${data})`
}

function formatList(letter: 'D' | 'S', control: number, list: Acl | null | undefined): string {
  if (list === undefined) return ''
  const { P, AR, AI } = LISTS[letter]
  const marks = `${control & P ? 'P' : ''}${control & AR ? 'AR' : ''}${control & AI ? 'AI' : ''}`
  return `${letter}:${marks}${list === null ? NO_LIST : list.aces.map(formatAce).join('')}`
}

/** The descriptor in SDDL. */
export function formatSddl({ control, owner, group, dacl, sacl }: SecurityDescriptor): string {
  const ownerText = owner === undefined ? '' : `O:${formatSid(owner)}`
  const groupText = group === undefined ? '' : `G:${formatSid(group)}`
  return ownerText + groupText + formatList('D', control, dacl) + formatList('S', control, sacl)
}

/** Text that is not SDDL. */
export class SddlError extends SmbError {
  /** Where, in UTF-16 units from the start of the text. */
  readonly position: number
  constructor(position: number, problem: string) {
    super('SDDL', `at ${position}: ${problem}`)
    this.position = position
  }
}

export interface SddlOptions {
  /** What the names of a domain's groups (`DA`, `DU` …) belong to. Without it they are refused. */
  readonly domainSid?: Sid
}

interface Reader {
  readonly text: string
  readonly domainSid: Sid | undefined
  at: number
}

const failAt = (reader: Reader, problem: string): SddlError => new SddlError(reader.at, problem)

function sidOf(reader: Reader, text: string): Sid {
  const known = SDDL_SIDS[text.toUpperCase()]
  if (known !== undefined) return known
  const rid = SDDL_DOMAIN_RIDS[text.toUpperCase()]
  if (rid !== undefined) {
    if (reader.domainSid === undefined) throw failAt(reader, `${text} is of a domain, and no domain is given`)
    return `${reader.domainSid}-${rid}`
  }
  if (!isSid(text)) throw failAt(reader, `"${text}" is not a SID`)
  return text
}

function readSidText(reader: Reader): Sid {
  const match = /^(?:S-1(?:-(?:0x[0-9a-f]{1,12}|\d+))+|[A-Z]{2})/i.exec(reader.text.slice(reader.at, reader.at + 256))
  if (match === null) throw failAt(reader, 'a SID is missing')
  const sid = sidOf(reader, match[0])
  reader.at += match[0].length
  return sid
}

/** A number, or names one after the other. */
function bitsOf(reader: Reader, text: string, names: Names, what: string): number {
  if (/^0x[0-9a-f]{1,8}$/i.test(text) || /^\d{1,10}$/.test(text)) {
    const value = Number(text)
    if (value > 0xffff_ffff) throw failAt(reader, `${text} is too large`)
    return value
  }
  let bits = 0
  for (let at = 0; at < text.length; at += 2) {
    const bit = names[text.slice(at, at + 2).toUpperCase()]
    if (bit === undefined) throw failAt(reader, `"${text.slice(at, at + 2)}" is no ${what}`)
    bits |= bit
  }
  return bits >>> 0
}

const ALL_RIGHTS: Names = { ...SDDL_FILE_RIGHTS, ...SDDL_STANDARD_RIGHTS, ...SDDL_OTHER_RIGHTS }

function bytesIn(reader: Reader, text: string): Uint8Array {
  if (!/^#(?:[0-9a-f]{2})*$/i.test(text)) throw failAt(reader, `"${text}" is not # and hexadecimal digits`)
  return fromHex(text.slice(1))
}

function guidOf(reader: Reader, text: string): Guid | undefined {
  if (text === '') return undefined
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw failAt(reader, `"${text}" is not a GUID`)
  return text.toLowerCase()
}

function readAce(reader: Reader): Ace {
  const close = reader.text.indexOf(')', reader.at)
  if (close < 0) throw failAt(reader, 'an entry is not closed')
  const parts = reader.text.slice(reader.at + 1, close).split(';')
  const [typeName = '', flagText = ''] = parts
  const type = SDDL_ACE_TYPES[typeName.toUpperCase()] ?? bitsOf(reader, typeName, {}, 'type of an entry')
  if (type > 0xff) throw failAt(reader, `type ${typeName} is too large`)
  const flags = bitsOf(reader, flagText, SDDL_ACE_FLAGS, 'flag of an entry')
  if (flags > 0xff) throw failAt(reader, `flags ${flagText} are too large`)
  const kind = aceKind(type)
  if (kind === 'unknown') {
    if (parts.length !== 3) throw failAt(reader, 'an entry of this type has three parts')
    const body = bytesIn(reader, parts[2] as string)
    reader.at = close + 1
    return { kind, type, flags, body }
  }
  if (parts.length !== 6 && parts.length !== 7) throw failAt(reader, `an entry has 6 or 7 parts, not ${parts.length}`)
  const [rights, object, inherited, trustee] = parts.slice(2) as [string, string, string, string]
  const names = type === AceType.SYSTEM_MANDATORY_LABEL ? SDDL_LABEL_RIGHTS : ALL_RIGHTS
  const mask = bitsOf(reader, rights, names, 'right')
  const sid = sidOf(reader, trustee)
  const data = parts[6] === undefined ? undefined : bytesIn(reader, parts[6])
  const common = { type, flags, mask, sid, ...(data !== undefined && { applicationData: data }) }
  const objectType = guidOf(reader, object)
  const inheritedObjectType = guidOf(reader, inherited)
  if (kind === 'basic' && (objectType ?? inheritedObjectType) !== undefined)
    throw failAt(reader, `an entry of type ${typeName} has no GUIDs`)
  reader.at = close + 1
  if (kind === 'basic') return { kind, ...common }
  return { kind, ...common, ...(objectType && { objectType }), ...(inheritedObjectType && { inheritedObjectType }) }
}

/** Marks and entries; gives the control bits and the list. */
function readList(reader: Reader, letter: 'D' | 'S'): { control: number; list: Acl | null } {
  const bits = LISTS[letter]
  let control: number = bits.present
  for (;;) {
    const rest = reader.text.slice(reader.at, reader.at + NO_LIST.length).toUpperCase()
    if (rest === NO_LIST) {
      reader.at += NO_LIST.length
      return { control, list: null }
    }
    const mark = (['AR', 'AI', 'P'] as const).find((name) => rest.startsWith(name))
    if (mark === undefined) break
    control |= bits[mark]
    reader.at += mark.length
  }
  const aces: Ace[] = []
  while (reader.text[reader.at] === '(') aces.push(readAce(reader))
  return { control, list: aces.length === 0 ? { revision: AclRevision.ACL_REVISION, aces } : aclOf(aces) }
}

/**
 * Reads SDDL. White space is allowed between its parts.
 * @throws SddlError
 */
export function parseSddl(text: string, { domainSid }: SddlOptions = {}): SecurityDescriptor {
  const reader: Reader = { text: text.replace(/\s+/g, ''), domainSid, at: 0 }
  let found: SecurityDescriptor = { control: SecurityControl.SELF_RELATIVE }
  while (reader.at < reader.text.length) {
    const letter = (reader.text[reader.at] as string).toUpperCase()
    if (reader.text[reader.at + 1] !== ':') throw failAt(reader, 'O:, G:, D: or S: is missing')
    reader.at += 2
    if (letter === 'O' && found.owner === undefined) found = { ...found, owner: readSidText(reader) }
    else if (letter === 'G' && found.group === undefined) found = { ...found, group: readSidText(reader) }
    else if (letter === 'D' && found.dacl === undefined) {
      const { control, list } = readList(reader, letter)
      found = { ...found, control: found.control | control, dacl: list }
    } else if (letter === 'S' && found.sacl === undefined) {
      const { control, list } = readList(reader, letter)
      found = { ...found, control: found.control | control, sacl: list }
    } else throw new SddlError(reader.at - 2, `"${letter}:" is unknown, or is there twice`)
  }
  return found
}
