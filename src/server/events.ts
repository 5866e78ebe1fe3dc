import type { Identity } from '../auth/mechanism.ts'
import type { Failure } from '../wire/erref/failure.ts'
import type { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Reply } from './reply.ts'
import type { Session } from './session.ts'

/** What a server tells those who listen. `remote` is the address and port of the client. */
export interface ServerEvents {
  connect: [{ remote: string }]
  /** A connection has ended, for whatever reason. */
  close: [{ remote: string }]
  /** The server ended a connection because the client broke a rule. */
  disconnect: [{ remote: string; reason: string }]
  logon: [{ remote: string; sessionId: bigint; identity: Identity }]
  /** `reason`: what the client is not told. */
  logonFailed: [{ remote: string; status: NtStatus; user?: string; reason?: string }]
  logoff: [{ remote: string; sessionId: bigint; identity: Identity | undefined }]
  tree: [{ remote: string; share: string; identity: Identity | undefined }]
  open: [
    { remote: string; share: string; path: string; access: number; created: boolean; identity: Identity | undefined },
  ]
  /** Something that should not happen: a bug, here or in a backend. The server lives on. */
  fault: [{ remote: string; error: unknown }]
  /**
   * What comes and goes, one message or a chain of them, without sealing and compression: from the header on. Valid while
   * the listener runs.
   */
  message: [{ remote: string; from: 'client' | 'server'; message: Uint8Array }]
  /**
   * Each message of SMB1 and what answers it: more than one message, or none. From the header on; valid while the
   * listener runs.
   */
  smb1: [
    {
      remote: string
      session: Session | undefined
      tree: string | undefined
      message: Uint8Array
      status: number
      answers: readonly Uint8Array[]
    },
  ]
  /** Each request and its answer; `message` is the request as it came, valid while the listener runs. */
  request: [
    {
      remote: string
      session: Session | undefined
      tree: string | undefined
      message: Uint8Array
      status: NtStatus
      answer: Reply | Failure
    },
  ]
}
