import type { NdrReader } from './reader.ts'
import type { AnyNdrType, InputOf, Members, MembersInput, NdrFields, NdrType, ValueOf } from './type.ts'
import type { NdrWriter } from './writer.ts'

type Values = Record<string, unknown>

interface Member {
  readonly name: string
  readonly type: NdrType<unknown, unknown>
  /** The field that tells the number of elements of this one, and the one that tells its arm. */
  readonly count: string | undefined
  readonly switch: string | undefined
}

/** The members of a structure or a parameter list, and who speaks of whom among them. */
export class MemberList {
  readonly members: readonly Member[]
  readonly #owner: string

  constructor(owner: string, fields: NdrFields) {
    this.#owner = owner
    const entries = Object.entries(fields) as [string, NdrType<unknown, unknown>][]
    const teller = (role: 'countOf' | 'switchOf', name: string): string | undefined =>
      entries.find(([, type]) => type.role?.[role] === name)?.[0]
    this.members = entries.map(([name, type]) => ({
      name,
      type,
      count: teller('countOf', name),
      switch: teller('switchOf', name),
    }))
    for (const [name, type] of entries)
      for (const target of Object.values(type.role ?? {}))
        if (!(target in fields)) throw new TypeError(`${owner}.${name} speaks of ${target}, which is not declared`)
  }

  /** Where a member's value goes, once it is there; what was told about it has to be true. */
  setter(reader: NdrReader, member: Member, into: Values): (value: unknown) => void {
    return (value) => {
      into[member.name] = value
      if (member.count !== undefined && value !== null) {
        const told = into[member.count]
        const is = (value as { readonly length: number }).length
        if (told !== is) throw reader.error(`${this.#owner}.${member.count}`, `${String(told)} told, ${is} sent`)
      }
      if (member.switch !== undefined) {
        const told = into[member.switch]
        const is = tagOf(value as AnyUnion)
        if (told !== is)
          throw reader.error(`${this.#owner}.${member.switch}`, `arm ${String(told)} told, ${String(is)} sent`)
      }
    }
  }

  /** The value to write for a member: given, or taken from the member that it speaks of. */
  valueOf(member: Member, values: Values): unknown {
    const { role, fallback } = member.type
    if (role?.countOf !== undefined) {
      const target = values[role.countOf] as { readonly length: number } | null | undefined
      return target?.length ?? values[member.name] ?? 0
    }
    if (role?.switchOf !== undefined) return tagOf(values[role.switchOf] as AnyUnion)
    const given = member.name in values ? values[member.name] : fallback
    if (given === undefined && member.type.typeName !== 'nothing')
      throw new TypeError(`${this.#owner}.${member.name} is missing`)
    return given
  }
}

/**
 * A structure (C706 14.3.6). Its last member may be conformant; then the structure is, and its maximum count goes
 * ahead of it.
 */
export function struct<const F extends NdrFields>(
  typeName: string,
  fields: F,
): NdrType<Members<F>, MembersInput<F>, true> {
  const list = new MemberList(typeName, fields)
  const { members } = list
  const last = members.at(-1)
  if (last === undefined) throw new TypeError(`${typeName} has no members`)
  for (const { name, type } of members)
    if (type.maxCount !== undefined && name !== last.name)
      throw new TypeError(`${typeName}.${name} is conformant and has to be the last member`)
  const lastCount = last.type.maxCount
  let align: 1 | 2 | 4 | 8 = 1
  let minSize = 0
  for (const { type } of members) {
    if (type.align > align) align = type.align
    minSize += type.minSize
  }

  return {
    typeName,
    align,
    minSize,
    needed: true,
    ...(lastCount && {
      maxCount: (value: MembersInput<F>) => lastCount(list.valueOf(last, value)),
    }),
    read(reader, set, maxCount) {
      const hoisted = lastCount === undefined ? undefined : (maxCount ?? reader.u32(typeName))
      reader.align(align)
      const value: Values = {}
      for (const member of members)
        member.type.read(reader, list.setter(reader, member, value), member === last ? hoisted : undefined)
      set(value as Members<F>)
    },
    write(writer, value, countSent) {
      if (lastCount !== undefined && countSent !== true) writer.u32(lastCount(list.valueOf(last, value)))
      writer.align(align)
      for (const member of members)
        member.type.write(writer, list.valueOf(member, value), lastCount !== undefined && member === last)
    },
  }
}

