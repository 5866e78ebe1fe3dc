import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { pathOf, shareOf, statusOf, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

const FULL: readonly (number | undefined)[] = [
  NtStatus.DISK_FULL,
  NtStatus.QUOTA_EXCEEDED,
  NtStatus.DISK_QUOTA_EXCEEDED,
  NtStatus.ALLOTTED_SPACE_EXCEEDED,
]

export const diskFull = transactionRule({
  id: 'disk-full',
  looksFor: 'A disk or a quota that is full.',
  sign: (transaction) =>
    FULL.includes(transaction.status)
      ? { key: `${shareOf(transaction)} ${transaction.status}`, name: pathOf(transaction) }
      : undefined,
  tell: ({ first, count, names }) => ({
    severity: 'problem',
    title:
      first.status === NtStatus.DISK_FULL
        ? `The disk behind ${shareOf(first)} is full`
        : `${userOf(first.session)} has used up the room allowed on ${shareOf(first)}`,
    cause: `${statusOf(first)}, ${count} times, first for ${[...names][0] ?? 'a file'} (${first.commandName}). What was being written is not complete. Clients that cache writes learn of it only when they flush or close.`,
    advice: advise({
      windows: 'Get-Volume; quotas of the volume and of the File Server Resource Manager.',
      samba: 'df; "dfree command" and quotas of the file system decide what is told.',
      smbkit: 'smbkit df ADDRESS; timeMachineMaxBytes of a share.',
    }),
  }),
})
