import { displayFiletime } from '../../bytes/filetime.ts'
import { type Guid, NULL_GUID, readGuid, writeGuid } from '../../bytes/guid.ts'
import { hex, hexNumber } from '../../bytes/hex.ts'
import { bytesOf } from '../../bytes/utf16.ts'

/** What a decoded structure keeps: where it lies. Field getters on the prototype read from here. */
export interface Located {
  readonly view: DataView
  /** First byte of the structure. */
  readonly base: number
  /** What offsets in the structure count from (often the SMB2 header). */
  readonly origin: number
  /** One past the last byte that belongs to the structure. */
  readonly end: number
}

/** What a field tells about its siblings, by their names. */
export interface Role {
  readonly offsetOf?: string
  readonly lengthOf?: string
  readonly countOf?: string
  /** It tells how many bytes of the structure follow it; what lies behind them belongs to somebody else. */
  readonly lengthOfRest?: true
}

/**
 * One kind of fixed-size field. The one place that knows how such a field is read, written and shown.
 * `Needed` is false where an encoder can do without the value (reserved, fixed, lengths and offsets).
 */
export interface Kind<T, Needed extends boolean = boolean> {
  readonly kindName: string
  /** Bytes. */
  readonly size: number
  readonly needed: Needed
  readonly role?: Role
  /** What is written when no value is given. */
  readonly fallback?: T
  /** A getter for the prototype of a structure that has such a field at `offset`. */
  getter(offset: number): (this: Located) => T
  read(view: DataView, at: number): T
  write(view: DataView, at: number, value: T): void
  display(value: T): string
  /** Says what is wrong with the bytes at `at`, where any bytes can be wrong. */
  problem?(view: DataView, at: number): string | undefined
}

export type Names = Readonly<Record<string, number>>

/** Which names of `flags` are set in `value`, and what is left over. */
export function flagNames(flags: Names, value: number): string {
  if (value === 0) return '0'
  const found: string[] = []
  let rest = value
  for (const [name, bit] of Object.entries(flags)) {
    if (bit !== 0 && (value & bit) >>> 0 === bit >>> 0) {
      found.push(name)
      rest = (rest & ~bit) >>> 0
    }
  }
  if (rest !== 0) found.push(hexNumber(rest))
  return found.join(' | ')
}

function nameOf(names: Names, value: number): string {
  for (const [name, code] of Object.entries(names)) if (code === value) return `${name} (${hexNumber(value)})`
  return hexNumber(value)
}

/** An unsigned integer of up to 32 bits; its refinements keep how it is read and change what it means. */
export interface IntKind<Needed extends boolean = true> extends Kind<number, Needed> {
  /** Must have this value (a StructureSize, a signature); written by itself. */
  fixed(value: number): Kind<number, false>
  /** Sent as zero, ignored when received. */
  readonly reserved: Kind<number, false>
  /** May be left out when encoding; then it has this value. */
  or(value: number): IntKind<false>
  /** Has a name for each value (not enforced: unknown values are for the command to judge). */
  oneOf(names: Names): IntKind<Needed>
  /** Is a set of named bits. */
  flags(names: Names): IntKind<Needed>
  /** Shown in hexadecimal. */
  readonly hex: IntKind<Needed>
  /** Offset, from the structure's origin, of the tail with this name. */
  offsetOf(tail: string): Kind<number, false>
  /** Length in bytes of the tail with this name. A second field of this kind repeats it when written. */
  lengthOf(tail: string): Kind<number, false>
  /** Number of elements of the tail with this name. */
  countOf(tail: string): Kind<number, false>
  /** Length in bytes of all that follows it in the structure (ByteCount of SMB1). */
  readonly lengthOfRest: Kind<number, false>
}

interface IntAccess {
  readonly kindName: string
  readonly size: number
  getter(offset: number): (this: Located) => number
  read(view: DataView, at: number): number
  write(view: DataView, at: number, value: number): void
}

type Extra = Partial<Pick<Kind<number>, 'role' | 'fallback' | 'problem' | 'display'>>