interface AnyUnion {
  readonly tag: number | 'other'
  readonly code?: number
}

const tagOf = (value: AnyUnion): number => (value.tag === 'other' ? (value.code ?? 0) : value.tag)

/**
 * A union with nothing in it, for a tag that is not served: the default arm, or a null pointer where the interface has
 * an arm of that tag.
 */
export function otherArm(code: number): { readonly tag: 'other'; readonly code: number; readonly value: undefined } {
  return { tag: 'other', code, value: undefined }
}

/**
 * Arms for tags that an interface has and whoever declares it does not serve: a pointer that is null. Answers need
 * them, since the other end reads what its own declaration says.
 */
export function nullArms<const K extends number>(
  ...tags: readonly K[]
): { readonly [k in K]: NdrType<null, null, true> } {
  return Object.fromEntries(tags.map((tag) => [tag, nullPointer])) as { readonly [k in K]: NdrType<null, null, true> }
}

const nullPointer: NdrType<null, null, true> = {
  typeName: 'null pointer',
  align: 4,
  minSize: 4,
  needed: true,
  nullable: true,
  read(reader, set) {
    if (reader.u32('null pointer') !== 0) throw reader.error('null pointer', 'has a target, which is not declared')
    set(null)
  },
  write: (writer) => writer.u32(0),
}

/** The arms of a union by their tags. */
export type Arms = Readonly<Record<number, AnyNdrType>>

/** A union as a value: which arm, and what it has. `other` is the default arm, with the tag that led to it. */
export type UnionValue<A extends Arms, D> =
  | { readonly [K in keyof A & number]: { readonly tag: K; readonly value: ValueOf<A[K]> } }[keyof A & number]
  | (D extends AnyNdrType ? { readonly tag: 'other'; readonly code: number; readonly value: ValueOf<D> } : never)

export type UnionInput<A extends Arms, D> =
  | { readonly [K in keyof A & number]: { readonly tag: K; readonly value: InputOf<A[K]> } }[keyof A & number]
  | (D extends AnyNdrType ? { readonly tag: 'other'; readonly code: number; readonly value: InputOf<D> } : never)

/**
 * A union (C706 14.3.8): its tag, then the arm that the tag picks. Encapsulated or not makes no difference on the
 * wire. Without a default arm an unknown tag is an error.
 */
export function union<const A extends Arms, D extends AnyNdrType | undefined = undefined>(
  typeName: string,
  tag: NdrType<number>,
  arms: A,
  defaultArm?: D,
): NdrType<UnionValue<A, D>, UnionInput<A, D>, true> {
  const known = new Map<number, NdrType<unknown, unknown>>()
  let align = tag.align
  for (const [code, arm] of Object.entries(arms)) {
    if (arm.maxCount !== undefined) throw new TypeError(`${typeName}: arm ${code} is conformant`)
    known.set(Number(code), arm)
    if (arm.align > align) align = arm.align
  }
  return {
    typeName,
    align,
    minSize: tag.minSize,
    needed: true,
    read(reader, set) {
      tag.read(reader, (code) => {
        const arm = known.get(code)
        const found = arm ?? defaultArm
        if (found === undefined) throw reader.error(typeName, `no arm ${code}`)
        const value = { tag: arm === undefined ? 'other' : code, ...(arm === undefined && { code }), value: undefined }
        found.read(reader, (armValue) => {
          value.value = armValue as undefined
        })
        set(value as unknown as UnionValue<A, D>)
      })
    },
    write(writer: NdrWriter, value) {
      const code = tagOf(value)
      tag.write(writer, code)
      const isOther = (value as AnyUnion).tag === 'other'
      const arm = known.get(code) ?? (isOther ? defaultArm : undefined)
      if (arm === undefined || (isOther && arm !== defaultArm && arm.nullable !== true))
        throw new TypeError(`${typeName} has no arm ${code}`)
      arm.write(writer, isOther && arm.nullable === true ? null : (value as { readonly value: unknown }).value)
    },
  }
}
