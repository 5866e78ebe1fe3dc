import { viewOf } from '../bytes/utf16.ts'
import type { Sealer } from '../crypto/sealing.ts'
import { Dialect, TransformHeader } from '../wire/smb2/index.ts'
import { ProtocolError } from './frame-assembler.ts'

/** What is authenticated of a TRANSFORM_HEADER: all from the nonce on (MS-SMB2 3.1.4.3). */
const AAD_OFFSET = 20
const SIGNATURE_OFFSET = 4

/** Bytes that sealing adds to a message. */
export const SEALING_BYTES = TransformHeader.size

/**
 * Seals one message (or a padded chain of them) that lies in `parts`, one after the other, for a session (MS-SMB2
 * 3.1.4.3). `out` has room for exactly SEALING_BYTES and the message.
 */
export function sealMessage(
  out: Uint8Array,
  parts: readonly Uint8Array[],
  sessionId: bigint,
  nonce: Uint8Array,
  sealer: Sealer,
): void {
  const originalMessageSize = out.length - SEALING_BYTES
  const values = { signature: NO_SIGNATURE, nonce, originalMessageSize, flags: ENCRYPTED, sessionId }
  TransformHeader.encodeInto(viewOf(out), 0, values)
  const aad = out.subarray(AAD_OFFSET, SEALING_BYTES)
  out.set(sealer.seal(nonce, aad, parts, out.subarray(SEALING_BYTES)), SIGNATURE_OFFSET)
}

const NO_SIGNATURE = new Uint8Array(16)

/** Flags of 3.1.1, EncryptionAlgorithm of 3.0 (where it says AES-CCM): the same number. */
const ENCRYPTED = 0x0001

/**
 * Opens a sealed message (MS-SMB2 3.3.5.2.1.1).
 * @throws ProtocolError when it is not what its session sent
 */
export function openMessage(
  frame: Uint8Array,
  opener: (sessionId: bigint) => Sealer | undefined,
): {
  message: Uint8Array
  sessionId: bigint
} {
  const view = viewOf(frame)
  const header = TransformHeader.decode(view, 0)
  if (header.flags !== ENCRYPTED) throw new ProtocolError(`transform header with flags 0x${header.flags.toString(16)}`)
  const ciphertext = frame.subarray(TransformHeader.size)
  if (header.originalMessageSize !== ciphertext.length)
    throw new ProtocolError(`sealed message of ${ciphertext.length} bytes says ${header.originalMessageSize}`)
  const { sessionId } = header
  const sealer = opener(sessionId)
  if (sealer === undefined) throw new ProtocolError('sealed message for a session that has no keys')
  const aad = frame.subarray(AAD_OFFSET, TransformHeader.size)
  const message = sealer.open(header.nonce, aad, header.signature, ciphertext)
  if (message === undefined) throw new ProtocolError('sealed message that does not open')
  return { message, sessionId }
}

/** Dialects that can seal. */
export const canSeal = (dialect: number): boolean => dialect >= Dialect.SMB_3_0 && dialect <= Dialect.SMB_3_1_1
