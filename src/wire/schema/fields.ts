import type { Content, Place } from './content.ts'
import type { FieldNode } from './dissect.ts'
import type { Kind } from './kind.ts'

/** A variable-length field. Where it lies is told by the fixed fields whose role names it; see `tail`. */
export interface Tail<T, Input = T, Needed extends boolean = boolean> {
  readonly tail: Content<T, Input>
  readonly needed: Needed
  readonly fallback?: Input
  /** When written, it starts at a multiple of this from the origin. */
  readonly align: number
  /** This many zero bytes are written in its place when it is empty (StructureSize counts one byte of it). */
  readonly padEmpty: number
  /** Length and offset stay zero when it is empty; otherwise the offset tells where it would be. */
  readonly zeroOffsetWhenEmpty: boolean
  /** Whether a decoder looks for it at all; see `TailOptions`. */
  readonly when?: (view: DataView, base: number) => boolean
  readonly from: 'origin' | 'fixedEnd'
}

export interface TailOptions {
  readonly align?: number
  readonly padEmpty?: number
  readonly zeroOffsetWhenEmpty?: boolean
  /**
   * Tells from the fixed part, which starts at `base`, whether the message has this tail; where it has not, the
   * offset, length and count mean something else and the tail is empty.
   */
  readonly when?: (view: DataView, base: number) => boolean
  /** What the offset counts from: the structure's origin, or the end of the structure's fixed part. */
  readonly from?: 'origin' | 'fixedEnd'
}

/**
 * Declares a variable-length field. With a fixed field `u16.offsetOf('x')` and `u16.lengthOf('x')` (or `countOf`)
 * beside it, it lies where they say; with a length or count alone, after what was declared before it; with neither,
 * it takes all that is left.
 */
export function tail<T, Input>(content: Content<T, Input>, options: TailOptions = {}): Tail<T, Input, true> {
  return {
    tail: content,
    needed: true,
    align: options.align ?? 1,
    padEmpty: options.padEmpty ?? 0,
    zeroOffsetWhenEmpty: options.zeroOffsetWhenEmpty ?? false,
    from: options.from ?? 'origin',
    ...(options.when && { when: options.when }),
  }
}

/** A tail that may be left out when encoding, with what is then written. */
export function optionalTail<T, Input>(
  content: Content<T, Input>,
  fallback: NoInfer<Input>,
  options: TailOptions = {},
): Tail<T, Input, false> {
  return { ...tail(content, options), needed: false, fallback }
}

// biome-ignore lint: the field's own type is recovered by inference
export type AnyField = Kind<any> | Tail<any, any>
export type Fields = Readonly<Record<string, AnyField>>

type ValueOf<F> = F extends Tail<infer T, infer _I> ? T : F extends Kind<infer T> ? T : never
type InputFor<F> =
  F extends Tail<infer _T, infer I>
    ? I
    : F extends StructKind<infer _T, infer I>
      ? I
      : F extends Kind<infer T>
        ? T
        : never
type NeededNames<F extends Fields> = { [K in keyof F]: F[K]['needed'] extends true ? K : never }[keyof F]

/** What a decoded structure has: every field, read when asked for. */
export type Decoded<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> }
/** What an encoder takes: fields that write themselves may be left out. */
export type Encodable<F extends Fields> = { readonly [K in NeededNames<F>]: InputFor<F[K]> } & {
  readonly [K in Exclude<keyof F, NeededNames<F>>]?: InputFor<F[K]>
}

/** A structure without tails can be a field or an array element of another. */
interface StructKind<T, Input> extends Omit<Kind<T, true>, 'write'> {
  readonly encodes?: (input: Input) => void
  write(view: DataView, at: number, value: Input): void
}

export interface Struct<T, Input>
  extends Omit<StructKind<T, Input>, 'read'>,
    Omit<Content<T, Input>, 'read' | 'dissect' | 'write' | 'check'> {
  readonly structName: string
  readonly spec: string
  /** As declared, in their order: for who walks declarations, such as a generator of values for tests. */
  readonly fields: Fields
  /** Bytes of the fixed part. */
  readonly size: number
  /** Without any check: for bytes that `check` has passed. */
  read(view: DataView, start: number, end?: number): T
  check(view: DataView, start: number, end: number, place?: Place): void
  /**
   * Checks every length, offset and fixed value once and gives a lazy view whose getters cannot fail. The view pins
   * the bytes. `origin` is where the structure's offsets count from, `end` one past its last byte.
   * @throws WireError
   */
  decode(view: DataView, base?: number, end?: number, origin?: number): T
  /** Bytes that `encodeInto` will write for `value`, at `base` bytes past the origin. */
  sizeOfEncoded(value: Input, base?: number): number
  /** Writes `value` at `base`; returns one past the last byte written. */
  encodeInto(view: DataView, base: number, value: Input, origin?: number): number
  encode(value: Input): Uint8Array<ArrayBuffer>
  /** Reads what can be read, and says where it stops. */
  dissect(view: DataView, base?: number, end?: number, placeOrOrigin?: Place | number): FieldNode[]
}

export type Infer<S> = S extends Struct<infer T, infer _I> ? T : never
export type InferInput<S> = S extends Struct<infer _T, infer I> ? I : never
