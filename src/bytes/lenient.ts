import { WireError } from './errors.ts'

/** What `read` gives; undefined where the bytes are damaged. */
export function lenient<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}
