import { Durations } from '../evidence/durations.ts'
import { durationOf, endsOf, timesOf } from '../evidence/names.ts'
import { advise, conversationRule } from '../evidence/rules.ts'
import { maySleep, roundTripOf } from '../evidence/speed.ts'
import type { Transaction } from '../model.ts'

/** Timers of delayed acknowledgements: 40 ms (Linux), 200 ms (Windows and others). RFC 1122 4.2.3.2. */
const TIMERS_NS: readonly (readonly [number, number])[] = [
  [38e6, 48e6],
  [195e6, 215e6],
]
const MIN_COUNT = 10
const MIN_PART = 0.1
const MAX_ROUND_TRIP_NS = 10e6
const MAX_FRAMES = 20
/** Longer messages may take as long for other reasons. */
const MAX_SHORT_BYTES = 16 * 1024

interface State {
  readonly all: Durations
  readonly counts: number[]
  /** Short messages of which one part came so much later than the other. */
  parts: number
  readonly frames: number[]
}

const timerOf = (ns: number): number => TIMERS_NS.findIndex(([from, to]) => ns >= from && ns <= to)

/** The timer between the parts of a short request, or of its short answer; below zero for none. */
function timerWithin({ time, request, response }: Transaction): number {
  const bytes = (request?.length ?? 0) + (response?.length ?? 0)
  return bytes > MAX_SHORT_BYTES ? -1 : timerOf(time.transferNs ?? 0)
}

export const delayedAcknowledgement = conversationRule<State>({
  id: 'delayed-acknowledgement',
  looksFor: 'Answers that wait for 40 or 200 ms again and again (Nagle against delayed acknowledgements).',
  state: () => ({ all: new Durations(), counts: TIMERS_NS.map(() => 0), parts: 0, frames: [] }),
  transaction(transaction: Transaction, state) {
    const { all, counts, frames } = state
    const ns = transaction.time.responseNs
    if (ns === undefined || maySleep(transaction) || transaction.time.retransmissions > 0) return
    all.add(ns)
    const within = timerWithin(transaction)
    if (within >= 0) state.parts++
    const timer = within >= 0 ? within : timerOf(ns)
    if (timer < 0) return
    counts[timer] = (counts[timer] ?? 0) + 1
    const frame = transaction.response?.last.frame
    if (frames.length < MAX_FRAMES && frame !== undefined) frames.push(frame)
  },
  ended(conversation, { all, counts, parts, frames }) {
    const most = Math.max(...counts)
    const isNear = roundTripOf(conversation) < MAX_ROUND_TRIP_NS
    // Where nothing is faster, the server may be slow: but not in the middle of a message.
    const isTimer =
      all.quantile(0.05) < MAX_ROUND_TRIP_NS || (conversation.roundTripNs !== undefined && parts >= MIN_COUNT)
    return isNear && isTimer && most >= MIN_COUNT && most >= all.count * MIN_PART
      ? { key: `${conversation.stream}`, frames }
      : undefined
  },
  tell({ first: { conversation, state } }) {
    const most = Math.max(...state.counts)
    const [from = 0] = TIMERS_NS[state.counts.indexOf(most)] ?? []
    return {
      severity: 'warning',
      title: `${most} answers of ${endsOf(conversation)} waited ${from > 100e6 ? '200' : '40'} ms for a timer`,
      cause: `${most} of ${state.all.count} answers took almost exactly as long as the timer of a delayed acknowledgement${
        state.parts > 0
          ? `; ${timesOf(state.parts)} one part of a message came so much later than the other`
          : `, and the others ${durationOf(state.all.quantile(0.25))}`
      }. One end sends a message in two parts and holds the second back until the first is acknowledged (Nagle's algorithm); the other waits for its timer before it acknowledges.`,
      advice: advise({
        windows: 'TcpAckFrequency = 1 and TCPNoDelay = 1 for the network card.',
        samba: 'socket options = TCP_NODELAY (that is the default; somebody may have removed it).',
        smbkit: 'smbkit sets TCP_NODELAY and writes each message at once.',
      }),
    }
  },
})
