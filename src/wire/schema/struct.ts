import { WireError } from '../../bytes/errors.ts'
import type { Place } from './content.ts'
import type { FieldNode } from './dissect.ts'
import type { AnyField, Decoded, Encodable, Fields, Struct, Tail } from './fields.ts'
import type { Kind, Located } from './kind.ts'

interface FixedField {
  readonly name: string
  readonly offset: number
  readonly kind: Kind<unknown>
}

interface TailField {
  readonly name: string
  readonly field: Tail<unknown, unknown>
  readonly offset?: FixedField
  readonly length?: FixedField
  readonly count?: FixedField
  /** Further fields that repeat the length: written like it, not looked at. */
  readonly copies: readonly FixedField[]
}

// biome-ignore lint: the same
const isTail = (field: AnyField): field is Tail<any, any> => 'tail' in field

const alignUp = (value: number, to: number): number => (to <= 1 ? value : Math.ceil(value / to) * to)

type Values = Record<string, unknown>

/**
 * Declares a structure. Type, strict decoder, encoder and field tree all come out of it, when something first asks for
 * them: of most structures a program never sees one.
 */
export const struct = <const F extends Fields>(
  structName: string,
  spec: string,
  fields: F,
): Struct<Decoded<F>, Encodable<F>> =>
  new Declaration(structName, spec, fields) as unknown as Struct<Decoded<F>, Encodable<F>>

class Declaration {
  readonly structName: string
  readonly spec: string
  readonly fields: Fields
  readonly needed = true
  #made: Made | undefined

  constructor(structName: string, spec: string, fields: Fields) {
    this.structName = structName
    this.spec = spec
    this.fields = fields
  }

