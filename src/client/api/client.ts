import type { Filetime } from '../../bytes/filetime.ts'
import type { CipherName } from '../../crypto/sealing.ts'
import type { SigningAlgorithm } from '../../crypto/signing.ts'
import type { Bound } from '../../rpc/client.ts'
import type { Operations, RpcInterface } from '../../rpc/operation.ts'
import type { Address } from '../address.ts'
import type { RpcOptions } from '../rpc-logon.ts'
import type { CallOptions, ConnectOptions, DialectName, Nt1Options } from './options.ts'
import type { Share } from './share.ts'
import type { Smb1Client } from './smb1.ts'

/** What was agreed upon with the server, and what it says of itself. */
export interface ServerDescription {
  readonly host: string
  readonly port: number
  readonly dialect: DialectName
  readonly serverGuid: string
  /** SMB2 capability bits that the server set (`Capabilities` of smbkit/wire). */
  readonly capabilities: number
  readonly signingRequired: boolean
  readonly signingAlgorithm: SigningAlgorithm
  /** Undefined where nothing can be sealed. */
  readonly cipher: CipherName | undefined
  /** Numbers of `CompressionAlgorithm` of smbkit/wire. None of a connection, which asks for none. */
  readonly compressionAlgorithms: readonly number[]
  /** Object identifiers of the server's ways to authenticate, dotted, as its first token lists them. */
  readonly mechanisms: readonly string[]
  /** As the server says them; of a connection no more than this end takes. */
  readonly maxReadBytes: number
  readonly maxWriteBytes: number
  readonly maxTransactBytes: number
  /** The server's clock when it answered, and ours. FILETIME. */
  readonly serverTime: Filetime
  readonly localTime: Filetime
  /** When the server was started; 0 where it does not tell. FILETIME. */
  readonly serverStartTime: Filetime
}

/** How the session is. */
export interface SessionDescription {
  readonly kind: 'user' | 'guest' | 'anonymous'
  readonly user: string
  readonly domain: string
  /** By what the user was logged on: `Kerberos`, `NTLM`. */
  readonly mechanism: string
  /** Requests are signed; messages are sealed. */
  readonly signed: boolean
  readonly sealed: boolean
}

/** A share as the server lists it. MS-SRVS 2.2.4.23, 2.2.4.24. */
export interface ShareListing {
  readonly name: string
  readonly type: 'disk' | 'printer' | 'device' | 'ipc' | 'other'
  /** Not meant to be seen by those who browse (`C$`, `IPC$`). */
  readonly special: boolean
  readonly comment: string
  /** Of level 2, for those who may know: absent otherwise. */
  readonly path?: string
  readonly currentUses?: number
  /** Undefined where there is no limit. */
  readonly maxUses?: number
}

/** MS-SRVS 2.2.4.41. */
export interface ServerListing {
  readonly name: string
  readonly comment: string
  readonly versionMajor: number
  readonly versionMinor: number
  /** Bits of SV_TYPE (MS-SRVS 2.2.2.7). */
  readonly type: number
}

/** Somebody's session, as an administrator sees it. MS-SRVS 2.2.4.16. */
export interface SessionListing {
  /** The machine, by name or address. */
  readonly client: string
  readonly user: string
  readonly openFiles: number
  readonly activeSeconds: number
  readonly idleSeconds: number
  readonly isGuest: boolean
}

/** An open file, as an administrator sees it. MS-SRVS 2.2.4.7. */
export interface OpenFileListing {
  /** By which it can be closed. */
  readonly id: number
  /** On the server's disk; `\PIPE\…` for a pipe. */
  readonly path: string
  readonly user: string
  readonly locks: number
  readonly reads: boolean
  readonly writes: boolean
}

/** A user of the server. MS-SAMR 2.2.8.2. */
export interface UserListing {
  readonly name: string
  readonly sid: string
  readonly fullName: string
  readonly comment: string
  readonly disabled: boolean
}

/** A group of the server. */
export interface GroupListing {
  readonly name: string
  readonly sid: string
  /** The server's name, or `Builtin`. */
  readonly domain: string
  readonly kind: 'group' | 'alias'
  /** SIDs of users and groups. */
  readonly members: readonly string[]
}

/** An interface of the server, for further connections. MS-SMB2 2.2.32.5. */
export interface NetworkInterface {
  readonly index: number
  readonly address: string
  readonly family: 'IPv4' | 'IPv6'
  readonly linkSpeedBitsPerSecond: bigint
  readonly rssCapable: boolean
  readonly rdmaCapable: boolean
}

