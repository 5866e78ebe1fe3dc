import { WireError } from '../../bytes/errors.ts'
import type { Content, Place } from '../schema/content.ts'
import { type Infer, octets, struct, tail, u8, u16be } from '../schema/index.ts'
import type { Kind, Located } from '../schema/kind.ts'

/** RFC 1002 4.3.1. */
export const SessionPacketType = {
  SESSION_MESSAGE: 0x00,
  SESSION_REQUEST: 0x81,
  POSITIVE_SESSION_RESPONSE: 0x82,
  NEGATIVE_SESSION_RESPONSE: 0x83,
  RETARGET_SESSION_RESPONSE: 0x84,
  SESSION_KEEP_ALIVE: 0x85,
} as const
export type SessionPacketType = (typeof SessionPacketType)[keyof typeof SessionPacketType]

/** RFC 1002 4.3.4. */
export const SessionError = {
  NOT_LISTENING_ON_CALLED_NAME: 0x80,
  NOT_LISTENING_FOR_CALLING_NAME: 0x81,
  CALLED_NAME_NOT_PRESENT: 0x82,
  INSUFFICIENT_RESOURCES: 0x83,
  UNSPECIFIED: 0x8f,
} as const
export type SessionError = (typeof SessionError)[keyof typeof SessionError]

/** Bytes of the header of a session packet. */
export const SESSION_PACKET_HEADER_SIZE = 4
/** Longest message over NetBIOS, whose length has 17 bits (RFC 1002 4.3.1), in bytes. */
export const MAX_NETBIOS_MESSAGE_BYTES = 0x1_ffff
/** Longest message over direct TCP, whose length has 24 bits (MS-SMB2 2.1), in bytes. */
export const MAX_DIRECT_MESSAGE_BYTES = 0xff_ffff

const readU24be = (view: DataView, at: number): number => (view.getUint8(at) << 16) | view.getUint16(at + 1, false)

const u24be: Kind<number, true> = {
  kindName: 'u24be',
  size: 3,
  needed: true,
  getter: (offset) =>
    function (this: Located) {
      return readU24be(this.view, this.base + offset)
    },
  read: readU24be,
  write(view, at, value) {
    view.setUint8(at, value >>> 16)
    view.setUint16(at + 1, value & 0xffff, false)
  },
  display: String,
}

/**
 * What stands before each message on a TCP connection. MS-SMB2 2.1, RFC 1002 4.3.1. On port 445 `type` is zero and
 * the length has 24 bits. On port 139 the upper seven of them are flags that must be zero: the length has 17 bits.
 */
export const SessionPacketHeader = struct('NetBIOS session packet', 'RFC 1002 4.3.1', {
  type: u8.oneOf(SessionPacketType).or(SessionPacketType.SESSION_MESSAGE),
  length: u24be,
})
export type SessionPacketHeader = Infer<typeof SessionPacketHeader>

/** A NetBIOS name: up to 15 characters of Latin-1 without the blanks that fill it up, and its service. */
export interface NetbiosName {
  readonly name: string
  /** The sixteenth byte: 0x20 is a file server, 0x00 a workstation. */
  readonly suffix: number
  /** Labels of the scope, joined by dots; usually ''. */
  readonly scope: string
}

const NAME_BYTES = 16
const NAME_LABEL_BYTES = NAME_BYTES * 2
const LETTER_A = 0x41
const BLANK = 0x20
/** RFC 1002 4.1: labels of up to 63 bytes, 255 bytes in all. */
const MAX_LABEL_BYTES = 63
const MAX_ENCODED_NAME_BYTES = 255

/** One past the end of the name at `at`. */
function checkName(view: DataView, at: number, end: number, place: Place): number {
  const bad = (offset: number, problem: string): WireError => new WireError(place.path, offset, place.spec, problem)
  if (at + NAME_LABEL_BYTES + 2 > end) throw bad(at, 'name is cut off')
  if (view.getUint8(at) !== NAME_LABEL_BYTES) throw bad(at, 'name does not begin with a label of 32 bytes')
  for (let i = 1; i <= NAME_LABEL_BYTES; i++) {
    const half = view.getUint8(at + i) - LETTER_A
    if (half < 0 || half > 15) throw bad(at + i, 'not a letter from A to P')
  }
  for (let label = at + 1 + NAME_LABEL_BYTES; label < end; ) {
    const length = view.getUint8(label)
    if (length === 0) return label + 1
    if (length > MAX_LABEL_BYTES || label + length - at >= MAX_ENCODED_NAME_BYTES) throw bad(label, 'label is too long')
    label += length + 1
  }
  throw bad(at, 'name is cut off')
}

