import type { Failure } from '../wire/erref/failure.ts'
import type { PipeRead } from './named-pipe.ts'
import type { PipeOpen } from './open.ts'
import type { Request } from './request.ts'

type Pending = Promise<PipeRead | Failure>

/** What a pipe has to say; if that takes time, the client is told so, and may cancel (MS-SMB2 3.3.5.12, 3.3.5.15.11). */
export function waitForPipe(
  request: Request,
  open: PipeOpen,
  answer: PipeRead | Failure | Pending,
): PipeRead | Failure | Pending {
  if (!(answer instanceof Promise)) return answer
  const refused = request.goAsync(open, () => open.pipe.cancelRead(answer))
  if (refused === undefined) return answer
  open.pipe.cancelRead(answer)
  return refused
}
