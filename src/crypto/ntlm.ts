import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { utf16Bytes } from '../bytes/utf16.ts'
import { NtlmFlags } from '../wire/ntlmssp/flags.ts'
import { MIC_BYTES, MIC_OFFSET } from '../wire/ntlmssp/messages.ts'
import { md4 } from './md4.ts'
import { Rc4, rc4 } from './rc4.ts'

function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('md5', key)
  for (const part of parts) mac.update(part)
  return new Uint8Array(mac.digest())
}

/**
 * Upper case as NTLM has it: each UTF-16 unit by itself, and only where the result is one unit, too. (The language's
 * own `toUpperCase` makes SS of ß.)
 */
export function ntlmUpperCase(text: string): string {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i)
    const upper = unit.toUpperCase()
    out += upper.length === 1 ? upper : unit
  }
  return out
}

/** The NT hash of a password, NTOWFv1: 16 bytes that are as good as the password. MS-NLMP 3.3.1. */
export function ntHash(password: string): Uint8Array {
  const text = utf16Bytes(password)
  const hash = md4(text)
  text.fill(0)
  return hash
}

/** NTOWFv2, and LMOWFv2, which is the same: the key that responses are made with. MS-NLMP 3.3.2. */
export function ntowfV2(hash: Uint8Array, user: string, domain: string): Uint8Array {
  return hmacMd5(hash, utf16Bytes(ntlmUpperCase(user) + domain))
}

/** NTProofStr: the proof over the challenge and over what the client adds (`temp`). MS-NLMP 3.3.2. */
export const ntProof = (responseKey: Uint8Array, serverChallenge: Uint8Array, temp: Uint8Array): Uint8Array =>
  hmacMd5(responseKey, serverChallenge, temp)

/** SessionBaseKey of NTLMv2, which is the KeyExchangeKey, too. MS-NLMP 3.3.2, 3.4.5.1. */
export const sessionBaseKey = (responseKey: Uint8Array, proof: Uint8Array): Uint8Array => hmacMd5(responseKey, proof)

/** The LMv2 response, 24 bytes. MS-NLMP 3.3.2. */
export function lmV2Response(
  responseKey: Uint8Array,
  serverChallenge: Uint8Array,
  clientChallenge: Uint8Array,
): Uint8Array {
  const response = new Uint8Array(24)
  response.set(hmacMd5(responseKey, serverChallenge, clientChallenge))
  response.set(clientChallenge, 16)
  return response
}

/** The session key under the key exchange key, and back. MS-NLMP 3.1.5.1.2, 3.2.5.1.2. */
export const exchangeKey = (keyExchangeKey: Uint8Array, key: Uint8Array): Uint8Array => rc4(keyExchangeKey, key)

const NO_MIC = new Uint8Array(MIC_BYTES)

/** The MIC over all three messages, the field itself taken as zero. MS-NLMP 3.1.5.1.2. */
export function messageIntegrityCode(
  exportedSessionKey: Uint8Array,
  negotiate: Uint8Array,
  challenge: Uint8Array,
  authenticate: Uint8Array,
): Uint8Array {
  const before = authenticate.subarray(0, MIC_OFFSET)
  const after = authenticate.subarray(MIC_OFFSET + MIC_BYTES)
  return hmacMd5(exportedSessionKey, negotiate, challenge, before, NO_MIC, after)
}

export type NtlmRole = 'client' | 'server'

const MAGIC = {
  client: {
    sign: 'session key to client-to-server signing key magic constant\0',
    seal: 'session key to client-to-server sealing key magic constant\0',
  },
  server: {
    sign: 'session key to server-to-client signing key magic constant\0',
    seal: 'session key to server-to-client sealing key magic constant\0',
  },
} as const

const md5 = (key: Uint8Array, magic: string): Uint8Array =>
  new Uint8Array(createHash('md5').update(key).update(magic, 'latin1').digest())

/** SIGNKEY with extended session security. MS-NLMP 3.4.5.2. */
export const signKey = (exportedSessionKey: Uint8Array, sender: NtlmRole): Uint8Array =>
  md5(exportedSessionKey, MAGIC[sender].sign)

