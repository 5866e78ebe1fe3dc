import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { durationOf, pathOf, timesOf, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

const SECOND_NS = 1e9

export const lockConflict = transactionRule({
  id: 'lock-conflict',
  looksFor: 'Parts of files that somebody else has locked, and locks that were waited for.',
  sign(transaction) {
    const { detail, status, time } = transaction
    const isRefused = status === NtStatus.LOCK_NOT_GRANTED || status === NtStatus.FILE_LOCK_CONFLICT
    const waited =
      detail.kind === 'lock' &&
      status === NtStatus.SUCCESS &&
      (time.responseNs ?? 0) > SECOND_NS &&
      time.retransmissions === 0
    return isRefused || waited ? { key: pathOf(transaction), name: userOf(transaction.session) } : undefined
  },
  tell: ({ first, count, names }) => ({
    severity: 'warning',
    title: `${pathOf(first)}: a part is locked by somebody else (${timesOf(count)})`,
    cause: `${[...names].join(', ')} wanted ${
      first.detail.kind === 'lock'
        ? `to lock ${rangeOf(first.detail.locks[0])}${first.status === NtStatus.SUCCESS ? ` and waited ${durationOf(first.time.responseNs ?? 0)}` : ''}`
        : 'to read or write a part of it'
    }, and another open of the file has a lock there. Databases and Office files work that way and try again; it is a problem when it goes on, or when a program that hangs keeps its lock.`,
    advice: advise({
      windows: 'Get-SmbOpenFile shows how many locks an open has.',
      samba: 'smbstatus -B lists byte-range locks; "strict locking", "posix locking".',
      smbkit: 'smbkit status lists locks.',
      user: 'Databases (Access, dBASE, QuickBooks) on shares want one that is made for several users.',
    }),
  }),
})

/** `2 bytes at 100`. */
const rangeOf = (lock: { readonly offset: bigint; readonly length: bigint } | undefined): string =>
  lock === undefined ? 'a part' : `${lock.length} bytes at ${lock.offset}`
