/** Long lists in pieces: about as many bytes as the client wants, and a number by which it asks for the rest. */
import { WinError } from '../../rpc/werror.ts'

export interface Page<T> {
  readonly result: number
  readonly entries: readonly T[]
  /** Entries from the resume handle on. */
  readonly total: number
  /** Where the next call goes on; 0 at the end. */
  readonly resumeAt: number
}

/** What of `all` from `start` on fits `preferredLength` bytes; always at least one, so that a client gets on. */
export function pageOf<T>(
  all: readonly T[],
  start: number,
  preferredLength: number,
  bytesOf: (entry: T) => number,
): Page<T> {
  const rest = all.slice(start)
  let room = preferredLength
  let fitting = 0
  for (const entry of rest) {
    room -= bytesOf(entry)
    if (room < 0 && fitting > 0) break
    fitting++
  }
  const isAll = fitting === rest.length
  return {
    result: isAll ? WinError.SUCCESS : WinError.MORE_DATA,
    entries: rest.slice(0, fitting),
    total: rest.length,
    resumeAt: isAll ? 0 : start + fitting,
  }
}
