/** The secure channel of netlogon with AES: MS-NRPC 3.1.4.3.1, 3.1.4.4.1, 3.3.4.2. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const CIPHER = 'aes-128-cfb8'
const KEY_BYTES = 16
const CHALLENGE_BYTES = 8
const TRUST_TEXT_BYTES = 512

/** The key of a secure channel, from the NT hash of the machine's password and both challenges. MS-NRPC 3.1.4.3.1. */
export function netlogonSessionKey(
  ntHash: Uint8Array,
  clientChallenge: Uint8Array,
  serverChallenge: Uint8Array,
): Uint8Array {
  const digest = createHmac('sha256', ntHash).update(clientChallenge).update(serverChallenge).digest()
  return new Uint8Array(digest.subarray(0, KEY_BYTES))
}

/** By which an end shows that it has the key: made from its own challenge. MS-NRPC 3.1.4.4.1. */
export const netlogonCredential = (sessionKey: Uint8Array, challenge: Uint8Array): Uint8Array =>
  encrypted(sessionKey, new Uint8Array(KEY_BYTES), challenge)

export const sameCredential = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

export const newChallenge = (): Uint8Array => new Uint8Array(randomBytes(CHALLENGE_BYTES))

const encrypted = (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array =>
  new Uint8Array(createCipheriv(CIPHER, key, iv).update(data))

const decrypted = (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array =>
  new Uint8Array(createDecipheriv(CIPHER, key, iv).update(data))

/**
 * What the credential of an authenticator is made from: the one before, with a number added to its first half. MS-NRPC
 * 3.1.4.5.
 */
export function steppedCredential(credential: Uint8Array, step: number): Uint8Array {
  const stepped = credential.slice()
  const view = new DataView(stepped.buffer)
  view.setUint32(0, view.getUint32(0, true) + step, true)
  return stepped
}

/**
 * NL_TRUST_PASSWORD: text at the end of 512 bytes of noise, its length behind, all of it encrypted. MS-NRPC 2.2.1.3.7,
 * 3.4.5.2.5. @throws RangeError where it has more than 256 units of UTF-16
 */
export function sealedTrustPassword(sessionKey: Uint8Array, password: string): Uint8Array {
  const text = Buffer.from(password, 'utf16le')
  if (text.length > TRUST_TEXT_BYTES) throw new RangeError('the password of a machine has at most 256 characters')
  const sealed = new Uint8Array(randomBytes(TRUST_TEXT_BYTES + 4))
  sealed.set(text, TRUST_TEXT_BYTES - text.length)
  new DataView(sealed.buffer).setUint32(TRUST_TEXT_BYTES, text.length, true)
  return encrypted(sessionKey, new Uint8Array(KEY_BYTES), sealed)
}

/** NL_AUTH_SHA2_SIGNATURE, MS-NRPC 2.2.1.3.3; the last 24 bytes of it are reserved. */
const SIGNATURE_BYTES = 56
const SEQUENCE_AT = 8
const CHECKSUM_AT = 16
const CONFOUNDER_AT = 24
const PART_BYTES = 8
/** SignatureAlgorithm HMAC-SHA256, SealAlgorithm AES-128 or none, Pad, Flags. */
const SEALED_HEADER = Uint8Array.of(0x13, 0, 0x1a, 0, 0xff, 0xff, 0, 0)
const SIGNED_HEADER = Uint8Array.of(0x13, 0, 0xff, 0xff, 0xff, 0xff, 0, 0)
/** Sealing has a key of its own (MS-NRPC 3.3.4.2.1, step 8). */
const SEAL_MASK = 0xf0
const FROM_CLIENT = 0x80

const twice = (half: Uint8Array): Uint8Array => Uint8Array.of(...half, ...half)

/** What netlogon signs and seals the packets of its secure channel with. Messages of both directions are counted as one. */
export class NetlogonSession {
  readonly #key: Uint8Array
  readonly #sealKey: Uint8Array
  readonly #isClient: boolean
  #sequence = 0n

  constructor(sessionKey: Uint8Array, role: 'client' | 'server') {
    this.#key = sessionKey
    this.#sealKey = sessionKey.map((byte) => byte ^ SEAL_MASK)
    this.#isClient = role === 'client'
  }

  signatureBytes(): number {
    return SIGNATURE_BYTES
  }

  sign(message: Uint8Array): Uint8Array {
    const none = new Uint8Array(0)
    const checksum = this.#checksum(SIGNED_HEADER, none, message)
    return this.#signature(SIGNED_HEADER, this.#next(this.#isClient), checksum, none)
  }

  verify(message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length < CONFOUNDER_AT) return false
    const checksum = this.#checksum(SIGNED_HEADER, new Uint8Array(0), message)
    return this.#isRight(SIGNED_HEADER, this.#next(!this.#isClient), checksum, signature)
  }

  seal(message: Uint8Array, start: number, end: number): Uint8Array {
    const sequence = this.#next(this.#isClient)
    const confounder = new Uint8Array(randomBytes(PART_BYTES))
    const checksum = this.#checksum(SEALED_HEADER, confounder, message)
    const iv = twice(sequence)
    const cipher = createCipheriv(CIPHER, this.#sealKey, iv)
    const sealed = cipher.update(confounder)
    message.set(cipher.update(message.subarray(start, end)), start)
    return this.#signature(SEALED_HEADER, sequence, checksum, sealed)
  }

  unseal(message: Uint8Array, start: number, end: number, signature: Uint8Array): boolean {
    if (signature.length < CONFOUNDER_AT + PART_BYTES) return false
    const sequence = this.#next(!this.#isClient)
    const iv = twice(sequence)
    const decipher = createDecipheriv(CIPHER, this.#sealKey, iv)
    const confounder = decipher.update(signature.subarray(CONFOUNDER_AT, CONFOUNDER_AT + PART_BYTES))
    message.set(decipher.update(message.subarray(start, end)), start)
    return this.#isRight(SEALED_HEADER, sequence, this.#checksum(SEALED_HEADER, confounder, message), signature)
  }

  /** The number of the next message, low half first, big-endian; a bit says who sends it. */
  #next(fromClient: boolean): Uint8Array {
    const sequence = new Uint8Array(PART_BYTES)
    const view = new DataView(sequence.buffer)
    view.setUint32(0, Number(this.#sequence & 0xffff_ffffn))
    view.setUint32(4, Number(this.#sequence >> 32n))
    if (fromClient) sequence[4] = (sequence[4] ?? 0) | FROM_CLIENT
    this.#sequence++
    return sequence
  }

  #checksum(header: Uint8Array, confounder: Uint8Array, message: Uint8Array): Uint8Array {
    const digest = createHmac('sha256', this.#key).update(header).update(confounder).update(message).digest()
    return new Uint8Array(digest.subarray(0, PART_BYTES))
  }

  #signature(header: Uint8Array, sequence: Uint8Array, checksum: Uint8Array, confounder: Uint8Array): Uint8Array {
    const signature = new Uint8Array(SIGNATURE_BYTES)
    signature.set(header)
    signature.set(encrypted(this.#key, twice(checksum), sequence), SEQUENCE_AT)
    signature.set(checksum, CHECKSUM_AT)
    signature.set(confounder, CONFOUNDER_AT)
    return signature
  }

  #isRight(header: Uint8Array, sequence: Uint8Array, checksum: Uint8Array, signature: Uint8Array): boolean {
    const sent = signature.subarray(CHECKSUM_AT, CONFOUNDER_AT)
    const number = decrypted(this.#key, twice(sent), signature.subarray(SEQUENCE_AT, CHECKSUM_AT))
    // All but the flags (MS-NRPC 3.3.4.2.2).
    const isKind = header.subarray(0, 6).every((byte, i) => byte === signature[i])
    return isKind && sameCredential(number, sequence) && sameCredential(checksum, sent)
  }
}
