import { readUtf16, writeUtf16 } from '../../bytes/utf16.ts'
import type { NdrReader } from './reader.ts'
import type { NdrType } from './type.ts'
import type { NdrWriter } from './writer.ts'

type ArrayType<T, I> = NdrType<T[], readonly I[], true>

function noConformantElement(element: { readonly typeName: string; readonly maxCount?: unknown }): void {
  if (element.maxCount !== undefined)
    throw new TypeError(`${element.typeName} has no fixed size and cannot be an array element: put it behind a pointer`)
}

function readElements<T, I>(
  reader: NdrReader,
  element: NdrType<T, I>,
  count: number,
  typeName: string,
  set: (value: T[]) => void,
): void {
  reader.checkCount(count, element.minSize, typeName)
  reader.spend(count, typeName)
  // Elements behind pointers come later, each into its place; the number of them is known now.
  const values: T[] = []
  values.length = count
  for (let i = 0; i < count; i++)
    element.read(reader, (value) => {
      values[i] = value
    })
  set(values)
}

function writeElements<T, I>(writer: NdrWriter, element: NdrType<T, I>, values: readonly I[]): void {
  for (const value of values) element.write(writer, value)
}

/** A fixed array: its size is in the interface and not on the wire (C706 14.3.3.1). */
export function fixedArray<T, I>(element: NdrType<T, I>, size: number): ArrayType<T, I> {
  noConformantElement(element)
  const typeName = `${element.typeName}[${size}]`
  return {
    typeName,
    align: element.align,
    minSize: element.minSize * size,
    needed: true,
    read: (reader, set) => readElements(reader, element, size, typeName, set),
    write(writer, values) {
      if (values.length !== size) throw new RangeError(`${values.length} elements for ${typeName}`)
      writeElements(writer, element, values)
    },
  }
}

const widest = (align: 1 | 2 | 4 | 8): 4 | 8 => (align > 4 ? 8 : 4)

/** A conformant array, `[size_is(n)] T x[]` (C706 14.3.3.2). */
export function conformantArray<T, I>(element: NdrType<T, I>): ArrayType<T, I> {
  noConformantElement(element)
  const typeName = `${element.typeName}[]`
  return {
    typeName,
    align: widest(element.align),
    minSize: 4,
    needed: true,
    maxCount: (values) => values.length,
    read(reader, set, maxCount) {
      const count = maxCount ?? reader.u32(typeName)
      reader.align(element.align)
      readElements(reader, element, count, typeName, set)
    },
    write(writer, values, countSent) {
      if (countSent !== true) writer.u32(values.length)
      writer.align(element.align)
      writeElements(writer, element, values)
    },
  }
}

/** Maximum count, offset and actual count of a conformant varying array; the actual count is what follows. */
function readVariance(reader: NdrReader, typeName: string, maxCount: number): number {
  const offset = reader.u32(typeName)
  const actual = reader.u32(typeName)
  // Offsets that are not zero have no meaning in the interfaces spoken here, and no peer sends them.
  if (offset !== 0) throw reader.error(typeName, `elements start at ${offset}, not at 0`)
  if (actual > maxCount) throw reader.error(typeName, `${actual} elements in an array of ${maxCount}`)
  return actual
}

/** A varying array, `[length_is(n)] T x[size]` (C706 14.3.3.3). */
export function varyingArray<T, I>(element: NdrType<T, I>, size: number): ArrayType<T, I> {
  noConformantElement(element)
  const typeName = `${element.typeName}[0..${size}]`
  return {
    typeName,
    align: widest(element.align),
    minSize: 8,
    needed: true,
    read(reader, set) {
      const count = readVariance(reader, typeName, size)
      reader.align(element.align)
      readElements(reader, element, count, typeName, set)
    },
    write(writer, values) {
      if (values.length > size) throw new RangeError(`${values.length} elements for ${typeName}`)
      writer.u32(0)
      writer.u32(values.length)
      writer.align(element.align)
      writeElements(writer, element, values)
    },
  }
}

/**
 * A conformant varying array, `[size_is(n), length_is(m)] T x[]` (C706 14.3.3.4). Written without spare room, or with
 * room for `capacity` elements where the interface says how many.
 */
