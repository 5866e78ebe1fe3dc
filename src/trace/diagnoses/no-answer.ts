import { countOf, durationOf, endsOf, ofPath, serverOf } from '../evidence/names.ts'
import { advise, conversationRule } from '../evidence/rules.ts'
import { maySleep } from '../evidence/speed.ts'
import type { Transaction } from '../model.ts'

const MAX_KEPT = 10
/** What came so near to the end of the capture may still be answered. */
const MIN_WAIT_NS = 5e9

interface State {
  answered: number
  readonly open: Transaction[]
  count: number
}

const waitedOf = ({ conversation, request }: Transaction): number =>
  conversation.last.timeNs - (request?.last.timeNs ?? conversation.last.timeNs)

export const noAnswer = conversationRule<State>({
  id: 'no-answer',
  looksFor: 'Requests that the server never answers although the connection lives on.',
  state: () => ({ answered: 0, open: [], count: 0 }),
  transaction(transaction, state) {
    const { response, request } = transaction
    if (response !== undefined) state.answered++
    else if (request !== undefined && !maySleep(transaction) && ++state.count <= MAX_KEPT) state.open.push(transaction)
  },
  ended(conversation, { answered, open }) {
    const { fromServer, fromClient } = conversation
    if (answered === 0 || fromServer.missingBytes > 0 || fromClient.missingBytes > 0) return undefined
    const late = open.filter((one) => waitedOf(one) >= MIN_WAIT_NS)
    return late.length === 0
      ? undefined
      : { key: `${conversation.stream}`, frames: late.map(({ request }) => request?.last.frame) }
  },
  tell({ first: { conversation, state } }) {
    const [one] = state.open
    return {
      severity: 'problem',
      title: `${serverOf(conversation.server)} leaves ${countOf(state.count, 'request')} of ${conversation.client.address} without an answer`,
      cause: `${one?.commandName ?? 'A request'}${one === undefined ? '' : `${ofPath(one, 'for')} (frame ${one.request?.last.frame ?? '?'})`} got no answer for ${durationOf(one === undefined ? 0 : waitedOf(one))}, while the connection of ${endsOf(conversation)} lived on and TCP delivered everything. The server hangs in it: its disk, a backend on another computer, or a lock inside.`,
      advice: advise({
        windows: 'Is the disk of the server busy (PhysicalDisk)? A dump of the service shows where it hangs.',
        samba: 'smbd in state D waits for its disk; gstack PID shows where it hangs.',
        smbkit: 'smbkit status shows what waits; a backend has to answer each call.',
      }),
    }
  },
})
