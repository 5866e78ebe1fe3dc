import { type Failure, failed } from '../../wire/erref/failure.ts'
import { CreateResponse, type OplockLevel } from '../../wire/smb2/index.ts'
import { leaseAnswer, oplockLevelOf } from '../caching/index.ts'
import { commonInformation } from '../file-information.ts'
import type { Open } from '../open.ts'
import { type Reply, reply } from '../reply.ts'
import { type Steps, wait } from '../steps.ts'
import { leaseOf } from './durability.ts'

type Context = { name: string; data: Uint8Array }

/** Answers a CREATE with an open that is there already. */
export function* answerAgain(
  open: Open,
  said: { readonly createAction: number; readonly createContexts: Context[]; readonly oplockLevel?: OplockLevel },
): Steps<Reply | Failure> {
  open.use()
  try {
    const stat = yield* wait(open.file.stat())
    if (failed(stat)) return stat
    return reply(CreateResponse, {
      oplockLevel: oplockLevelOf(open),
      ...said,
      ...commonInformation(open.shared.writeTime.shown(stat)),
      fileId: open.fileId,
    })
  } finally {
    open.release()
  }
}

/** The lease that it has, as its client is told of it. */
export function leaseAnswerOf(open: Open): Context[] {
  const lease = leaseOf(open)
  return lease === undefined ? [] : [leaseAnswer(lease)]
}
