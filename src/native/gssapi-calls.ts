/** What the thread with Kerberos is asked, and what it answers: messages between two threads. */
import type { Accepted, AcceptRequest, UnfinishedLogon } from './gssapi-accept.ts'
import type { Initiated, InitiateRequest } from './gssapi-initiate.ts'

export interface GssCalls {
  /** Whether there is a key in this keytab. */
  check: { readonly request: { readonly keytab: string }; readonly answer: undefined }
  accept: { readonly request: AcceptRequest; readonly answer: Accepted | UnfinishedLogon }
  begin: { readonly request: InitiateRequest; readonly answer: Initiated }
  proceed: { readonly request: { readonly id: number; readonly token: Uint8Array }; readonly answer: Initiated }
  sign: {
    readonly request: { readonly exported: Uint8Array; readonly message: Uint8Array }
    readonly answer: Uint8Array
  }
  verify: {
    readonly request: { readonly exported: Uint8Array; readonly message: Uint8Array; readonly mic: Uint8Array }
    readonly answer: boolean
  }
}

export type GssCallName = keyof GssCalls

/** Why a call has failed. */
export interface GssFailure {
  readonly kind:
    | 'refused'
    /** The library, or what it takes to call it, is not there. */
    | 'unavailable'
    /** Too many calls wait. */
    | 'busy'
    /** No answer in time: of the KDC, mostly. */
    | 'timeout'
  /** GSSAPI's status codes; 0 where it was not asked. */
  readonly major: number
  readonly minor: number
  /** What the library says: a phrase. */
  readonly text: string
  /** KRB-ERROR for the initiator. */
  readonly token?: Uint8Array
  /** e-data of the KDC's KRB-ERROR. */
  readonly errorData?: Uint8Array
}

export interface GssQuestion {
  readonly name: GssCallName
  readonly request: GssCalls[GssCallName]['request']
}

export type GssAnswer = { readonly value: unknown } | { readonly failure: GssFailure }
