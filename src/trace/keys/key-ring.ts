import { Recent } from '../recent.ts'
import type { Ciphers } from './ciphers.ts'
import { ConnectionKeys } from './connection-keys.ts'
import type { Secrets, SessionSecret } from './secrets.ts'
import type { SessionOpener } from './session-opener.ts'

/** Most sessions whose keys are remembered; those that were found first are forgotten. */
const maxSessions = 65_536

/**
 * All keys of a capture: what was given, and what follows from it and from the logons that are seen. Sessions are found
 * by server and id, since one may have several connections (MS-SMB2 3.3.5.5.2).
 */
export class KeyRing {
  readonly secrets: Secrets
  readonly ciphers: Ciphers
  /** Of the given passwords, and as given. */
  readonly ntHashes: readonly Uint8Array[]
  readonly #given: ReadonlyMap<bigint, SessionSecret>
  readonly #sessions = new Recent<string, SessionOpener>(maxSessions)

  constructor(secrets: Secrets, ciphers: Ciphers) {
    this.secrets = secrets
    this.ciphers = ciphers
    this.ntHashes = [...secrets.ntHashes, ...secrets.passwords.map((password) => ciphers.ntHash(password))]
    this.#given = new Map(secrets.sessions.map((session) => [session.sessionId, session]))
  }

  /** Nothing was given: no sealed message will be opened. */
  get isEmpty(): boolean {
    const { sessions, ntHashes, passwords, keytab } = this.secrets
    return sessions.length + ntHashes.length + passwords.length + keytab.length === 0
  }

  /** A connection begins. `server` is any text that tells servers apart, such as address and port. */
  connection(server: string): ConnectionKeys {
    return new ConnectionKeys(this, server)
  }

  given(sessionId: bigint): SessionSecret | undefined {
    return this.#given.get(sessionId)
  }

  session(server: string, sessionId: bigint): SessionOpener | undefined {
    return this.#sessions.get(`${server} ${sessionId}`)
  }

  remember(server: string, sessionId: bigint, opener: SessionOpener): void {
    this.#sessions.set(`${server} ${sessionId}`, opener)
  }
}
