import { readUtf16 } from '../../bytes/utf16.ts'
import { latin1, type Struct } from '../../wire/schema/index.ts'
import type { ByText } from '../../wire/smb1/index.ts'
import type { Detail } from '../model.ts'
import { decoded, fixedPart } from './layout.ts'
import type { LogonToken } from './logon.ts'

/** One command of an SMB1 message: `at` is its WordCount, `origin` the header. */
export interface Smb1Body {
  readonly view: DataView
  readonly at: number
  readonly end: number
  readonly origin: number
  readonly isUnicode: boolean
}

/** What a request says, as far as the analysis needs it. */
export interface Smb1Request {
  readonly detail: Detail
  /** Of a transaction: `TRANS2_FIND_FIRST2`, `NT_TRANSACT_NOTIFY_CHANGE`. */
  readonly commandName?: string | undefined
  readonly path?: string
  /** The file that it names by number. */
  readonly fid?: number
  readonly logon?: LogonToken
}

export const other: Smb1Request = { detail: { kind: 'other' } }

/** The words of a command, which end before its ByteCount. */
export function words<T>(declared: Struct<T, never>, { view, at, end }: Smb1Body): T | undefined {
  if (at >= end) return undefined
  return fixedPart(declared, view, at + 1, Math.min(end, at + 1 + view.getUint8(at) * 2))
}

export const whole = <T>(declared: ByText<T, never>, body: Smb1Body): T | undefined =>
  decoded(body.isUnicode ? declared.unicode : declared.oem, body.view, body.at, body.end, body.origin)

/** Where the bytes of a command begin, behind its ByteCount. */
export const bytesAt = ({ view, at }: Smb1Body): number => at + 3 + view.getUint8(at) * 2

/** A text that a zero ends, or the end; Unicode stands at a multiple of two from the header. */
export function textAt({ view, end, origin, isUnicode }: Smb1Body, from: number): string {
  const at = isUnicode ? from + ((from - origin) & 1) : from
  const width = isUnicode ? 2 : 1
  let last = at
  while (last + width <= end && (isUnicode ? view.getUint16(last, true) : view.getUint8(last)) !== 0) last += width
  if (last <= at) return ''
  return isUnicode ? readUtf16(view, at, last - at) : latin1.read(view, at, last)
}
