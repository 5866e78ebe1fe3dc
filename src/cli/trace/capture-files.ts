import { systemReason } from '../../config/config-error.ts'
import { inTimeOrder, readCapture } from '../../trace/node/index.ts'
import { UsageError } from '../report.ts'

/** A file of which the errors are sentences for the user. */
export async function* captureFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* readCapture(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

const unreadable = (path: string, error: unknown): UsageError =>
  new UsageError(`${path}: cannot be read: ${systemReason(error)}`, { cause: error })

/** The files of a command in the order of their times, as rotating captures need it. */
export async function inOrder(paths: readonly string[]): Promise<string[]> {
  try {
    return await inTimeOrder(paths)
  } catch (error) {
    throw unreadable(paths.join(', '), error)
  }
}
