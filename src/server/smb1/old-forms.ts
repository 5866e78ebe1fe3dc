/** What the commands of DOS have for attributes, times and sizes. */
import { unixNsFromFiletime } from '../../bytes/filetime.ts'
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
