import type { Identity } from '../auth/mechanism.ts'
import type { Sealer } from '../crypto/sealing.ts'
import type { Transport } from '../protocol/transport.ts'
import type { Channel } from './channel.ts'
import type { Connection, Negotiated } from './connection.ts'
import type { MacSession } from './mac/session.ts'
import type { Open, PipeOpen } from './open.ts'
import type { Request } from './request.ts'
import type { ServerCore } from './server-core.ts'
import type { TreeConnect } from './tree-connect.ts'

/** What all channels of a session have in common (MS-SMB2 3.3.1.8: Session.SigningKey, EncryptionKey, DecryptionKey). */
export interface SessionKeys {
  /** 16 bytes: with it who binds another connection proves that the session is its own. */
  readonly signingKey: Uint8Array
  /** Opens what the client sealed. Absent below 3.0 or without a cipher in common. */
  readonly opener?: Sealer
  /** Seals what is sent to the client. */
  readonly sealer?: Sealer
}

export type SessionState = 'in progress' | 'valid' | 'expired'

/** MS-SMB2 3.3.1.8. */
export class Session {
  readonly id: bigint
  readonly server: ServerCore
  /** What was negotiated on the connection that it began on. */
  readonly negotiated: Negotiated
  /** Its connections, the one that it began on first. */
  readonly channels = new Map<Connection, Channel>()
  /** The connection that it began on, also when that is gone: for logs. */
  readonly firstConnection: Connection
  state: SessionState = 'in progress'
  identity: Identity | undefined
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
  /** Requests that wait, and have no open that would end them when it closes. */
  readonly waiting = new Set<Request>()
  /** What a Mac has agreed upon; undefined for everybody else. */
  mac: MacSession | undefined
  /** Directories that are watched, whether or not a request waits; kept by ChangeNotifier. */
  watchCount = 0
  readonly createdAt: bigint
  expiresAt: bigint | undefined
  #nextTreeId = 1
  #nonce = 0n

  constructor(id: bigint, connection: Connection, negotiated: Negotiated) {
    this.id = id
    this.server = connection.server
    this.firstConnection = connection
    this.negotiated = negotiated
    this.createdAt = connection.server.clock.now()
  }

  get isGuest(): boolean {
    return this.identity?.kind === 'guest'
  }

  get isAnonymous(): boolean {
    return this.identity?.kind === 'anonymous'
  }

  /** Who the client is for leases and durable handles (MS-SMB2 3.3.1.7: Connection.ClientGuid). */
  get clientGuid(): string {
    return this.negotiated.clientGuid
  }

  /** Of a connection that it has, or of the one that it had first. */
  get transport(): Transport {
    const [channel] = this.channels.values()
    return (channel?.connection ?? this.firstConnection).transport
  }

  /** Address and port of the client. */
  get remote(): string {
    return this.transport.remote
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

  /** Its connections in the order in which it got them, but `first` before the others if it is one of them. */
  *channelsFrom(first: Connection | undefined): Generator<Channel> {
    const preferred = first && this.channels.get(first)
    if (preferred !== undefined) yield preferred
    for (const channel of this.channels.values()) if (channel !== preferred) yield channel
  }
}
