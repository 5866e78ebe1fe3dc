import { viewOf } from '../bytes/utf16.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  FsctlCode,
  NO_FILE_ID,
  ValidateNegotiateInfoRequest,
  ValidateNegotiateInfoResponse,
} from '../wire/smb2/index.ts'
import { ioctlCall } from './calls/information.ts'
import type { Connection } from './connection.ts'
import { SecurityError, StatusError, TransportError } from './errors.ts'
import type { Live } from './link.ts'
import type { Negotiated } from './negotiation.ts'
import type { Context } from './outgoing.ts'

/**
 * Asks the server, signed, what it has understood and answered in NEGOTIATE, which nobody signs (MS-SMB2 3.2.5.5).
 * @throws SecurityError where somebody has changed it
 */
export async function validateNegotiate(
  { negotiated }: Pick<Live, 'negotiated'>,
  connection: Pick<Connection, 'call'>,
  context: Context,
): Promise<void> {
  const { offer } = negotiated
  const call = ioctlCall(
    {
      fileId: NO_FILE_ID,
      ctlCode: FsctlCode.VALIDATE_NEGOTIATE_INFO,
      input: ValidateNegotiateInfoRequest.encode({ ...offer, guid: offer.clientGuid }),
      maxOutputBytes: ValidateNegotiateInfoResponse.size,
    },
    { operation: 'connect' },
    (output) => describes(ValidateNegotiateInfoResponse.decode(viewOf(output)), negotiated),
  )
  let isRight: boolean
  try {
    // Signed, also where nothing else is (MS-SMB2 3.2.5.5).
    isRight = await connection.call({ ...context, signsAlways: true }, call)
  } catch (error) {
    // A server that does not know the request says so, and the answer's signature proves that it was the server.
    if (error instanceof StatusError && UNKNOWN_TO_SERVER.has(error.status)) return
    // A server that finds a difference ends the connection; so may anybody, and then it begins anew.
    if (error instanceof TransportError) throw error
    throw new SecurityError('The start of the connection cannot be checked: somebody may have changed it.', {
      cause: error,
    })
  }
  if (!isRight) throw new SecurityError('Somebody has changed the start of the connection, to weaken it.')
}

const describes = (info: ValidateNegotiateInfoResponse, negotiated: Negotiated): boolean =>
  info.dialect === negotiated.dialect &&
  info.capabilities === negotiated.capabilities &&
  info.securityMode === negotiated.securityMode &&
  info.guid === negotiated.serverGuid

const UNKNOWN_TO_SERVER: ReadonlySet<number> = new Set([
  NtStatus.NOT_SUPPORTED,
  NtStatus.INVALID_DEVICE_REQUEST,
  NtStatus.FILE_CLOSED,
  NtStatus.FS_DRIVER_REQUIRED,
])
