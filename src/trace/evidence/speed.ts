/** What the time of a transaction says about the server, the network and the client. */
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FsctlCode } from '../../wire/smb2/fsctl.ts'
import type { Conversation, Transaction, Tree } from '../model.ts'

/** Calls that wait for something to happen: long ones are as they should be. MS-SMB2 3.3.4.2. */
const WAITING_CONTROLS: readonly number[] = [FsctlCode.PIPE_WAIT, FsctlCode.PIPE_TRANSCEIVE, FsctlCode.PIPE_PEEK]

/** What was found out about names of commands and about trees: every request asks. */
const waitingCommands = new Map<string, boolean>()
const pipeTrees = new WeakMap<Tree, boolean>()

/** Whether a request is about a named pipe. */
export function isPipe({ tree }: Pick<Transaction, 'tree'>): boolean {
  if (tree === undefined) return false
  let known = pipeTrees.get(tree)
  if (known === undefined) {
    known = tree.kind?.value === 'pipe' || /^\\\\[^\\]*\\IPC\$/i.test(tree.path?.value ?? '')
    pipeTrees.set(tree, known)
  }
  return known
}

function isWaitingCommand(name: string): boolean {
  let known = waitingCommands.get(name)
  if (known === undefined) {
    known = /NOTIFY|CANCEL|BREAK|LOCK|NT_TRANSACT/.test(name)
    waitingCommands.set(name, known)
  }
  return known
}

/** Whether the server may take its time: notifications, locks, pipes, breaks, what was cancelled. */
export function maySleep(transaction: Transaction): boolean {
  const { detail, status } = transaction
  // Samba waits a second before it refuses by sharing mode: the other open may be closed meanwhile.
  if (status === NtStatus.CANCELLED || status === NtStatus.SHARING_VIOLATION) return true
  if (isWaitingCommand(transaction.commandName) || detail.kind === 'break' || detail.kind === 'lock') return true
  return isPipe(transaction) || (detail.kind === 'ioctl' && WAITING_CONTROLS.includes(detail.controlCode))
}

/** The way there and back: as the handshake measured it, 0 where it was not captured. */
export const roundTripOf = ({ roundTripNs }: Conversation): number => roundTripNs ?? 0

/** What the server took, without the way, nanoseconds; undefined where the network is to blame, or nothing is known. */
export function thinkingNs({ time, conversation }: Transaction): number | undefined {
  if (time.serverNs === undefined || time.retransmissions > 0 || time.zeroWindows > 0) return undefined
  return Math.max(0, time.serverNs - roundTripOf(conversation))
}

/** Answers that are shorter on the wire keep nobody waiting. */
const MIN_TRANSFER_NS = 1e6
const MAX_ANSWERS = 128

interface Answer {
  readonly firstNs: number
  readonly lastNs: number
}

/** Answers go one after the other through a connection: who asked for much at once waits for those in front. */
export class AnswersInFront {
  readonly #recent = new WeakMap<Conversation, Answer[]>()

  /** Nanoseconds of a transaction's waiting during which other answers came through; takes note of its own. */
  waitedNs({ conversation, request, response }: Transaction): number {
    if (request === undefined || response === undefined) return 0
    const answers = this.#recent.get(conversation) ?? []
    const [fromNs, toNs] = [request.last.timeNs, response.first.timeNs]
    let ns = 0
    for (let at = answers.length - 1; at >= 0; at--) {
      const { firstNs, lastNs } = answers[at] as Answer
      // They ended in their order: those before did so earlier.
      if (lastNs <= fromNs) break
      ns += Math.max(0, Math.min(lastNs, toNs) - Math.max(firstNs, fromNs))
    }
    if (response.last.timeNs - toNs >= MIN_TRANSFER_NS) {
      if (answers.length === 0) this.#recent.set(conversation, answers)
      if (answers.push({ firstNs: toNs, lastNs: response.last.timeNs }) > MAX_ANSWERS) answers.shift()
    }
    return ns
  }
}
