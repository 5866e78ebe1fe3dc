import { contextTag, DerReader, der, derOid, type Element, readOid, Tag } from '../der/der.ts'

export const SPNEGO_OID = '1.3.6.1.5.5.2'

/** Mechanisms that peers name. MS-SPNG 1.9, RFC 4178 appendix. */
export const MechOid = {
  NTLMSSP: '1.3.6.1.4.1.311.2.2.10',
  NEGOEX: '1.3.6.1.4.1.311.2.2.30',
  KERBEROS: '1.2.840.113554.1.2.2',
  /** Kerberos with a slip of the encoder that Windows 2000 made, and all have kept. */
  MS_KERBEROS: '1.2.840.48018.1.2.2',
  KERBEROS_USER_TO_USER: '1.2.840.113554.1.2.2.3',
} as const

/** RFC 4178 4.2.2. */
export const NegState = { ACCEPT_COMPLETED: 0, ACCEPT_INCOMPLETE: 1, REJECT: 2, REQUEST_MIC: 3 } as const

/** Most mechanisms that are read from a list; Windows sends five. */
export const MAX_MECHANISMS = 32

/** What an initiator begins with, or an acceptor that speaks first (negTokenInit2). */
export interface NegTokenInit {
  readonly mechTypes: readonly string[]
  /** ContextFlags, the bit string's bytes without its first; deprecated and never sent. */
  readonly reqFlags?: Uint8Array
  readonly mechToken?: Uint8Array
  /** negHints.hintName of negTokenInit2. MS-SPNG 2.2.1. */
  readonly hintName?: string
  readonly mechListMic?: Uint8Array
}

/** A NegTokenInit that was read. */
export interface ReceivedNegTokenInit extends NegTokenInit {
  readonly kind: 'init'
  /** The MechTypeList exactly as it came: what mechListMIC protects. */
  readonly mechTypeList: Uint8Array
}

/** RFC 4178 4.2.2. */
export interface NegTokenResp {
  readonly negState?: number
  readonly supportedMech?: string
  readonly responseToken?: Uint8Array
  readonly mechListMic?: Uint8Array
}

export interface ReceivedNegTokenResp extends NegTokenResp {
  readonly kind: 'resp'
}

/** An initial GSS token of a mechanism that is not SPNEGO: the mechanism takes the token as it is. */
export interface MechanismToken {
  readonly kind: 'mechanism'
  readonly oid: string
}

/**
 * Reads a token: negTokenInit with or without its GSS frame, negTokenResp, or the frame of another mechanism. What it
 * gives lies in the memory of `token`. Elements that extend the sequences are passed over (RFC 4178 4.2).
 * @throws WireError
 */
export function decodeSpnego(token: Uint8Array): ReceivedNegTokenInit | ReceivedNegTokenResp | MechanismToken {
  const outer = new DerReader(token, 'SPNEGO')
  const choice = outer.next()
  outer.finish()
  if (choice.tag === Tag.APPLICATION_0) {
    const frame = outer.inside(choice, 'initial')
    const oid = readOid(frame, frame.take(Tag.OID))
    if (oid !== SPNEGO_OID) return { kind: 'mechanism', oid }
    const inner = frame.next()
    frame.finish()
    return decodeChoice(frame, inner)
  }
  return decodeChoice(outer, choice)
}

function decodeChoice(reader: DerReader, choice: Element): ReceivedNegTokenInit | ReceivedNegTokenResp {
  if (choice.tag === contextTag(0)) return decodeInit(sequenceIn(reader, choice, 'negTokenInit'))
  if (choice.tag === contextTag(1)) return decodeResp(sequenceIn(reader, choice, 'negTokenResp'))
  throw reader.fail(`tag 0x${choice.tag.toString(16)} is neither negTokenInit nor negTokenResp`, choice.at)
}

function sequenceIn(reader: DerReader, outer: Element, name: string): DerReader {
  const wrapper = reader.inside(outer, name)
  const sequence = wrapper.take(Tag.SEQUENCE)
  wrapper.finish()
  return wrapper.inside(sequence, '')
}

/** The value of `[n] { tag }`. */
function explicit(reader: DerReader, wrapper: Element, tag: number, name: string): { in: DerReader; element: Element } {
  const inside = reader.inside(wrapper, name)
  const element = inside.take(tag)
  inside.finish()
  return { in: inside, element }
}

function octetsOf(reader: DerReader, wrapper: Element, name: string): Uint8Array {
  const found = explicit(reader, wrapper, Tag.OCTET_STRING, name)
  return found.in.value(found.element)
}

