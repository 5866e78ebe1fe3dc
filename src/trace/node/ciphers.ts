import { createHash } from 'node:crypto'
import { openKerberos } from '../../crypto/kerberos.ts'
import { deriveSessionKeys } from '../../crypto/key-derivation.ts'
import { exchangeKey, ntHash, ntowfV2, ntProof, sessionBaseKey } from '../../crypto/ntlm.ts'
import { ntlmV1SessionKey } from '../../crypto/ntlm-v1.ts'
import { type CipherName, createSealer, type Sealer } from '../../crypto/sealing.ts'
import type { Ciphers } from '../keys/ciphers.ts'

const PROOF_BYTES = 16

/** What Node can do for the analyser. */
export function nodeCiphers(): Ciphers {
  // A sealer prepares its key once.
  const sealers = new WeakMap<Uint8Array, Partial<Record<CipherName, Sealer>>>()
  const sealerOf = (cipher: CipherName, key: Uint8Array): Sealer => {
    const made = sealers.get(key) ?? {}
    sealers.set(key, made)
    return (made[cipher] ??= createSealer(cipher, key))
  }
  return {
    sha512(...parts) {
      const hash = createHash('sha512')
      for (const part of parts) hash.update(part)
      return new Uint8Array(hash.digest())
    },
    deriveSessionKeys,
    // A sealer may open in place, and the bytes of the capture are not to be changed.
    open: (cipher, key, nonce, aad, tag, sealed) => sealerOf(cipher, key).open(nonce, aad, tag, sealed.slice()),
    ntHash,
    ntlmV2SessionKey(hash, user, domain, serverChallenge, ntResponse) {
      const responseKey = ntowfV2(hash, user, domain)
      const proof = ntProof(responseKey, serverChallenge, ntResponse.subarray(PROOF_BYTES))
      const isRight = proof.every((byte, i) => byte === ntResponse[i])
      return isRight ? sessionBaseKey(responseKey, proof) : undefined
    },
    ntlmV1SessionKey,
    exchangeKey,
    openKerberos,
  }
}
