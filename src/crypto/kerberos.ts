import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { rc4 } from './rc4.ts'

/** RFC 3961 5.3: what a derived key is for. */
const encryption = 0xaa
const integrity = 0x55

interface Profile {
  readonly keyBytes: number
  /** Undefined where the key is wrong or the data were changed. */
  decrypt(key: Uint8Array, usage: number, data: Uint8Array): Uint8Array | undefined
}

const profiles: ReadonlyMap<number, Profile> = new Map([
  [17, aesSha1(16)],
  [18, aesSha1(32)],
  [19, aesSha2(16, 'sha256', 16)],
  [20, aesSha2(32, 'sha384', 24)],
  [23, { keyBytes: 16, decrypt: openRc4 }],
])

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
  const profile = profiles.get(encryptionType)
  return profile?.keyBytes === key.length ? profile.decrypt(key, usage, data) : undefined
}

const BLOCK = 16

/** RFC 3962 6. The checksum is over the plaintext, of 12 bytes; before the plaintext stands a block of noise. */
function aesSha1(keyBytes: number): Profile {
  const checksumBytes = 12
  return {
    keyBytes,
    decrypt(key, usage, data) {
      const end = data.length - checksumBytes
      if (end < BLOCK) return undefined
      const plain = openCts(deriveSha1(key, usage, encryption), data.subarray(0, end))
      const sum = createHmac('sha1', deriveSha1(key, usage, integrity))
        .update(plain)
        .digest()
      return isSame(sum.subarray(0, checksumBytes), data.subarray(end)) ? plain.subarray(BLOCK) : undefined
    },
  }
}

/** RFC 8009 5. The checksum is over the (zero) initial vector and the ciphertext. */
function aesSha2(keyBytes: number, hash: string, checksumBytes: number): Profile {
  const derive = (key: Uint8Array, usage: number, purpose: number, bytes: number): Uint8Array => {
    const fixed = new Uint8Array(4 + 5 + 1 + 4)
    const view = new DataView(fixed.buffer)
    view.setUint32(0, 1)
    view.setUint32(4, usage)
    fixed[8] = purpose
    view.setUint32(10, bytes * 8)
    return createHmac(hash, key).update(fixed).digest().subarray(0, bytes)
  }
  return {
    keyBytes,
    decrypt(key, usage, data) {
      const end = data.length - checksumBytes
      if (end < BLOCK) return undefined
      const ciphertext = data.subarray(0, end)
      const mac = createHmac(hash, derive(key, usage, integrity, checksumBytes)).update(new Uint8Array(BLOCK))
      const sum = mac.update(ciphertext).digest().subarray(0, checksumBytes)
      if (!isSame(sum, data.subarray(end))) return undefined
      return openCts(derive(key, usage, encryption, keyBytes), ciphertext).subarray(BLOCK)
    },
  }
}

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

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

/** DK of RFC 3961 5.1, with the usage and purpose as its constant. */
function deriveSha1(key: Uint8Array, usage: number, purpose: number): Uint8Array {
  const constant = new Uint8Array(5)
  new DataView(constant.buffer).setUint32(0, usage)
  constant[4] = purpose
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-ecb' : 'aes-128-ecb', key, null).setAutoPadding(false)
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

/** AES in CBC with ciphertext stealing, the last two blocks always swapped; the initial vector is zero. RFC 3962 5. */
function openCts(key: Uint8Array, data: Uint8Array): Uint8Array {
  const size = key.length * 8
  const decipher = createDecipheriv(`aes-${size}-ecb`, key, null).setAutoPadding(false)
  if (data.length === BLOCK) return decipher.update(data)
  const out = new Uint8Array(data.length)
  const lastBytes = data.length % BLOCK === 0 ? BLOCK : data.length % BLOCK
  const lastAt = data.length - lastBytes
  const beforeAt = lastAt - BLOCK
  let previous: Uint8Array = new Uint8Array(BLOCK)
  for (let at = 0; at < beforeAt; at += BLOCK) {
    const block = data.subarray(at, at + BLOCK)
    out.set(xor(decipher.update(block), previous), at)
    previous = block
  }
  const stolen = decipher.update(data.subarray(beforeAt, lastAt))
  const last = data.subarray(lastAt)
  out.set(xor(stolen.subarray(0, lastBytes), last), lastAt)
  const whole = new Uint8Array(stolen)
  whole.set(last)
  out.set(xor(decipher.update(whole), previous), beforeAt)
  return out
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = (a[i] as number) ^ (b[i] as number)
  return out
}