function decodeInit(reader: DerReader): ReceivedNegTokenInit {
  const list = explicit(reader, reader.take(contextTag(0)), Tag.SEQUENCE, 'mechTypes')
  const mechTypeList = reader.bytes.subarray(list.element.at, list.element.end)
  const mechTypes: string[] = []
  for (const types = list.in.inside(list.element, 'list'); !types.isAtEnd; ) {
    if (mechTypes.length >= MAX_MECHANISMS) throw types.fail(`more than ${MAX_MECHANISMS} mechanisms`)
    mechTypes.push(readOid(types, types.take(Tag.OID)))
  }
  const reqFlags = reader.takeIf(contextTag(1))
  const mechToken = reader.takeIf(contextTag(2))
  const third = reader.takeIf(contextTag(3))
  const fourth = reader.takeIf(contextTag(4))
  // [3] is mechListMIC in RFC 4178 and negHints in negTokenInit2, where the MIC is [4] (MS-SPNG 2.2.1): its own tag tells.
  const hints = third !== undefined && reader.bytes[third.start] === Tag.SEQUENCE ? third : undefined
  const mic = hints === undefined ? third : fourth
  const hintName = hints === undefined ? undefined : readHintName(reader, hints)
  return {
    kind: 'init',
    mechTypes,
    mechTypeList,
    ...(reqFlags && { reqFlags: bitsOf(reader, reqFlags) }),
    ...(mechToken && { mechToken: octetsOf(reader, mechToken, 'mechToken') }),
    ...(hintName !== undefined && { hintName }),
    ...(mic && { mechListMic: octetsOf(reader, mic, 'mechListMIC') }),
  }
}

function bitsOf(reader: DerReader, wrapper: Element): Uint8Array {
  const found = explicit(reader, wrapper, Tag.BIT_STRING, 'reqFlags')
  return found.in.value(found.element).subarray(1)
}

function readHintName(reader: DerReader, wrapper: Element): string | undefined {
  const hints = explicit(reader, wrapper, Tag.SEQUENCE, 'negHints')
  const inside = hints.in.inside(hints.element, '')
  const name = inside.takeIf(contextTag(0))
  if (name === undefined) return undefined
  const text = explicit(inside, name, Tag.GENERAL_STRING, 'hintName')
  return String.fromCharCode(...text.in.value(text.element).subarray(0, 1024))
}

function decodeResp(reader: DerReader): ReceivedNegTokenResp {
  const state = reader.takeIf(contextTag(0))
  const mech = reader.takeIf(contextTag(1))
  const response = reader.takeIf(contextTag(2))
  const mic = reader.takeIf(contextTag(3))
  return {
    kind: 'resp',
    ...(state && { negState: readState(reader, state) }),
    ...(mech && { supportedMech: readMech(reader, mech) }),
    ...(response && { responseToken: octetsOf(reader, response, 'responseToken') }),
    ...(mic && { mechListMic: octetsOf(reader, mic, 'mechListMIC') }),
  }
}

function readState(reader: DerReader, wrapper: Element): number {
  const found = explicit(reader, wrapper, Tag.ENUMERATED, 'negState')
  const value = found.in.value(found.element)
  if (value.length !== 1 || (value[0] as number) > NegState.REQUEST_MIC)
    throw found.in.fail('not a negState', found.element.at)
  return value[0] as number
}

function readMech(reader: DerReader, wrapper: Element): string {
  const found = explicit(reader, wrapper, Tag.OID, 'supportedMech')
  return readOid(found.in, found.element)
}

/** The MechTypeList by itself: what mechListMIC protects. RFC 4178 5. */
export const encodeMechTypeList = (mechTypes: readonly string[]): Uint8Array =>
  der(Tag.SEQUENCE, ...mechTypes.map(derOid))

const octets = (n: number, value: Uint8Array | undefined): Uint8Array[] =>
  value === undefined ? [] : [der(contextTag(n), der(Tag.OCTET_STRING, value))]

/** negTokenInit in its GSS frame; with a `hintName` negTokenInit2. */
export function encodeNegTokenInit(token: NegTokenInit): Uint8Array {
  const hints =
    token.hintName === undefined
      ? []
      : [der(contextTag(3), der(Tag.SEQUENCE, der(contextTag(0), der(Tag.GENERAL_STRING, latin1(token.hintName)))))]
  const body = der(
    Tag.SEQUENCE,
    der(contextTag(0), encodeMechTypeList(token.mechTypes)),
    ...octets(2, token.mechToken),
    ...hints,
    ...octets(token.hintName === undefined ? 3 : 4, token.mechListMic),
  )
  return der(Tag.APPLICATION_0, derOid(SPNEGO_OID), der(contextTag(0), body))
}

export function encodeNegTokenResp(token: NegTokenResp): Uint8Array {
  const { negState, supportedMech } = token
  const body = der(
    Tag.SEQUENCE,
    ...(negState === undefined ? [] : [der(contextTag(0), der(Tag.ENUMERATED, Uint8Array.of(negState)))]),
    ...(supportedMech === undefined ? [] : [der(contextTag(1), derOid(supportedMech))]),
    ...octets(2, token.responseToken),
    ...octets(3, token.mechListMic),
  )
  return der(contextTag(1), body)
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)
