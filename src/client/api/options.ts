import type { InitiatorMechanism } from '../../auth/mechanism.ts'
import type { LmLevel } from '../../auth/ntlm-response.ts'
import type { CipherName } from '../../crypto/sealing.ts'
import type { SigningAlgorithm } from '../../crypto/signing.ts'
import type { Target } from '../dial.ts'
import type { ClientLimits } from '../limits.ts'
import type { Observer } from './observe.ts'

export type DialectName = '2.0.2' | '2.1' | '3.0' | '3.0.2' | '3.1.1'

/**
 * How much a protection is wanted. `required`: a server that cannot is refused. `preferred`: used where the server can.
 * `off`: only where the server demands it.
 */
export type Protection = 'required' | 'preferred' | 'off'

/** Who logs on: by one of `password`, `ntHash`, `kerberos`, `anonymous`, `guest` or `mechanisms`. Never part of an error's text. */
export interface Credentials {
  /** Default: the one of the URL. */
  readonly user?: string
  /** Default: the one of the URL, or none: the server takes its own. */
  readonly domain?: string
  readonly password?: string
  /** Instead of the password: its NT hash, 16 bytes or 32 hexadecimal digits. */
  readonly ntHash?: Uint8Array | string
  /** Logs on as nobody. Such a session can neither sign nor seal. */
  readonly anonymous?: boolean
  /** A session as guest is taken, which can neither sign nor seal. Otherwise a server that makes one is refused. */
  readonly guest?: boolean
  /**
   * Kerberos, for servers that are called by a name. `required`: by nothing else. `preferred`: NTLM where there is a
   * password and no ticket is to be had; the observer is told why. Default: `preferred` where `credentialCache` or
   * `keytab` is given, otherwise `off`. With a user and a password, tickets are got with these.
   */
  readonly kerberos?: Protection
  /** Where tickets are, as KRB5CCNAME has it; default: what that says, or the system's place. */
  readonly credentialCache?: string
  /** Path of a keytab with the user's key, instead of a password. */
  readonly keytab?: string
  /**
   * The server gets a ticket with which it may act as the user elsewhere; where there is none that can be passed on, there
   * is no logon by Kerberos (STATUS_ACCOUNT_RESTRICTION). Default false.
   */
  readonly delegation?: boolean
  /** A credential cache with a ticket that protects the exchange of a password or key with the KDC (FAST): there is none without. */
  readonly armorCache?: string
  /** False: never by NTLM. Default true. */
  readonly ntlm?: boolean
  /** The LAN Manager authentication level: below 3 NTLMv1 is sent, which can be broken. Default 5: NTLMv2 alone. */
  readonly lmLevel?: LmLevel
  /** Other ways to authenticate, the one to be preferred first; `host` is the server's name as it was given. */
  readonly mechanisms?: (host: string) => readonly InitiatorMechanism[]
}

export interface ConnectOptions extends Credentials {
  /** Default: the one of the URL, or 445. */
  readonly port?: number
  /** This machine's NetBIOS name, as the server is told. Default: the host name's first part. */
  readonly workstation?: string
  /** For SMB1 alone: see `Nt1Options`. */
  readonly dialects?: never
  /** Default `2.0.2` and `3.1.1`. */
  readonly minDialect?: DialectName
  readonly maxDialect?: DialectName
  /** Begins with a message of SMB1 that asks for SMB2, for servers that want it so. Default false. */
  readonly multiProtocolStart?: boolean
  /** Default `preferred`: everything is signed or sealed wherever there are keys to do it with. */
  readonly signing?: Protection
  /** Default `off`: where the server or a share demands it. */
  readonly encryption?: Protection
  /** The ones offered, the one to be preferred first. */
  readonly ciphers?: readonly CipherName[]
  readonly signingAlgorithms?: readonly SigningAlgorithm[]
  /** Further connections for the same session, where the server offers interfaces for them: at most so many. Default 1. */
  readonly channels?: number
  /** Comes back by itself after a cut connection; handles go on. Default true. */
  readonly reconnect?: boolean
  /** Keeps data and metadata while a lease of the server allows it. Default true; false asks for no leases at all. */
  readonly leases?: boolean
  /**
   * Calls that write return before the server has the data, where a lease says that nobody else can see it: what goes
   * wrong later is the error of the handle's next write, `sync` or `close`. Needs `leases`. Default false.
   */
  readonly writeBehind?: boolean
  /** Follows the namespace over several servers. Default true. */
  readonly dfs?: boolean
  /**
   * The site of Active Directory that this machine stands in: namespaces then lead to servers near to it
   * (FSCTL_DFS_GET_REFERRALS_EX, where the server knows that). Default: it goes by the address that we come from.
   */
  readonly site?: string
  /**
   * The servers that a namespace may lead to: that is where the credentials are shown to. Default `sameDomain`: the
   * server itself, names of one part, and hosts of the DNS domain that the server's name or the user's `domain` says.
   */
  readonly dfsHosts?: 'sameDomain' | 'any' | ((host: string) => boolean)
  /**
   * Where a server is, by the name and port that somebody gave or a referral named (port 445). What it does not know
   * (undefined) is looked up by the system.
   */
  readonly resolve?: (host: string, port: number) => Target | undefined | Promise<Target | undefined>
  /**
   * Follows symbolic links whose target is in the same share. Default true. `anywhere`: also those that name another
   * share or server, within what `dfsHosts` allows, and while `dfs` is not off.
   */
  readonly followSymlinks?: boolean | 'anywhere'
  readonly limits?: Partial<ClientLimits>
  readonly observer?: Observer
  /** Gives up what `connect` does. Each later call takes a signal of its own. */
  readonly signal?: AbortSignal
}

/** For servers that speak nothing newer than SMB1: see `Smb1Client`. */
export interface Nt1Options extends Omit<ConnectOptions, 'dialects'> {
  readonly dialects: readonly ['NT1']
  /** False: challenge and response without SPNEGO, as before Windows 2000. Default true. */
  readonly extendedSecurity?: boolean
}

/**
 * Every call that talks to the server takes it: an abort is sent as CANCEL, and the call fails with the signal's reason.
 * A stream fails as those of Node do, with an AbortError that has the reason as its cause.
 */
export interface CallOptions {
  readonly signal?: AbortSignal
}
