import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { rc4 } from './rc4.ts'

/** RFC 3961 5.3: what a derived key is for. */
const Purpose = { ENCRYPTION: 0xaa, INTEGRITY: 0x55, CHECKSUM: 0x99 } as const
type Purpose = (typeof Purpose)[keyof typeof Purpose]

/** A key of AES in one of its uses (RFC 4120 7.5.1, RFC 4121 2): with the keys that are derived from it for that. */
export interface KerberosUse {
  /** Of `mac` and `checksum`. */
  readonly checksumBytes: number
  /** `mac` goes over the ciphertext (RFC 8009 5); otherwise over the plaintext (RFC 3962 6). */
  readonly macsCiphertext: boolean
  /** AES with ciphertext stealing, of a block or more; as long as it was. */
  encrypt(plaintext: Uint8Array): Uint8Array
  decrypt(ciphertext: Uint8Array): Uint8Array
  /** What vouches for encrypted data. */
  mac(...parts: readonly Uint8Array[]): Uint8Array
  /** What vouches for data that are not encrypted. */
  checksum(...parts: readonly Uint8Array[]): Uint8Array
}

interface Profile {
  readonly keyBytes: number
  readonly hash: string
  readonly checksumBytes: number
  readonly macsCiphertext: boolean
  derive(key: Uint8Array, usage: number, purpose: Purpose): Uint8Array
}

/** RFC 3962 6. */
const aesSha1 = (keyBytes: number): Profile => ({
  keyBytes,
  hash: 'sha1',
  checksumBytes: 12,
  macsCiphertext: false,
  derive: deriveSha1,
})

/** RFC 8009 5. */
function aesSha2(keyBytes: number, hash: string, checksumBytes: number): Profile {
  return {
    keyBytes,
    hash,
    checksumBytes,
    macsCiphertext: true,
    derive(key, usage, purpose) {
      const bytes = purpose === Purpose.ENCRYPTION ? keyBytes : checksumBytes
      const fixed = new Uint8Array(4 + 5 + 1 + 4)
      const view = new DataView(fixed.buffer)
      view.setUint32(0, 1)
      view.setUint32(4, usage)
      fixed[8] = purpose
      view.setUint32(10, bytes * 8)
      return createHmac(hash, key).update(fixed).digest().subarray(0, bytes)
    },
  }
}

const profiles: ReadonlyMap<number, Profile> = new Map([
  [17, aesSha1(16)],
  [18, aesSha1(32)],
  [19, aesSha2(16, 'sha256', 16)],
  [20, aesSha2(32, 'sha384', 24)],
])
const RC4 = 23

/** A key in one of its uses; undefined for encryption types other than AES, and keys of another length. */
export function kerberosUse(encryptionType: number, key: Uint8Array, usage: number): KerberosUse | undefined {
  const profile = profiles.get(encryptionType)
  if (profile?.keyBytes !== key.length) return undefined
  const { hash, checksumBytes, macsCiphertext } = profile
  /** Most uses want one or two of the three keys, and some of them none: each is derived when it is. */
  const derived = (purpose: Purpose): (() => Uint8Array) => {
    let found: Uint8Array | undefined
    return () => (found ??= profile.derive(key, usage, purpose))
  }
  const encryption = derived(Purpose.ENCRYPTION)
  const integrity = derived(Purpose.INTEGRITY)
  const checksum = derived(Purpose.CHECKSUM)
  const hmac = (used: Uint8Array, parts: readonly Uint8Array[]): Uint8Array => {
    const sum = createHmac(hash, used)
    for (const part of parts) sum.update(part)
    return sum.digest().subarray(0, checksumBytes)
  }
  return {
    checksumBytes,
    macsCiphertext,
    encrypt: (plaintext) => sealCts(encryption(), plaintext),
    decrypt: (ciphertext) => openCts(encryption(), ciphertext),
    // The initial vector is zero, and part of it (RFC 8009 5).
    mac: (...parts) => hmac(integrity(), macsCiphertext ? [NO_VECTOR, ...parts] : parts),
    checksum: (...parts) => hmac(checksum(), parts),
  }
}

/**
 * Opens what a Kerberos key has sealed: AES with SHA-1 (RFC 3962) and SHA-2 (RFC 8009), and RC4 (RFC 4757). Undefined
 * where the key is not the one, the data were changed, or the encryption type is another.
 */
export function openKerberos(
  encryptionType: number,
  key: Uint8Array,
  usage: number,
  data: Uint8Array,
): Uint8Array | undefined {
  if (encryptionType === RC4 && key.length === 16) return openRc4(key, usage, data)
  const use = kerberosUse(encryptionType, key, usage)
  const end = data.length - (use?.checksumBytes ?? 0)
  // Before the plaintext stands a block of noise.
  if (use === undefined || end < BLOCK) return undefined
  const ciphertext = data.subarray(0, end)
  const plain = use.decrypt(ciphertext)
  const isRight = isSame(use.mac(use.macsCiphertext ? ciphertext : plain), data.subarray(end))
  return isRight ? plain.subarray(BLOCK) : undefined
}

