import { WireError } from '../../bytes/errors.ts'
import { hex } from '../../bytes/hex.ts'
import type { FieldNode } from '../schema/index.ts'
import { flagNames, type Names } from '../schema/kind.ts'
import { contextTag, DerReader, type Element, readOid, Tag } from './der.ts'

/**
 * Declarations of ASN.1 values in DER, as `struct` is one of fixed layouts: a type, a strict decoder and a field tree
 * come out of the one declaration. How deep values nest is what the declarations say, and no deeper.
 */
export interface DerType<T> {
  readonly typeName: string
  readonly tag: number
  /** @throws WireError */
  read(this: void, reader: DerReader, element: Element): T
  display(this: void, value: T): string
  /** The trees of what is inside, as far as it can be read. */
  inside?(this: void, reader: DerReader, element: Element): FieldNode[]
}

export interface Field<T, Optional extends boolean = boolean> {
  readonly number: number
  readonly type: DerType<T>
  readonly isOptional: Optional
}

/** `[number] type`. */
export const field = <T>(number: number, type: DerType<T>): Field<T, false> => ({ number, type, isOptional: false })
/** `[number] type OPTIONAL`. */
export const maybe = <T>(number: number, type: DerType<T>): Field<T, true> => ({ number, type, isOptional: true })

// oxlint-disable-next-line typescript/no-explicit-any -- the field's own type is recovered by inference
type Fields = Readonly<Record<string, Field<any>>>
type ValueOf<F> = F extends Field<infer T> ? T : never
type OptionalNames<F extends Fields> = { [K in keyof F]: F[K]['isOptional'] extends true ? K : never }[keyof F]
export type Members<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalNames<F>>]: ValueOf<F[K]> } & {
  readonly [K in OptionalNames<F>]?: ValueOf<F[K]>
}
export type InferDer<D> = D extends DerType<infer T> ? T : never

/** A SEQUENCE with its declaration. */
export interface Sequence<T> extends DerType<T> {
  /** @throws WireError */
  decode(bytes: Uint8Array): T
  /** See `dissectDer`. */
  dissect(bytes: Uint8Array): FieldNode[]
}

/** Most bytes of an INTEGER that are read: all that fit a number without loss. */
const MAX_INTEGER_BYTES = 6

/** An INTEGER, or what is encoded as one. */
export const integer: DerType<number> & { oneOf(names: Names): DerType<number> } = {
  ...numeric('INTEGER', Tag.INTEGER, String),
  oneOf: (names) => numeric('INTEGER', Tag.INTEGER, (value) => named(names, value)),
}

function numeric(typeName: string, tag: number, display: (value: number) => string): DerType<number> {
  return {
    typeName,
    tag,
    read(reader, element) {
      const value = reader.value(element)
      if (value.length === 0 || value.length > MAX_INTEGER_BYTES)
        throw reader.fail(`an INTEGER of ${value.length} bytes`, element.at)
      let number = 0
      for (const byte of value) number = number * 256 + byte
      return ((value[0] as number) & 0x80) === 0 ? number : number - 256 ** value.length
    },
    display,
  }
}

const named = (names: Names, value: number): string => {
  const name = Object.entries(names).find(([, code]) => code === value)?.[0]
  return name === undefined ? String(value) : `${name} (${value})`
}

/** A UInt32. Senders that take it for signed write those above 2^31 as negative ones: the same 32 bits. */
export const uint32: DerType<number> = {
  ...integer,
  read: (reader, element) => integer.read(reader, element) >>> 0,
}

export const boolean: DerType<boolean> = {
  typeName: 'BOOLEAN',
  tag: Tag.BOOLEAN,
  read(reader, element) {
    const value = reader.value(element)
    if (value.length !== 1) throw reader.fail(`a BOOLEAN of ${value.length} bytes`, element.at)
    return value[0] !== 0
  },
  display: String,
}

/** An OCTET STRING, in the memory of the whole. */
export const octetString: DerType<Uint8Array> = {
  typeName: 'OCTET STRING',
  tag: Tag.OCTET_STRING,
  read: (reader, element) => reader.value(element),
  display: (value) => hex(value, 32),
}

const utf8 = new TextDecoder()

/** A GeneralString: in Kerberos text in UTF-8, whatever the standard says (RFC 4120 5.2.1). */
export const generalString: DerType<string> = {
  typeName: 'GeneralString',
  tag: Tag.GENERAL_STRING,
  read: (reader, element) => utf8.decode(reader.value(element)),
  display: (value) => JSON.stringify(value),
}

/** GeneralizedTime without fractions, as milliseconds since 1970 (RFC 4120 5.2.3). */
export const generalizedTime: DerType<number> = {
  typeName: 'GeneralizedTime',
  tag: Tag.GENERALIZED_TIME,
  read(reader, element) {
    const text = String.fromCharCode(...reader.value(element).subarray(0, 32))
    const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
    const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
    if (Number.isNaN(time)) throw reader.fail('not a time', element.at)
    return time
  },
  display: (value) => new Date(value).toISOString().replace('.000Z', 'Z'),
}

/** A BIT STRING of flags: the first 32 bits as a number, bit 0 of the standard the uppermost. */
export function bits(names: Names): DerType<number> {
  return {
    typeName: 'BIT STRING',
    tag: Tag.BIT_STRING,
    read(reader, element) {
      const value = reader.value(element)
      if (value.length === 0) throw reader.fail('a BIT STRING without its first byte', element.at)
      let number = 0
      for (let i = 1; i <= 4; i++) number = number * 256 + (value[i] ?? 0)
      return number
    },
    display: (value) => flagNames(names, value),
  }
}

