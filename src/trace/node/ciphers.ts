import { createHash } from 'node:crypto'
import { openKerberos } from '../../crypto/kerberos.ts'
import { deriveSessionKeys } from '../../crypto/key-derivation.ts'
import { exchangeKey, type NtlmRole, ntHash, ntowfV2, ntProof, sealKey, sessionBaseKey } from '../../crypto/ntlm.ts'
import { ntlmV1SessionKey } from '../../crypto/ntlm-v1.ts'
import { Rc4 } from '../../crypto/rc4.ts'
import { type CipherName, createSealer, type Sealer } from '../../crypto/sealing.ts'
import { createSigner, type Signer, type SigningAlgorithm } from '../../crypto/signing.ts'
import { NtlmFlags } from '../../wire/ntlmssp/index.ts'
import type { Ciphers, NtlmUnsealer } from '../keys/ciphers.ts'

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
  const signers = new WeakMap<Uint8Array, Signer>()
  const signerOf = (algorithm: SigningAlgorithm, key: Uint8Array): Signer => {
    const signer = signers.get(key) ?? createSigner(algorithm, key)
    signers.set(key, signer)
    return signer
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
    verify: (algorithm, key, message, info, signature) => signerOf(algorithm, key).verify([message], info, signature),
    ntHash,
    ntlmV2SessionKey(hash, user, domain, serverChallenge, ntResponse) {
      const responseKey = ntowfV2(hash, user, domain)
      const proof = ntProof(responseKey, serverChallenge, ntResponse.subarray(PROOF_BYTES))
      const isRight = proof.every((byte, i) => byte === ntResponse[i])
      return isRight ? sessionBaseKey(responseKey, proof) : undefined
    },
    ntlmV1SessionKey,
    exchangeKey,
    ntlmUnsealer: (key, sender, flags) => new NtlmOpener(key, sender, flags),
    openKerberos,
  }
}

const CHECKSUM_AT = 4
const SEQUENCE_AT = 12
const SIGNATURE_BYTES = 16

/** One direction of messages that NTLM has sealed. MS-NLMP 3.4.3, 3.4.4.2. */
class NtlmOpener implements NtlmUnsealer {
  readonly #stream: Rc4
  readonly #sealsChecksum: boolean
  #next: number | undefined
  #isLost = false

  constructor(exportedSessionKey: Uint8Array, sender: NtlmRole, flags: number) {
    this.#stream = new Rc4(sealKey(exportedSessionKey, sender, flags))
    this.#sealsChecksum = (flags & NtlmFlags.KEY_EXCHANGE) !== 0
  }

  open(sealed: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
    if (this.#isLost || signature.length < SIGNATURE_BYTES) return undefined
    const sequence = new DataView(signature.buffer, signature.byteOffset).getUint32(SEQUENCE_AT, true)
    // SPNEGO may have used up the first numbers for its own exchange, and has begun the stream anew.
    this.#isLost = this.#next !== undefined && this.#next !== sequence
    if (this.#isLost) return undefined
    this.#next = (sequence + 1) >>> 0
    const opened = this.#stream.update(sealed)
    if (this.#sealsChecksum) this.#stream.update(signature.subarray(CHECKSUM_AT, SEQUENCE_AT))
    return opened
  }
}