/** SEALKEY with extended session security: the weaker the negotiated strength, the less of the key is used. 3.4.5.3. */
export function sealKey(exportedSessionKey: Uint8Array, sender: NtlmRole, flags: number): Uint8Array {
  const used = (flags & NtlmFlags.NEGOTIATE_128) !== 0 ? 16 : (flags & NtlmFlags.NEGOTIATE_56) !== 0 ? 7 : 5
  return md5(exportedSessionKey.subarray(0, used), MAGIC[sender].seal)
}

const SIGNATURE_BYTES = 16

/** One direction of message security: its keys, its cipher stream and its sequence number. */
class Direction {
  readonly #signKey: Uint8Array
  readonly #sealKey: Uint8Array
  readonly #encryptsChecksum: boolean
  #stream: Rc4
  #sequence = 0

  constructor(exportedSessionKey: Uint8Array, sender: NtlmRole, flags: number) {
    this.#signKey = signKey(exportedSessionKey, sender)
    this.#sealKey = sealKey(exportedSessionKey, sender, flags)
    this.#stream = new Rc4(this.#sealKey)
    this.#encryptsChecksum = (flags & NtlmFlags.KEY_EXCHANGE) !== 0
  }

  cipher(data: Uint8Array): Uint8Array {
    return this.#stream.update(data)
  }

  /** NTLMSSP_MESSAGE_SIGNATURE of the next message. MS-NLMP 3.4.4.2, 2.2.2.9.2. */
  signature(message: Uint8Array): Uint8Array {
    const out = new Uint8Array(SIGNATURE_BYTES)
    const view = new DataView(out.buffer)
    view.setUint32(0, 1, true)
    view.setUint32(12, this.#sequence, true)
    const checksum = hmacMd5(this.#signKey, out.subarray(12), message).subarray(0, 8)
    out.set(this.#encryptsChecksum ? this.cipher(checksum) : checksum, 4)
    this.#sequence = (this.#sequence + 1) >>> 0
    return out
  }

  /** A new stream with the same key and sequence number, as SPNEGO wants it after its own exchange (MS-SPNG 3.3.5.1). */
  restart(): void {
    this.#stream = new Rc4(this.#sealKey)
  }
}

/** Signs and seals messages of an established NTLM context with extended session security. MS-NLMP 3.4. */
export class NtlmSession {
  /** Extended session security does (MS-NLMP 3.4.4.2), whatever was agreed on. */
  readonly alwaysSignsHeader = true
  readonly #out: Direction
  readonly #in: Direction

  /** `flags`: what was negotiated in the end. */
  constructor(exportedSessionKey: Uint8Array, role: NtlmRole, flags: number) {
    this.#out = new Direction(exportedSessionKey, role, flags)
    this.#in = new Direction(exportedSessionKey, role === 'client' ? 'server' : 'client', flags)
  }

  /** GSS_GetMIC: the 16-byte signature of the next message that is sent. */
  sign(message: Uint8Array): Uint8Array {
    return this.#out.signature(message)
  }

  /** GSS_VerifyMIC of the next message that came. A wrong one uses up its sequence number, too. */
  verify(message: Uint8Array, signature: Uint8Array): boolean {
    return same(this.#in.signature(message), signature)
  }

  /** Of a message that is sealed, and of one that is not. */
  signatureBytes(): number {
    return SIGNATURE_BYTES
  }

  /** GSS_WrapEx: encrypts the bytes from `start` to `end` in their place, and signs all of the plaintext. */
  seal(message: Uint8Array, start: number, end: number): Uint8Array {
    const sealed = this.#out.cipher(message.subarray(start, end))
    const signature = this.#out.signature(message)
    message.set(sealed, start)
    return signature
  }

  /** GSS_UnwrapEx, in place; false when the signature is wrong. */
  unseal(message: Uint8Array, start: number, end: number, signature: Uint8Array): boolean {
    message.set(this.#in.cipher(message.subarray(start, end)), start)
    return this.verify(message, signature)
  }

  /** Starts both cipher streams anew; see MS-SPNG 3.3.5.1. */
  restart(): void {
    this.#out.restart()
    this.#in.restart()
  }
}

/** In constant time for equal lengths. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
