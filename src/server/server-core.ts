import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { type AccountSource, machineSidOf } from '../auth/accounts.ts'
import type { Authenticator, DomainVerifier } from '../auth/authenticator.ts'
import type { LockoutPolicy } from '../auth/lockout.ts'
import type { Acceptor, Identity } from '../auth/mechanism.ts'
import type { LmLevel } from '../auth/ntlm-response.ts'
import type { TargetNameValidation } from '../auth/target-name.ts'
import type { Filetime } from '../bytes/filetime.ts'
import { readGuid } from '../bytes/guid.ts'
import { viewOf } from '../bytes/utf16.ts'
import { BufferPool } from '../protocol/buffer-pool.ts'
import { type Clock, systemClock } from '../protocol/clock.ts'
import type { Transport } from '../protocol/transport.ts'
import type { Failure } from '../wire/erref/failure.ts'
import { Dialect } from '../wire/smb2/index.ts'
import { AccountDirectory } from './account-directory.ts'
import { Administration, type ShareKeeper } from './administration.ts'
import { LeaseTables } from './caching/lease-tables.ts'
import { closeOpen } from './close-open.ts'
import { Connection } from './connection.ts'
import { NamespaceAdministration } from './dfs/administration.ts'
import { Dfs, type DfsOptions } from './dfs/dfs.ts'
import { DurableOpens } from './durability/durable-opens.ts'
import { Persistence } from './durability/persistence.ts'
import { restoreOpens } from './durability/restoring.ts'
import type { ServerEvents } from './events.ts'
import { defaultLimits, type ServerLimits } from './limits.ts'
import { Logons } from './logons.ts'
import { NamedPipes } from './named-pipes.ts'
import { OffloadTokens } from './offload-tokens.ts'
import type { Open } from './open.ts'
import type { OpenStore } from './open-store.ts'
import type { Reply } from './reply.ts'
import type { Request } from './request.ts'
import { DEFAULT_DOMAIN } from './services/context.ts'
import type { Session } from './session.ts'
import { endSession } from './session-end.ts'
import { recheckSessions } from './session-recheck.ts'
import { Share, type ShareOptions } from './share.ts'
import { type ServerStatus, statusOf } from './status.ts'
import type { TreeConnect } from './tree-connect.ts'

/** The length that the transport puts before a message. */
const FRAME_HEADER_BYTES = 4

export const DIALECTS = {
  '2.0.2': Dialect.SMB_2_0_2,
  '2.1': Dialect.SMB_2_1,
  '3.0': Dialect.SMB_3_0,
  '3.0.2': Dialect.SMB_3_0_2,
  '3.1.1': Dialect.SMB_3_1_1,
} as const
export type DialectName = keyof typeof DIALECTS