/** A class, since programs have thousands of them: what refines them is there once. */
class Int<Needed extends boolean> implements IntKind<Needed> {
  readonly kindName: string
  readonly size: number
  readonly needed: Needed
  readonly role?: Role
  readonly fallback?: number
  readonly getter: (offset: number) => (this: Located) => number
  readonly read: (view: DataView, at: number) => number
  readonly write: (view: DataView, at: number, value: number) => void
  readonly display: (value: number) => string
  readonly problem?: (view: DataView, at: number) => string | undefined
  readonly #access: IntAccess
  readonly #extra: Extra

  constructor(access: IntAccess, needed: Needed, extra: Extra) {
    this.kindName = access.kindName
    this.size = access.size
    this.needed = needed
    this.getter = access.getter
    this.read = access.read
    this.write = access.write
    this.display = extra.display ?? String
    if (extra.role !== undefined) this.role = extra.role
    if (extra.fallback !== undefined) this.fallback = extra.fallback
    if (extra.problem !== undefined) this.problem = extra.problem
    this.#access = access
    this.#extra = extra
  }

  #automatic(more: Extra): Kind<number, false> {
    return new Int(this.#access, false, { ...this.#extra, fallback: 0, ...more })
  }

  #shown(display: (value: number) => string): IntKind<Needed> {
    return new Int(this.#access, this.needed, { ...this.#extra, display })
  }

  fixed(value: number): Kind<number, false> {
    const { read } = this.#access
    const problem = (view: DataView, at: number): string | undefined => {
      const found = read(view, at)
      return found === value ? undefined : `must be ${value}, is ${found}`
    }
    return this.#automatic({ fallback: value, problem })
  }

  get reserved(): Kind<number, false> {
    return this.#automatic({})
  }

  or(value: number): IntKind<false> {
    return new Int(this.#access, false, { ...this.#extra, fallback: value })
  }

  oneOf(names: Names): IntKind<Needed> {
    return this.#shown((value) => nameOf(names, value))
  }

  flags(names: Names): IntKind<Needed> {
    return this.#shown((value) => flagNames(names, value))
  }

  get hex(): IntKind<Needed> {
    return this.#shown((value) => hexNumber(value, this.size * 2))
  }

  offsetOf(tail: string): Kind<number, false> {
    return this.#automatic({ role: { offsetOf: tail } })
  }

  lengthOf(tail: string): Kind<number, false> {
    return this.#automatic({ role: { lengthOf: tail } })
  }

  countOf(tail: string): Kind<number, false> {
    return this.#automatic({ role: { countOf: tail } })
  }

  get lengthOfRest(): Kind<number, false> {
    return this.#automatic({ role: { lengthOfRest: true } })
  }
}

const intKind = (access: IntAccess, needed: true): IntKind => new Int(access, needed, {})

/** Getters are made by one function a kind, each with its own call site, so that the engine can inline them. */
export const u8: IntKind = intKind(
  {
    kindName: 'u8',
    size: 1,
    getter: (offset) =>
      function (this: Located) {
        return this.view.getUint8(this.base + offset)
      },
    read: (view, at) => view.getUint8(at),
    write: (view, at, value) => view.setUint8(at, value),
  },
  true,
)

export const u16: IntKind = intKind(
  {
    kindName: 'u16',
    size: 2,
    getter: (offset) =>
      function (this: Located) {
        return this.view.getUint16(this.base + offset, true)
      },
    read: (view, at) => view.getUint16(at, true),
    write: (view, at, value) => view.setUint16(at, value, true),
  },
  true,
)

export const u32: IntKind = intKind(
  {
    kindName: 'u32',
    size: 4,
    getter: (offset) =>
      function (this: Located) {
        return this.view.getUint32(this.base + offset, true)
      },
    read: (view, at) => view.getUint32(at, true),
    write: (view, at, value) => view.setUint32(at, value, true),
  },
  true,
)

/** Big-endian, for NetBIOS framing. */
export const u16be: IntKind = intKind(
  {
    kindName: 'u16be',
    size: 2,
    getter: (offset) =>
      function (this: Located) {
        return this.view.getUint16(this.base + offset, false)
      },
    read: (view, at) => view.getUint16(at, false),
    write: (view, at, value) => view.setUint16(at, value, false),
  },
  true,
)

export const u32be: IntKind = intKind(
  {
    kindName: 'u32be',
    size: 4,
    getter: (offset) =>
      function (this: Located) {
        return this.view.getUint32(this.base + offset, false)
      },
    read: (view, at) => view.getUint32(at, false),
    write: (view, at, value) => view.setUint32(at, value, false),
  },
  true,
)

export const i16: IntKind = intKind(
  {
    kindName: 'i16',
    size: 2,
    getter: (offset) =>
      function (this: Located) {
        return this.view.getInt16(this.base + offset, true)
      },
    read: (view, at) => view.getInt16(at, true),
    write: (view, at, value) => view.setInt16(at, value, true),
  },
  true,
)

export const i32: IntKind = intKind(
  {
    kindName: 'i32',
    size: 4,
    getter: (offset) =>
      function (this: Located) {
        return this.view.getInt32(this.base + offset, true)
      },
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, value, true),
  },
  true,
)

