import { type Failure, failed } from '../wire/erref/failure.ts'
import { FileAttributes } from '../wire/fscc/index.ts'
import type { Open } from './open.ts'
import { type Steps, wait } from './steps.ts'

/** Below this nobody asks: a disk that is smaller says itself that it is full. */
const LARGE_BYTES = 2 ** 40

/**
 * True if a file can become so large. One that is not sparse has room for all of its bytes, so that it is never larger
 * than its volume (MS-FSA 2.1.5.4: STATUS_DISK_FULL), though most disks would take it for full of holes.
 */
export function* fitsVolume(open: Open, endOfFile: number): Steps<boolean | Failure> {
  if (endOfFile <= LARGE_BYTES) return true
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  if (endOfFile <= stat.endOfFile || (stat.attributes & FileAttributes.SPARSE_FILE) !== 0) return true
  const volume = yield* wait(open.share.backend.volume())
  return failed(volume) ? volume : endOfFile <= volume.totalBytes
}
