import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { pathOf, statusOf, timesOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

const BROKEN: readonly (number | undefined)[] = [
  NtStatus.PIPE_BROKEN,
  NtStatus.PIPE_DISCONNECTED,
  NtStatus.PIPE_NOT_AVAILABLE,
  NtStatus.PIPE_BUSY,
  NtStatus.INSTANCE_NOT_AVAILABLE,
]

export const pipeBroken = transactionRule({
  id: 'pipe-broken',
  looksFor: 'Services behind named pipes that ended, or have no room.',
  sign: (transaction) =>
    BROKEN.includes(transaction.status) ? { key: `${pathOf(transaction)} ${transaction.status}` } : undefined,
  tell: ({ first, count }) => ({
    severity: 'warning',
    title: `The service behind ${pathOf(first)} ${
      first.status === NtStatus.PIPE_BROKEN || first.status === NtStatus.PIPE_DISCONNECTED
        ? 'ended the conversation'
        : 'has no room for callers'
    }`,
    cause: `${statusOf(first)}, ${timesOf(count)}, at ${first.commandName}. The service crashed, was stopped, refused the caller, or all its instances are in use.`,
    advice: advise({
      windows: 'Look at the service in the event log of the server (Service Control Manager).',
      samba: 'Its program (rpcd_*) in the log of smbd; "rpc start on demand helpers".',
      smbkit: 'docs/rpc.md lists the services that smbkit serve has; the log says what failed in them.',
    }),
  }),
})