export interface ServerOptions {
  readonly shares: readonly ShareOptions[]
  /** Who may log on: accounts of the server's own, which it holds to their terms. */
  readonly accounts?: AccountSource
  /** Instead of `accounts`: decides by itself. */
  readonly authenticator?: Authenticator
  /** When wrong passwords lock an account of the server's own. Default: ten lock it for ten minutes. */
  readonly lockout?: LockoutPolicy
  /** False: NTLM is refused. Default true. */
  readonly ntlm?: boolean
  /** The LAN Manager authentication level. Default 5: NTLMv2 alone. */
  readonly lmLevel?: LmLevel
  /** Whether the names of services are looked at that clients say they mean. Default off. */
  readonly targetNames?: TargetNameValidation
  /** Names under which clients know the server, beside its own and the machine's. */
  readonly hostNames?: readonly string[]
  /** The server's NetBIOS name: up to 15 characters. Default SMBKIT. */
  readonly name?: string
  /** For people who browse. */
  readonly comment?: string
  /** What it says that it belongs to. Default: `domain`, or WORKGROUP. */
  readonly workgroup?: string
  /** What Macs take the machine for: it decides the icon in the Finder. Default Xserve. */
  readonly macModel?: string
  /** Default 2.0.2. */
  readonly minDialect?: DialectName
  /** Default 3.1.1. */
  readonly maxDialect?: DialectName
  /** Clients that know nothing newer than SMB1 (NT LM 0.12) may log on and connect; files are not served. Default false. */
  readonly smb1?: boolean
  /** Default enabled: signed when the client wants it. */
  readonly signing?: 'required' | 'enabled'
  /** Default enabled: sealed when the client or a share wants it. */
  readonly encryption?: 'required' | 'enabled' | 'off'
  /** Default enabled: answers are compressed where the client asks for it (3.1.1). */
  readonly compression?: 'enabled' | 'off'
  /** Sessions may have several connections (3.0 and later). Default true. */
  readonly multichannel?: boolean
  /** Knows the users of a domain that the server belongs to, beside its own `accounts`. See `domainController`. */
  readonly domain?: DomainVerifier
  /** File with the server's keys for Kerberos; without one there is NTLM alone. */
  readonly keytab?: string
  /** Unknown users are let in as guests; `wrongPassword`: also who gives one of those. Default false. */
  readonly allowGuest?: boolean | 'wrongPassword'
  /** Logons without a user are let in, to IPC$ only. Default false. */
  readonly allowAnonymous?: boolean
  /** Namespaces of domains, sites, and what else decides where names lead. Roots are shares with `dfs`. */
  readonly dfs?: DfsOptions
  readonly limits?: Partial<ServerLimits>
  /** Keeps what is open on shares that are continuously available; needed where there are some. See `sqliteStore`. */
  readonly openStore?: OpenStore
  /** Lets administrators add shares by RPC; absent: they can change and remove those that are there. */
  readonly shareKeeper?: ShareKeeper
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** An address of the server, and what is known of the network interface behind it. */
export interface ServerAddress {
  readonly address: string
  readonly interfaceIndex: number
  /** Bits a second. */
  readonly linkSpeed: number | undefined
  /** It is capable of receive-side scaling. */
  readonly scales: boolean
}

/**
 * The server without its sockets: whoever has a transport calls `connect` for each client and feeds the connection.
 * `Server` in index.ts adds TCP.
 */
export class ServerCore extends EventEmitter<ServerEvents> {
  readonly clock: Clock
  readonly limits: ServerLimits
  readonly guid = readGuid(viewOf(randomBytes(16)), 0)
  readonly startedAt: Filetime
  readonly name: string
  /** Administrators may change it. */
  comment: string
  readonly workgroup: string
  /** The domain that judges users; undefined where there is none. */
  readonly memberOf: Pick<DomainVerifier, 'domain' | 'dnsDomain'> | undefined
  readonly macModel: string
  readonly dialects: readonly number[]
  readonly smb1: boolean
  readonly signing: 'required' | 'enabled'
  readonly encryption: 'required' | 'enabled' | 'off'
  readonly compression: 'enabled' | 'off'
  readonly multichannel: boolean
  readonly allowAnonymous: boolean
  readonly connections = new Set<Connection>()
  /** What can be opened on IPC$; a program may add its own. */
  readonly pipes = new NamedPipes()
  /** For large messages, both ways. */
  readonly buffers: BufferPool
  /** What offloaded reads have given out. */
  readonly offloadTokens: OffloadTokens
  /** Sessions of all connections (MS-SMB2 3.3.1.5: GlobalSessionTable). */
  readonly sessions = new Map<bigint, Session>()
  /** Open files of all shares, by the persistent part of their id (MS-SMB2 3.3.1.5: GlobalOpenTable). */
  readonly opens = new Map<bigint, Open>()
  readonly durableOpens: DurableOpens
  readonly leases = new LeaseTables()
  readonly dfs: Dfs
  /** Keeps persistent opens; absent where there are none. */
  readonly persistence: Persistence | undefined
  /** Who may log on, and how. */
  readonly logons: Logons
  /** Counts how often the shares were set: trees from before look whether they may stay. */
  shareGeneration = 0
  #shares = new Map<string, Share>()
  /** The accounts, for those who list or translate them. */
  readonly directory: AccountDirectory
  readonly administration = new Administration(this)
  readonly namespaces = new NamespaceAdministration(this)
  readonly shareKeeper: ShareKeeper | undefined
  #accounts: AccountSource | undefined
  #nextOpenId: bigint
  #cancelSweep: (() => void) | undefined

