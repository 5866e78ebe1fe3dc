import { failed } from '../wire/erref/failure.ts'
import { Command } from '../wire/smb2/index.ts'
import { closeOpen } from './close-open.ts'
import type { Request } from './request.ts'
import { type Steps, wait } from './steps.ts'

/**
 * The connection of a chain has ended before the chain has. What it has opened and was to close itself is closed: where
 * the session lives on other connections (MS-SMB2 3.3.7.1) nobody else would, for nobody was told of the open.
 */
export function* abandonChain(requests: readonly Request[]): Steps<void> {
  const [first] = requests
  const open = first?.chain.open
  if (first?.command !== Command.CREATE || open === undefined || failed(open)) return
  if (requests.some(({ command, isRelated }) => command === Command.CLOSE && isRelated)) yield* wait(closeOpen(open))
}
