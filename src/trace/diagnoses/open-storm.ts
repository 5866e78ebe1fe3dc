import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isStatOnly } from '../evidence/access.ts'
import { habitRule } from '../evidence/habits.ts'
import { durationOf, pathOf, userOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'
import { isPipe } from '../evidence/speed.ts'

export const openStorm = habitRule({
  id: 'open-storm',
  looksFor: 'A file that is opened and closed again and again.',
  least: 30,
  key: (transaction) =>
    transaction.detail.kind === 'create' &&
    transaction.status === NtStatus.SUCCESS &&
    transaction.path !== undefined &&
    transaction.path.value !== '' &&
    !isPipe(transaction) &&
    !isStatOnly(transaction.detail.desiredAccess)
      ? pathOf(transaction)
      : undefined,
  tell: ({ group: { first, count }, spentNs, overNs }) => ({
    severity: 'warning',
    title: `${pathOf(first)} was opened ${count} times in ${durationOf(overNs)}`,
    cause: `${userOf(first.session)} opened it anew each time instead of keeping it open; the opens alone took ${durationOf(spentNs)}, and each brings a close and more. ${
      first.detail.kind === 'create' && first.detail.requestedLease === undefined
        ? "No lease was asked for, so the client could not keep it open behind the program's back."
        : 'A lease lets the client keep it open behind the back of the program, where the server grants one.'
    }`,
    advice: advise({
      user: 'The program opens and closes for each line or record: a setting, or another program, may help.',
      windows:
        'Leases (DisableLeasing = 0) let the client delay the close; look for virus scanners that open each file again.',
      samba: '"smb2 leases = yes", "oplocks = yes".',
      smbkit: 'oplocks: true for the share.',
    }),
  }),
})
