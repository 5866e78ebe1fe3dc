import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isStatOnly } from '../evidence/access.ts'
import { habitRule } from '../evidence/habits.ts'
import { durationOf, pathOf, userOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'

export const statLoop = habitRule({
  id: 'stat-loop',
  looksFor: 'A file or folder whose attributes are asked for again and again.',
  least: 50,
  key: (transaction) =>
    transaction.path !== undefined &&
    transaction.path.value !== '' &&
    transaction.status === NtStatus.SUCCESS &&
    (transaction.detail.kind === 'query-info' ||
      (transaction.detail.kind === 'create' && isStatOnly(transaction.detail.desiredAccess)))
      ? pathOf(transaction)
      : undefined,
  tell: ({ group: { first, count }, spentNs, overNs }) => ({
    severity: 'warning',
    title: `${userOf(first.session)} asked ${count} times in ${durationOf(overNs)} what ${pathOf(first)} is like`,
    cause: `The same attributes were asked for again and again, which took ${durationOf(spentNs)} together. A program waits for a change by asking, instead of being told (CHANGE_NOTIFY), or checks the folder before each file.`,
    advice: advise({
      windows: 'FileInfoCacheLifetime of the client (10 s) and directory leases answer such questions from memory.',
      samba: '"smb2 leases = yes"; actimeo of Linux mounts.',
      user: 'Programs can watch a folder instead of asking.',
      smbkit: 'oplocks: true for the share, so that clients may keep what they know.',
    }),
  }),
})
