/** How single packets are signed and sealed: MS-RPCE 2.2.2.11, 3.3.1.5.2.2. */
import type { MessageProtection } from '../auth/mechanism.ts'
import { bytesOf, viewOf } from '../bytes/utf16.ts'
import { AuthenticationLevel, AuthTrailer, type Packet } from '../wire/dcerpc/index.ts'

/** A sec_trailer starts at a multiple of 4; with sealed parameters Windows and Samba fill up to 16. */
const LOGON_ALIGNMENT = 4
const ALIGNMENT = 16
const AUTH_LENGTH_AT = 10
const FRAGMENT_LENGTH_AT = 8

/** What a packet says of the security context that it belongs to. */
export interface TrailerFields {
  readonly authenticationType: number
  readonly authenticationLevel: number
  /** Which of the connection's security contexts. */
  readonly contextId: number
}

/** `packet` with its trailer, and room for a signature or token at its end. */
function extended(packet: Uint8Array, fields: TrailerFields, alignment: number, tokenBytes: number): Uint8Array {
  const padLength = -packet.length & (alignment - 1)
  const trailerAt = packet.length + padLength
  const out = new Uint8Array(trailerAt + AuthTrailer.size + tokenBytes)
  out.set(packet)
  const { authenticationType, authenticationLevel, contextId } = fields
  out.set(
    AuthTrailer.encode({ authenticationType, authenticationLevel, padLength, contextId, token: NOTHING }),
    trailerAt,
  )
  const view = viewOf(out)
  view.setUint16(FRAGMENT_LENGTH_AT, out.length, true)
  view.setUint16(AUTH_LENGTH_AT, tokenBytes, true)
  return out
}

const NOTHING = new Uint8Array(0)

/** A bind, its answer or a later leg of a logon, with the token that it carries. */
export function withToken(packet: Uint8Array, fields: TrailerFields, token: Uint8Array): Uint8Array {
  const out = extended(packet, fields, LOGON_ALIGNMENT, token.length)
  out.set(token, out.length - token.length)
  return out
}

export interface ProtectionAgreement extends TrailerFields {
  readonly messages: MessageProtection
  /** The signature is over the whole packet; without, over the parameters alone (MS-RPCE 2.2.2.3). */
  readonly signsHeader: boolean
}

/** Signs, and at level privacy seals, the packets of one security context. */
export class PacketSecurity {
  readonly fields: TrailerFields
  readonly #messages: MessageProtection
  readonly #signsHeader: boolean
  readonly #seals: boolean

  constructor(agreement: ProtectionAgreement) {
    const { authenticationType, authenticationLevel, contextId } = agreement
    this.fields = { authenticationType, authenticationLevel, contextId }
    this.#messages = agreement.messages
    this.#signsHeader = agreement.signsHeader || agreement.messages.alwaysSignsHeader === true
    this.#seals = authenticationLevel === AuthenticationLevel.PRIVACY
  }

  /** Bytes by which a packet may grow. */
  get overheadBytes(): number {
    return ALIGNMENT + AuthTrailer.size + this.#messages.signatureBytes(this.#seals)
  }

  /** A packet whose parameters begin at `stubAt`, as it is sent. */
  protect(packet: Uint8Array, stubAt: number): Uint8Array {
    const signatureBytes = this.#messages.signatureBytes(this.#seals)
    const out = extended(packet, this.fields, ALIGNMENT, signatureBytes)
    const trailerEnd = out.length - signatureBytes
    const stubEnd = trailerEnd - AuthTrailer.size
    out.set(this.#sign(out, stubAt, stubEnd, trailerEnd), trailerEnd)
    return out
  }

  #sign(packet: Uint8Array, stubAt: number, stubEnd: number, trailerEnd: number): Uint8Array {
    const [message, start] = this.#message(packet, stubAt, stubEnd, trailerEnd)
    return this.#seals ? this.#messages.seal(message, start, start + stubEnd - stubAt) : this.#messages.sign(message)
  }

  /** Opens a packet that came, in its place; false where it is not as it was sent, or belongs to another context. */
  open({ view, auth, end }: Packet, stubAt: number): boolean {
    if (auth === undefined || !isOf(auth, this.fields)) return false
    const stubEnd = end + auth.padLength
    if (stubEnd < stubAt) return false
    // The reserved byte of the trailer is signed as it came.
    const bytes = bytesOf(view, 0, view.byteLength)
    const [message, start] = this.#message(bytes, stubAt, stubEnd, stubEnd + AuthTrailer.size)
    return this.#seals
      ? this.#messages.unseal(message, start, start + stubEnd - stubAt, auth.token)
      : this.#messages.verify(message, auth.token)
  }

  /** What is signed, and where the parameters begin in it. */
  #message(packet: Uint8Array, stubAt: number, stubEnd: number, trailerEnd: number): [Uint8Array, number] {
    return this.#signsHeader ? [packet.subarray(0, trailerEnd), stubAt] : [packet.subarray(stubAt, stubEnd), 0]
  }
}

/** A trailer that says the same as the logon did. */
export function isOf(auth: AuthTrailer, fields: TrailerFields): boolean {
  return (
    auth.authenticationType === fields.authenticationType &&
    raisedLevel(auth.authenticationLevel) === fields.authenticationLevel &&
    auth.contextId === fields.contextId
  )
}

/** Level call means each packet where there is a connection (MS-RPCE 2.2.1.1.8). */
export const raisedLevel = (level: number): number =>
  level === AuthenticationLevel.CALL ? AuthenticationLevel.PACKET : level

/** Parameters are signed from this level on; below, only the logon is there. */
export const signsPackets = (level: number): boolean => level > AuthenticationLevel.CALL
