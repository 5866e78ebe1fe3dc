import { WireError } from '../../bytes/errors.ts'
import type { Content } from '../schema/content.ts'
import {
  bytes,
  filetime,
  guid,
  type Infer,
  i16,
  type Kind,
  optionalTail,
  struct,
  tail,
  u8,
  u16,
  u32,
} from '../schema/index.ts'
import { byText, type InferText } from './text.ts'

/** The newest dialect of SMB1 (MS-SMB 2.2.4.5.1), and those that lead to SMB2 (MS-SMB2 3.3.5.3). */
export const Smb1Dialect = { NT_LM: 'NT LM 0.12', SMB_2_002: 'SMB 2.002', SMB_2_WILDCARD: 'SMB 2.???' } as const

/** The answer to a negotiation with no dialect in common. MS-CIFS 2.2.4.52.2. */
export const NO_DIALECT_IN_COMMON = 0xffff

const DIALECT_FORMAT = 0x02
const MAX_DIALECTS = 256

/** Dialect strings: each a format byte of 2, then ASCII text ended by a zero. */
const dialectList: Content<string[], readonly string[]> = {
  contentName: 'dialects',
  check(view, start, end, place) {
    let count = 0
    for (let at = start; at < end; at++) {
      if (view.getUint8(at) !== DIALECT_FORMAT)
        throw new WireError(place.path, at, place.spec, 'dialect does not begin with format 2')
      if (++count > MAX_DIALECTS) throw new WireError(place.path, at, place.spec, `more than ${MAX_DIALECTS} dialects`)
      do at++
      while (at < end && view.getUint8(at) !== 0)
      if (at >= end) throw new WireError(place.path, end, place.spec, 'dialect without a terminating zero')
    }
  },
  read(view, start, end) {
    const dialects: string[] = []
    for (let at = start + 1; at < end; at += 2) {
      let text = ''
      for (let byte = view.getUint8(at); byte !== 0; byte = view.getUint8(++at)) text += String.fromCharCode(byte)
      dialects.push(text)
    }
    return dialects
  },
  measure: (dialects) => dialects.reduce((total, dialect) => total + dialect.length + 2, 0),
  write(view, start, dialects) {
    let at = start
    for (const dialect of dialects) {
      view.setUint8(at++, DIALECT_FORMAT)
      for (let i = 0; i < dialect.length; i++) view.setUint8(at++, dialect.charCodeAt(i) & 0x7f)
      view.setUint8(at++, 0)
    }
  },
  display: (dialects) => dialects.map((dialect) => JSON.stringify(dialect)).join(', '),
}

/** The body of SMB_COM_NEGOTIATE. MS-CIFS 2.2.4.52.1. */
export const Smb1NegotiateRequest = struct('SMB1 NEGOTIATE Request', 'MS-CIFS 2.2.4.52.1', {
  wordCount: u8.fixed(0),
  byteCount: u16.lengthOf('dialects'),
  dialects: tail(dialectList),
})
export type Smb1NegotiateRequest = Infer<typeof Smb1NegotiateRequest>

/** The answer that names no dialect: there is none in common. MS-CIFS 2.2.4.52.2. */
export const Smb1NegotiateRefusal = struct('SMB1 NEGOTIATE Response', 'MS-CIFS 2.2.4.52.2', {
  wordCount: u8.fixed(1),
  dialectIndex: u16.hex.or(NO_DIALECT_IN_COMMON),
  byteCount: u16.lengthOf('data'),
  data: optionalTail(bytes, new Uint8Array(0)),
})
export type Smb1NegotiateRefusal = Infer<typeof Smb1NegotiateRefusal>

/** Bits of SecurityMode. MS-CIFS 2.2.4.52.2. */
export const Smb1SecurityMode = {
  /** Users log on, and not a share's password lets somebody in. */
  USER_SECURITY: 0x01,
  /** Passwords are proven by challenge and response, not sent. */
  ENCRYPT_PASSWORDS: 0x02,
  SECURITY_SIGNATURES_ENABLED: 0x04,
  SECURITY_SIGNATURES_REQUIRED: 0x08,
} as const

/** CAP_*. MS-CIFS 2.2.4.52.2, MS-SMB 2.2.4.5.2. */
export const Smb1Capabilities = {
  RAW_MODE: 0x0000_0001,
  MPX_MODE: 0x0000_0002,
  UNICODE: 0x0000_0004,
  LARGE_FILES: 0x0000_0008,
  NT_SMBS: 0x0000_0010,
  RPC_REMOTE_APIS: 0x0000_0020,
  NT_STATUS: 0x0000_0040,
  LEVEL_II_OPLOCKS: 0x0000_0080,
  LOCK_AND_READ: 0x0000_0100,
  NT_FIND: 0x0000_0200,
  DFS: 0x0000_1000,
  INFOLEVEL_PASSTHRU: 0x0000_2000,
  LARGE_READX: 0x0000_4000,
  LARGE_WRITEX: 0x0000_8000,
  LWIO: 0x0001_0000,
  UNIX: 0x0080_0000,
  COMPRESSED_DATA: 0x0200_0000,
  DYNAMIC_REAUTH: 0x2000_0000,
  PERSISTENT_HANDLES: 0x4000_0000,
  EXTENDED_SECURITY: 0x8000_0000,
} as const

const negotiated = <N extends boolean>(challengeLength: Kind<number, N>) => ({
  wordCount: u8.fixed(17),
  dialectIndex: u16,
  securityMode: u8.flags(Smb1SecurityMode),
  maxMpxCount: u16,
  maxNumberVcs: u16.or(1),
  maxBufferSize: u32,
  maxRawSize: u32,
  sessionKey: u32.hex.or(0),
  capabilities: u32.flags(Smb1Capabilities),
  systemTime: filetime,
  /** Minutes west of Greenwich. */
  serverTimeZone: i16,
  challengeLength,
  byteCount: u16.lengthOfRest,
})

/** The answer that lets clients log on with challenge and response. MS-CIFS 2.2.4.52.2. */
export const Smb1NegotiateResponse = byText((text) =>
  struct('SMB1 NEGOTIATE Response', 'MS-CIFS 2.2.4.52.2', {
    ...negotiated(u8.lengthOf('challenge')),
    challenge: tail(bytes),
    domainName: text.packed,
    serverName: text.packed,
  }),
)
export type Smb1NegotiateResponse = InferText<typeof Smb1NegotiateResponse>

/** The answer with extended security. MS-SMB 2.2.4.5.2.1. */
export const Smb1NegotiateExtendedResponse = struct('SMB1 NEGOTIATE extended Response', 'MS-SMB 2.2.4.5.2.1', {
  ...negotiated(u8.reserved),
  serverGuid: guid,
  securityBlob: tail(bytes),
})
export type Smb1NegotiateExtendedResponse = Infer<typeof Smb1NegotiateExtendedResponse>
