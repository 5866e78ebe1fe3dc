import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { pathOf, statusOf, timesOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'
import { isPipe } from '../evidence/speed.ts'
import type { Transaction } from '../model.ts'

const ENDED: readonly (number | undefined)[] = [NtStatus.PIPE_BROKEN, NtStatus.PIPE_DISCONNECTED]
/** What Samba says of the socket that its service has ended; of files it means other things. */
const SOCKET_ENDED: readonly (number | undefined)[] = [NtStatus.CONNECTION_DISCONNECTED, NtStatus.CONNECTION_RESET]
const FULL: readonly (number | undefined)[] = [
  NtStatus.PIPE_NOT_AVAILABLE,
  NtStatus.PIPE_BUSY,
  NtStatus.INSTANCE_NOT_AVAILABLE,
]

const hasEnded = (transaction: Transaction): boolean =>
  ENDED.includes(transaction.status) || (SOCKET_ENDED.includes(transaction.status) && isPipe(transaction))

export const pipeBroken = transactionRule({
  id: 'pipe-broken',
  looksFor: 'Services behind named pipes that ended, or have no room.',
  sign(transaction) {
    const { status } = transaction
    const isMine = hasEnded(transaction) || FULL.includes(status)
    return isMine ? { key: `${pathOf(transaction)} ${status}` } : undefined
  },
  tell: ({ first, count }) => ({
    severity: 'warning',
    title: `The service behind ${pathOf(first)} ${
      hasEnded(first) ? 'ended the conversation' : 'has no room for callers'
    }`,
    cause: `${statusOf(first)}, ${timesOf(count)}, at ${first.commandName}. The service crashed, was stopped, refused the caller, or all its instances are in use.`,
    advice: advise({
      windows: 'Look at the service in the event log of the server (Service Control Manager).',
      samba: 'Its program (rpcd_*) in the log of smbd; "rpc start on demand helpers".',
      smbkit: 'docs/rpc.md lists the services that smbkit serve has; the log says what failed in them.',
    }),
  }),
})