export interface BigKind<Needed extends boolean = true> extends Kind<bigint, Needed> {
  readonly reserved: Kind<bigint, false>
  or(value: bigint): BigKind<false>
  /** Shown in hexadecimal. */
  readonly hex: BigKind<Needed>
}

function bigKind<Needed extends boolean>(
  needed: Needed,
  extra: Partial<Pick<Kind<bigint>, 'fallback' | 'display'>> = {},
): BigKind<Needed> {
  return {
    kindName: 'u64',
    size: 8,
    needed,
    display: (value: bigint) => String(value),
    ...extra,
    getter: (offset) =>
      function (this: Located) {
        return this.view.getBigUint64(this.base + offset, true)
      },
    read: (view, at) => view.getBigUint64(at, true),
    write: (view, at, value) => view.setBigUint64(at, value, true),
    get reserved() {
      return bigKind(false, { ...extra, fallback: 0n })
    },
    or: (value) => bigKind(false, { ...extra, fallback: value }),
    get hex() {
      return bigKind(needed, { ...extra, display: (value: bigint) => hexNumber(value, 16) })
    },
  }
}

export const u64: BigKind = bigKind(true)

/** FILETIME: 100 ns since 1601-01-01 UTC, as bigint. */
export const filetime: BigKind = bigKind(true, { display: displayFiletime })

function withFallback<T>(kind: Kind<T, true>): Kind<T, true> & { or(value: T): Kind<T, false> } {
  return Object.assign(kind, { or: (value: T): Kind<T, false> => ({ ...kind, needed: false, fallback: value }) })
}

export const guid: Kind<Guid, true> & { or(value: Guid): Kind<Guid, false> } = withFallback({
  kindName: 'guid',
  size: 16,
  needed: true,
  getter: (offset) =>
    function (this: Located) {
      return readGuid(this.view, this.base + offset)
    },
  read: readGuid,
  write: writeGuid,
  display: (value) => `{${value}}`,
})

/** Exactly `size` bytes, as they are. A shorter value is padded with zeros, a longer one refused. */
export function octets(size: number): Kind<Uint8Array, true> & { readonly reserved: Kind<Uint8Array, false> } {
  const kind: Kind<Uint8Array, true> = {
    kindName: `octets(${size})`,
    size,
    needed: true,
    getter: (offset) =>
      function (this: Located) {
        return bytesOf(this.view, this.base + offset, this.base + offset + size)
      },
    read: (view, at) => bytesOf(view, at, at + size),
    write: (view, at, value) => {
      if (value.length > size) throw new RangeError(`${value.length} bytes do not fit a field of ${size}`)
      const target = bytesOf(view, at, at + size)
      target.set(value)
      if (value.length < size) target.fill(0, value.length)
    },
    display: (value) => hex(value, 32),
  }
  return Object.assign(kind, {
    reserved: { ...kind, needed: false as const, fallback: new Uint8Array(size) },
  })
}

export { NULL_GUID }