const BLOCK = 16
const NO_VECTOR = new Uint8Array(BLOCK)

/** RFC 4757 5 and 3: some uses have another number there. */
function openRc4(key: Uint8Array, usage: number, data: Uint8Array): Uint8Array | undefined {
  const confounderBytes = 8
  if (data.length < 16 + confounderBytes) return undefined
  const salt = new Uint8Array(4)
  const renumbered: Readonly<Record<number, number>> = { 3: 8, 9: 8, 23: 13 }
  new DataView(salt.buffer).setUint32(0, renumbered[usage] ?? usage, true)
  const used = hmacMd5(key, salt)
  const checksum = data.subarray(0, 16)
  const plain = rc4(hmacMd5(used, checksum), data.subarray(16))
  return isSame(hmacMd5(used, plain), checksum) ? plain.subarray(confounderBytes) : undefined
}

const hmacMd5 = (key: Uint8Array, data: Uint8Array): Uint8Array => createHmac('md5', key).update(data).digest()

/** In constant time. */
export const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

/** DK of RFC 3961 5.1, with the usage and purpose as its constant. */
function deriveSha1(key: Uint8Array, usage: number, purpose: Purpose): Uint8Array {
  const constant = new Uint8Array(5)
  new DataView(constant.buffer).setUint32(0, usage)
  constant[4] = purpose
  const cipher = createCipheriv(cipherOf(key, 'ecb'), key, null).setAutoPadding(false)
  const out = new Uint8Array(key.length)
  let block: Uint8Array = nFold(constant, BLOCK)
  for (let at = 0; at < out.length; at += BLOCK) {
    block = cipher.update(block)
    out.set(block, at)
  }
  return out
}

/**
 * n-fold of RFC 3961 5.1: the text again and again, each time rotated right by 13 bits more, up to a length that both
 * divide; then all pieces of `size` bytes added in ones' complement.
 */
export function nFold(text: Uint8Array, size: number): Uint8Array {
  const total = leastCommonMultiple(text.length, size)
  const out = new Uint8Array(size)
  const bits = text.length * 8
  const bitAt = (position: number): number => ((text[position >>> 3] as number) >>> (7 - (position & 7))) & 1
  let carry = 0
  for (let at = total - 1; at >= 0; at--) {
    const rotation = 13 * Math.floor(at / text.length)
    let byte = 0
    for (let bit = 0; bit < 8; bit++) {
      const position = ((at % text.length) * 8 + bit - (rotation % bits) + bits) % bits
      byte = (byte << 1) | bitAt(position)
    }
    carry += byte + (out[at % size] as number)
    out[at % size] = carry & 0xff
    carry >>>= 8
  }
  for (let at = size - 1; carry > 0; at = (at + size - 1) % size) {
    carry += out[at] as number
    out[at] = carry & 0xff
    carry >>>= 8
  }
  return out
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return (a / x) * b
}

/** Where the last block begins, which may be cut short, and how long it is. */
function lastOf(length: number): { lastAt: number; lastBytes: number } {
  const lastBytes = length % BLOCK === 0 ? BLOCK : length % BLOCK
  return { lastAt: length - lastBytes, lastBytes }
}

const cipherOf = (key: Uint8Array, mode: 'cbc' | 'ecb'): string => `aes-${key.length * 8}-${mode}`

/** AES in CBC with ciphertext stealing, the last two blocks always swapped; the initial vector is zero. RFC 3962 5. */
function sealCts(key: Uint8Array, data: Uint8Array): Uint8Array {
  const { lastAt, lastBytes } = lastOf(data.length)
  const padded = new Uint8Array(lastAt + BLOCK)
  padded.set(data)
  const sealed = createCipheriv(cipherOf(key, 'cbc'), key, NO_VECTOR).setAutoPadding(false).update(padded)
  if (data.length === BLOCK) return sealed
  const out = new Uint8Array(data.length)
  const beforeAt = lastAt - BLOCK
  out.set(sealed.subarray(0, beforeAt))
  out.set(sealed.subarray(lastAt), beforeAt)
  out.set(sealed.subarray(beforeAt, beforeAt + lastBytes), lastAt)
  return out
}

/** The counterpart of `sealCts`. */
function openCts(key: Uint8Array, data: Uint8Array): Uint8Array {
  const { lastAt, lastBytes } = lastOf(data.length)
  const inOrder = new Uint8Array(lastAt + BLOCK)
  inOrder.set(data)
  if (lastAt > 0) {
    const beforeAt = lastAt - BLOCK
    const stolenFrom = data.subarray(beforeAt, lastAt)
    const stolen = createDecipheriv(cipherOf(key, 'ecb'), key, null).setAutoPadding(false).update(stolenFrom)
    // What the last block lacks is what it was encrypted with.
    inOrder.set(data.subarray(lastAt), beforeAt)
    inOrder.set(stolen.subarray(lastBytes), beforeAt + lastBytes)
    inOrder.set(stolenFrom, lastAt)
  }
  const opened = createDecipheriv(cipherOf(key, 'cbc'), key, NO_VECTOR).setAutoPadding(false).update(inOrder)
  return opened.subarray(0, data.length)
}
