import type { SessionKeySource, SessionKeys } from '../../crypto/key-derivation.ts'
import type { CipherName } from '../../crypto/sealing.ts'
import type { SigningAlgorithm, SigningInfo } from '../../crypto/signing.ts'

export type { CipherName, SigningAlgorithm }

/** Opens the messages of one direction, each once and in their order: the cipher goes on from one to the next. */
export interface NtlmUnsealer {
  /** The plaintext; undefined where a message before it is missing. */
  open(sealed: Uint8Array, signature: Uint8Array): Uint8Array | undefined
}

/**
 * What opening sealed traffic needs of cryptography. It is handed in, since the core imports nothing of Node's:
 * `src/trace/node/ciphers.ts` has what Node can do.
 */
export interface Ciphers {
  sha512(...parts: readonly Uint8Array[]): Uint8Array
  /** The keys of a session. MS-SMB2 3.3.5.5.3. */
  deriveSessionKeys(source: SessionKeySource): SessionKeys
  /** The plaintext of a sealed message; undefined where the tag is wrong. `sealed` is left as it is. */
  open(
    cipher: CipherName,
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    tag: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined
  /** Whether a signature is that of a message, the signature field of which is zero. MS-SMB2 3.1.4.1. */
  verify(
    algorithm: SigningAlgorithm,
    key: Uint8Array,
    message: Uint8Array,
    info: SigningInfo,
    signature: Uint8Array,
  ): boolean
  /** The NT hash of a password. MS-NLMP 3.3.1. */
  ntHash(password: string): Uint8Array
  /** SessionBaseKey of a logon with NTLMv2; undefined where the hash is not the user's. MS-NLMP 3.3.2. */
  ntlmV2SessionKey(
    hash: Uint8Array,
    user: string,
    domain: string,
    serverChallenge: Uint8Array,
    ntResponse: Uint8Array,
  ): Uint8Array | undefined
  /** KeyExchangeKey of a logon with NTLMv1; undefined where the hash is not the user's. MS-NLMP 3.3.1, 3.4.5.1. */
  ntlmV1SessionKey(
    hash: Uint8Array,
    serverChallenge: Uint8Array,
    ntResponse: Uint8Array,
    lmResponse: Uint8Array,
    flags: number,
  ): Uint8Array | undefined
  /** The session key under the key exchange key. MS-NLMP 3.2.5.1.2. */
  exchangeKey(keyExchangeKey: Uint8Array, key: Uint8Array): Uint8Array
  /** Opens what NTLM has sealed in one direction. MS-NLMP 3.4.3. */
  ntlmUnsealer(exportedSessionKey: Uint8Array, sender: 'client' | 'server', flags: number): NtlmUnsealer
  /** What a Kerberos key has sealed (RFC 3961); undefined where it is not the one. */
  openKerberos(encryptionType: number, key: Uint8Array, usage: number, data: Uint8Array): Uint8Array | undefined
}
