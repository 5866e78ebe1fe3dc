import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { countOf, endsOf, listOf, ofPath, pathOf, serverOf } from '../evidence/names.ts'
import { advise, conversationRule } from '../evidence/rules.ts'
import { maySleep } from '../evidence/speed.ts'
import type { Conversation, Open, Transaction } from '../model.ts'

interface State {
  answered: number
  open: Transaction[]
  count: number
  /** Files that are open. */
  readonly files: Map<Open, Transaction>
}

const MAX_KEPT = 10
const MAX_FILES = 1000
/** What a client that leaves does not wait for. */
const LEAVING = /LOGOFF|TREE_DISC|CLOSE|ECHO/

export const connectionLost = conversationRule<State>({
  id: 'connection-lost',
  looksFor: 'Connections that broke off with requests under way, and who ended them first.',
  state: () => ({ answered: 0, open: [], count: 0, files: new Map() }),
  transaction(transaction, state) {
    if (transaction.response !== undefined) {
      state.answered++
      noteFile(transaction, state)
    } else if (isWork(transaction) && ++state.count <= MAX_KEPT) state.open.push(transaction)
  },
  ended(conversation, state) {
    const { answered, open, count, files } = state
    // In a capture of one side nothing is known of the answers.
    if (conversation.end === undefined || (answered === 0 && count > 1)) return undefined
    const wasUsed = files.size > 0 && conversation.end.by === 'server'
    if (!wasUsed && (open.length === 0 || !wasSeen(conversation, answered))) return undefined
    const frames = [conversation.end.at.frame, ...open.map(({ request }) => request?.last.frame)]
    return { key: `${conversation.client.address} ${conversation.server.address} ${conversation.end.by}`, frames }
  },
  tell({ first: { conversation, state }, count }) {
    const end = conversation.end
    const by =
      end?.by === 'client' ? `the client ${conversation.client.address}` : `the server ${serverOf(conversation.server)}`
    const [one] = state.open
    const isNegotiation = one?.detail.kind === 'negotiate' || one?.detail.kind === 'session-setup'
    return {
      severity: 'problem',
      title: `The connection of ${endsOf(conversation)} broke off in the middle of work${count > 1 ? `, and ${count - 1} more` : ''}`,
      cause: `${state.count === 0 ? openText(state) : `${countOf(state.count, 'request')} had no answer yet (first ${one?.commandName ?? ''}${isNegotiation || one === undefined ? '' : ofPath(one)}, frame ${one?.request?.last.frame ?? '?'})`} when ${by} ended the connection first, with ${end?.how === 'reset' ? 'a reset (RST)' : 'a FIN'} in frame ${end?.at.frame ?? '?'}. ${
        end?.by === 'server'
          ? 'The process of the server crashed, was killed or restarted, it refused what it was sent, or a firewall in front of it gave the connection up and spoke in its name.'
          : 'The client gave up waiting (60 s is usual), was shut down, its program ended, or a firewall spoke in its name.'
      } What was being written may be incomplete. Windows shows error 59 or 64.`,
      advice: advise({
        windows:
          'Event log of the server (SMBServer/Operational, and crashes); on the client SMBClient/Connectivity; SessTimeout.',
        samba: 'The log of smbd at that time ("PANIC", "INTERNAL ERROR"); dmesg for processes that were killed.',
        smbkit: 'The log of smbkit serve; limits: stalledTimeoutMs, idleTimeoutMs. The client comes back by itself.',
        network:
          'If neither end sent it, compare captures of both: a firewall or load balancer did. Look at its time-outs.',
      }),
    }
  },
})

/** `plan.txt was still open`. */
function openText({ files }: State): string {
  const names = listOf([...files.values()].map(pathOf), 3)
  return `${names} ${files.size === 1 ? 'was' : 'were'} still open`
}

function noteFile(transaction: Transaction, { files }: State): void {
  const { detail, open, status, commandName } = transaction
  if (open === undefined) return
  if (detail.kind === 'create' && status === NtStatus.SUCCESS && files.size < MAX_FILES) files.set(open, transaction)
  else if (detail.kind === 'other' && commandName === 'CLOSE') files.delete(open)
}

const isWork = (transaction: Transaction): boolean =>
  transaction.request !== undefined &&
  transaction.status !== NtStatus.PENDING &&
  !maySleep(transaction) &&
  // A server without SMB1 hangs up when it is asked for it: that is told elsewhere.
  !(transaction.protocol === 'smb1' && transaction.detail.kind === 'negotiate') &&
  !LEAVING.test(transaction.commandName)

const wasSeen = ({ fromServer, fromClient }: Conversation, answered: number): boolean =>
  fromServer.segments > 0 && fromServer.missingBytes === 0 && (answered > 0 || fromClient.missingBytes === 0)
