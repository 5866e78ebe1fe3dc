import { HeaderFlags } from '../../wire/smb2/index.ts'
import type { Connection } from '../connection.ts'
import type { Session } from '../session.ts'

/** MS-SMB2 3.3.5.16: by AsyncId when the request has gone asynchronous, else by MessageId. There is no answer. */
export function cancel(
  connection: Connection,
  session: Session,
  target: { flags: number; messageId: bigint; asyncId: bigint },
): void {
  const isAsync = (target.flags & HeaderFlags.ASYNC_COMMAND) !== 0
  for (const request of connection.asyncRequests) {
    const matches = isAsync ? request.asyncId === target.asyncId : request.messageId === target.messageId
    if (!matches || request.maybeSession !== session) continue
    request.cancel()
    return
  }
}
