import type { Acceptor, Identity, Maybe } from '../../auth/mechanism.ts'
import type { Filetime } from '../../bytes/filetime.ts'
import type { Failure } from '../../wire/erref/failure.ts'
import type { AccountDirectory } from '../account-directory.ts'
import type { Administration } from '../administration.ts'
import type { NamespaceAdministration } from '../dfs/administration.ts'

/** What a pipe's endpoint speaks through: each `send` is one message for the client. */
export interface PipeTransport {
  send(message: Uint8Array): void
  /** What was sent can still be read; then the pipe is disconnected. */
  close(): void
}

/** The server's end of an open pipe. */
export interface PipeEndpoint {
  /** What the client wrote. The bytes are the caller's: copy what is to be kept. */
  receive(data: Uint8Array): void
  /** The client has closed the pipe. */
  close(): void
}

/** A pipe that clients can open by its name. */
export interface PipeDefinition {
  /** Without `\PIPE\`. */
  readonly name: string
  connect(context: ServiceContext, transport: PipeTransport): PipeEndpoint
}

/** What pipes may hold for clients. */
export interface PipeLimits {
  /** Answers that the client has not read; above, it may not write. */
  readonly maxUnreadBytes: number
  /** Answers as such: a pipe with more of them unread is disconnected. */
  readonly maxUnreadMessages: number
  /** Reads that wait. */
  readonly maxReaders: number
  /** False where all pipes together hold too much; otherwise the bytes are counted until `give`. */
  take(bytes: number): boolean
  give(bytes: number): void
}

/** Where a server's pipes are found; see `NamedPipes`. */
export interface PipeSource extends PipeLimits {
  /** Without regard to case; undefined where there is none. */
  find(name: string): PipeDefinition | undefined
}

/** A share as it is told to those who browse. */
export interface SharedResource {
  readonly name: string
  readonly type: 'disk' | 'printer' | 'ipc'
  readonly comment: string
  /** Where it lies on the server; told to administrators only. */
  readonly path?: string
  /** Not listed; it can be connected to and asked about by name. */
  readonly hidden?: boolean
  /** Connections at a time; absent: no limit. */
  readonly maxUses?: number
  readonly currentUses?: number
  /** Who may do what by way of it, self-relative; absent: everybody everything. */
  readonly securityDescriptor?: Uint8Array
  /** Listings leave out what the user may not read. */
  readonly accessBasedEnumeration?: boolean
  /** Only sealed requests are served. */
  readonly encrypts?: boolean
  /** It is the root of a namespace. */
  readonly isDfsRoot?: boolean
}

/** Who calls. */
export interface Caller {
  readonly kind: 'user' | 'guest' | 'anonymous'
  readonly user: string
  readonly domain: string
  /** As text. */
  readonly sid: string
  /** May see and change what concerns the server itself. Default false. */
  readonly isAdministrator?: boolean
}

/** Callers may log on for RPC itself, as somebody else than who has opened the pipe. */
export interface ServiceLogons {
  /** One attempt; undefined for an `AuthenticationType` (MS-RPCE 2.2.1.1.7) that is not served. */
  acceptor(authenticationType: number): Acceptor | undefined
  /** The same server, and what it is for another caller. */
  contextFor(identity: Identity): ServiceContext
  /** Is told of each attempt that fails, and why. */
  refused?(why: Failure): void
}

/** What RPC services and pipes may know of the server, and of who calls. */
export interface ServiceContext {
  readonly serverName: string
  readonly comment: string
  /** Domain or workgroup; default WORKGROUP. */
  readonly domainName?: string
  /** The domain that it is a member of, by the names that are known. Default: of none. */
  readonly memberOf?: { readonly domain: string; readonly dnsDomain?: string }
  shares(): readonly SharedResource[]
  readonly user: Caller
  /** Default: the machine's clock. */
  now?(): Filetime
  /** Users with a session; default 0. */
  sessionCount?(): number
  /** Told of bugs in services. */
  report?(error: unknown): void
  /** The pipes of this server; default: those that every smbkit server has. */
  readonly pipes?: PipeSource
  /** Default: calls are made by who has opened the pipe. */
  readonly logons?: ServiceLogons
  /** What administrators see and change; used for nobody else. Default: nothing. */
  readonly administration?: Administration
  /** The namespaces whose roots are here. Default: none. */
  readonly namespaces?: NamespaceAdministration
  /** The descriptor of a file, as far as the caller may read it: MS-SRVS 3.1.4.14. */
  fileSecurity?(shareName: string, path: string, parts: number): Maybe<Uint8Array | Failure>
  /** Replaces parts of it, as far as the caller may: MS-SRVS 3.1.4.15. @throws WireError: `change` is no descriptor */
  setFileSecurity?(shareName: string, path: string, parts: number, change: Uint8Array): Maybe<Failure | void>
  /** The accounts of the server. Default: none, and lsarpc and samr are not there. */
  readonly accounts?: AccountDirectory
}

export const DEFAULT_DOMAIN = 'WORKGROUP'

/** The version of Windows that the server says it is: clients choose by it what they dare to ask. */
export const REPORTED_VERSION = { versionMajor: 6, versionMinor: 1 } as const
