import type { Signer } from '../crypto/signing.ts'
import { Command } from '../wire/smb2/index.ts'
import type { Request } from './request.ts'

const SIGNATURE_OFFSET = 48

/** MS-SMB2 3.1.5.1: over the message with its signature zeroed. */
export function signatureIsRight(request: Request, signer: Signer): boolean {
  const message = request.bytes
  const signature = message.slice(SIGNATURE_OFFSET, SIGNATURE_OFFSET + 16)
  message.fill(0, SIGNATURE_OFFSET, SIGNATURE_OFFSET + 16)
  const isRight = signer.verify(
    [message],
    { messageId: request.messageId, fromServer: false, isCancel: request.command === Command.CANCEL },
    signature,
  )
  // The pre-authentication hash is over the message as it came.
  message.set(signature, SIGNATURE_OFFSET)
  return isRight
}
