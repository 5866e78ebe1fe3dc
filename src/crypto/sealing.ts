import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { type AesGcm, aesGcm } from '../native/aes-gcm.ts'

/** The ciphers of MS-SMB2 2.2.3.1.2. */
export type CipherName = 'aes-128-ccm' | 'aes-128-gcm' | 'aes-256-ccm' | 'aes-256-gcm'

export const TAG_BYTES = 16

/** Seals and opens the messages of one direction of one session (MS-SMB2 3.1.4.3, 3.3.5.2.1.1). */
export interface Sealer {
  readonly cipher: CipherName
  /** Bytes of the nonce that are used: 11 with CCM, 12 with GCM. The rest of the header's 16 are zero. */
  readonly nonceLength: number
  /**
   * Writes the ciphertext of `parts`, one after the other, to the beginning of `out` and gives the 16-byte tag.
   * `aad` is the transform header from its Nonce field on. `nonce` may be longer than `nonceLength`.
   */
  seal(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[], out: Uint8Array): Uint8Array
  /** The same without the copy: gives the ciphertext in pieces that are to be sent one after the other. */
  sealPieces(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[]): Sealed
  /**
   * The plaintext; undefined when the tag is wrong. It may lie where the ciphertext lay, which is not to be used again
   * in either case.
   */
  open(nonce: Uint8Array, aad: Uint8Array, tag: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
}

export interface Sealed {
  readonly pieces: readonly Uint8Array[]
  readonly tag: Uint8Array
}

/** @throws RangeError when the key is not of the cipher's length. */
export function createSealer(cipher: CipherName, key: Uint8Array): Sealer {
  const keyLength = cipher.startsWith('aes-256') ? 32 : 16
  if (key.length !== keyLength) throw new RangeError(`${cipher} needs a key of ${keyLength} bytes, not ${key.length}`)
  if (cipher === 'aes-128-gcm' || cipher === 'aes-256-gcm') return new LazyGcm(cipher, key.slice())
  // A KeyObject is made once: a raw key costs several microseconds a call.
  return new Ccm(cipher, createSecretKey(key))
}

const total = (parts: readonly Uint8Array[]): number => {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

function copyInto(out: Uint8Array, { pieces, tag }: Sealed): Uint8Array {
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return tag
}

const exactly = (nonce: Uint8Array, length: number): Uint8Array =>
  nonce.length === length ? nonce : nonce.subarray(0, length)

/** Below this a copy costs less than another call of the cipher. Read before the call returns: one buffer for all. */
const scratch = new Uint8Array(2048)

const gathered = (parts: readonly Uint8Array[]): readonly Uint8Array[] => {
  const length = parts.length > 1 ? total(parts) : scratch.length + 1
  return length > scratch.length ? parts : [joinInto(scratch.subarray(0, length), parts)]
}

/** What it does it by is looked for when there is something to do: sessions that could seal mostly do not. */
class LazyGcm implements Sealer {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm'
  readonly nonceLength = 12
  readonly #key: Uint8Array
  #found: Sealer | undefined

  constructor(cipher: 'aes-128-gcm' | 'aes-256-gcm', key: Uint8Array) {
    this.cipher = cipher
    this.#key = key
  }

  get #sealer(): Sealer {
    if (this.#found === undefined) {
      const direct = aesGcm()
      this.#found =
        direct === undefined
          ? new Gcm(this.cipher, createSecretKey(this.#key))
          : new DirectGcm(this.cipher, this.#key, direct)
    }
    return this.#found
  }

  seal(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[], out: Uint8Array): Uint8Array {
    return this.#sealer.seal(nonce, aad, parts, out)
  }

  sealPieces(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[]): Sealed {
    return this.#sealer.sealPieces(nonce, aad, parts)
  }

  open(nonce: Uint8Array, aad: Uint8Array, tag: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    return this.#sealer.open(nonce, aad, tag, ciphertext)
  }
}

/** By OpenSSL without `node:crypto` between, from and into buffers that are there. */
class DirectGcm implements Sealer {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm'
  readonly nonceLength = 12
  readonly #key: Uint8Array
  readonly #openssl: AesGcm

  constructor(cipher: 'aes-128-gcm' | 'aes-256-gcm', key: Uint8Array, openssl: AesGcm) {
    this.cipher = cipher
    this.#key = key
    this.#openssl = openssl
  }

  seal(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[], out: Uint8Array): Uint8Array {
    const input = parts.length === 1 ? (parts[0] as Uint8Array) : joinInto(out.subarray(0, total(parts)), parts)
    const tag = new Uint8Array(TAG_BYTES)
    this.#openssl.seal(this.#key, nonce, aad, input, out, tag)
    return tag
  }

  sealPieces(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[]): Sealed {
    const out = Buffer.allocUnsafe(total(parts))
    return { tag: this.seal(nonce, aad, parts, out), pieces: [out] }
  }

  open(nonce: Uint8Array, aad: Uint8Array, tag: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (tag.length !== TAG_BYTES) return undefined
    return this.#openssl.open(this.#key, nonce, aad, ciphertext, ciphertext, tag) ? ciphertext : undefined
  }
}

class Gcm implements Sealer {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm'
  readonly nonceLength = 12
  readonly #key: KeyObject

  constructor(cipher: 'aes-128-gcm' | 'aes-256-gcm', key: KeyObject) {
    this.cipher = cipher
    this.#key = key
  }

  seal(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[], out: Uint8Array): Uint8Array {
    return copyInto(out, this.sealPieces(nonce, aad, parts))
  }

  sealPieces(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[]): Sealed {
    const cipher = createCipheriv(this.cipher, this.#key, exactly(nonce, 12))
    cipher.setAAD(aad)
    const pieces: Uint8Array[] = []
    for (const part of gathered(parts)) if (part.length > 0) pieces.push(cipher.update(part))
    cipher.final()
    return { pieces, tag: cipher.getAuthTag() }
  }

  open(nonce: Uint8Array, aad: Uint8Array, tag: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (tag.length !== TAG_BYTES) return undefined
    const decipher = createDecipheriv(this.cipher, this.#key, exactly(nonce, 12), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(tag)
    decipher.setAAD(aad)
    const plaintext = decipher.update(ciphertext)
    try {
      decipher.final()
    } catch {
      // The only way to fail here is a wrong tag; what was decrypted must not be seen.
      return undefined
    }
    return plaintext
  }
}

class Ccm implements Sealer {
  readonly cipher: 'aes-128-ccm' | 'aes-256-ccm'
  readonly nonceLength = 11
  readonly #key: KeyObject

  constructor(cipher: 'aes-128-ccm' | 'aes-256-ccm', key: KeyObject) {
    this.cipher = cipher
    this.#key = key
  }

  seal(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[], out: Uint8Array): Uint8Array {
    // CCM wants all of the plaintext in one call: several parts are put together in `out`, where there is room.
    const whole = parts.length === 1 ? (parts[0] as Uint8Array) : joinInto(out.subarray(0, total(parts)), parts)
    return copyInto(out, this.#sealWhole(nonce, aad, whole))
  }

  sealPieces(nonce: Uint8Array, aad: Uint8Array, parts: readonly Uint8Array[]): Sealed {
    const whole = parts.length === 1 ? (parts[0] as Uint8Array) : joinInto(new Uint8Array(total(parts)), parts)
    return this.#sealWhole(nonce, aad, whole)
  }

  #sealWhole(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Sealed {
    const cipher = createCipheriv(this.cipher, this.#key, exactly(nonce, 11), { authTagLength: TAG_BYTES })
    cipher.setAAD(aad, { plaintextLength: plaintext.length })
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    return { pieces: [ciphertext], tag: cipher.getAuthTag() }
  }

  open(nonce: Uint8Array, aad: Uint8Array, tag: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (tag.length !== TAG_BYTES) return undefined
    const decipher = createDecipheriv(this.cipher, this.#key, exactly(nonce, 11), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(tag)
    decipher.setAAD(aad, { plaintextLength: ciphertext.length })
    try {
      const plaintext = decipher.update(ciphertext)
      decipher.final()
      return plaintext
    } catch {
      // The only way to fail here is a wrong tag.
      return undefined
    }
  }
}

function joinInto(out: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
