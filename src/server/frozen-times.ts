import type { StatChange } from './backend.ts'
import type { Open } from './open.ts'
import { type Steps, wait } from './steps.ts'

/**
 * A time that a client has set by a handle, or set to -1, is not moved by what the handle does later (MS-FSA 2.1.5.15.2:
 * Open.UserSetModificationTime, Open.UserSetChangeTime).
 */
export function* keepFrozenTimes(open: Open): Steps<void> {
  const { frozenLastWriteTime: lastWriteTime, frozenChangeTime: changeTime } = open
  if (lastWriteTime === undefined && changeTime === undefined) return
  const kept: StatChange = {
    ...(lastWriteTime === undefined ? {} : { lastWriteTime }),
    ...(changeTime === undefined ? {} : { changeTime }),
  }
  yield* wait(open.file.setStat(kept))
}
