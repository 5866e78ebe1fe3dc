import { viewOf } from '../../bytes/utf16.ts'
import { Dialect, TransformHeader } from '../../wire/smb2/index.ts'
import type { CipherName, Ciphers } from './ciphers.ts'

/** From the nonce on a transform header is authenticated. MS-SMB2 3.1.4.3. */
const AAD_OFFSET = 20

/** A key of one direction, and what it may be for: where the negotiation was not captured, nobody knows the cipher. */
interface DirectionKey {
  readonly key: Uint8Array
  ciphers: readonly CipherName[]
}

/** Opens the sealed messages of one session. */
export class SessionOpener {
  readonly #ciphers: Ciphers
  readonly #keys: { readonly client: readonly DirectionKey[]; readonly server: readonly DirectionKey[] }

  constructor(ciphers: Ciphers, fromClient: readonly DirectionKey[], fromServer: readonly DirectionKey[]) {
    this.#ciphers = ciphers
    this.#keys = { client: fromClient, server: fromServer }
  }

  /** The message in a whole sealed one, transform header included; undefined where no key opens it. */
  open(sealed: Uint8Array, fromServer: boolean): Uint8Array | undefined {
    const view = viewOf(sealed)
    const nonce = sealed.subarray(AAD_OFFSET, AAD_OFFSET + 16)
    const aad = sealed.subarray(AAD_OFFSET, TransformHeader.size)
    const tag = TransformHeader.read(view, 0).signature
    const text = sealed.subarray(TransformHeader.size)
    for (const direction of this.#keys[fromServer ? 'server' : 'client'])
      for (const cipher of direction.ciphers) {
        const used = nonce.subarray(0, cipher.endsWith('ccm') ? 11 : 12)
        const message = this.#ciphers.open(cipher, direction.key, used, aad, tag, text)
        if (message === undefined) continue
        direction.ciphers = [cipher]
        return message
      }
    return undefined
  }
}

/** What a key of this length may be for. */
export const ciphersOfLength = (bytes: number): readonly CipherName[] =>
  bytes === 32 ? ['aes-256-gcm', 'aes-256-ccm'] : ['aes-128-gcm', 'aes-128-ccm']

/** What is known of a session when its keys are derived. */
interface KeySource {
  /** Undefined where NEGOTIATE was not captured. */
  readonly dialect: number | undefined
  readonly cipher: CipherName | undefined
  readonly sessionKey: Uint8Array
  /** Of the session, for 3.1.1. */
  readonly preauthHash: Uint8Array | undefined
}

const SESSION_KEY_BYTES = 16

/**
 * The keys of a session that a session key stands for. Undefined where what they depend on was not captured: 3.1.1
 * takes in the logon itself.
 */
export function deriveOpener(source: KeySource, ciphers: Ciphers): SessionOpener | undefined {
  const { preauthHash, cipher } = source
  // Without NEGOTIATE: the keys of 3.0 depend on the session key alone.
  const dialect = source.dialect ?? Dialect.SMB_3_0
  if (dialect < Dialect.SMB_3_0 || (dialect === Dialect.SMB_3_1_1 && preauthHash === undefined)) return undefined
  const sessionKey = new Uint8Array(SESSION_KEY_BYTES)
  sessionKey.set(source.sessionKey.subarray(0, SESSION_KEY_BYTES))
  const isLong = source.sessionKey.length > SESSION_KEY_BYTES
  const keys = ciphers.deriveSessionKeys({
    dialect,
    sessionKey,
    fullSessionKey: isLong ? source.sessionKey : undefined,
    preauthHash,
    cipher,
  })
  const is311 = dialect === Dialect.SMB_3_1_1
  const known: readonly CipherName[] = is311 ? knownCiphers(cipher) : ['aes-128-ccm']
  return new SessionOpener(
    ciphers,
    [{ key: keys.clientToServerKey, ciphers: known }],
    [{ key: keys.serverToClientKey, ciphers: known }],
  )
}

const knownCiphers = (cipher: CipherName | undefined): readonly CipherName[] =>
  cipher === undefined ? ciphersOfLength(SESSION_KEY_BYTES) : [cipher]
