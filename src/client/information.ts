import { type Filetime, filetimeFromDate, filetimeFromUnixNs } from '../bytes/filetime.ts'
import {
  FileAttributes,
  FileBasicInformation,
  FileDispositionInformation,
  FileEndOfFileInformation,
  FileInformationClass,
  FileLinkInformation,
  FileRenameInformation,
  SpecialTime,
} from '../wire/fscc/index.ts'
import type { TimeInput } from './api/share.ts'
import { UsageError } from './errors.ts'

/** What SET_INFO of a file carries. */
export interface FileInformation {
  readonly infoClass: number
  readonly buffer: Uint8Array
}

export const endOfFileInformation = (endOfFile: number): FileInformation => ({
  infoClass: FileInformationClass.FileEndOfFileInformation,
  buffer: FileEndOfFileInformation.encode({ endOfFile: BigInt(wholeNumber(endOfFile)) }),
})

function wholeNumber(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes
  throw new UsageError('ERR_OUT_OF_RANGE', 'A length is a whole number of bytes.')
}

export const dispositionInformation = (deletePending: boolean): FileInformation => ({
  infoClass: FileInformationClass.FileDispositionInformation,
  buffer: FileDispositionInformation.encode({ deletePending }),
})

/** `fileName`: from the share's root, as it goes over the wire. */
export const renameInformation = (fileName: string, replaceIfExists: boolean): FileInformation => ({
  infoClass: FileInformationClass.FileRenameInformation,
  buffer: padded(FileRenameInformation.encode({ fileName, replaceIfExists })),
})

export const linkInformation = (fileName: string, replaceIfExists: boolean): FileInformation => ({
  infoClass: FileInformationClass.FileLinkInformation,
  buffer: padded(FileLinkInformation.encode({ fileName, replaceIfExists })),
})

/** As long as the structure is with its padding (MS-FSCC 2.4.42.2): some servers want it so for short names. */
const LEAST_NAMED_BYTES = 24

function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= LEAST_NAMED_BYTES) return bytes
  const out = new Uint8Array(LEAST_NAMED_BYTES)
  out.set(bytes)
  return out
}

/** Times and attributes to be set; what is absent stays as it is. */
export interface BasicChange {
  readonly atime?: TimeInput | undefined
  readonly mtime?: TimeInput | undefined
  readonly ctime?: TimeInput | undefined
  readonly birthtime?: TimeInput | undefined
  readonly attributes?: number | undefined
}

export function basicInformation(change: BasicChange): FileInformation {
  const { attributes } = change
  return {
    infoClass: FileInformationClass.FileBasicInformation,
    buffer: FileBasicInformation.encode({
      creationTime: timeOf(change.birthtime),
      lastAccessTime: timeOf(change.atime),
      lastWriteTime: timeOf(change.mtime),
      changeTime: timeOf(change.ctime),
      // Zero leaves them as they are; none at all is NORMAL (MS-FSCC 2.6).
      fileAttributes: attributes === undefined ? 0 : attributes & SETTABLE || FileAttributes.NORMAL,
    }),
  }
}

const A = FileAttributes
const SETTABLE =
  A.READONLY | A.HIDDEN | A.SYSTEM | A.ARCHIVE | A.TEMPORARY | A.OFFLINE | A.NOT_CONTENT_INDEXED | A.DIRECTORY

export const changedAttributes = (
  attributes: number,
  { set = 0, clear = 0 }: { readonly set?: number; readonly clear?: number },
): number => ((attributes & ~clear) | set) >>> 0

function timeOf(time: TimeInput | undefined): Filetime {
  if (time === undefined) return SpecialTime.UNCHANGED
  const filetime = filetimeOf(time)
  if (filetime === undefined || filetime > LATEST) throw new UsageError('EINVAL', `No such time: ${String(time)}.`)
  // Of Windows' time there is nothing before 1601.
  return filetime > 0n ? filetime : 1n
}

/** The largest that is none of the special values (MS-FSCC 2.4.7). */
const LATEST = 0x7fff_ffff_ffff_ffffn
const NS_PER_SECOND = 1_000_000_000n

function filetimeOf(time: TimeInput): Filetime | undefined {
  if (typeof time === 'bigint') return filetimeFromUnixNs(time)
  if (typeof time === 'number') return Number.isFinite(time) ? filetimeFromUnixNs(nsOfSeconds(time)) : undefined
  const date = time instanceof Date ? time : new Date(time)
  return Number.isNaN(date.getTime()) ? undefined : filetimeFromDate(date)
}

/** Whole seconds by themselves: as one number what is below a microsecond would be lost. Rounded to what is kept. */
function nsOfSeconds(seconds: number): bigint {
  const whole = Math.floor(seconds)
  return BigInt(whole) * NS_PER_SECOND + BigInt(Math.round((seconds - whole) * 1e7)) * 100n
}
