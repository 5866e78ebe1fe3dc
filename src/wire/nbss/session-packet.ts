import type { Content } from '../schema/content.ts'
import { type Infer, octets, struct, tail, u8, u16be } from '../schema/index.ts'
import type { Kind, Located } from '../schema/kind.ts'
import { checkName, displayName, measureName, type NetbiosName, readName, writeName } from './netbios-name.ts'

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

export interface SessionNames {
  /** Whom the caller wants: the server. */
  readonly called: NetbiosName
  readonly calling: NetbiosName
}

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
  display: ({ called, calling }) => `${displayName(calling)} calls ${displayName(called)}`,
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