/** Whose SID it is. MS-LSAT 2.2.13. */
export interface AccountName {
  readonly sid: string
  readonly name: string
  readonly domain: string
  readonly kind: 'user' | 'group' | 'domain' | 'alias' | 'wellKnownGroup' | 'deleted' | 'computer' | 'label' | 'unknown'
}

/**
 * One server, logged on to. It comes back by itself after a cut connection (unless told not to), and ends with `close`:
 * nothing of it keeps the process alive after that. Calls fail with `StatusError`, `TransportError`, `ProtocolError`,
 * `WireError` or `UsageError`, all of them `SmbError`.
 */
export interface Client extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly server: ServerDescription
  readonly session: SessionDescription

  /** Connects to a share. Each call for the same name gives the same connection to it, until that is closed. */
  share(name: string, options?: CallOptions): Promise<Share>
  /** The shares, by srvsvc. `details` also asks for paths and uses, which needs an account that may know. */
  shares(options?: CallOptions & { readonly details?: boolean }): Promise<ShareListing[]>
  shareInfo(name: string, options?: CallOptions & { readonly details?: boolean }): Promise<ShareListing>
  serverInfo(options?: CallOptions): Promise<ServerListing>
  /** Who is connected; for administrators. */
  sessions(options?: CallOptions): Promise<SessionListing[]>
  /** Ends sessions of a machine, of a user, or of a user on a machine; for administrators. */
  endSessions(whose: { readonly client?: string; readonly user?: string }, options?: CallOptions): Promise<void>
  /** What is open; for administrators. */
  openFiles(options?: CallOptions): Promise<OpenFileListing[]>
  /** Closes what somebody has open, by its `id`; for administrators. */
  closeOpenFile(id: number, options?: CallOptions): Promise<void>
  /** The server's users, by samr. */
  users(options?: CallOptions): Promise<UserListing[]>
  /** The server's groups with their members, by samr. */
  groups(options?: CallOptions): Promise<GroupListing[]>
  /** Names of SIDs, by lsarpc; in the order of `sids`, with `unknown` for those that the server does not know. */
  lookupSids(sids: readonly string[], options?: CallOptions): Promise<AccountName[]>
  /** SIDs of names (`anna`, `DOMAIN\anna`), by lsarpc; undefined for those that the server does not know. */
  lookupNames(names: readonly string[], options?: CallOptions): Promise<(AccountName | undefined)[]>
  /**
   * The domains that the server knows, by their names in DNS and in NetBIOS, where it is a domain controller (a domain
   * referral of DFS); on others it fails with STATUS_NOT_FOUND or the like.
   */
  domains(options?: CallOptions): Promise<string[]>
  /**
   * Calls a service on a pipe of the server: `client.rpc(Clock, (clock) => clock.Now({ zone: 'UTC' }))`. The pipe is
   * closed after `work`. `smbkit/rpc` has what interfaces are declared with. `authentication: {}` logs on for the calls
   * once more as who the session is of, so that these are sealed from end to end.
   */
  rpc<O extends Operations, T>(
    definition: RpcInterface<O>,
    work: (calls: Bound<O>) => Promise<T>,
    options?: CallOptions & RpcOptions,
  ): Promise<T>
  /** The server's interfaces; dialect 3.0 and later. */
  interfaces(options?: CallOptions): Promise<NetworkInterface[]>
  /** Milliseconds to the server and back. */
  echo(options?: CallOptions): Promise<number>
  /** Closes what is open, logs off and ends the connections. Waits for what is under way to be written. */
  close(): Promise<void>
}

/**
 * `connect('smb://anna@nas', { password })`: connects and logs on. A share or path in the address is passed over.
 * Fails with `TransportError`, with `StatusError` (a wrong password is STATUS_LOGON_FAILURE, EACCES), with
 * `ProtocolError` where the server is weaker than what is required or what it says does not add up.
 */
export interface Connect {
  (target: string | Address, options?: ConnectOptions): Promise<Client>
  /** With a server that speaks nothing newer than SMB1. */
  (target: string | Address, options: Nt1Options): Promise<Smb1Client>
}

/**
 * `openShare('smb://anna@nas/docs', { password })`: the same, and connects to the share. The client is closed with it.
 * A path in the address is passed over.
 */
export type OpenShare = (target: string | Address, options?: ConnectOptions) => Promise<Share>

/** Negotiates, and ends the connection without a logon: what a server says to everybody. */
export type Negotiate = (target: string | Address, options?: ConnectOptions) => Promise<ServerDescription>

/** Whether the server would speak SMB1, to somebody who knows nothing better. */
export type SpeaksSmb1 = (target: string | Address, options?: ConnectOptions) => Promise<boolean>
