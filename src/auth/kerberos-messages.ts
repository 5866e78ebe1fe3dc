/** Messages of an established Kerberos context, signed and sealed as DCE/RPC has it: RFC 4121 4.2, MS-KILE 3.4.5.4. */

import { randomBytes } from 'node:crypto'
import { concat } from '../bytes/concat.ts'
import { viewOf } from '../bytes/utf16.ts'
import { isSame, type KerberosUse, kerberosUse } from '../crypto/kerberos.ts'
import type { GssMessageKey } from '../native/gssapi.ts'
import { GssTokenId } from '../wire/kerberos/index.ts'
import type { MessageProtection } from './mechanism.ts'

/** RFC 4121 2: a seal and a signature of each end have a key usage of their own. */
const usages = { acceptor: { seal: 22, sign: 23 }, initiator: { seal: 24, sign: 25 } } as const

/** Bits of a token, RFC 4121 4.2.2. */
const Flags = { SENT_BY_ACCEPTOR: 1, SEALED: 2, ACCEPTOR_SUBKEY: 4 } as const

const HEADER_BYTES = 16
const BLOCK = 16
const FILLER = 0xff
const FILLER_COUNT_AT = 4
const ROTATION_AT = 6
const SEQUENCE_AT = 8

/** One direction: its keys, what its tokens say, and the number of its next message. */
class Direction {
  readonly sealing: KerberosUse
  readonly signing: KerberosUse
  readonly #flags: number
  sequence: bigint

  constructor({ encryptionType, key, isAcceptorSubkey }: GssMessageKey, isFromInitiator: boolean, sequence: bigint) {
    const { seal, sign } = isFromInitiator ? usages.initiator : usages.acceptor
    this.sealing = useOf(encryptionType, key, seal)
    this.signing = useOf(encryptionType, key, sign)
    this.#flags = (isFromInitiator ? 0 : Flags.SENT_BY_ACCEPTOR) | (isAcceptorSubkey ? Flags.ACCEPTOR_SUBKEY : 0)
    this.sequence = sequence
  }

  /** What the token of the next signature begins with: RFC 4121 4.2.6.1. */
  signatureHeader(): Uint8Array {
    const [header] = this.#header(GssTokenId.MIC, this.#flags)
    header.fill(FILLER, 3, SEQUENCE_AT)
    return header
  }

  /** What the token of the next seal begins with, before it is rotated: RFC 4121 4.2.6.2. */
  sealHeader(fillerBytes: number): Uint8Array {
    const [header, view] = this.#header(GssTokenId.WRAP, this.#flags | Flags.SEALED)
    header[3] = FILLER
    view.setUint16(FILLER_COUNT_AT, fillerBytes)
    return header
  }

  #header(tokenId: number, flags: number): [Uint8Array, DataView] {
    const header = new Uint8Array(HEADER_BYTES)
    const view = new DataView(header.buffer)
    view.setUint16(0, tokenId)
    header[2] = flags
    view.setBigUint64(SEQUENCE_AT, this.sequence)
    return [header, view]
  }
}

function useOf(encryptionType: number, key: Uint8Array, usage: number): KerberosUse {
  const use = kerberosUse(encryptionType, key, usage)
  if (use === undefined) throw new TypeError(`no messages with encryption type ${encryptionType}`)
  return use
}

/** Whether messages can be protected with such a key: AES alone. RC4 is left to those who still have it. */
export const protectsMessages = ({ encryptionType, key }: GssMessageKey): boolean =>
  kerberosUse(encryptionType, key, 0) !== undefined

/** Signs and seals messages of an established context. Those of a direction come in the order in which they were sent. */
export class KerberosMessages implements MessageProtection {
  readonly #out: Direction
  readonly #in: Direction

  constructor(key: GssMessageKey) {
    this.#out = new Direction(key, key.isInitiator, key.sendSequence)
    this.#in = new Direction(key, !key.isInitiator, key.receiveSequence)
  }

  /** SPNEGO has signed its list: that was a message, too. */
  countSent(): void {
    this.#out.sequence++
  }

  /** The counterpart, for the peer's list. */
  countReceived(): void {
    this.#in.sequence++
  }

