import type { Filetime } from '../../bytes/filetime.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { StatusError, TransportError } from '../errors.ts'
import type { Spot } from '../spot.ts'
import type { Stats } from '../stats.ts'
import { statsOfItself } from './metadata.ts'

/** What became of something whose answer was lost. `unknown`: somebody else may have been at it since. */
export type Outcome = 'done' | 'notDone' | 'unknown'

/** Connections that may be lost one after the other within one call. */
const MAX_REPEATS = 4
const TICKS_PER_SECOND = 10_000_000n
/** Some file systems count time in pieces of two seconds. */
const TIME_PIECES = 2n * TICKS_PER_SECOND

/**
 * Does something that must not be done twice. Where the connection is cut before its answer comes, `look` finds out on
 * the next one what has become of it: the old session, and all that it had begun, has ended by then (MS-SMB2 3.3.5.5.3).
 * `asked`: the server's time when it was asked. Undefined where it was done, and its answer is lost.
 * @throws what `work` throws: a TransportError with `outcomeUnknown` where it cannot be found out
 */
export async function findingOut<T>(
  spot: Spot,
  work: () => Promise<T>,
  look: (asked: Filetime) => Promise<Outcome>,
): Promise<T | undefined> {
  for (let repeat = 0; ; repeat++) {
    const asked = await serverTime(spot)
    try {
      return await work()
    } catch (error) {
      const mayLook = error instanceof TransportError && error.outcomeUnknown && error.connectionLost
      if (!mayLook || repeat >= MAX_REPEATS || !spot.tree.link.settings.reconnect) throw error
      // Who cannot even look has nothing better to say.
      const outcome = await look(asked).catch((): Outcome => 'unknown')
      if (outcome === 'unknown') throw error
      if (outcome === 'done') return undefined
    }
  }
}

async function serverTime({ tree }: Spot): Promise<Filetime> {
  const { systemTime, localTime } = (await tree.ready()).live.negotiated
  return tree.link.clock.now() - localTime + systemTime
}

/** What is at a spot now, a link itself; undefined where there is nothing, or nothing for long. */
export async function lookAt(spot: Spot, signal: AbortSignal | undefined): Promise<Stats | undefined> {
  try {
    return await statsOfItself(spot, signal)
  } catch (error) {
    if (error instanceof StatusError && IS_GONE.has(error.status)) return undefined
    throw error
  }
}

const IS_GONE: ReadonlySet<number> = new Set([
  NtStatus.OBJECT_NAME_NOT_FOUND,
  NtStatus.OBJECT_PATH_NOT_FOUND,
  NtStatus.DELETE_PENDING,
])

/** It was there, and as it is, before something was asked for. */
export function isFromBefore({ facts }: Stats, asked: Filetime): boolean {
  const { creationTime, changeTime, lastWriteTime } = facts
  const limit = asked - TIME_PIECES
  return creationTime < limit && changeTime < limit && lastWriteTime < limit
}
