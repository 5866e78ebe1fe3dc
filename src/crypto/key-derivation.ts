import { createHmac } from 'node:crypto'
import type { CipherName } from './sealing.ts'

/**
 * SP 800-108 key derivation in counter mode with HMAC-SHA256, a 32-bit counter and a 32-bit length (MS-SMB2 3.1.4.2).
 * Gives `bits` / 8 bytes. `label` and `context` include their terminating zero where they are texts.
 */
export function deriveKey(key: Uint8Array, label: Uint8Array, context: Uint8Array, bits: 128 | 256): Uint8Array {
  const fixed = new Uint8Array(4 + label.length + 1 + context.length + 4)
  const view = new DataView(fixed.buffer)
  // One block of HMAC-SHA256 has all 256 bits that are ever asked for: the counter stays 1.
  view.setUint32(0, 1)
  fixed.set(label, 4)
  fixed.set(context, 4 + label.length + 1)
  view.setUint32(fixed.length - 4, bits)
  return new Uint8Array(
    createHmac('sha256', key)
      .update(fixed)
      .digest()
      .subarray(0, bits / 8),
  )
}

const text = (value: string): Uint8Array => Uint8Array.from(`${value}\0`, (character) => character.charCodeAt(0))

interface Purpose {
  readonly label: Uint8Array
  /** Where absent, the context is the pre-authentication integrity hash. */
  readonly context?: Uint8Array
}
interface Purposes {
  readonly signing: Purpose
  readonly application: Purpose
  readonly clientToServer: Purpose
  readonly serverToClient: Purpose
}

/** MS-SMB2 3.3.5.5.3, dialects 3.0 and 3.0.2. */
const PURPOSES_30: Purposes = {
  signing: { label: text('SMB2AESCMAC'), context: text('SmbSign') },
  application: { label: text('SMB2APP'), context: text('SmbRpc') },
  clientToServer: { label: text('SMB2AESCCM'), context: text('ServerIn ') },
  serverToClient: { label: text('SMB2AESCCM'), context: text('ServerOut') },
}
/** MS-SMB2 3.3.5.5.3, dialect 3.1.1. */
const PURPOSES_311: Purposes = {
  signing: { label: text('SMBSigningKey') },
  application: { label: text('SMBAppKey') },
  clientToServer: { label: text('SMBC2SCipherKey') },
  serverToClient: { label: text('SMBS2CCipherKey') },
}

export interface SessionKeys {
  /** 16 bytes. */
  readonly signingKey: Uint8Array
  /** For applications above SMB (RPC); 16 bytes. */
  readonly applicationKey: Uint8Array
  /** What the client seals and the server opens with; 16 or 32 bytes, empty in dialects without encryption. */
  readonly clientToServerKey: Uint8Array
  /** What the server seals and the client opens with. */
  readonly serverToClientKey: Uint8Array
}

export interface SessionKeySource {
  /** 0x0202 to 0x0311. */
  readonly dialect: number
  /** The first 16 bytes of what authentication gave, padded with zeros if that was shorter. */
  readonly sessionKey: Uint8Array
  /** All of what authentication gave; AES-256 ciphers start from it. */
  readonly fullSessionKey?: Uint8Array | undefined
  /** Session.PreauthIntegrityHashValue; needed for 3.1.1. */
  readonly preauthHash?: Uint8Array | undefined
  /** The negotiated cipher, where there is one; dialects 3.0 and 3.0.2 have AES-128-CCM. */
  readonly cipher?: CipherName | undefined
}

/** The keys of a session (of a channel: its signing key). MS-SMB2 3.3.5.5.3 and 3.2.5.3.1. */
export function deriveSessionKeys(source: SessionKeySource): SessionKeys {
  const { dialect, sessionKey, preauthHash, cipher } = source
  if (sessionKey.length !== 16) throw new RangeError(`a session key has 16 bytes, not ${sessionKey.length}`)
  if (dialect < 0x0300) {
    // The 2.x family signs with the session key itself and has no encryption.
    const none = new Uint8Array(0)
    return { signingKey: sessionKey, applicationKey: sessionKey, clientToServerKey: none, serverToClientKey: none }
  }
  const purposes = dialect >= 0x0311 ? PURPOSES_311 : PURPOSES_30
  const long = dialect >= 0x0311 && cipher?.startsWith('aes-256') === true
  const cipherSource = long ? (source.fullSessionKey ?? sessionKey) : sessionKey
  const bits = long ? 256 : 128
  const derive = (key: Uint8Array, { label, context = preauthHash }: Purpose, length: 128 | 256): Uint8Array => {
    if (context === undefined) throw new TypeError('dialect 3.1.1 needs the pre-authentication integrity hash')
    return deriveKey(key, label, context, length)
  }
  return {
    signingKey: derive(sessionKey, purposes.signing, 128),
    applicationKey: derive(sessionKey, purposes.application, 128),
    clientToServerKey: derive(cipherSource, purposes.clientToServer, bits),
    serverToClientKey: derive(cipherSource, purposes.serverToClient, bits),
  }
}
