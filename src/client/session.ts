import { viewOf } from '../bytes/utf16.ts'
import type { Sealer } from '../crypto/sealing.ts'
import type { Signer } from '../crypto/signing.ts'
import { Command, SessionFlags } from '../wire/smb2/index.ts'

/** What a logon has agreed upon. */
export interface SessionValues {
  readonly id: bigint
  /** SMB2_SESSION_FLAG_* of the last answer of the logon. */
  readonly flags: number
  readonly user: string
  readonly domain: string
  /** `Kerberos`, `NTLM`. */
  readonly mechanism: string
  readonly signs: boolean
  /** Everything is sealed, whatever the share wants. */
  readonly seals: boolean
  /** Of its first connection: what further ones sign with to be taken (binding). */
  readonly signingKey: Uint8Array | undefined
  /** Seals what goes to the server. */
  readonly sealer: Sealer | undefined
  /** Opens what comes from it. */
  readonly opener: Sealer | undefined
}

/** A session, the same on all of its connections (MS-SMB2 3.2.1.3). */
export interface Session extends SessionValues {
  readonly kind: 'user' | 'guest' | 'anonymous'
  readonly canSeal: boolean
  /** One that no message of this session had before, on any connection: they share a key. */
  nextNonce(length: number): Uint8Array
}

export function sessionOf(values: SessionValues): Session {
  let nonce = 0n
  return {
    ...values,
    kind: kindOf(values.flags),
    canSeal: values.sealer !== undefined,
    nextNonce(length) {
      const bytes = new Uint8Array(length)
      viewOf(bytes).setBigUint64(0, nonce++, true)
      return bytes
    },
  }
}

function kindOf(flags: number): Session['kind'] {
  if ((flags & SessionFlags.IS_GUEST) !== 0) return 'guest'
  return (flags & SessionFlags.IS_NULL) !== 0 ? 'anonymous' : 'user'
}

/** A session as one connection knows it (MS-SMB2 3.2.1.8): each has a signing key of its own. */
export interface BoundSession {
  readonly session: Session
  readonly signer: Signer | undefined
}

const SIGNATURE_AT = 48
const COMMAND_AT = 12

/** Whether a message of the server has the signature that `signer` makes. Its signature field is zero after that. */
export function isSignedBy(message: Uint8Array, messageId: bigint, signer: Signer): boolean {
  const signature = message.slice(SIGNATURE_AT, SIGNATURE_AT + 16)
  message.fill(0, SIGNATURE_AT, SIGNATURE_AT + 16)
  const isCancel = viewOf(message).getUint16(COMMAND_AT, true) === Command.CANCEL
  return signer.verify([message], { messageId, fromServer: true, isCancel }, signature)
}
