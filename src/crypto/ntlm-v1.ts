/** NTLM version 1, of which nothing but the reading is here: what it gives is what old logons are opened with. */
import { createCipheriv, createHash, createHmac } from 'node:crypto'
import { NtlmFlags } from '../wire/ntlmssp/flags.ts'
import { md4 } from './md4.ts'

const CHALLENGE_BYTES = 8
const RESPONSE_BYTES = 24

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
  if (ntResponse.length !== RESPONSE_BYTES) return undefined
  const isExtended = (flags & NtlmFlags.EXTENDED_SESSION_SECURITY) !== 0
  const clientChallenge = lmResponse.subarray(0, CHALLENGE_BYTES)
  const asked = isExtended
    ? createHash('md5').update(serverChallenge).update(clientChallenge).digest().subarray(0, CHALLENGE_BYTES)
    : serverChallenge
  if (!desLong(hash, asked).equals(ntResponse)) return undefined
  const base = md4(hash)
  if (!isExtended) return base
  return new Uint8Array(createHmac('md5', base).update(serverChallenge).update(clientChallenge).digest())
}

/** DESL of MS-NLMP 6: three keys of 7 bytes, out of the hash and zeros. */
function desLong(hash: Uint8Array, block: Uint8Array): Buffer {
  const keys = new Uint8Array(21)
  keys.set(hash)
  return Buffer.concat([0, 7, 14].map((at) => des(keys.subarray(at, at + 7), block)))
}

/** One block under DES. OpenSSL 3 keeps single DES away; three times the same key is the same. */
function des(key: Uint8Array, block: Uint8Array): Buffer {
  const spread = new Uint8Array(8)
  for (let i = 0; i < 8; i++) {
    // Seven bits a byte, from the highest on; the eighth is parity, which nobody checks.
    const word = ((key[i - 1] ?? 0) << 8) | (key[i] ?? 0)
    spread[i] = (word >>> i) & 0xfe
  }
  const cipher = createCipheriv('des-ede3', Buffer.concat([spread, spread, spread]), null).setAutoPadding(false)
  return cipher.update(block)
}
