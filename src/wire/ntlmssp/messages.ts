import { bytesOf, viewOf } from '../../bytes/utf16.ts'
import {
  bytes,
  type Content,
  type FieldNode,
  filetime,
  type InferInput,
  type Kind,
  latin1,
  octets,
  optionalTail,
  struct,
  tail,
  u8,
  u16,
  u32,
  utf16,
  WireError,
} from '../schema/index.ts'
import { type AvPair, avPairs } from './av-pairs.ts'
import { NtlmFlags } from './flags.ts'

const SIGNATURE = Uint8Array.of(0x4e, 0x54, 0x4c, 0x4d, 0x53, 0x53, 0x50, 0)
const none = new Uint8Array(0)

/** Whether a token is NTLMSSP without SPNEGO around it. */
export const isNtlmssp = (token: Uint8Array): boolean =>
  token.length >= SIGNATURE.length && SIGNATURE.every((byte, i) => token[i] === byte)

const signature: Kind<Uint8Array, false> = {
  ...octets(SIGNATURE.length),
  needed: false,
  fallback: SIGNATURE,
  problem: (view, at) => (isNtlmssp(bytesOf(view, at, at + SIGNATURE.length)) ? undefined : 'is not NTLMSSP'),
}

export const NtlmMessageType = { NEGOTIATE: 1, CHALLENGE: 2, AUTHENTICATE: 3 } as const

/** For debugging only, says the specification. MS-NLMP 2.2.2.10. */
export const NtlmVersion = struct('NTLMSSP VERSION', '2.2.2.10', {
  major: u8,
  minor: u8,
  build: u16,
  reserved0: u16.reserved,
  reserved1: u8.reserved,
  revision: u8.or(15),
})
export type NtlmVersion = InferInput<typeof NtlmVersion>

const negotiateHead = {
  signature,
  messageType: u32.fixed(NtlmMessageType.NEGOTIATE),
  negotiateFlags: u32.flags(NtlmFlags),
}
const negotiateNames = {
  domainNameLength: u16.lengthOf('domainName'),
  domainNameMaxLength: u16.lengthOf('domainName'),
  domainNameOffset: u32.offsetOf('domainName'),
  workstationLength: u16.lengthOf('workstation'),
  workstationMaxLength: u16.lengthOf('workstation'),
  workstationOffset: u32.offsetOf('workstation'),
}
const negotiateTails = { domainName: optionalTail(latin1, ''), workstation: optionalTail(latin1, '') }

/** NTLMSSP NEGOTIATE. MS-NLMP 2.2.1.1. Its names are in the OEM character set whatever the flags say. */
export const NegotiateMessage = struct('NTLMSSP NEGOTIATE', '2.2.1.1', {
  ...negotiateHead,
  ...negotiateNames,
  version: NtlmVersion,
  ...negotiateTails,
})
/** As senders write it that give no version. */
export const NegotiateMessageWithoutVersion = struct('NTLMSSP NEGOTIATE', '2.2.1.1', {
  ...negotiateHead,
  ...negotiateNames,
  ...negotiateTails,
})
/** As some write it that give no names either. */
export const NegotiateMessageShort = struct('NTLMSSP NEGOTIATE', '2.2.1.1', negotiateHead)

const challengeFields = {
  signature,
  messageType: u32.fixed(NtlmMessageType.CHALLENGE),
  targetNameLength: u16.lengthOf('targetName'),
  targetNameMaxLength: u16.lengthOf('targetName'),
  targetNameOffset: u32.offsetOf('targetName'),
  negotiateFlags: u32.flags(NtlmFlags),
  serverChallenge: octets(8),
  reserved: octets(8).reserved,
  targetInfoLength: u16.lengthOf('targetInfo'),
  targetInfoMaxLength: u16.lengthOf('targetInfo'),
  targetInfoOffset: u32.offsetOf('targetInfo'),
}
const challengeTails = (text: Content<string>) => ({ targetName: tail(text), targetInfo: tail(avPairs) })

/** NTLMSSP CHALLENGE. MS-NLMP 2.2.1.2. */
export const ChallengeMessage = struct('NTLMSSP CHALLENGE', '2.2.1.2', {
  ...challengeFields,
  version: NtlmVersion,
  ...challengeTails(utf16),
})
const challengeVariants = (text: Content<string>) => ({
  full: struct('NTLMSSP CHALLENGE', '2.2.1.2', { ...challengeFields, version: NtlmVersion, ...challengeTails(text) }),
  short: struct('NTLMSSP CHALLENGE', '2.2.1.2', { ...challengeFields, ...challengeTails(text) }),
})

