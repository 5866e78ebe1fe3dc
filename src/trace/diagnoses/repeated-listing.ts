import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { habitRule } from '../evidence/habits.ts'
import { durationOf, pathOf, userOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'

/** Each listing ends once with STATUS_NO_MORE_FILES: that is what counts them. */
export const repeatedListing = habitRule({
  id: 'repeated-listing',
  looksFor: 'A folder that is listed again and again.',
  least: 10,
  key: (transaction) =>
    transaction.detail.kind === 'query-directory' &&
    transaction.status === NtStatus.NO_MORE_FILES &&
    /^[*"<>.?]*$/.test(transaction.detail.pattern)
      ? pathOf(transaction)
      : undefined,
  tell: ({ group: { first, count }, overNs }) => ({
    severity: 'warning',
    title: `${pathOf(first)} was listed ${count} times in ${durationOf(overNs)}`,
    cause: `${userOf(first.session)} read the whole folder each time. A program looks for new files by listing, or lists the folder for each file that it opens; a client with a lease of the folder would answer from memory.`,
    advice: advise({
      windows: 'DirectoryCacheLifetime of the client, directory leases (SMB 3), CHANGE_NOTIFY instead of listing.',
      samba: '"smb3 directory leases" (4.22 and later).',
      smbkit: 'Directory leases are granted where oplocks is true.',
    }),
  }),
})
