import { netbiosName } from '../nbss/netbios-name.ts'
import { bytes, type Infer, octets, optionalTail, struct, tail, u16be, u32be } from '../schema/index.ts'

/** UDP port of the name service. RFC 1002 6. */
export const NAME_SERVICE_PORT = 137

/** The parts of a packet's flags. RFC 1002 4.2.1.1. */
export const NameServiceFlags = {
  RESPONSE: 0x8000,
  OPCODE_MASK: 0x7800,
  AUTHORITATIVE: 0x0400,
  TRUNCATED: 0x0200,
  RECURSION_DESIRED: 0x0100,
  RECURSION_AVAILABLE: 0x0080,
  BROADCAST: 0x0010,
  RESULT_MASK: 0x000f,
} as const

/** RFC 1002 4.2.1.1, in place. */
export const NameServiceOpcode = {
  QUERY: 0,
  REGISTRATION: 0x2800,
  RELEASE: 0x3000,
  WAIT: 0x3800,
  REFRESH: 0x4000,
} as const

/** RFC 1002 4.2.1.3. */
export const NameRecordType = { A: 0x0001, NS: 0x0002, NULL: 0x000a, NB: 0x0020, NBSTAT: 0x0021 } as const
export type NameRecordType = (typeof NameRecordType)[keyof typeof NameRecordType]

/** Internet. RFC 1002 4.2.1.2. */
export const NAME_CLASS = 1

const header = {
  transactionId: u16be,
  flags: u16be.flags(NameServiceFlags).or(0),
  questionCount: u16be.or(0),
  answerCount: u16be.or(0),
  authorityCount: u16be.or(0),
  additionalCount: u16be.or(0),
} as const

/** What every packet begins with. RFC 1002 4.2.1.1. */
export const NameServiceHeader = struct('NetBIOS name service header', 'RFC 1002 4.2.1.1', header)
export type NameServiceHeader = Infer<typeof NameServiceHeader>

/** A packet with one question: a query, or a registration with its record behind. RFC 1002 4.2.2, 4.2.12, 4.2.17. */
export const NameQuestionPacket = struct('NetBIOS name request', 'RFC 1002 4.2.12', {
  ...header,
  name: netbiosName,
  type: u16be.oneOf(NameRecordType),
  class: u16be.or(NAME_CLASS),
  additional: optionalTail(bytes, new Uint8Array(0)),
})
export type NameQuestionPacket = Infer<typeof NameQuestionPacket>

/** A packet with one answer. RFC 1002 4.2.13, 4.2.14, 4.2.18. `timeToLive` in seconds. */
export const NameAnswerPacket = struct('NetBIOS name response', 'RFC 1002 4.2.13', {
  ...header,
  name: netbiosName,
  type: u16be.oneOf(NameRecordType),
  class: u16be.or(NAME_CLASS),
  timeToLive: u32be.or(0),
  dataLength: u16be.lengthOf('data'),
  data: tail(bytes, { from: 'fixedEnd' }),
})
export type NameAnswerPacket = Infer<typeof NameAnswerPacket>

/** Where a name is: data of an answer of type NB. RFC 1002 4.2.13. */
export const NameAddress = struct('NetBIOS name address', 'RFC 1002 4.2.13', {
  /** 0x8000: the name of a group. */
  nameFlags: u16be.hex.or(0),
  address: octets(4),
})
export type NameAddress = Infer<typeof NameAddress>