const authenticateFields = {
  signature,
  messageType: u32.fixed(NtlmMessageType.AUTHENTICATE),
  lmResponseLength: u16.lengthOf('lmResponse'),
  lmResponseMaxLength: u16.lengthOf('lmResponse'),
  lmResponseOffset: u32.offsetOf('lmResponse'),
  ntResponseLength: u16.lengthOf('ntResponse'),
  ntResponseMaxLength: u16.lengthOf('ntResponse'),
  ntResponseOffset: u32.offsetOf('ntResponse'),
  domainNameLength: u16.lengthOf('domainName'),
  domainNameMaxLength: u16.lengthOf('domainName'),
  domainNameOffset: u32.offsetOf('domainName'),
  userNameLength: u16.lengthOf('userName'),
  userNameMaxLength: u16.lengthOf('userName'),
  userNameOffset: u32.offsetOf('userName'),
  workstationLength: u16.lengthOf('workstation'),
  workstationMaxLength: u16.lengthOf('workstation'),
  workstationOffset: u32.offsetOf('workstation'),
  encryptedRandomSessionKeyLength: u16.lengthOf('encryptedRandomSessionKey'),
  encryptedRandomSessionKeyMaxLength: u16.lengthOf('encryptedRandomSessionKey'),
  encryptedRandomSessionKeyOffset: u32.offsetOf('encryptedRandomSessionKey'),
  negotiateFlags: u32.flags(NtlmFlags),
}
const authenticateTails = (text: Content<string>) => ({
  domainName: tail(text),
  userName: tail(text),
  workstation: tail(text),
  lmResponse: optionalTail(bytes, none),
  ntResponse: optionalTail(bytes, none),
  encryptedRandomSessionKey: optionalTail(bytes, none),
})
const authenticateVariants = (text: Content<string>) => ({
  full: struct('NTLMSSP AUTHENTICATE', '2.2.1.3', {
    ...authenticateFields,
    version: NtlmVersion,
    mic: octets(16),
    ...authenticateTails(text),
  }),
  short: struct('NTLMSSP AUTHENTICATE', '2.2.1.3', { ...authenticateFields, ...authenticateTails(text) }),
})

const unicode = { challenge: challengeVariants(utf16), authenticate: authenticateVariants(utf16) }
const oem = { challenge: challengeVariants(latin1), authenticate: authenticateVariants(latin1) }

/** NTLMSSP AUTHENTICATE as it is written: in Unicode, with version and MIC. MS-NLMP 2.2.1.3. */
export const AuthenticateMessage = unicode.authenticate.full

/** Where the MIC lies in an AUTHENTICATE message that has one. MS-NLMP 2.2.1.3. */
export const MIC_OFFSET = 72
export const MIC_BYTES = 16

/** NTLMv2_RESPONSE: the proof, and what it is a proof over. MS-NLMP 2.2.2.8 and 2.2.2.7. */
export const Ntlmv2Response = struct('NTLMv2_RESPONSE', '2.2.2.8', {
  proof: octets(16),
  responseType: u8.fixed(1),
  highestResponseType: u8.fixed(1),
  reserved1: u16.reserved,
  reserved2: u32.reserved,
  timestamp: filetime,
  clientChallenge: octets(8),
  reserved3: u32.reserved,
  avPairs: tail(avPairs),
})

/** A decoded NEGOTIATE message. */
export interface NegotiateView {
  readonly negotiateFlags: number
  readonly domainName?: string
  readonly workstation?: string
}

/** A decoded CHALLENGE message. */
export interface ChallengeView {
  readonly negotiateFlags: number
  readonly serverChallenge: Uint8Array
  readonly targetName: string
  readonly targetInfo: readonly AvPair[]
  /** Absent where the message has no room for one; zeros where the sender does not tell. */
  readonly version?: Pick<NtlmVersion, 'major' | 'minor' | 'build'>
}

