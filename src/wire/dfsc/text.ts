import { readUtf16, writeUtf16 } from '../../bytes/utf16.ts'
import type { Content, Place } from '../schema/content.ts'
import { WireError } from '../schema/index.ts'

/** UTF-16 units of the longest path. Referrals may all point at one text: without a limit it would be read each time. */
const MAX_TEXT_UNITS = 4096

/** Bytes of the text that begins at `start`, with the zero that ends it; undefined where none does. */
function extentOf(view: DataView, start: number, end: number): number | undefined {
  const last = Math.min(end, start + (MAX_TEXT_UNITS + 1) * 2)
  for (let at = start; at + 2 <= last; at += 2) if (view.getUint16(at, true) === 0) return at + 2 - start
  return undefined
}

function ensureEnded(view: DataView, start: number, end: number, place: Place): number {
  const extent = extentOf(view, start, end)
  if (extent === undefined)
    throw new WireError(place.path, start, place.spec, `no zero ends the text within ${MAX_TEXT_UNITS} characters`)
  return extent
}

/** UTF-16LE text that a zero ends. */
export const zeroEnded: Content<string> = {
  contentName: 'zero-ended utf16',
  check: (view, start, end, place) => void ensureEnded(view, start, end, place),
  read: (view, start, end) => readUtf16(view, start, (extentOf(view, start, end) ?? 2) - 2),
  measure: (value) => (value.length + 1) * 2,
  write(view, start, value) {
    writeUtf16(view, start, value)
    view.setUint16(start + value.length * 2, 0, true)
  },
  extent: (view, start, end) => extentOf(view, start, end) ?? end - start,
  display: (value) => JSON.stringify(value),
}

/** As many zero-ended texts as the count says, one after the other. */
export const zeroEndedList: Content<string[], readonly string[]> = {
  contentName: 'zero-ended utf16 list',
  check(view, start, end, place, count = 0) {
    let at = start
    for (let i = 0; i < count; i++) at += ensureEnded(view, at, end, place)
  },
  read(view, start, end, count = 0) {
    const values: string[] = []
    let at = start
    for (let i = 0; i < count; i++) {
      const extent = extentOf(view, at, end) ?? 2
      values.push(readUtf16(view, at, extent - 2))
      at += extent
    }
    return values
  },
  measure: (values) => values.reduce((sum, value) => sum + zeroEnded.measure(value), 0),
  write(view, start, values) {
    let at = start
    for (const value of values) {
      zeroEnded.write(view, at, value)
      at += zeroEnded.measure(value)
    }
  },
  count: (values) => values.length,
  display: (values) => JSON.stringify(values.slice(0, 16)),
}

/** UTF-16LE text after its length in bytes (16 bits). Where nothing is left it is not there, and is ''. */
function counted(contentName: string, isOptional: boolean): Content<string> {
  return {
    contentName,
    check(view, start, end, place) {
      if (start === end && isOptional) return
      const length = end - start < 2 ? undefined : view.getUint16(start, true)
      if (length === undefined || length > end - start - 2 || length % 2 !== 0)
        throw new WireError(place.path, start, place.spec, `${length ?? 'no'} bytes told, ${end - start} there`)
    },
    read: (view, start, end) => (start === end ? '' : readUtf16(view, start + 2, view.getUint16(start, true))),
    measure: (value) => (value === '' && isOptional ? 0 : 2 + value.length * 2),
    write(view, start, value) {
      if (value === '' && isOptional) return
      view.setUint16(start, value.length * 2, true)
      writeUtf16(view, start + 2, value)
    },
    extent: (view, start, end) =>
      end - start < 2 ? end - start : Math.min(end - start, 2 + view.getUint16(start, true)),
    display: (value) => JSON.stringify(value),
  }
}

export const countedText = counted('counted utf16', false)
export const optionalCountedText = counted('optional counted utf16', true)
