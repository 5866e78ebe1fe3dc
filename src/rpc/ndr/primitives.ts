import type { Filetime } from '../../bytes/filetime.ts'
import { type Guid, readGuid, writeGuid } from '../../bytes/guid.ts'
import type { NdrType } from './type.ts'

interface Access<T> {
  readonly typeName: string
  readonly size: 1 | 2 | 4 | 8
  readonly get: (view: DataView, at: number) => T
  readonly set: (view: DataView, at: number, value: T) => void
}

function primitive<T>({ typeName, size, get, set: put }: Access<T>): NdrType<T, T, true> {
  return {
    typeName,
    align: size,
    minSize: size,
    needed: true,
    read: (reader, set) => set(get(reader.view, reader.next(size, typeName))),
    write(writer, value) {
      const at = writer.next(size)
      put(writer.view, at, value)
    },
  }
}

/** An integer; as a field it can tell the size of an array or the arm of a union beside it. */
export interface NdrInteger extends NdrType<number, number, true> {
  /** Number of elements of the array with this name; written by itself, and checked when read. */
  countOf(name: string): NdrType<number, number, false>
  /** The arm of the union with this name; written by itself, and checked when read. */
  switchOf(name: string): NdrType<number, number, false>
  /** May be left out when writing; then it has this value. */
  or(value: number): NdrType<number, number, false>
}

function integer(access: Access<number>): NdrInteger {
  const type = primitive(access)
  return {
    ...type,
    countOf: (name) => ({ ...type, needed: false, role: { countOf: name } }),
    switchOf: (name) => ({ ...type, needed: false, role: { switchOf: name } }),
    or: (value) => ({ ...type, needed: false, fallback: value }),
  }
}

export const u8: NdrInteger = integer({
  typeName: 'u8',
  size: 1,
  get: (view, at) => view.getUint8(at),
  set: (view, at, value) => view.setUint8(at, value),
})

/** unsigned short; also an enum without `v1_enum` (C706 14.2.6). */
export const u16: NdrInteger = integer({
  typeName: 'u16',
  size: 2,
  get: (view, at) => view.getUint16(at, true),
  set: (view, at, value) => view.setUint16(at, value, true),
})

/** unsigned long, DWORD, `v1_enum`, error_status_t. */
export const u32: NdrInteger = integer({
  typeName: 'u32',
  size: 4,
  get: (view, at) => view.getUint32(at, true),
  set: (view, at, value) => view.setUint32(at, value, true),
})

export const i32: NdrInteger = integer({
  typeName: 'i32',
  size: 4,
  get: (view, at) => view.getInt32(at, true),
  set: (view, at, value) => view.setInt32(at, value, true),
})

/** unsigned hyper. */
export const u64: NdrType<bigint, bigint, true> = primitive({
  typeName: 'u64',
  size: 8,
  get: (view, at) => view.getBigUint64(at, true),
  set: (view, at, value) => view.setBigUint64(at, value, true),
})

/** hyper. */
export const i64: NdrType<bigint, bigint, true> = primitive({
  typeName: 'i64',
  size: 8,
  get: (view, at) => view.getBigInt64(at, true),
  set: (view, at, value) => view.setBigInt64(at, value, true),
})

/** Something of a fixed size whose alignment is smaller than that; `sizes` of its integers, before bytes if there are some. */
function block<T>(
  typeName: string,
  align: 1 | 2 | 4,
  size: number,
  sizes: readonly number[],
  access: Pick<Access<T>, 'get' | 'set'>,
): NdrType<T, T, true> {
  return {
    typeName,
    align,
    minSize: size,
    needed: true,
    read(reader, set) {
      reader.align(align)
      set(access.get(reader.view, reader.takeIntegers(size, sizes, typeName)))
    },
    write(writer, value) {
      writer.align(align)
      const at = writer.reserve(size)
      access.set(writer.view, at, value)
    },
  }
}

/** FILETIME: two 32-bit halves, so aligned to 4 (MS-DTYP 2.3.3). */
export const filetime: NdrType<Filetime, Filetime, true> = block('FILETIME', 4, 8, [4, 4], {
  get: (view, at) => view.getBigUint64(at, true),
  set: (view, at, value) => view.setBigUint64(at, value, true),
})

/** GUID, uuid_t (MS-DTYP 2.3.4.1). */
export const guid: NdrType<Guid, Guid, true> = block('GUID', 4, 16, [4, 2, 2], { get: readGuid, set: writeGuid })

/** A context handle on the wire (C706 appendix N, ndr_context_handle): attributes and a UUID that only its server understands. */
export interface ContextHandle {
  readonly attributes: number
  readonly uuid: Guid
}

export const contextHandle: NdrType<ContextHandle, ContextHandle, true> = block('context handle', 4, 20, [4, 4, 2, 2], {
  get: (view, at) => ({ attributes: view.getUint32(at, true), uuid: readGuid(view, at + 4) }),
  set(view, at, value) {
    view.setUint32(at, value.attributes, true)
    writeGuid(view, at + 4, value.uuid)
  },
})

/** Exactly `size` bytes (a fixed array of octets). */
export function octets(size: number): NdrType<Uint8Array, Uint8Array, true> {
  return {
    typeName: `u8[${size}]`,
    align: 1,
    minSize: size,
    needed: true,
    read: (reader, set) => set(reader.bytes(size, `u8[${size}]`)),
    write(writer, value) {
      if (value.length !== size) throw new RangeError(`${value.length} bytes for a field of ${size}`)
      writer.bytes(value)
    },
  }
}

/** Nothing: the arm of a union that has no data. */
export const empty: NdrType<undefined, undefined, true> = {
  typeName: 'nothing',
  align: 1,
  minSize: 0,
  needed: true,
  read: (_reader, set) => set(undefined),
  write: () => {},
}
