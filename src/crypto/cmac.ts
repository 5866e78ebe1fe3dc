import * as crypto from 'node:crypto'

/** The 16-byte AES-128-CMAC (RFC 4493) of bytes that lie in `parts`, one after the other. */
export type Cmac = (parts: readonly Uint8Array[]) => Uint8Array

const BLOCK_BYTES = 16
/** What is encrypted at once: the ciphertext before the last block is of no use, and should not take much memory. */
const CHUNK_BYTES = 65_536

interface NativeMac {
  update(data: Uint8Array): unknown
  final(): Uint8Array
}
type CreateMac = (name: 'cmac', key: crypto.KeyObject, options: { cipher: string }) => NativeMac

/** Newer Node versions have CMAC themselves. */
const createMac = (crypto as { createMac?: CreateMac }).createMac

/** `key`: 16 bytes. `native: false` keeps to AES-CBC, which every Node version has. */
export function createCmac(key: Uint8Array, { native = true }: { native?: boolean } = {}): Cmac {
  const secret = crypto.createSecretKey(key)
  if (native && createMac !== undefined) {
    const options = { cipher: 'aes-128-cbc' }
    return (parts) => {
      const mac = createMac('cmac', secret, options)
      for (const part of parts) mac.update(part)
      return mac.final()
    }
  }
  return cmacByCbc(secret)
}

/** A subkey from the one before: times x in GF(2^128) (RFC 4493 2.3). */
function double(block: Uint8Array): Uint8Array {
  const out = new Uint8Array(BLOCK_BYTES)
  for (let i = 0; i < BLOCK_BYTES; i++) out[i] = ((block[i] as number) << 1) | ((block[i + 1] ?? 0) >>> 7)
  if ((block[0] as number) & 0x80) out[15] = (out[15] as number) ^ 0x87
  return out
}

function cmacByCbc(key: crypto.KeyObject): Cmac {
  const zeros = new Uint8Array(BLOCK_BYTES)
  const cbc = (): crypto.Cipheriv => crypto.createCipheriv('aes-128-cbc', key, zeros).setAutoPadding(false)
  const first = double(cbc().update(zeros))
  const second = double(first)
  const last = new Uint8Array(BLOCK_BYTES)

  return (parts) => {
    const cipher = cbc()
    // `last` holds back up to one block, since the last one is treated differently.
    let held = 0
    for (const part of parts) {
      let at = 0
      if (held + part.length > BLOCK_BYTES && held > 0) {
        at = BLOCK_BYTES - held
        last.set(part.subarray(0, at), held)
        cipher.update(last)
        held = 0
      }
      if (held === 0) {
        const whole = at + Math.max(0, Math.ceil((part.length - at) / BLOCK_BYTES) - 1) * BLOCK_BYTES
        for (; at < whole; at += Math.min(CHUNK_BYTES, whole - at))
          cipher.update(part.subarray(at, Math.min(whole, at + CHUNK_BYTES)))
      }
      last.set(part.subarray(at), held)
      held += part.length - at
    }
    if (held < BLOCK_BYTES) {
      last[held] = 0x80
      last.fill(0, held + 1)
    }
    const subkey = held === BLOCK_BYTES ? first : second
    for (let i = 0; i < BLOCK_BYTES; i++) last[i] = (last[i] as number) ^ (subkey[i] as number)
    const tag = cipher.update(last)
    last.fill(0)
    return tag
  }
}