export function conformantVaryingArray<T, I>(element: NdrType<T, I>, capacity = 0): ArrayType<T, I> {
  noConformantElement(element)
  const room = (values: readonly I[]): number => Math.max(values.length, capacity)
  const typeName = `${element.typeName}[..]`
  return {
    typeName,
    align: widest(element.align),
    minSize: 12,
    needed: true,
    maxCount: room,
    read(reader, set, maxCount) {
      const count = readVariance(reader, typeName, maxCount ?? reader.u32(typeName))
      reader.align(element.align)
      readElements(reader, element, count, typeName, set)
    },
    write(writer, values, countSent) {
      if (countSent !== true) writer.u32(room(values))
      writer.u32(0)
      writer.u32(values.length)
      writer.align(element.align)
      writeElements(writer, element, values)
    },
  }
}

/** Elements, and how many the one who asked has room for. */
export interface Roomy<T> {
  readonly room: number
  readonly entries: readonly T[]
}

/** A conformant varying array whose size the request has told: it is written with all that room. */
export function roomyArray<T, I>(element: NdrType<T, I>): NdrType<Roomy<T>, Roomy<I>, true> {
  noConformantElement(element)
  const typeName = `${element.typeName}[..]`
  return {
    typeName,
    align: widest(element.align),
    minSize: 12,
    needed: true,
    maxCount: ({ room }) => room,
    read(reader, set, maxCount) {
      const room = maxCount ?? reader.u32(typeName)
      const count = readVariance(reader, typeName, room)
      reader.align(element.align)
      readElements(reader, element, count, typeName, (entries) => set({ room, entries }))
    },
    write(writer, { room, entries }, countSent) {
      if (entries.length > room) throw new RangeError(`${entries.length} elements for ${room} in ${typeName}`)
      if (countSent !== true) writer.u32(room)
      writer.u32(0)
      writer.u32(entries.length)
      writer.align(element.align)
      writeElements(writer, element, entries)
    },
  }
}

/** A conformant array of octets as bytes, `[size_is(n)] unsigned char x[]`. */
export const conformantBytes: NdrType<Uint8Array, Uint8Array, true> = {
  typeName: 'u8[]',
  align: 4,
  minSize: 4,
  needed: true,
  maxCount: (value) => value.length,
  read: (reader, set, maxCount) => set(reader.bytes(maxCount ?? reader.u32('u8[]'), 'u8[]')),
  write(writer, value, countSent) {
    if (countSent !== true) writer.u32(value.length)
    writer.bytes(value)
  },
}

function stringType(typeName: string, unitSize: 1 | 2): NdrType<string, string, true> {
  return {
    typeName,
    align: 4,
    minSize: 12,
    needed: true,
    maxCount: (value) => value.length + 1,
    read(reader, set, maxCount) {
      const units = readVariance(reader, typeName, maxCount ?? reader.u32(typeName))
      const at = unitSize === 2 ? reader.takeText(units, typeName) : reader.take(units, typeName)
      // A string ends in its terminator (C706 14.3.4); without one, what reads it natively would run on.
      const last = at + (units - 1) * unitSize
      const ended = units > 0 && (unitSize === 2 ? reader.view.getUint16(last, true) : reader.view.getUint8(last)) === 0
      if (!ended) throw reader.error(typeName, 'a string without its terminator')
      set(unitSize === 2 ? readUtf16(reader.view, at, (units - 1) * 2) : readLatin1(reader.view, at, units - 1))
    },
    write(writer, value, countSent) {
      const units = value.length + 1
      if (countSent !== true) writer.u32(units)
      writer.u32(0)
      writer.u32(units)
      const at = writer.reserve(units * unitSize)
      if (unitSize === 2) writeUtf16(writer.view, at, value)
      else for (let i = 0; i < value.length; i++) writer.view.setUint8(at + i, value.charCodeAt(i) & 0xff)
    },
  }
}

function readLatin1(view: DataView, at: number, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += String.fromCharCode(view.getUint8(at + i))
  return text
}

/** `[string] wchar_t *`: UTF-16 with a terminator, which the value is without. */
export const wideString: NdrType<string, string, true> = stringType('wide string', 2)

/** `[string] char *`. */
export const narrowString: NdrType<string, string, true> = stringType('string', 1)
