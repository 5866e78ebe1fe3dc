import type { Connection } from './connection.ts'

/** Without multi-credit requests nothing is larger than this (MS-SMB2 3.3.5.4). */
export const MAX_SINGLE_CREDIT_BYTES = 65_536

type SizeLimit = 'maxReadBytes' | 'maxWriteBytes' | 'maxTransactBytes'

/** What NEGOTIATE told the client: a larger request is an error. */
export function negotiatedMaximum(connection: Connection, limit: SizeLimit): number {
  const most = connection.server.limits[limit]
  const { negotiated } = connection
  return negotiated === undefined || !negotiated.supportsMultiCredit ? Math.min(most, MAX_SINGLE_CREDIT_BYTES) : most
}
