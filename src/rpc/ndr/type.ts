import type { NdrReader } from './reader.ts'
import type { NdrWriter } from './writer.ts'

/** What a field tells about its siblings, by their names. */
export interface NdrRole {
  /** Number of elements of that array (size_is, length_is). */
  readonly countOf?: string
  /** Which arm that union has (switch_is). */
  readonly switchOf?: string
}

/**
 * One NDR type: the one place that knows how it lies on the wire, for both directions and both roles.
 *
 * `read` hands its value to `set`, at once or, behind a pointer, when the pointer is followed. `Needed` is false where
 * an encoder can do without the value (counts and switches, which are taken from what they speak of).
 */
export interface NdrType<T, Input = T, Needed extends boolean = boolean> {
  readonly typeName: string
  readonly align: 1 | 2 | 4 | 8
  /** Bytes that it takes at least, in the place where it stands. */
  readonly minSize: number
  readonly needed: Needed
  readonly role?: NdrRole
  readonly fallback?: Input
  /** Null is a value of it: a pointer that need not point. */
  readonly nullable?: true
  /**
   * Present for conformant types, whose size is told by a maximum count: a structure that ends in one sends the count
   * ahead of itself (C706 14.3.7.1), and then hands it down.
   */
  readonly maxCount?: (value: Input) => number
  read(reader: NdrReader, set: (value: T) => void, maxCount?: number): void
  /** `countSent`: the maximum count stands already in front of the structure. */
  write(writer: NdrWriter, value: Input, countSent?: boolean): void
}

// The field's own type is recovered by inference.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyNdrType = NdrType<any, any>
export type NdrFields = Readonly<Record<string, AnyNdrType>>

export type ValueOf<F> = F extends NdrType<infer T, infer _I> ? T : never
export type InputOf<F> = F extends NdrType<infer _T, infer I> ? I : never
type NeededNames<F extends NdrFields> = { [K in keyof F]: F[K]['needed'] extends true ? K : never }[keyof F]

/** What a structure or a parameter list is when read. */
export type Members<F extends NdrFields> = { readonly [K in keyof F]: ValueOf<F[K]> }
/** What it takes to write one: counts and switches may be left out. */
export type MembersInput<F extends NdrFields> = { readonly [K in NeededNames<F>]: InputOf<F[K]> } & {
  readonly [K in Exclude<keyof F, NeededNames<F>>]?: InputOf<F[K]>
}
