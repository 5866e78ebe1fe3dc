import { countOf, durationOf, endsOf } from '../evidence/names.ts'
import { advise, conversationRule, framesOf } from '../evidence/rules.ts'
import type { Conversation, TcpDirection } from '../model.ts'

interface State {
  readonly frames: number[]
  waited: number
  waitedNs: number
}

/** Loss that TCP mends without anybody noticing it. */
const MIN_RETRANSMISSIONS = 3
const MIN_SEGMENTS = 50
const MIN_PART = 0.002
const BAD_PART = 0.01
const MAX_FRAMES = 20

/** Where a window is closed, what is sent again asks whether it is open: each such question has its answer. RFC 9293 3.8.6.1. */
const lostFrom = (sender: TcpDirection, receiver: TcpDirection): number =>
  Math.max(0, sender.retransmissions - receiver.zeroWindows)
const lostOf = ({ fromClient, fromServer }: Conversation): number =>
  lostFrom(fromClient, fromServer) + lostFrom(fromServer, fromClient)
const sentOf = ({ fromClient, fromServer }: Conversation): number => fromClient.segments + fromServer.segments

export const networkLoss = conversationRule<State>({
  id: 'network-loss',
  looksFor: 'Packets that were lost and sent again.',
  state: () => ({ frames: [], waited: 0, waitedNs: 0 }),
  transaction(transaction, state) {
    if (transaction.time.retransmissions === 0) return
    state.waited++
    state.waitedNs += transaction.time.responseNs ?? 0
    for (const frame of framesOf(transaction))
      if (frame !== undefined && state.frames.length < MAX_FRAMES) state.frames.push(frame)
  },
  ended(conversation, state) {
    const lost = lostOf(conversation)
    const sent = sentOf(conversation)
    return lost >= MIN_RETRANSMISSIONS && sent >= MIN_SEGMENTS && lost >= sent * MIN_PART
      ? { key: `${conversation.stream}`, frames: state.frames }
      : undefined
  },
  tell({ first: { conversation, state } }) {
    const lost = lostOf(conversation)
    const part = (lost / sentOf(conversation)) * 100
    const { fromClient, fromServer } = conversation
    return {
      severity: part >= BAD_PART * 100 ? 'problem' : 'warning',
      title: `Packets are lost between ${endsOf(conversation)}: ${part.toFixed(1)} % sent again`,
      cause: `${countOf(lost, 'segment')} of ${sentOf(conversation)} had to be sent again (${lostFrom(fromClient, fromServer)} from the client, ${lostFrom(fromServer, fromClient)} from the server); ${fromClient.duplicateAcknowledgments + fromServer.duplicateAcknowledgments} acknowledgements were repeated. ${countOf(state.waited, 'request')} met it and took ${durationOf(state.waitedNs)} together. Each loss makes TCP halve its speed, and one at the end of a message waits for a timer of 200 ms or more, so 1 % is felt clearly. The server is not to blame for these times.`,
      advice: advise({
        network:
          'Look at error counters of ports and cables (duplex), at overloaded lines and Wi-Fi, and at the MTU on VPN paths; capture at both ends to see on which side it is lost.',
        windows: 'Get-NetAdapterStatistics; update the driver; switch large send offload off for a test.',
        samba: 'ip -s link, ethtool -S, nstat -az | grep Retrans.',
        smbkit:
          'channels: several connections share what is lost; --explain of smbkit tells no loss, which TCP alone sees.',
      }),
    }
  },
})
