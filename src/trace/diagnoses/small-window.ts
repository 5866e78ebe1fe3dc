import { durationOf, endsOf, sizeOf } from '../evidence/names.ts'
import { advise, conversationRule } from '../evidence/rules.ts'
import type { Conversation, Transaction } from '../model.ts'

const MIN_ROUND_TRIP_NS = 10e6
const MIN_BYTES = 1024 * 1024
/** Windows that allow more than this do not limit anybody (100 Mbit/s). */
const ENOUGH_PER_SECOND = 12.5e6

interface State {
  read: number
  written: number
}

/** The end that is sent most, and its window. */
function receiverOf(conversation: Conversation, { read, written }: State) {
  const isClient = read >= written
  return { isClient, window: (isClient ? conversation.fromClient : conversation.fromServer).largestWindow }
}

export const smallWindow = conversationRule<State>({
  id: 'small-window',
  looksFor: 'A TCP window that is too small for a long path.',
  state: () => ({ read: 0, written: 0 }),
  transaction({ detail, dataBytes }: Transaction, state) {
    if (detail.kind === 'read') state.read += dataBytes
    if (detail.kind === 'write') state.written += dataBytes
  },
  ended(conversation, state) {
    const { roundTripNs, hasBeginning } = conversation
    if (!hasBeginning || roundTripNs === undefined || roundTripNs < MIN_ROUND_TRIP_NS) return undefined
    if (Math.max(state.read, state.written) < MIN_BYTES) return undefined
    const { window } = receiverOf(conversation, state)
    const perSecond = (window / roundTripNs) * 1e9
    return window > 0 && perSecond < ENOUGH_PER_SECOND
      ? { key: `${conversation.stream}`, frames: [conversation.first.frame] }
      : undefined
  },
  tell({ first: { conversation, state } }) {
    const { isClient, window } = receiverOf(conversation, state)
    const roundTripNs = conversation.roundTripNs ?? 1
    return {
      severity: 'warning',
      title: `The window of the ${isClient ? 'client' : 'server'} is small for the path: ${sizeOf(window)} at ${durationOf(roundTripNs)}`,
      cause: `Between ${endsOf(conversation)} a packet takes ${durationOf(roundTripNs)} there and back, and the ${isClient ? 'client' : 'server'} never allows more than ${sizeOf(window)} on the way. So at most ${sizeOf((window / roundTripNs) * 1e9)} a second can come through, however fast the line is.`,
      advice: advise({
        windows: 'netsh interface tcp show global: "Receive Window Auto-Tuning Level" has to be normal.',
        samba: 'Take SO_RCVBUF and SO_SNDBUF out of "socket options"; net.ipv4.tcp_rmem and tcp_wmem.',
        network: 'Firewalls that remove window scaling from the SYN keep windows below 64 KiB.',
        smbkit: 'smbkit leaves the window to the system; channels: several connections share the work.',
      }),
    }
  },
})
