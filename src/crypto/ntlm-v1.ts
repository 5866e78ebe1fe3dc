import { createCipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { NtlmFlags } from '../wire/ntlmssp/flags.ts'
import { md4 } from './md4.ts'

/**
 * NTLMv1 and LM: broken for decades, and still all that some scanners and machine tools speak. They are used where the
 * LAN Manager authentication level says so, which nobody's default does.
 */

/** DES keys have their parity in each byte's lowest bit: 7 bytes spread over 8. MS-NLMP 6, DES(). */
function spread(key: Uint8Array): Uint8Array {
  const out = new Uint8Array(8)
  let bits = 0n
  for (let i = 0; i < 7; i++) bits = (bits << 8n) | BigInt(key[i] ?? 0)
  for (let i = 7; i >= 0; i--) {
    out[i] = Number(bits & 0x7fn) << 1
    bits >>= 7n
  }
  return out
}

/** Single DES of one block: OpenSSL 3 has it as triple DES with one key three times. */
function des(key: Uint8Array, block: Uint8Array): Uint8Array {
  const single = spread(key)
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([single, single, single]), null)
  cipher.setAutoPadding(false)
  return new Uint8Array(cipher.update(block))
}

/** DESL: a hash of 16 bytes, as three keys, over a challenge of 8; 24 bytes. MS-NLMP 6. */
export function challengeResponse(hash: Uint8Array, challenge: Uint8Array): Uint8Array {
  const keys = new Uint8Array(21)
  keys.set(hash.subarray(0, 16))
  const out = new Uint8Array(24)
  for (let i = 0; i < 3; i++) out.set(des(keys.subarray(i * 7, i * 7 + 7), challenge), i * 8)
  return out
}

const MAGIC = Uint8Array.from('KGS!@#$%', (character) => character.charCodeAt(0))
const LM_PASSWORD_BYTES = 14

/**
 * The LM hash of a password, LMOWFv1: 16 bytes. Undefined where it has none: longer than 14 characters, or with some that
 * the OEM character set lacks. MS-NLMP 3.3.1.
 */
export function lmHash(password: string): Uint8Array | undefined {
  const upper = password.toUpperCase()
  if (upper.length > LM_PASSWORD_BYTES || /[^\x20-\x7e]/.test(upper)) return undefined
  const bytes = new Uint8Array(LM_PASSWORD_BYTES)
  for (let i = 0; i < upper.length; i++) bytes[i] = upper.charCodeAt(i)
  const out = new Uint8Array(16)
  out.set(des(bytes.subarray(0, 7), MAGIC))
  out.set(des(bytes.subarray(7), MAGIC), 8)
  bytes.fill(0)
  return out
}

/** What is answered instead of the server's challenge with extended session security. MS-NLMP 3.3.1. */
export const sessionSecurityChallenge = (serverChallenge: Uint8Array, clientChallenge: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('md5').update(serverChallenge).update(clientChallenge).digest()).subarray(0, 8)

/** SessionBaseKey of NTLMv1. MS-NLMP 3.3.1. */
export const sessionBaseKeyV1 = (ntHash: Uint8Array): Uint8Array => md4(ntHash)

/** KXKEY with extended session security. MS-NLMP 3.4.5.1. */
export const keyExchangeKeyV1 = (
  sessionBaseKey: Uint8Array,
  serverChallenge: Uint8Array,
  clientChallenge: Uint8Array,
): Uint8Array =>
  new Uint8Array(createHmac('md5', sessionBaseKey).update(serverChallenge).update(clientChallenge).digest())

/** The client's challenge in the LM response of extended session security. */
export const clientChallengeIn = (lmResponse: Uint8Array): Uint8Array => lmResponse.subarray(0, 8)

/**
 * KeyExchangeKey of a logon with NTLMv1, with extended session security or without; undefined where the NT hash is not
 * that of the user's password. MS-NLMP 3.3.1, 3.4.5.1.
 */
export function ntlmV1SessionKey(
  hash: Uint8Array,
  serverChallenge: Uint8Array,
  ntResponse: Uint8Array,
  lmResponse: Uint8Array,
  flags: number,
): Uint8Array | undefined {
  const isExtended = (flags & NtlmFlags.EXTENDED_SESSION_SECURITY) !== 0
  const clientChallenge = clientChallengeIn(lmResponse)
  const asked = isExtended ? sessionSecurityChallenge(serverChallenge, clientChallenge) : serverChallenge
  const proof = challengeResponse(hash, asked)
  if (ntResponse.length !== proof.length || !timingSafeEqual(proof, ntResponse)) return undefined
  const base = sessionBaseKeyV1(hash)
  return isExtended ? keyExchangeKeyV1(base, serverChallenge, clientChallenge) : base
}
