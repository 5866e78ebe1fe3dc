import { Durations } from '../evidence/durations.ts'
import { durationOf, endsOf } from '../evidence/names.ts'
import { advise, conversationRule } from '../evidence/rules.ts'
import { maySleep } from '../evidence/speed.ts'
import type { Transaction } from '../model.ts'

const MIN_REQUESTS = 50
const MIN_ROUND_TRIP_NS = 5e6
/** Where the fastest answers take nearly as long as the way, and the middle ones no more than twice that. */
const NEAR_FACTOR = 2
const MIN_PART_SMALL = 0.8
const SMALL_BYTES = 65_536

interface State {
  readonly durations: Durations
  small: number
  single: number
}

export const latencyBound = conversationRule<State>({
  id: 'latency-bound',
  looksFor: 'Many small requests over a long path: the way there and back is what takes the time.',
  state: () => ({ durations: new Durations(), small: 0, single: 0 }),
  transaction(transaction: Transaction, state) {
    const ns = transaction.time.responseNs
    if (ns === undefined || maySleep(transaction)) return
    state.durations.add(ns)
    if (transaction.dataBytes <= SMALL_BYTES) state.small++
    if (transaction.depth <= 1) state.single++
  },
  ended(conversation, { durations, small, single }) {
    const way = conversation.roundTripNs ?? durations.quantile(0.05)
    if (durations.count < MIN_REQUESTS || way < MIN_ROUND_TRIP_NS) return undefined
    const isSmall = small >= durations.count * MIN_PART_SMALL && single >= durations.count * 0.5
    return isSmall && durations.quantile(0.5) <= way * NEAR_FACTOR
      ? { key: `${conversation.stream}`, frames: [conversation.first.frame, conversation.last.frame] }
      : undefined
  },
  tell({ first: { conversation, state } }) {
    const way = conversation.roundTripNs ?? state.durations.quantile(0.05)
    const { durations } = state
    const isNearServer = durations.quantile(0.5) < way / 2
    const lastedNs = conversation.last.timeNs - conversation.first.timeNs
    const waited = isNearServer
      ? `The server answers within ${durationOf(durations.quantile(0.5))} as a rule, and the next request comes a round trip (${durationOf(way)}) later: this was captured near the server.`
      : `Each request waits for about one round trip (${durationOf(way)}; the median answer took ${durationOf(durations.quantile(0.5))}), and together they took ${durationOf(Math.min(durations.sumNs, lastedNs))}.`
    return {
      severity: 'warning',
      title: `The path of ${endsOf(conversation)} is long (${durationOf(way)}), and ${state.durations.count} small requests went over it one by one`,
      cause: `${waited} Server and line are not slow: it is the number of round trips. A faster line would not help; fewer requests, or several at a time, do.`,
      advice: advise({
        user: 'Copy many small files as an archive, or with a program that works on several at a time (robocopy /MT, smbkit sync --jobs).',
        windows:
          'Leases and directory caching spare requests (EnableLeasing, DirectoryCacheLifetime); BranchCache, or SMB over QUIC nearer to the user.',
        samba: '"smb2 leases", "oplocks" on; directory caching of the client.',
        network: 'A server nearer to its users (DFS replication) is the lasting cure.',
        smbkit: 'smbkit get --jobs and smbkit sync work on many files at a time; leases: true spares questions.',
      }),
    }
  },
})
