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
