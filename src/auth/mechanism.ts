import { Failure } from '../wire/erref/failure.ts'
import type { NtStatus } from '../wire/erref/ntstatus.ts'

/** Now or later. */
export type Maybe<T> = T | Promise<T>

/** Who somebody turned out to be. */
export interface Identity {
  readonly kind: 'user' | 'guest' | 'anonymous'
  /** The account's name as it is kept; for a guest the name that was given, for an anonymous user ''. */
  readonly user: string
  readonly domain: string
  /** The client's name, as it says. */
  readonly workstation?: string
  /** As text, e.g. `S-1-5-7`. */
  readonly sid: string
  readonly groupSids: readonly string[]
  /** A domain has vouched for him: he has no account of the server's own. */
  readonly isOfDomain?: boolean
  /** The Unix user as whom files are used where the server impersonates; absent: the one of the same name. */
  readonly unixUser?: string
}

/**
 * Message integrity of an established security context: GSS_GetMIC and GSS_VerifyMIC of the first message of each
 * direction. SPNEGO protects its list of mechanisms with it.
 */
export interface Integrity {
  sign(data: Uint8Array): Maybe<Uint8Array>
  /** In constant time. */
  verify(data: Uint8Array, mic: Uint8Array): Maybe<boolean>
}

/**
 * Protection of single messages by an established security context: what DCE/RPC signs and seals its packets with
 * (MS-RPCE 3.3.1.5.2.2). Messages are protected and opened in the order in which they are sent: each has a number.
 */
export interface MessageProtection {
  /** Packets of DCE/RPC are signed whole, also where the two ends have not agreed on it; others sign parameters alone. */
  readonly alwaysSignsHeader?: boolean
  /** Bytes of a signature, where the message is sealed and where it is only signed. */
  signatureBytes(isSealed: boolean): number
  /** The signature of the next message that is sent. */
  sign(message: Uint8Array): Uint8Array
  /** Of the next message that came; in constant time. */
  verify(message: Uint8Array, signature: Uint8Array): boolean
  /** Encrypts the bytes from `start` to `end` of the next message in their place; all of the message is signed. */
  seal(message: Uint8Array, start: number, end: number): Uint8Array
  /** The counterpart of `seal`, also in place; false where the message is not as it was sent. */
  unseal(message: Uint8Array, start: number, end: number, signature: Uint8Array): boolean
  /** Called when SPNEGO has protected its list with this context, for mechanisms to which that means something. */
  restart?(): void
}

/** What both ends have in the end. */
export interface Established {
  /** 16 bytes: what SMB derives its keys from. */
  readonly sessionKey: Uint8Array
  /** All of the mechanism's key, where that is longer. */
  readonly fullSessionKey?: Uint8Array
  /** Whom a mechanism says that it has logged on as that finds that out itself: `alice@CORP.EXAMPLE`. For initiators. */
  readonly principal?: string
  /** Absent where the two ends share no secret (guests). */
  readonly integrity?: Integrity
  /** Absent for mechanisms, and for peers, that protect no single messages. */
  readonly messages?: MessageProtection
}

/** The acceptor's result. */
export interface Logon extends Established {
  readonly identity: Identity
  /** FILETIME after which the session is to be authenticated anew. */
  readonly expiresAt?: bigint
}

/** A logon that is refused, with what the server's log is told of it; the peer learns the status alone. */
export class RefusedLogon extends Failure {
  /** A sentence without its full stop. */
  readonly reason: string
  /** Who it was to be, as far as that is known. */
  readonly user: string | undefined

  constructor(status: NtStatus, reason: string, user?: string) {
    super(status)
    this.reason = reason
    this.user = user
  }
}

export interface AcceptorStep {
  /** For the peer; absent when there is nothing more to say. */
  readonly token?: Uint8Array
  /** Present when the peer is authenticated. Otherwise another token is expected. */
  readonly complete?: Logon
  /** This attempt has failed; the token says why, and the peer may try once more. For the log. */
  readonly refused?: RefusedLogon
}

/**
 * The server's end of one logon attempt. Anything that is wrong with the peer's tokens or credentials is a failure;
 * after a failure or completion the acceptor is spent.
 */
export interface Acceptor {
  accept(token: Uint8Array): Maybe<AcceptorStep | Failure>
}

/** Where a logon comes from. */
export interface Peer {
  /** Address without the port: what pays for wrong passwords. */
  readonly address: string
  /** This end's address: a name under which clients may know the server. */
  readonly localAddress?: string
  /** MD5 of the channel bindings of the transport (MS-NLMP 2.2.2.1), where it has any. */
  readonly channelBindings?: Uint8Array
  /** It is for calls of DCE/RPC, for which Kerberos has a style of its own (MS-KILE 3.4.5.1). */
  readonly isRpc?: boolean
}

/** A way to authenticate, as an acceptor offers it. */
export interface Mechanism {
  readonly name: string
  /** Dotted. */
  readonly oid: string
  /** Other identifiers under which peers ask for the same mechanism. */
  readonly aliases?: readonly string[]
  acceptor(peer?: Peer): Acceptor
}

export interface InitiatorStep {
  readonly token?: Uint8Array
  /** Present when this end is satisfied; a last token may still have to be sent. */
  readonly complete?: Established
}

/** The client's end of one logon attempt: first called without a token, then with each of the acceptor's. */
export interface Initiator {
  step(token?: Uint8Array): Maybe<InitiatorStep | Failure>
}

/** A way to authenticate, as an initiator offers it. */
export interface InitiatorMechanism {
  readonly name: string
  readonly oid: string
  initiator(): Initiator
}
