import type { Logon } from '../auth/mechanism.ts'
import { type SessionKeys as DerivedKeys, deriveSessionKeys } from '../crypto/key-derivation.ts'
import type { PreauthIntegrityHash } from '../crypto/preauth.ts'
import { createSealer } from '../crypto/sealing.ts'
import type { Negotiated } from './connection.ts'
import type { SessionKeys } from './session.ts'

/** What follows from a logon for the keys of its connection (MS-SMB2 3.3.5.5.3, 3.1.4.2). */
export function deriveKeys(
  negotiated: Negotiated,
  logon: Logon,
  preauthHash: PreauthIntegrityHash | undefined,
): DerivedKeys {
  return deriveSessionKeys({
    dialect: negotiated.dialect,
    sessionKey: logon.sessionKey,
    fullSessionKey: logon.fullSessionKey,
    preauthHash: preauthHash?.value,
    cipher: negotiated.cipher,
  })
}

/** The keys of a session that begins. */
export function sessionKeys({ cipher }: Negotiated, keys: DerivedKeys): SessionKeys {
  const { signingKey } = keys
  if (cipher === undefined) return { signingKey }
  return {
    signingKey,
    opener: createSealer(cipher, keys.clientToServerKey),
    sealer: createSealer(cipher, keys.serverToClientKey),
  }
}