  signatureBytes(isSealed: boolean): number {
    const { sealing, signing } = this.#out
    return isSealed ? sealBytes(sealing, BLOCK) : HEADER_BYTES + signing.checksumBytes
  }

  sign(message: Uint8Array): Uint8Array {
    const token = signatureOf(this.#out, message)
    this.#out.sequence++
    return token
  }

  verify(message: Uint8Array, signature: Uint8Array): boolean {
    const isRight = isSame(signatureOf(this.#in, message), signature)
    if (isRight) this.#in.sequence++
    return isRight
  }

  /**
   * Encrypted are noise, the message, a block of filler (which Windows expects there: MS-KILE 3.4.5.4.1) and the header.
   * All but the message goes into the token, what stands behind the message first.
   */
  seal(message: Uint8Array, start: number, end: number): Uint8Array {
    const { sealing } = this.#out
    const header = this.#out.sealHeader(BLOCK)
    const filler = new Uint8Array(BLOCK).fill(FILLER)
    const plain = concat([randomBytes(BLOCK), message.subarray(start, end), filler, header])
    const sealed = sealing.encrypt(plain)
    const checksum = sumOf(sealing, sealing.macsCiphertext ? sealed : plain, message, start, end)
    const tailAt = BLOCK + end - start
    message.set(sealed.subarray(BLOCK, tailAt), start)
    this.#out.sequence++
    return concat([rotated(header, sealing), sealed.subarray(tailAt), checksum, sealed.subarray(0, BLOCK)])
  }

  unseal(message: Uint8Array, start: number, end: number, signature: Uint8Array): boolean {
    const { sealing } = this.#in
    if (signature.length < sealBytes(sealing, 0)) return false
    const fillerBytes = viewOf(signature).getUint16(FILLER_COUNT_AT)
    const header = this.#in.sealHeader(fillerBytes)
    const isExpected = isSame(signature.subarray(0, HEADER_BYTES), rotated(header, sealing))
    if (!isExpected || signature.length !== sealBytes(sealing, fillerBytes)) return false
    const noiseAt = signature.length - BLOCK
    const checksumAt = noiseAt - sealing.checksumBytes
    const tail = signature.subarray(HEADER_BYTES, checksumAt)
    const sealed = concat([signature.subarray(noiseAt), message.subarray(start, end), tail])
    const plain = sealing.decrypt(sealed)
    const checksum = sumOf(sealing, sealing.macsCiphertext ? sealed : plain, message, start, end)
    const isRight = isSame(checksum, signature.subarray(checksumAt, noiseAt))
    // The copy of the header says that the other one is as it was sent.
    if (!isRight || !isSame(plain.subarray(plain.length - HEADER_BYTES), header)) return false
    message.set(plain.subarray(BLOCK, BLOCK + end - start), start)
    this.#in.sequence++
    return true
  }
}

/** Bytes of a seal's token. */
const sealBytes = ({ checksumBytes }: KerberosUse, fillerBytes: number): number =>
  HEADER_BYTES + fillerBytes + HEADER_BYTES + checksumBytes + BLOCK

/** The checksum of a seal: over all that is encrypted, and around the message over what is only signed. */
function sumOf(sealing: KerberosUse, over: Uint8Array, message: Uint8Array, start: number, end: number): Uint8Array {
  const tailAt = BLOCK + end - start
  const [before, after] = [message.subarray(0, start), message.subarray(end)]
  return sealing.mac(over.subarray(0, BLOCK), before, over.subarray(BLOCK, tailAt), after, over.subarray(tailAt))
}

/** A header that says how far the token is rotated: by this and, as Windows does it, by the filler (MS-KILE 3.4.5.4.1). */
function rotated(header: Uint8Array, { checksumBytes }: KerberosUse): Uint8Array {
  const out = header.slice()
  viewOf(out).setUint16(ROTATION_AT, HEADER_BYTES + checksumBytes)
  return out
}

/** RFC 4121 4.2.4: the message goes before the header. */
function signatureOf(direction: Direction, message: Uint8Array): Uint8Array {
  const header = direction.signatureHeader()
  return concat([header, direction.signing.checksum(message, header)])
}