  get made(): Made {
    return (this.#made ??= make(this.structName, this.spec, this.fields))
  }

  get kindName(): string {
    return this.structName
  }

  get contentName(): string {
    return this.structName
  }

  get size(): number {
    return this.made.size
  }

  get problem(): Made['problem'] {
    return this.made.problem
  }

  getter(offset: number): (this: Located) => Located {
    return this.made.getter(offset)
  }

  read(view: DataView, start: number, end?: number): Located {
    return this.made.read(view, start, end)
  }

  write(view: DataView, at: number, value: Values): void {
    this.made.encodeInto(view, at, value)
  }

  display(value: Values): string {
    return this.made.display(value)
  }

  check(view: DataView, start: number, end: number): void {
    this.made.checkAt(view, start, end, start)
  }

  measure(value: Values): number {
    return this.made.sizeOfEncoded(value)
  }

  decode(view: DataView, base?: number, end?: number, origin?: number): Located {
    return this.made.decode(view, base, end, origin)
  }

  sizeOfEncoded(value: Values, base?: number): number {
    return this.made.sizeOfEncoded(value, base)
  }

  encodeInto(view: DataView, base: number, value: Values, origin?: number): number {
    return this.made.encodeInto(view, base, value, origin)
  }

  encode(value: Values): Uint8Array<ArrayBuffer> {
    return this.made.encode(value)
  }

  dissect(view: DataView, base?: number, end?: number, placeOrOrigin?: Place | number): FieldNode[] {
    return this.made.dissect(view, base, end, placeOrOrigin)
  }
}

type Made = ReturnType<typeof make>

/** What a declaration stands for. */
function make(structName: string, spec: string, fields: Fields) {
  const { fixed, tails, size } = layOut(structName, fields)
  const checked = fixed.filter((field) => field.kind.problem !== undefined)
  const plain = tails.length === 0
  const rest = fixed.find((field) => field.kind.role?.lengthOfRest === true)

  /** Made when something is first decoded: much is only written. */
  let views: ViewClass | undefined
  const viewed = (view: DataView, base: number, end: number, origin: number): Located => {
    views ??= viewClass(structName, fixed, tails, locate)
    return new views(view, base, end, origin)
  }

  const place = (name: string): Place => ({ path: `${structName}.${name}`, spec })
  const fail = (name: string, at: number, problem: string): WireError =>
    new WireError(`${structName}.${name}`, at, spec, problem)

  /** Where a tail lies. Arithmetic is on doubles below 2^34: it cannot wrap. */
  function locate(
    index: number,
    view: DataView,
    base: number,
    end: number,
    origin: number,
  ): [number, number, number | undefined] {
    const { offset, length, count, field } = tails[index] as TailField
    if (field.when !== undefined && !field.when(view, base)) {
      const at = index === 0 ? base + size : locate(index - 1, view, base, end, origin)[1]
      return [at, at, count && 0]
    }
    const n = count === undefined ? undefined : (count.kind.read(view, base + count.offset) as number)
    let bytes: number | undefined
    if (length !== undefined) bytes = length.kind.read(view, base + length.offset) as number
    else if (n !== undefined && field.tail.sizeOf !== undefined) bytes = field.tail.sizeOf(n)
    let start: number
    if (offset !== undefined) {
      const at = offset.kind.read(view, base + offset.offset) as number
      // An offset means nothing when the length is zero: many peers leave it zero then.
      start = bytes === 0 || at === 0 ? base + size : (field.from === 'origin' ? origin : base + size) + at
      if (at === 0 && bytes === undefined) bytes = 0
    } else {
      const before = index === 0 ? base + size : locate(index - 1, view, base, end, origin)[1]
      start = bytes === 0 ? before : alignUp(before - origin, field.align) + origin
      if (bytes === undefined && start > end) start = Math.min(before, end)
    }
    if (bytes === undefined && field.tail.extent !== undefined && start <= end)
      bytes = field.tail.extent(view, start, end)
    return [start, bytes === undefined ? end : start + bytes, n]
  }

  /** One past the structure's last byte, as it says itself or else as its surroundings do. */
  const endOf = (view: DataView, base: number, end: number): number =>
    rest === undefined
      ? end
      : base + rest.offset + rest.kind.size + (rest.kind.read(view, base + rest.offset) as number)

  function checkAt(view: DataView, base: number, limit: number, origin: number): void {
    if (base + size > limit || limit > view.byteLength || base < 0)
      throw new WireError(structName, base, spec, `needs ${size} bytes, has ${Math.max(0, limit - base)}`)
    const end = endOf(view, base, limit)
    if (rest !== undefined && (end > limit || end < base + size))
      throw fail(rest.name, base + rest.offset, `says that it ends at ${end}, not within ${base + size} to ${limit}`)
    for (const { name, offset, kind } of checked) {
      const problem = kind.problem?.(view, base + offset)
      if (problem !== undefined) throw fail(name, base + offset, problem)
    }
    for (let index = 0; index < tails.length; index++) {
      const { name, field } = tails[index] as TailField
      const [start, stop, count] = locate(index, view, base, end, origin)
      if (start < base || stop > end || start > stop)
        throw fail(name, base, `bytes ${start} to ${stop} are not within ${base} to ${end}`)
      field.tail.check(view, start, stop, place(name), count)
    }
  }

  function sizeOfEncoded(value: Values, base = 0): number {
    let at = base + size
    for (const { name, field } of tails) {
      const given = value[name] ?? field.fallback
      const bytes = given === undefined ? 0 : field.tail.measure(given)
      if (bytes === 0) at += field.padEmpty
      else at = alignUp(at, field.align) + bytes
    }
    return at - base
  }

  function encodeInto(view: DataView, base: number, value: Values, origin = base): number {
    for (const { name, offset, kind } of fixed) {
      const given = value[name] ?? kind.fallback
      if (given === undefined) throw new TypeError(`${structName}.${name} is missing`)
      kind.write(view, base + offset, given)
    }
    let at = base + size
    for (const { name, field, offset, length, count, copies } of tails) {
      const given = value[name] ?? field.fallback
      if (given === undefined) throw new TypeError(`${structName}.${name} is missing`)
      const bytes = field.tail.measure(given)
      if (bytes > 0) {
        const start = alignUp(at - origin, field.align) + origin
        for (; at < start; at++) view.setUint8(at, 0)
      }
      const from = field.from === 'origin' ? origin : base + size
      offset?.kind.write(view, base + offset.offset, bytes === 0 && field.zeroOffsetWhenEmpty ? 0 : at - from)
      length?.kind.write(view, base + length.offset, bytes)
      for (const copy of copies) copy.kind.write(view, base + copy.offset, bytes)
      count?.kind.write(view, base + count.offset, field.tail.count?.(given) ?? 0)
      if (bytes > 0) field.tail.write(view, at, given)
      else for (let i = 0; i < field.padEmpty; i++) view.setUint8(at + i, 0)
      at += bytes > 0 ? bytes : field.padEmpty
    }
    rest?.kind.write(view, base + rest.offset, at - base - rest.offset - rest.kind.size)
    return at
  }

  function dissect(
    view: DataView,
    base = 0,
    limit = view.byteLength,
    placeOrOrigin: Place | number = base,
  ): FieldNode[] {
    const origin = typeof placeOrOrigin === 'number' ? placeOrOrigin : base
    const end = base + size > limit ? limit : Math.min(limit, endOf(view, base, limit))
    const nodes: FieldNode[] = []
    const node = (name: string, start: number, stop: number, value: unknown, display: string): FieldNode => ({
      label: name,
      path: `${structName}.${name}`,
      start,
      end: stop,
      value,
      display,
      spec,
      children: [],
    })
    for (const { name, offset, kind } of fixed) {
      const start = base + offset
      const stop = start + kind.size
      if (stop > end) {
        nodes.push({ ...node(name, start, Math.max(start, end), undefined, ''), problem: 'cut off' })
        return nodes
      }
      const value = kind.read(view, start)
      const problem = kind.problem?.(view, start)
      const nested = kind as Partial<Struct<unknown, unknown>>
      nodes.push({
        ...node(name, start, stop, value, kind.display(value)),
        children: nested.dissect?.(view, start, stop) ?? [],
        ...(problem === undefined ? {} : { problem }),
      })
    }
    tails.forEach(({ name, field }, index) => {
      const [start, stop, count] = locate(index, view, base, end, origin)
      if (start < base || start > end || stop > end) {
        const clipped = Math.min(Math.max(start, base), end)
        nodes.push({
          ...node(name, clipped, Math.max(clipped, Math.min(stop, end)), undefined, ''),
          problem: `bytes ${start} to ${stop} are not within ${base} to ${end}`,
        })
        return
      }
      if (start === stop) return
      const content = field.tail
      try {
        content.check(view, start, stop, place(name), count)
        const value = content.read(view, start, stop, count)
        nodes.push({
          ...node(name, start, stop, value, content.display(value)),
          children: content.dissect?.(view, start, stop, place(name), count) ?? [],
        })
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        nodes.push({
          ...node(name, start, stop, undefined, ''),
          children: content.dissect?.(view, start, stop, place(name), count) ?? [],
          problem: error.message,
        })
      }
    })
    return nodes
  }

  const read = (view: DataView, start: number, end: number, origin = start): Located =>
    viewed(view, start, endOf(view, start, end), origin)

  const problem = (view: DataView, at: number): string | undefined => {
    for (const { name, offset, kind } of checked) {
      const found = kind.problem?.(view, at + offset)
      if (found !== undefined) return `${name} ${found}`
    }
    return undefined
  }

  return {
    size,
    getter: (offset: number) =>
      function (this: Located) {
        const start = this.base + offset
        return viewed(this.view, start, start + size, start)
      },
    /** As a field of another structure (two arguments), or as its tail. */
    read: (view: DataView, start: number, end: number = start + size) => read(view, start, end),
    display: (value: Values) => (plain ? displayPlain(fixed, value) : ''),
    problem: plain && checked.length > 0 ? problem : undefined,
    checkAt,
    decode(view: DataView, base = 0, end = view.byteLength, origin = base) {
      checkAt(view, base, end, origin)
      return read(view, base, end, origin)
    },
    sizeOfEncoded,
    encodeInto,
    encode(value: Values): Uint8Array<ArrayBuffer> {
      const out = new Uint8Array(sizeOfEncoded(value))
      encodeInto(new DataView(out.buffer), 0, value)
      return out
    },
    dissect,
  }
}

type ViewClass = new (view: DataView, base: number, end: number, origin: number) => Located

/** Where tail `index` lies: start, end, count. */
type Locate = (
  index: number,
  view: DataView,
  base: number,
  end: number,
  origin: number,
) => [number, number, number | undefined]

/** The class of what is decoded: a getter for each field. */
function viewClass(
  structName: string,
  fixed: readonly FixedField[],
  tails: readonly TailField[],
  locate: Locate,
): ViewClass {
  class View implements Located {
    readonly view: DataView
    readonly base: number
    readonly origin: number
    readonly end: number
    constructor(view: DataView, base: number, end: number, origin: number) {
      this.view = view
      this.base = base
      this.end = end
      this.origin = origin
    }
    toJSON(): Values {
      return toPlain(this as unknown as Values)
    }
  }
  Object.defineProperty(View, 'name', { value: structName })
  for (const { name, offset, kind } of fixed)
    Object.defineProperty(View.prototype, name, { get: kind.getter(offset), enumerable: true })
  tails.forEach((field, index) => {
    Object.defineProperty(View.prototype, field.name, {
      get(this: Located) {
        const [start, end, count] = locate(index, this.view, this.base, this.end, this.origin)
        return field.field.tail.read(this.view, start, end, count)
      },
      enumerable: true,
    })
  })
  return View
}

function displayPlain(fixed: readonly FixedField[], value: Values): string {
  return `{${fixed.map(({ name, kind }) => `${name}: ${kind.display(value[name])}`).join(', ')}}`
}

function layOut(structName: string, fields: Fields): { fixed: FixedField[]; tails: TailField[]; size: number } {
  const fixed: FixedField[] = []
  let size = 0
  for (const [name, field] of Object.entries(fields)) {
    if (isTail(field)) continue
    fixed.push({ name, offset: size, kind: field as Kind<unknown> })
    size += field.size
  }
  const by = (role: 'offsetOf' | 'countOf', name: string): FixedField | undefined =>
    fixed.find((field) => field.kind.role?.[role] === name)
  const tails: TailField[] = []
  for (const [name, field] of Object.entries(fields)) {
    if (!isTail(field)) continue
    const offset = by('offsetOf', name)
    const [length, ...copies] = fixed.filter((other) => other.kind.role?.lengthOf === name)
    const count = by('countOf', name)
    tails.push({ name, field, copies, ...(offset && { offset }), ...(length && { length }), ...(count && { count }) })
  }
  for (const { kind, name } of fixed)
    for (const target of Object.values(kind.role ?? {}))
      if (target !== true && !tails.some((field) => field.name === target))
        throw new TypeError(`${structName}.${name} speaks of ${target}, which is not declared`)
  return { fixed, tails, size }
}

/** A decoded structure as a plain object that outlives the buffer: nested structures and bytes are copied. */
export function toPlain(view: object): Values {
  const out: Values = {}
  for (const name in view) {
    if (name === 'view' || name === 'base' || name === 'origin' || name === 'end') continue
    out[name] = plainValue((view as Values)[name])
  }
  return out
}

function plainValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice()
  if (Array.isArray(value)) return value.map(plainValue)
  if (value !== null && typeof value === 'object' && 'view' in value) return toPlain(value)
  return typeof value === 'function' ? undefined : value
}
