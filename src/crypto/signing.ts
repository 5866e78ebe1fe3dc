import { createCipheriv, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { type AesGcm, aesGcm } from '../native/aes-gcm.ts'
import { createCmac } from './cmac.ts'

/** The signing algorithms of MS-SMB2 2.2.3.1.7. */
export type SigningAlgorithm = 'hmac-sha256' | 'aes-cmac' | 'aes-gmac'

/** What goes into the nonce of AES-GMAC (MS-SMB2 3.1.4.1). */
export interface SigningInfo {
  readonly messageId: bigint
  /** The message is from the server. */
  readonly fromServer: boolean
  /** The message is a CANCEL request. */
  readonly isCancel: boolean
}

export interface Signer {
  readonly algorithm: SigningAlgorithm
  /**
   * The 16-byte signature of a message that lies in `parts`, one after the other: from its SMB2 header on, padding to
   * the next message of a chain included, the signature field zero.
   */
  sign(parts: readonly Uint8Array[], info: SigningInfo): Uint8Array
  /** In constant time. The signature field in `parts` is zero here, too. */
  verify(parts: readonly Uint8Array[], info: SigningInfo, signature: Uint8Array): boolean
}

/** Which algorithm a dialect has when none was negotiated (MS-SMB2 3.1.4.1). */
export const defaultSigningAlgorithm = (dialect: number): SigningAlgorithm =>
  dialect < 0x0300 ? 'hmac-sha256' : 'aes-cmac'

/** `key`: 16 bytes. */
export function createSigner(algorithm: SigningAlgorithm, key: Uint8Array): Signer {
  if (key.length !== 16) throw new RangeError(`a signing key has 16 bytes, not ${key.length}`)
  return signerOf(algorithm, TAGGERS[algorithm](key))
}

type Tagger = (parts: readonly Uint8Array[], info: SigningInfo) => Uint8Array

function signerOf(algorithm: SigningAlgorithm, sign: Tagger): Signer {
  return {
    algorithm,
    sign,
    verify: (parts, info, signature) => signature.length === 16 && timingSafeEqual(sign(parts, info), signature),
  }
}

/** How each algorithm signs with a key; what can be prepared is prepared once. */
const TAGGERS: Readonly<Record<SigningAlgorithm, (key: Uint8Array) => Tagger>> = {
  'hmac-sha256': (key) => {
    const secret = createSecretKey(key)
    return (parts) => hmac(secret, parts)
  },
  'aes-cmac': (key) => createCmac(key),
  'aes-gmac': (key) => {
    const own = key.slice()
    let secret: KeyObject | undefined
    let direct: AesGcm | undefined
    let left = MESSAGES_BEFORE_DIRECT
    return (parts, info) => {
      if (direct !== undefined) return directGmac(direct, own, parts, info)
      secret ??= createSecretKey(own)
      if (left-- === 0) direct = aesGcm()
      return gmac(secret, parts, info)
    }
  },
}

/** To load what calls OpenSSL directly costs more than it saves with fewer: a command of a client may send no more than a hundred. */
const MESSAGES_BEFORE_DIRECT = 1000

function hmac(key: KeyObject, parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest().subarray(0, 16)
}

/** Read before the call that takes the nonce returns, so one buffer does for all. */
const nonce = new Uint8Array(12)
const nonceView = new DataView(nonce.buffer)

function setNonce(info: SigningInfo): void {
  nonceView.setBigUint64(0, info.messageId, true)
  nonce[8] = (info.fromServer ? 1 : 0) | (info.isCancel ? 2 : 0)
}

function directGmac(openssl: AesGcm, key: Uint8Array, parts: readonly Uint8Array[], info: SigningInfo): Uint8Array {
  setNonce(info)
  const tag = new Uint8Array(16)
  openssl.mac(key, nonce, parts, tag)
  return tag
}

/** A GMAC is the tag of an empty message with the data as what is authenticated beside it. */
function gmac(key: KeyObject, parts: readonly Uint8Array[], info: SigningInfo): Uint8Array {
  setNonce(info)
  const cipher = createCipheriv('aes-128-gcm', key, nonce)
  for (const part of parts) cipher.setAAD(part)
  cipher.final()
  return cipher.getAuthTag()
}
