import type { Acceptor, Identity } from '../auth/mechanism.ts'
import type { PreauthIntegrityHash } from '../crypto/preauth.ts'
import type { Sealer } from '../crypto/sealing.ts'
import type { Signer } from '../crypto/signing.ts'
import type { Connection } from './connection.ts'
import type { Open, PipeOpen } from './open.ts'
import type { TreeConnect } from './tree-connect.ts'

/** Keys of a session on a connection (MS-SMB2 3.3.1.8: Session.SigningKey, EncryptionKey, DecryptionKey ...). */
export interface SessionKeys {
  readonly signer: Signer
  /** Opens what the client sealed. Absent below 3.0 or without a cipher in common. */
  readonly opener?: Sealer
  /** Seals what is sent to the client. */
  readonly sealer?: Sealer
}

export type SessionState = 'in progress' | 'valid' | 'expired'

/** MS-SMB2 3.3.1.8. */
export class Session {
  readonly id: bigint
  readonly connection: Connection
  state: SessionState = 'in progress'
  identity: Identity | undefined
  /** The logon that is under way. */
  acceptor: Acceptor | undefined
  /** Pre-authentication hash of the logon under way (3.1.1). */
  preauthHash: PreauthIntegrityHash | undefined
  keys: SessionKeys | undefined
  /** The user whose logon the keys come from; absent without keys. */
  keyOwnerSid: string | undefined
  sessionKey: Uint8Array | undefined
  signingRequired = false
  /** Every request but SESSION_SETUP has to be sealed. */
  encryptData = false
  readonly trees = new Map<number, TreeConnect>()
  /** By the volatile part of their id. */
  readonly opens = new Map<bigint, Open | PipeOpen>()
  /** Directories that are watched, whether or not a request waits; kept by ChangeNotifier. */
  watchCount = 0
  readonly createdAt: bigint
  expiresAt: bigint | undefined
  #nextTreeId = 1
  #nonce = 0n

  constructor(id: bigint, connection: Connection, createdAt: bigint) {
    this.id = id
    this.connection = connection
    this.createdAt = createdAt
  }

  get isGuest(): boolean {
    return this.identity?.kind === 'guest'
  }

  get isAnonymous(): boolean {
    return this.identity?.kind === 'anonymous'
  }

  newTreeId(): number {
    while (this.trees.has(this.#nextTreeId) || this.#nextTreeId === 0) this.#nextTreeId = (this.#nextTreeId + 1) >>> 0
    const id = this.#nextTreeId
    this.#nextTreeId = (id + 1) >>> 0
    return id
  }

  /** A nonce that this session has never used: a counter (MS-SMB2 3.1.4.3 wants them unique, not random). */
  nextNonce(length: number): Uint8Array {
    const nonce = new Uint8Array(length)
    new DataView(nonce.buffer).setBigUint64(0, this.#nonce++, true)
    return nonce
  }
}