function readName(view: DataView, at: number): { readonly value: NetbiosName; readonly end: number } {
  let name = ''
  for (let i = 0; i < NAME_BYTES - 1; i++) name += String.fromCharCode(readHalves(view, at + 1 + i * 2))
  const suffix = readHalves(view, at + 1 + (NAME_BYTES - 1) * 2)
  const labels: string[] = []
  let label = at + 1 + NAME_LABEL_BYTES
  for (let length = view.getUint8(label); length !== 0; length = view.getUint8(label)) {
    let text = ''
    for (let i = 1; i <= length; i++) text += String.fromCharCode(view.getUint8(label + i))
    labels.push(text)
    label += length + 1
  }
  return { value: { name: name.replace(/ +$/, ''), suffix, scope: labels.join('.') }, end: label + 1 }
}

/** Each byte is two letters, high half first: A is 0, P is 15. */
const readHalves = (view: DataView, at: number): number =>
  ((view.getUint8(at) - LETTER_A) << 4) | (view.getUint8(at + 1) - LETTER_A)

const measureName = (name: NetbiosName): number =>
  1 + NAME_LABEL_BYTES + (name.scope === '' ? 0 : name.scope.length + 1) + 1

function writeName(view: DataView, at: number, { name, suffix, scope }: NetbiosName): number {
  if (name.length >= NAME_BYTES) throw new RangeError(`NetBIOS name of more than 15 characters: ${name}`)
  view.setUint8(at, NAME_LABEL_BYTES)
  for (let i = 0; i < NAME_BYTES; i++) {
    const letter = i < name.length ? name.charCodeAt(i) : BLANK
    const byte = i === NAME_BYTES - 1 ? suffix : letter
    view.setUint8(at + 1 + i * 2, LETTER_A + ((byte >>> 4) & 0xf))
    view.setUint8(at + 2 + i * 2, LETTER_A + (byte & 0xf))
  }
  let end = at + 1 + NAME_LABEL_BYTES
  for (const label of scope === '' ? [] : scope.split('.')) {
    if (label.length === 0 || label.length > MAX_LABEL_BYTES) throw new RangeError(`not a NetBIOS scope: ${scope}`)
    view.setUint8(end++, label.length)
    for (let i = 0; i < label.length; i++) view.setUint8(end++, label.charCodeAt(i) & 0xff)
  }
  view.setUint8(end, 0)
  return end + 1
}

export interface SessionNames {
  /** Whom the caller wants: the server. */
  readonly called: NetbiosName
  readonly calling: NetbiosName
}

const shown = ({ name, suffix, scope }: NetbiosName): string =>
  `${name}<${suffix.toString(16).padStart(2, '0')}>${scope === '' ? '' : `.${scope}`}`

const sessionNames: Content<SessionNames> = {
  contentName: 'two NetBIOS names',
  check(view, start, end, place) {
    checkName(view, checkName(view, start, end, place), end, place)
  },
  read(view, start) {
    const called = readName(view, start)
    return { called: called.value, calling: readName(view, called.end).value }
  },
  measure: ({ called, calling }) => measureName(called) + measureName(calling),
  write(view, start, { called, calling }) {
    writeName(view, writeName(view, start, called), calling)
  },
  display: ({ called, calling }) => `${shown(calling)} calls ${shown(called)}`,
}

/** The body of a session request. RFC 1002 4.3.2. */
export const SessionRequest = struct('NetBIOS session request', 'RFC 1002 4.3.2', { names: tail(sessionNames) })
export type SessionRequest = Infer<typeof SessionRequest>

/** The body of a negative session response. RFC 1002 4.3.4. */
export const NegativeSessionResponse = struct('NetBIOS negative session response', 'RFC 1002 4.3.4', {
  errorCode: u8.oneOf(SessionError),
})
export type NegativeSessionResponse = Infer<typeof NegativeSessionResponse>

/** The body of a retarget response: where to call instead. RFC 1002 4.3.5. */
export const RetargetSessionResponse = struct('NetBIOS session retarget response', 'RFC 1002 4.3.5', {
  address: octets(4),
  port: u16be,
})
export type RetargetSessionResponse = Infer<typeof RetargetSessionResponse>
