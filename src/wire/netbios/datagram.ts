import { netbiosName } from '../nbss/netbios-name.ts'
import { bytes, type Infer, octets, struct, tail, u8, u16, u16be, u32 } from '../schema/index.ts'
import { Smb1Header } from '../smb1/header.ts'
import { oemString } from '../smb1/text.ts'

/** UDP port of the datagram service. RFC 1002 6. */
export const DATAGRAM_SERVICE_PORT = 138

/** RFC 1002 4.4.1. */
export const DatagramType = {
  DIRECT_UNIQUE: 0x10,
  DIRECT_GROUP: 0x11,
  BROADCAST: 0x12,
  ERROR: 0x13,
  QUERY_REQUEST: 0x14,
  POSITIVE_QUERY_RESPONSE: 0x15,
  NEGATIVE_QUERY_RESPONSE: 0x16,
} as const
export type DatagramType = (typeof DatagramType)[keyof typeof DatagramType]

/** Nothing follows, and it comes from a node that sends broadcasts. RFC 1002 4.4.1. */
export const DATAGRAM_FIRST_FROM_B_NODE = 0x02

/** Bytes of a datagram's header before its names. */
export const DATAGRAM_HEADER_SIZE = 14

/** Bytes of two names without scopes: what `datagramLength` counts beside the data. */
export const DATAGRAM_NAMES_SIZE = 68

/** A datagram to a name. RFC 1002 4.4.2. */
export const DirectDatagram = struct('NetBIOS datagram', 'RFC 1002 4.4.2', {
  messageType: u8.oneOf(DatagramType),
  flags: u8.hex.or(DATAGRAM_FIRST_FROM_B_NODE),
  datagramId: u16be,
  sourceAddress: octets(4),
  sourcePort: u16be.or(DATAGRAM_SERVICE_PORT),
  /** Bytes of names and data. */
  datagramLength: u16be,
  packetOffset: u16be.or(0),
  sourceName: netbiosName,
  destinationName: netbiosName,
  userData: tail(bytes, { from: 'fixedEnd' }),
})
export type DirectDatagram = Infer<typeof DirectDatagram>

/** Setup words of a mailslot write. MS-MAIL 2.2.1. */
const MAILSLOT_WRITE = 1
const UNRELIABLE = 2

/** A message to a mailslot, in the data of a datagram: a TRANSACTION of SMB1. MS-MAIL 2.2.1. */
export const MailslotWrite = struct('Mailslot write', 'MS-MAIL 2.2.1', {
  header: Smb1Header,
  wordCount: u8.fixed(17),
  totalParameterCount: u16.or(0),
  totalDataCount: u16.lengthOf('data'),
  maxParameterCount: u16.or(0),
  maxDataCount: u16.or(0),
  maxSetupCount: u8.or(0),
  reserved1: u8.reserved,
  flags: u16.hex.or(0),
  timeout: u32.or(0),
  reserved2: u16.reserved,
  parameterCount: u16.or(0),
  parameterOffset: u16.or(0),
  dataCount: u16.lengthOf('data'),
  dataOffset: u16.offsetOf('data'),
  setupCount: u8.fixed(3),
  reserved3: u8.reserved,
  mailslotOpcode: u16.fixed(MAILSLOT_WRITE),
  priority: u16.or(0),
  class: u16.or(UNRELIABLE),
  byteCount: u16.lengthOfRest,
  /** `\\MAILSLOT\\BROWSE` for announcements. */
  mailslotName: tail(oemString, { from: 'fixedEnd' }),
  data: tail(bytes),
})
export type MailslotWrite = Infer<typeof MailslotWrite>
