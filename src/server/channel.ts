import type { Acceptor } from '../auth/mechanism.ts'
import type { PreauthIntegrityHash } from '../crypto/preauth.ts'
import type { Signer } from '../crypto/signing.ts'
import type { Failure } from '../wire/erref/failure.ts'
import type { Connection } from './connection.ts'
import type { Session } from './session.ts'

/**
 * A connection of a session (MS-SMB2 3.3.1.14), from the first SESSION_SETUP on: the one that the session began on, and
 * those that were bound to it. Its signing key is its own; sealing keys are the session's.
 */
export class Channel {
  readonly session: Session
  readonly connection: Connection
  /** It was bound to a session that another connection had begun. */
  readonly isBinding: boolean
  /** A logon on it has succeeded: requests are served. */
  isEstablished = false
  /** Absent as long as nobody has logged on, and where guests and anonymous users share no key with the server. */
  signer: Signer | undefined
  /** The logon that is under way. */
  acceptor: Acceptor | undefined
  /** What the log was told of a refusal after which the client may try once more. */
  told: Failure | undefined
  /** Pre-authentication hash of the logon under way (3.1.1). */
  preauthHash: PreauthIntegrityHash | undefined

  constructor(session: Session, connection: Connection, isBinding: boolean) {
    this.session = session
    this.connection = connection
    this.isBinding = isBinding
  }
}
