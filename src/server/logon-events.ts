import { RefusedLogon } from '../auth/mechanism.ts'
import type { Failure } from '../wire/erref/failure.ts'
import type { Connection } from './connection.ts'

/** Tells those who listen of a logon that was refused, and why as far as that is known. */
export function tellRefusal({ server, transport }: Pick<Connection, 'server' | 'transport'>, why: Failure): void {
  const { remote } = transport
  if (!(why instanceof RefusedLogon)) server.emit('logonFailed', { remote, status: why.status })
  else {
    const { status, reason, user } = why
    server.emit('logonFailed', { remote, status, reason, ...(user === undefined ? {} : { user }) })
  }
}