/** A decoded AUTHENTICATE message. `mic` is there when the message has room for one; see `AvFlags.MIC_PRESENT`. */
export interface AuthenticateView {
  readonly negotiateFlags: number
  readonly domainName: string
  readonly userName: string
  readonly workstation: string
  readonly lmResponse: Uint8Array
  readonly ntResponse: Uint8Array
  readonly encryptedRandomSessionKey: Uint8Array
  readonly mic?: Uint8Array
}

/** Longest NTLMSSP message that is read, in bytes. AV pairs and Kerberos-sized names fit many times over. */
export const MAX_MESSAGE_BYTES = 65_536

function need(view: DataView, size: number, name: string, spec: string): void {
  if (view.byteLength > MAX_MESSAGE_BYTES)
    throw new WireError(name, 0, spec, `${view.byteLength} bytes; the limit is ${MAX_MESSAGE_BYTES}`)
  if (view.byteLength < size) throw new WireError(name, 0, spec, `needs ${size} bytes, has ${view.byteLength}`)
}

/**
 * First byte of what the length-and-offset pairs at `fields` (bytes from the message's start) point to; the end of
 * the message where all are empty. What lies before it belongs to the fixed part, whose length senders vary.
 */
function payloadStart(view: DataView, fields: readonly number[]): number {
  let start = view.byteLength
  for (const at of fields) if (view.getUint16(at, true) > 0) start = Math.min(start, view.getUint32(at + 4, true))
  return start
}

const isUnicode = (flags: number): boolean => (flags & NtlmFlags.UNICODE) !== 0

type Dissectable = { dissect(view: DataView): FieldNode[] }

function negotiateVariant(view: DataView) {
  need(view, NegotiateMessageShort.size, 'NTLMSSP NEGOTIATE', '2.2.1.1')
  if (view.byteLength < NegotiateMessageWithoutVersion.size) return NegotiateMessageShort
  const hasVersion =
    (view.getUint32(12, true) & NtlmFlags.VERSION) !== 0 && payloadStart(view, [16, 24]) >= NegotiateMessage.size
  return hasVersion && view.byteLength >= NegotiateMessage.size ? NegotiateMessage : NegotiateMessageWithoutVersion
}

function challengeVariant(view: DataView) {
  need(view, unicode.challenge.short.size, 'NTLMSSP CHALLENGE', '2.2.1.2')
  const { full, short } = isUnicode(view.getUint32(20, true)) ? unicode.challenge : oem.challenge
  return payloadStart(view, [12, 40]) >= full.size ? full : short
}

function authenticateVariant(view: DataView) {
  need(view, unicode.authenticate.short.size, 'NTLMSSP AUTHENTICATE', '2.2.1.3')
  const { full, short } = isUnicode(view.getUint32(60, true)) ? unicode.authenticate : oem.authenticate
  return payloadStart(view, [12, 20, 28, 36, 44, 52]) >= full.size ? full : short
}

/** @throws WireError */
export function decodeNegotiate(message: Uint8Array): NegotiateView {
  const view = viewOf(message)
  return negotiateVariant(view).decode(view)
}

/** @throws WireError */
export function decodeChallenge(message: Uint8Array): ChallengeView {
  const view = viewOf(message)
  return challengeVariant(view).decode(view)
}

/** @throws WireError */
export function decodeAuthenticate(message: Uint8Array): AuthenticateView {
  const view = viewOf(message)
  return authenticateVariant(view).decode(view)
}

/** The type of an NTLMSSP message; undefined where it is none. */
export function ntlmMessageType(message: Uint8Array): number | undefined {
  return isNtlmssp(message) && message.length >= 12 ? viewOf(message).getUint32(8, true) : undefined
}

const VARIANTS: Readonly<Record<number, (view: DataView) => Dissectable>> = {
  [NtlmMessageType.NEGOTIATE]: negotiateVariant,
  [NtlmMessageType.CHALLENGE]: challengeVariant,
  [NtlmMessageType.AUTHENTICATE]: authenticateVariant,
}

/** The field tree of any NTLMSSP message; empty where it is none. */
export function dissectNtlmssp(message: Uint8Array): FieldNode[] {
  const variant = VARIANTS[ntlmMessageType(message) ?? 0]
  if (variant === undefined) return []
  const view = viewOf(message)
  try {
    return variant(view).dissect(view)
  } catch (error) {
    // Too short or too long even for the fixed part.
    if (!(error instanceof WireError)) throw error
    return NegotiateMessageShort.dissect(view)
  }
}