export const objectIdentifier: DerType<string> = {
  typeName: 'OBJECT IDENTIFIER',
  tag: Tag.OID,
  read: readOid,
  display: String,
}

/** Most elements of a SEQUENCE OF that are read. */
const MAX_ELEMENTS = 1024

/** SEQUENCE OF. */
export function sequenceOf<T>(type: DerType<T>): DerType<T[]> {
  return {
    typeName: `SEQUENCE OF ${type.typeName}`,
    tag: Tag.SEQUENCE,
    read(reader, element) {
      const list = reader.inside(element, '')
      const values: T[] = []
      while (!list.isAtEnd) {
        if (values.length === MAX_ELEMENTS) throw list.fail(`more than ${MAX_ELEMENTS} elements`)
        values.push(type.read(list, list.take(type.tag)))
      }
      return values
    },
    display: (values) => values.slice(0, 16).map(type.display).join(', '),
    inside: (reader, element) =>
      eachElement(reader.inside(element, ''), '', (list, item) => nodeOf(list, item, item, type, type.typeName, '')),
  }
}

/** `SEQUENCE { name [n] type, ... }`. Elements that it does not know are passed over: they extend it. */
export function sequence<const F extends Fields>(typeName: string, spec: string, fields: F): Sequence<Members<F>> {
  const ordered = Object.entries(fields)
  const byTag = new Map(ordered.map(([name, one]) => [contextTag(one.number), { name, type: one.type }]))
  const readMembers = (members: DerReader): Members<F> => {
    const value: Record<string, unknown> = {}
    const found = new Set<string>()
    while (!members.isAtEnd) {
      const wrapper = members.next()
      const known = byTag.get(wrapper.tag)
      if (known === undefined) continue
      if (found.has(known.name)) throw members.fail(`${known.name} stands twice`, wrapper.at)
      found.add(known.name)
      const inside = members.inside(wrapper, known.name)
      value[known.name] = known.type.read(inside, inside.take(known.type.tag))
    }
    for (const [name, { isOptional }] of ordered)
      if (!isOptional && !found.has(name)) throw members.fail(`${name} is missing`)
    return value as Members<F>
  }
  return whole({
    typeName,
    tag: Tag.SEQUENCE,
    read: (reader, element) => readMembers(reader.inside(element, '')),
    display: () => '',
    inside: (reader, element) =>
      eachElement(reader.inside(element, ''), spec, (members, wrapper) => {
        const known = byTag.get(wrapper.tag)
        const inside = members.inside(wrapper, known?.name ?? '')
        const label = known?.name ?? `[${wrapper.tag & 0x1f}]`
        if (known === undefined) return nodeOf(members, wrapper, wrapper, octetString, label, spec)
        return nodeOf(inside, wrapper, inside.take(known.type.tag), known.type, label, spec)
      }),
  })
}

/** `[APPLICATION n] SEQUENCE`. */
export function application<T>(number: number, content: Sequence<T>, typeName = content.typeName): Sequence<T> {
  return whole({
    typeName,
    tag: Tag.APPLICATION_0 | number,
    read(reader, element) {
      const inside = reader.inside(element, typeName)
      return content.read(inside, inside.take(content.tag))
    },
    display: content.display,
    inside(reader, element) {
      const inside = reader.inside(element, typeName)
      return content.inside?.(inside, inside.take(content.tag)) ?? []
    },
  })
}

/** The value that stands in `[n]` with nothing around it, as a CHOICE has it. */
export function tagged<T>(number: number, content: Sequence<T>): Sequence<T> {
  return whole({ ...application(number, content), tag: contextTag(number) })
}

function whole<T>(type: DerType<T>): Sequence<T> {
  return {
    ...type,
    decode(bytes) {
      const reader = new DerReader(bytes, type.typeName)
      return type.read(reader, reader.take(type.tag))
    },
    dissect: (bytes) => dissectDer(type, bytes),
  }
}

/** The tree of the value that `bytes` begin with. Damage stops it; what was read is kept. */
export function dissectDer<T>(type: DerType<T>, bytes: Uint8Array): FieldNode[] {
  return eachElement(new DerReader(bytes, type.typeName), '', (all, element) => {
    if (element.tag !== type.tag) throw all.fail(`expected ${type.typeName}`, element.at)
    return nodeOf(all, element, element, type, type.typeName, '')
  })
}

/** One node: the value of `element`, from the first to the last byte of `outer`. */
function nodeOf<T>(
  reader: DerReader,
  outer: Element,
  element: Element,
  type: DerType<T>,
  label: string,
  spec: string,
): FieldNode {
  const node = { label, path: `${reader.path}.${label}`, start: outer.at, end: outer.end, spec }
  const children = type.inside?.(reader, element) ?? []
  try {
    const value = type.read(reader, element)
    return { ...node, value, display: type.display(value), children }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { ...node, value: undefined, display: '', children, problem: error.message }
  }
}

/** A node for every element of a reader; behind them what is wrong. */
function eachElement(
  reader: DerReader,
  spec: string,
  make: (reader: DerReader, element: Element) => FieldNode,
): FieldNode[] {
  const nodes: FieldNode[] = []
  while (!reader.isAtEnd && nodes.length < MAX_ELEMENTS) {
    const start = reader.at
    try {
      nodes.push(make(reader, reader.next()))
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      const damage = { label: 'damage', path: reader.path, start, end: Math.max(start, reader.end), value: undefined }
      return [...nodes, { ...damage, display: '', spec, children: [], problem: error.message }]
    }
  }
  return nodes
}
