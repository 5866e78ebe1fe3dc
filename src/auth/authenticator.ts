import type { Failure } from '../wire/erref/failure.ts'
import type { Identity, Maybe } from './mechanism.ts'

/** A logon by NTLM: what is known of it, and what a domain controller would be asked (MS-NRPC 2.2.1.4.5). */
export interface NtlmAttempt {
  /** As the client sent them: anything at all, up to 256 UTF-16 units each. */
  readonly user: string
  readonly domain: string
  /** The client's NetBIOS name, as it says. */
  readonly workstation: string
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array
  readonly ntResponse: Uint8Array
  readonly lmResponse: Uint8Array
  /** Extended session security was agreed on: an NTLMv1 response is over both ends' challenges. */
  readonly hasSessionSecurity: boolean
}

/** A logon that is granted. */
export interface Granted {
  readonly identity: Identity
  /** FILETIME from which on the user may not be logged on any more: the account's end, the end of the hours. */
  readonly expiresAt?: bigint
}

/** A logon by NTLM that is granted. */
export interface GrantedNtlm extends Granted {
  /** SessionBaseKey, 16 bytes (MS-NLMP 3.3.1, 3.3.2): what a domain controller returns as UserSessionKey. */
  readonly sessionBaseKey: Uint8Array
}

/**
 * Who decides about logons: the server's own accounts, a domain controller, a program. A refusal's status is the real
 * one, NO_SUCH_USER and WRONG_PASSWORD told apart: the client is told LOGON_FAILURE for both, and the log which.
 */
export interface Authenticator {
  /** Checks a response to the server's challenge. The state of an account is told to who knows its password alone. */
  verify(attempt: NtlmAttempt): Maybe<GrantedNtlm | Failure>
  /** Who somebody is here whose name another mechanism has proven (a Kerberos principal's first part and realm). */
  vouch(user: string, domain: string): Maybe<Granted | Failure>
  /** Looks again at who has a session: who he is now, or why he may not stay. Absent: sessions stay as they are. */
  recheck?(identity: Identity): Maybe<Identity | Failure>
}

/** Who knows the users of a domain. */
export interface DomainVerifier {
  /** NetBIOS name. */
  readonly domain: string
  /** DNS name, where it is known. */
  readonly dnsDomain?: string
  verify(attempt: NtlmAttempt): Maybe<GrantedNtlm | Failure>
  /** What the domain has against users who have sessions, by their SIDs; who is not in the answer may stay. */
  problems?(sids: readonly string[]): Maybe<ReadonlyMap<string, Failure>>
}
