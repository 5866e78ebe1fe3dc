import { WireError } from '../../bytes/errors.ts'
import type { Content } from '../schema/content.ts'
import { bytes, type Infer, octets, optionalTail, struct, tail, u8, u16, u32 } from '../schema/index.ts'

/** First four bytes of an SMB1 message: 0xFF 'SMB'. */
export const SMB1_PROTOCOL_ID = 0x424d_53ff
/** Bytes of the SMB1 header. */
export const SMB1_HEADER_SIZE = 32

/** Of SMB1 no other command is understood. MS-CIFS 2.2.2.1. */
export const Smb1Command = { NEGOTIATE: 0x72 } as const

/** MS-CIFS 2.2.3.1. */
export const Smb1Flags = { CASE_INSENSITIVE: 0x08, CANONICALIZED_PATHS: 0x10, REPLY: 0x80 } as const

/** MS-CIFS 2.2.3.1, MS-SMB 2.2.3.1. */
export const Smb1Flags2 = {
  LONG_NAMES: 0x0001,
  EAS: 0x0002,
  SECURITY_SIGNATURE: 0x0004,
  SECURITY_SIGNATURE_REQUIRED: 0x0010,
  IS_LONG_NAME: 0x0040,
  EXTENDED_SECURITY: 0x0800,
  DFS: 0x1000,
  NT_STATUS: 0x4000,
  UNICODE: 0x8000,
} as const

/** Dialect strings that lead from SMB1 to SMB2. MS-SMB2 3.3.5.3. */
export const Smb1Dialect = { SMB_2_002: 'SMB 2.002', SMB_2_WILDCARD: 'SMB 2.???' } as const

/** The answer to a negotiation with no dialect in common. MS-CIFS 2.2.4.52.2. */
export const NO_DIALECT_IN_COMMON = 0xffff

/** MS-CIFS 2.2.3.1. */
export const Smb1Header = struct('SMB1 header', 'MS-CIFS 2.2.3.1', {
  protocolId: u32.hex.fixed(SMB1_PROTOCOL_ID),
  command: u8.hex,
  status: u32.hex.or(0),
  flags: u8.flags(Smb1Flags),
  flags2: u16.flags(Smb1Flags2),
  pidHigh: u16.or(0),
  securityFeatures: octets(8),
  reserved: u16.reserved,
  tid: u16.or(0),
  pidLow: u16.or(0),
  uid: u16.or(0),
  mid: u16.or(0),
})
export type Smb1Header = Infer<typeof Smb1Header>

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
