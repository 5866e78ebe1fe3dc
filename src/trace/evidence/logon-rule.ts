/** Rules about logons that fail. */
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Advice, Rule, Transaction } from '../model.ts'
import { listOf, serverOf, statusOf, timesOf, userOf } from './names.ts'
import { transactionRule } from './rules.ts'

/** What proves the user: as the session tells it, or as the setup was read. */
export function mechanismOf({ session, detail }: Transaction): string {
  const known = session?.mechanism?.value
  if (known !== undefined && known !== 'unknown') return known
  return detail.kind === 'session-setup' ? (detail.mechanism ?? 'unknown') : 'unknown'
}

/** A SESSION_SETUP that ended with an error: the challenge on the way is none. */
export const isFailedSetup = ({ detail, status }: Transaction): boolean =>
  detail.kind === 'session-setup' &&
  status !== undefined &&
  status !== NtStatus.SUCCESS &&
  status !== NtStatus.MORE_PROCESSING_REQUIRED &&
  status !== NtStatus.PENDING

/** The error by which the server refuses a ticket, also where it lets the client try again. RFC 4120 5.9.1. */
export const kerberosErrorIn = ({ detail }: Transaction): number | undefined =>
  detail.kind === 'session-setup' ? detail.kerberosError : undefined

/** Whether the logon was by a ticket of Kerberos. */
export const isKerberos = (transaction: Transaction): boolean => /kerberos|krb/i.test(mechanismOf(transaction))

interface LogonRule {
  readonly id: string
  readonly looksFor: string
  readonly statuses: readonly number[]
  /** Beside the status: whether this rule is the one that explains it. */
  readonly isMine?: (transaction: Transaction) => boolean
  /** What is wrong with the user's logon, after his name: `was refused: the password is wrong`. */
  readonly title: string
  readonly cause: string
  readonly advice: readonly Advice[]
}

/** A rule for logons that the server refuses with certain statuses. */
export function logonRule({ id, looksFor, statuses, isMine = () => true, title, cause, advice }: LogonRule): Rule {
  const known = new Set(statuses)
  return transactionRule({
    id,
    looksFor,
    sign: (transaction) =>
      isFailedSetup(transaction) && known.has(transaction.status ?? 0) && isMine(transaction)
        ? {
            key: `${userOf(transaction.session)} ${transaction.conversation.server.address}`,
            name: stationOf(transaction),
          }
        : undefined,
    tell: ({ first, count, names }) => ({
      severity: 'problem',
      title: `${userOf(first.session)} ${title}${count > 1 ? ` (${timesOf(count)})` : ''}`,
      cause: `${serverOf(first.conversation.server)} ended the logon with ${statusOf(first)}${
        names.size > 0 ? ` (from ${listOf(names)})` : ''
      }. ${cause}`,
      advice,
    }),
  })
}

/** The name that the client gives itself, or its address. */
const stationOf = ({ session, conversation }: Transaction): string => {
  const name = session?.workstation?.value ?? ''
  return name === '' ? conversation.client.address : name
}
