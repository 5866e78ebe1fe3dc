import { decodeAuthenticate, decodeChallenge, NtlmFlags } from '../../wire/ntlmssp/index.ts'
import type { Ciphers } from './ciphers.ts'

/** NTLMv1's responses have exactly this length, NTLMv2's are longer. MS-NLMP 2.2.2.6. */
const V1_RESPONSE_BYTES = 24

/**
 * The session key that a logon with NTLM gave, if one of the hashes is that of the user's password. MS-NLMP 3.4.5.
 * Undefined where none is, or the logon was anonymous.
 * @throws WireError for messages that are damaged
 */
export function ntlmSessionKey(
  challenge: Uint8Array,
  authenticate: Uint8Array,
  ntHashes: readonly Uint8Array[],
  ciphers: Ciphers,
): Uint8Array | undefined {
  const { serverChallenge } = decodeChallenge(challenge)
  const logon = decodeAuthenticate(authenticate)
  const { ntResponse, encryptedRandomSessionKey, negotiateFlags } = logon
  for (const hash of ntHashes) {
    const key =
      ntResponse.length > V1_RESPONSE_BYTES
        ? ciphers.ntlmV2SessionKey(hash, logon.userName, logon.domainName, serverChallenge, ntResponse)
        : ciphers.ntlmV1SessionKey(hash, serverChallenge, ntResponse, logon.lmResponse, negotiateFlags)
    if (key === undefined) continue
    const isExchanged = (negotiateFlags & NtlmFlags.KEY_EXCHANGE) !== 0 && encryptedRandomSessionKey.length > 0
    return isExchanged ? ciphers.exchangeKey(key, encryptedRandomSessionKey) : key
  }
  return undefined
}
