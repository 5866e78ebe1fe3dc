/** What the time of a transaction says about the server, the network and the client. */
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FsctlCode } from '../../wire/smb2/fsctl.ts'
import type { Conversation, Transaction } from '../model.ts'

/** Calls that wait for something to happen: long ones are as they should be. MS-SMB2 3.3.4.2. */
const WAITING_CONTROLS: readonly number[] = [FsctlCode.PIPE_WAIT, FsctlCode.PIPE_TRANSCEIVE, FsctlCode.PIPE_PEEK]

/** Whether a request is about a named pipe. */
export const isPipe = ({ tree }: Pick<Transaction, 'tree'>): boolean =>
  tree?.kind?.value === 'pipe' || /^\\\\[^\\]*\\IPC\$/i.test(tree?.path?.value ?? '')

/** Whether the server may take its time: notifications, locks, pipes, breaks, what was cancelled. */
export function maySleep({ commandName, detail, status, tree }: Transaction): boolean {
  if (/NOTIFY|CANCEL|BREAK|LOCK|NT_TRANSACT/.test(commandName) || detail.kind === 'break' || detail.kind === 'lock')
    return true
  // Samba waits a second before it refuses by sharing mode: the other open may be closed meanwhile.
  if (status === NtStatus.CANCELLED || status === NtStatus.SHARING_VIOLATION || isPipe({ tree })) return true
  return detail.kind === 'ioctl' && WAITING_CONTROLS.includes(detail.controlCode)
}

/** The way there and back: as the handshake measured it, 0 where it was not captured. */
export const roundTripOf = ({ roundTripNs }: Conversation): number => roundTripNs ?? 0

/** What the server took, without the way, nanoseconds; undefined where the network is to blame, or nothing is known. */
export function thinkingNs({ time, conversation }: Transaction): number | undefined {
  if (time.serverNs === undefined || time.retransmissions > 0 || time.zeroWindows > 0) return undefined
  return Math.max(0, time.serverNs - roundTripOf(conversation))
}
