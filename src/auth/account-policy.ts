import type { Filetime } from '../bytes/filetime.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Account } from './accounts.ts'

/** Why an account may not log on now. */
export interface AccountProblem {
  readonly status: NtStatus
  /** For the log. */
  readonly reason: string
}

const HOUR = 36_000_000_000n
const HOURS_PER_WEEK = 168
/** FILETIME began on a Monday; a week of logon hours begins on Sunday. */
const HOURS_BEFORE_SUNDAY = 24n

/** Bytes of a week of logon hours, a bit an hour from Sunday 00:00 UTC on. MS-SAMR 2.2.6.5. */
export const LOGON_HOURS_BYTES = HOURS_PER_WEEK / 8

const hourOfWeek = (time: Filetime): number => Number((time / HOUR + HOURS_BEFORE_SUNDAY) % BigInt(HOURS_PER_WEEK))

const isAllowed = (hours: Uint8Array, hour: number): boolean =>
  ((hours[Math.floor(hour / 8)] ?? 0) & (1 << (hour % 8))) !== 0

/** The end of the hours in which `time` lies; undefined where there is none. */
function endOfHours(hours: Uint8Array, time: Filetime): Filetime | undefined {
  const first = hourOfWeek(time)
  for (let ahead = 1; ahead <= HOURS_PER_WEEK; ahead++)
    if (!isAllowed(hours, (first + ahead) % HOURS_PER_WEEK)) return (time / HOUR + BigInt(ahead)) * HOUR
  return undefined
}

/**
 * Why somebody who knows the password may not log on all the same. The order is Windows's own, from what is wrong with
 * the account to what the user can mend; docs/decisions/0022-account-policy.md.
 */
export function accountProblem(
  account: Omit<Account, 'ntHash'>,
  workstation: string,
  now: Filetime,
): AccountProblem | undefined {
  const { expiresAt, logonHours, workstations, passwordExpiresAt } = account
  if (account.disabled === true) return { status: NtStatus.ACCOUNT_DISABLED, reason: 'the account is disabled' }
  if (expiresAt !== undefined && expiresAt <= now)
    return { status: NtStatus.ACCOUNT_EXPIRED, reason: 'the account has expired' }
  if (logonHours !== undefined && !isAllowed(logonHours, hourOfWeek(now)))
    return { status: NtStatus.INVALID_LOGON_HOURS, reason: 'not within the hours of the account' }
  if (workstations !== undefined && !workstations.some((name) => name.toUpperCase() === workstation.toUpperCase()))
    return {
      status: NtStatus.INVALID_WORKSTATION,
      reason: `not from the workstation ${JSON.stringify(workstation)}`,
    }
  if (account.mayUseNetwork === false)
    return { status: NtStatus.ACCOUNT_RESTRICTION, reason: 'the account is not for the network' }
  if (account.mustChangePassword === true)
    return { status: NtStatus.PASSWORD_MUST_CHANGE, reason: 'the password must be changed first' }
  if (passwordExpiresAt !== undefined && passwordExpiresAt <= now)
    return { status: NtStatus.PASSWORD_EXPIRED, reason: 'the password has expired' }
  return undefined
}

/** When somebody who is logged on now has to go: at the end of the account, or of its hours. */
export function endOfStay({ expiresAt, logonHours }: Account, now: Filetime): Filetime | undefined {
  const ends = [expiresAt, logonHours && endOfHours(logonHours, now)].filter((end) => end !== undefined)
  return ends.length === 0 ? undefined : ends.reduce((first, end) => (end < first ? end : first))
}
