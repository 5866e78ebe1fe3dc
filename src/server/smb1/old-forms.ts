/** What the commands of DOS have for attributes, times and sizes. */
import { dateFromFiletime, type Filetime, filetimeFromDate, unixNsFromFiletime } from '../../bytes/filetime.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'

/** Those that there were when the command was made. MS-CIFS 2.2.1.2.4. */
export const shownAttributes = (attributes: number): number =>
  attributes &
  (FileAttributes.READONLY |
    FileAttributes.HIDDEN |
    FileAttributes.SYSTEM |
    FileAttributes.DIRECTORY |
    FileAttributes.ARCHIVE)

/** Seconds since 1970; 0: no time. */
export function secondsOf(time: bigint): number {
  const seconds = unixNsFromFiletime(time) / 1_000_000_000n
  return seconds < 0n || seconds > 0xffff_ffffn ? 0 : Number(seconds)
}

const MAX_SIZE = 0xffff_ffffn

/** A size in 32 bits. */
export const shownSize = (size: bigint): number => Number(size > MAX_SIZE ? MAX_SIZE : size)

const FIRST_YEAR = 1980
const LAST_YEAR = 2107

/** SMB_DATE and SMB_TIME, in the server's zone, which is that of UTC; zeros for what they cannot say. MS-CIFS 2.2.1.4. */
export function dosTime(time: Filetime): { readonly date: number; readonly time: number } {
  const when = dateFromFiletime(time)
  const year = when.getUTCFullYear()
  if (!(year >= FIRST_YEAR && year <= LAST_YEAR)) return { date: 0, time: 0 }
  return {
    date: ((year - FIRST_YEAR) << 9) | ((when.getUTCMonth() + 1) << 5) | when.getUTCDate(),
    time: (when.getUTCHours() << 11) | (when.getUTCMinutes() << 5) | (when.getUTCSeconds() >> 1),
  }
}

/** The same back; 0, which leaves a time as it is, where there is no date. */
export function timeOfDos(date: number, time: number): Filetime {
  if (date === 0) return 0n
  const day = Date.UTC(FIRST_YEAR + (date >> 9), ((date >> 5) & 0xf) - 1, date & 0x1f)
  return filetimeFromDate(new Date(day + (((time >> 11) * 60 + ((time >> 5) & 0x3f)) * 60 + (time & 0x1f) * 2) * 1000))
}
