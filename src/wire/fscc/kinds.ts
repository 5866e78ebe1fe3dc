import { WireError } from '../../bytes/errors.ts'
import { hexNumber } from '../../bytes/hex.ts'
import { readUtf16, writeUtf16 } from '../../bytes/utf16.ts'
import type { Content, Kind } from '../schema/index.ts'

const SHORT_NAME_BYTES = 24

/** No more than the field holds, whatever its length says: trees are made of what was not checked. */
const readShortName = (view: DataView, at: number): string =>
  readUtf16(view, at + 2, Math.min(view.getUint8(at), SHORT_NAME_BYTES))

/**
 * An 8.3 name in a directory entry: its length in bytes (8 bits), a reserved byte, and a field of 24 bytes with
 * the name at its beginning (MS-FSCC 2.4.8). `''` where there is none.
 */
export const shortName: Kind<string, false> = {
  kindName: 'shortName',
  size: 2 + SHORT_NAME_BYTES,
  needed: false,
  fallback: '',
  getter: (offset) =>
    function () {
      return readShortName(this.view, this.base + offset)
    },
  read: readShortName,
  write(view, at, value) {
    const length = value.length * 2
    if (length > SHORT_NAME_BYTES) throw new RangeError(`a short name of ${length} bytes`)
    view.setUint16(at, length, true)
    writeUtf16(view, at + 2, value)
    for (let i = length; i < SHORT_NAME_BYTES; i++) view.setUint8(at + 2 + i, 0)
  },
  display: (value) => JSON.stringify(value),
  problem(view, at) {
    const length = view.getUint8(at)
    return length <= SHORT_NAME_BYTES && length % 2 === 0 ? undefined : `a short name of ${length} bytes`
  },
}

/** A 128-bit file ID (MS-FSCC 2.1.10), as one little-endian number of 128 bits. */
export const u128: Kind<bigint, true> = {
  kindName: 'u128',
  size: 16,
  needed: true,
  getter: (offset) =>
    function () {
      return u128.read(this.view, this.base + offset)
    },
  read: (view, at) => view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n),
  write(view, at, value) {
    view.setBigUint64(at, value, true)
    view.setBigUint64(at + 8, value >> 64n, true)
  },
  display: (value) => hexNumber(value, 32),
}

/** A BOOLEAN of one byte: anything but zero is true. */
export const bool8: Kind<boolean, true> = {
  kindName: 'bool8',
  size: 1,
  needed: true,
  getter: (offset) =>
    function () {
      return this.view.getUint8(this.base + offset) !== 0
    },
  read: (view, at) => view.getUint8(at) !== 0,
  write: (view, at, value) => view.setUint8(at, value ? 1 : 0),
  display: String,
}

/** The zero byte that ends a name and is not counted in its length. */
export const nul: Content<null> = {
  contentName: 'NUL',
  check(view, start, end, place) {
    if (start >= end || view.getUint8(start) !== 0)
      throw new WireError(place.path, start, place.spec, 'the name is not ended by a zero byte')
  },
  read: () => null,
  measure: () => 1,
  write: (view, start) => view.setUint8(start, 0),
  extent: (_view, start, end) => Math.min(1, end - start),
  display: () => '',
}

/** The length of the tail with this name in UTF-16 units; its value is in bytes, as everywhere else. */
export const unitsLengthOf = (tail: string): Kind<number, false> => ({
  kindName: 'u32',
  size: 4,
  needed: false,
  fallback: 0,
  role: { lengthOf: tail },
  getter: (offset) =>
    function () {
      return this.view.getUint32(this.base + offset, true) * 2
    },
  read: (view, at) => view.getUint32(at, true) * 2,
  write: (view, at, value) => view.setUint32(at, value / 2, true),
  display: (value) => String(value / 2),
})