  constructor(options: ServerOptions) {
    super()
    this.clock = options.clock ?? systemClock
    this.limits = { ...defaultLimits, ...options.limits }
    this.startedAt = this.clock.now()
    this.offloadTokens = new OffloadTokens(this.clock, this.limits.maxOffloadTokens)
    this.durableOpens = new DurableOpens(this)
    this.dfs = new Dfs(options.dfs ?? {}, (name) => this.share(name))
    this.buffers = new BufferPool(this.limits.maxIdleBufferBytes)
    this.name = (options.name ?? 'SMBKIT').toUpperCase()
    this.comment = options.comment ?? 'smbkit'
    this.memberOf = options.domain
    this.workgroup = (options.workgroup ?? options.domain?.domain ?? DEFAULT_DOMAIN).toUpperCase()
    this.macModel = options.macModel ?? 'Xserve'
    const least = DIALECTS[options.minDialect ?? '2.0.2']
    const most = DIALECTS[options.maxDialect ?? '3.1.1']
    this.dialects = Object.values(DIALECTS).filter((dialect) => dialect >= least && dialect <= most)
    if (this.dialects.length === 0) throw new RangeError('minDialect is above maxDialect')
    this.smb1 = options.smb1 ?? false
    this.signing = options.signing ?? 'enabled'
    this.encryption = options.encryption ?? 'enabled'
    this.compression = options.compression ?? 'enabled'
    this.multichannel = options.multichannel ?? true
    this.allowAnonymous = options.allowAnonymous ?? false
    this.logons = new Logons(options, { name: this.name, clock: this.clock, limits: this.limits })
    this.shareKeeper = options.shareKeeper
    this.#accounts = options.accounts
    this.directory = new AccountDirectory({
      name: this.name,
      sid: machineSidOf(this.name),
      source: () => this.#accounts,
      loggedOn: () => this.#identities(),
    })
    // Ids begin at a random place, so that those of an earlier run mean nothing to this one.
    this.#nextOpenId = (BigInt(randomBytes(4).readUInt32LE()) << 20n) + 1n
    const { openStore } = options
    this.persistence = openStore && new Persistence(openStore, (error) => this.reportError(error, ''))
    this.setShares(options.shares)
  }

  /** Opens again what clients had open persistently when the server ended. Once, before the first of them comes. */
  async restore(): Promise<void> {
    if (this.persistence !== undefined) await restoreOpens(this, this.persistence)
  }

  /** A client has connected. Feed what is returned with what `transport` receives. */
  connect(transport: Transport): Connection | undefined {
    if (this.connections.size >= this.limits.maxConnections) {
      transport.close(false)
      return undefined
    }
    const connection = new Connection(this, transport)
    this.connections.add(connection)
    this.emit('connect', { remote: transport.remote })
    this.#cancelSweep ??= this.#sweepLater()
    return connection
  }

  connectionClosed(connection: Connection): void {
    this.connections.delete(connection)
    this.emit('close', { remote: connection.transport.remote })
  }

