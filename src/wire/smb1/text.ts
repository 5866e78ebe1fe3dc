import { readUtf16, writeUtf16 } from '../../bytes/utf16.ts'
import { type Content, latin1, optionalTail, type Struct, type Tail, tail } from '../schema/index.ts'

/** Bytes up to and with the zero that ends a text; all that is left where none does: many senders leave the last out. */
function extentOf(view: DataView, start: number, end: number, width: 1 | 2): number {
  for (let at = start; at + width <= end; at += width)
    if ((width === 1 ? view.getUint8(at) : view.getUint16(at, true)) === 0) return at + width - start
  return end - start
}

/** Units of the text in `start` to `end`, without the zero. */
function unitsIn(view: DataView, start: number, end: number, width: 1 | 2): number {
  const last = end - width
  const isEnded = last >= start && (width === 1 ? view.getUint8(last) : view.getUint16(last, true)) === 0
  return Math.floor((end - start) / width) - (isEnded ? 1 : 0)
}

const display = (value: string): string => JSON.stringify(value)

/** OEM_STRING: a zero ends it. MS-CIFS 2.2.1.1. */
export const oemString: Content<string> = {
  contentName: 'OEM_STRING',
  check: () => {},
  read: (view, start, end) => latin1.read(view, start, start + unitsIn(view, start, end, 1)),
  measure: (value) => value.length + 1,
  write(view, start, value) {
    latin1.write(view, start, value)
    view.setUint8(start + value.length, 0)
  },
  extent: (view, start, end) => extentOf(view, start, end, 1),
  display,
}

/** SMB_STRING in UTF-16LE: a zero ends it. MS-CIFS 2.2.1.1. */
export const unicodeString: Content<string> = {
  contentName: 'SMB_STRING',
  check: () => {},
  read: (view, start, end) => readUtf16(view, start, unitsIn(view, start, end, 2) * 2),
  measure: (value) => (value.length + 1) * 2,
  write(view, start, value) {
    writeUtf16(view, start, value)
    view.setUint16(start + value.length * 2, 0, true)
  },
  extent: (view, start, end) => extentOf(view, start, end, 2),
  display,
}

/** A text among the bytes of a message, and where it lies. */
export interface Smb1Text {
  readonly value: string
  readonly start: number
  readonly end: number
}

/** The text from `from` to its zero, or to `limit`; Unicode stands at a multiple of two from the header. */
export function smb1Text(view: DataView, isUnicode: boolean, from: number, limit: number): Smb1Text {
  const content = isUnicode ? unicodeString : oemString
  const start = Math.min(isUnicode ? from + (from & 1) : from, limit)
  const end = start + (content.extent?.(view, start, limit) ?? limit - start)
  return { value: end > start ? content.read(view, start, end) : '', start, end }
}

/** How texts are written, by the UNICODE bit of Flags2. */
export interface TextForm {
  /** A text at a multiple of two from the header where it is Unicode. */
  readonly aligned: Tail<string, string, false>
  /** A text right after what is before it. */
  readonly packed: Tail<string, string, false>
}

const unicode: TextForm = {
  aligned: optionalTail(unicodeString, '', { align: 2 }),
  packed: optionalTail(unicodeString, ''),
}
const oem: TextForm = { aligned: optionalTail(oemString, ''), packed: optionalTail(oemString, '') }

/** Text of the OEM character set, whatever the flags say. */
export const oemText = tail(oemString)

/** A declaration whose texts are Unicode or not. */
export interface ByText<T, Input> {
  readonly unicode: Struct<T, Input>
  readonly oem: Struct<T, Input>
}

export const byText = <T, Input>(declare: (text: TextForm) => Struct<T, Input>): ByText<T, Input> => ({
  unicode: declare(unicode),
  oem: declare(oem),
})

export type InferText<D> = D extends ByText<infer T, infer _I> ? T : never