  /** Ends every session and connection; resolves when backends have what was written. */
  async end(): Promise<void> {
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
    const ending = [...this.sessions.values()].map((session) => endSession(session, 'server ends'))
    await Promise.all(ending)
    await this.durableOpens.end()
    this.logons.close()
    for (const { printQueue } of this.#shares.values()) await printQueue.done
    // What could not be kept was reported when that was found out.
    await this.persistence?.pending?.catch(() => {})
    for (const connection of [...this.connections]) {
      connection.transport.close(true)
      connection.closed()
    }
  }

  /** Offers these shares from now on. Trees of shares that are gone or changed are disconnected when they are next used. */
  setShares(shares: readonly ShareOptions[]): void {
    const next = new Map<string, Share>()
    for (const options of shares) {
      const key = options.name.toUpperCase()
      if (key === 'IPC$') throw new RangeError('IPC$ is the server’s own share')
      if (options.name === '' || /[\\/[\]:|<>+=;,*?"]/.test(options.name) || options.name.length > 80)
        throw new RangeError(`${JSON.stringify(options.name)} cannot be the name of a share`)
      if (next.has(key)) throw new RangeError(`two shares are named ${options.name}`)
      if (options.continuouslyAvailable === true && this.persistence === undefined)
        throw new RangeError(`${options.name} is continuously available, but the server has no openStore`)
      // Shares of one backend are one place: what is open by one of them is open by the other.
      const same = [...next.values(), ...this.#shares.values()].find(({ backend }) => backend === options.backend)
      next.set(key, new Share(options, same))
    }
    this.#shares = next
    this.shareGeneration++
    // MS-SMB2 3.3.4.15: what waits in a share that is gone, waits for nothing.
    for (const open of this.durableOpens.waiting)
      if (!open.share.isSameAs(this.share(open.share.name))) void closeOpen(open)
  }

  *#identities(): Generator<Identity> {
    for (const { identity, state } of this.sessions.values())
      if (identity !== undefined && state === 'valid') yield identity
  }

  /** Who may log on from now on. Who has a session and may not any more loses it; resolves when that is done. */
  async setAccounts(accounts: AccountSource): Promise<void> {
    this.#accounts = accounts
    this.logons.setAccounts(accounts)
    await this.recheck()
  }

  /**
   * Looks again at everybody who has a session: for programs whose `authenticator`, or domain, has other users now. Who is
   * gone, disabled or expired loses it; resolves when that is done.
   */
  recheck(): Promise<void> {
    return recheckSessions(this)
  }

  /**
   * Takes back the wrong passwords that were sent for a user of the server's own: who was locked out may try again, at
   * once. False where there were none.
   */
  unlock(user: string): boolean {
    return this.logons.unlock(user)
  }

  /**
   * Offers Kerberos if there is a keytab and what it takes to use it. To be asked before the first client comes, and
   * again when the keytab has changed. Resolves to why it is not offered: a sentence without its full stop.
   */
  prepareKerberos(): Promise<string | undefined> {
    return this.logons.prepareKerberos()
  }

  /** Sessions, what they have open, and locks: plain JSON. */
  status(): ServerStatus {
    return statusOf(this)
  }

  /** Addresses by which a client can reach the server that came by `local`. Who has no sockets knows none. */
  reachableBy(_local: string): readonly ServerAddress[] {
    return []
  }

  share(name: string): Share | undefined {
    return this.#shares.get(name.toUpperCase())
  }

  /** Some share is continuously available: clients may ask for persistent opens. */
  get isContinuouslyAvailable(): boolean {
    for (const { options } of this.#shares.values()) if (options.continuouslyAvailable === true) return true
    return false
  }

  /** It can tell where names of a namespace lead (MS-SMB2 3.3.1.5: IsDfsCapable). */
  get isDfsCapable(): boolean {
    if (this.dfs.answersForOthers) return true
    for (const { namespace } of this.#shares.values()) if (namespace !== undefined) return true
    return false
  }

  /** Some share is a printer. */
  get hasPrinters(): boolean {
    for (const { options } of this.#shares.values()) if (options.printer !== undefined) return true
    return false
  }

  get shares(): Iterable<Share> {
    return this.#shares.values()
  }

  /** One logon attempt on a connection. */
  newAcceptor(transport: Transport): Acceptor {
    return this.logons.acceptor(transport)
  }

  /** What NEGOTIATE tells about mechanisms. */
  get initialToken(): Uint8Array {
    return this.logons.initialToken
  }

  /** Any number that is none yet. Some programs keep 32 bits of it. */
  newSessionId(): bigint {
    for (;;) {
      const id = BigInt(randomBytes(4).readUInt32LE())
      if (id !== 0n && !this.sessions.has(id)) return id
    }
  }

  /** One that no open has. */
  newOpenId(): bigint {
    let id = this.#nextOpenId++
    while (this.opens.has(id)) id = this.#nextOpenId++
    return id
  }

  reportError(error: unknown, remote: string): void {
    this.emit('fault', { remote, error })
  }

  /** For who watches requests (`--verbose`, `--debug`); costs nothing when nobody does. */
  observe(request: Request, answer: Reply | Failure): void {
    if (this.listenerCount('request') === 0) return
    this.emit('request', {
      remote: request.connection.transport.remote,
      session: request.maybeSession,
      tree: request.maybeTree?.name,
      message: request.bytes,
      status: answer.status,
      answer,
    })
  }

  /** The same for a message of SMB1; `frames`: its answers. */
  observeSmb1(told: {
    connection: Connection
    session?: Session | undefined
    tree?: TreeConnect | undefined
    message: Uint8Array
    status: number
    frames: readonly Uint8Array[]
  }): void {
    if (this.listenerCount('smb1') === 0) return
    this.emit('smb1', {
      remote: told.connection.transport.remote,
      session: told.session,
      tree: told.tree?.name,
      message: told.message,
      status: told.status,
      answers: told.frames.map((frame) => frame.subarray(FRAME_HEADER_BYTES)),
    })
  }

  /** For who reads along (`--explain`); costs nothing when nobody does. */
  observeMessage(remote: string, from: 'client' | 'server', message: Uint8Array): void {
    if (this.listenerCount('message') > 0) this.emit('message', { remote, from, message })
  }

  /** Closes connections on which nothing is open and nothing has happened for long. */
  #sweepLater(): () => void {
    return this.clock.after(Math.min(this.limits.idleTimeoutMs, 60_000), () => {
      this.#cancelSweep = undefined
      const oldest = this.clock.now() - BigInt(this.limits.idleTimeoutMs) * 10_000n
      for (const connection of [...this.connections]) {
        const inUse = [...connection.channels.values()].some(({ session }) => session.opens.size > 0)
        if (!inUse && connection.lastActivity < oldest) connection.disconnect('idle')
      }
      if (this.connections.size > 0) this.#cancelSweep = this.#sweepLater()
    })
  }
}
