import { WireError } from '../../bytes/errors.ts'

/**
 * As much of DER (X.690) as security tokens need: definite lengths, single-byte tags. A reader walks over the elements
 * of one constructed value and never descends by itself, so that nesting cannot exhaust anything; lengths are checked
 * against the enclosing value once, when an element is taken.
 */

const SPEC = 'X.690 8.1'

export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OID: 0x06,
  ENUMERATED: 0x0a,
  GENERALIZED_TIME: 0x18,
  GENERAL_STRING: 0x1b,
  SEQUENCE: 0x30,
  /** [APPLICATION 0], the frame of an initial GSS token (RFC 2743 3.1). */
  APPLICATION_0: 0x60,
} as const

/** [n] with a value inside. */
export const contextTag = (n: number): number => 0xa0 | n

/** One element: its tag, and where its value lies. */
export interface Element {
  readonly tag: number
  /** First byte of the element. */
  readonly at: number
  /** First byte of the value, and one past the last. */
  readonly start: number
  readonly end: number
}

export class DerReader {
  readonly bytes: Uint8Array
  readonly path: string
  /** One past the last byte that is read. */
  readonly end: number
  #at: number

  constructor(bytes: Uint8Array, path: string, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.path = path
    this.#at = start
    this.end = end
  }

  get at(): number {
    return this.#at
  }

  get isAtEnd(): boolean {
    return this.#at >= this.end
  }

  /** The tag of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.isAtEnd ? undefined : this.bytes[this.#at]
  }

  fail(problem: string, at = this.#at): WireError {
    return new WireError(this.path, at, SPEC, problem)
  }

  /** Takes the next element. @throws WireError */
  next(): Element {
    const at = this.#at
    const tag = this.bytes[at]
    if (tag === undefined || at + 2 > this.end) throw this.fail('an element is cut off')
    if ((tag & 0x1f) === 0x1f) throw this.fail('a tag of several bytes')
    let start = at + 2
    let length = this.bytes[at + 1] as number
    if (length > 0x7f) {
      const count = length & 0x7f
      // No token is longer than two bytes can say; four are taken, since some senders always write as many.
      if (count === 0 || count > 4) throw this.fail(`a length of ${count === 0 ? 'indefinite form' : `${count} bytes`}`)
      if (start + count > this.end) throw this.fail('a length is cut off')
      length = 0
      for (let i = 0; i < count; i++) length = length * 256 + (this.bytes[start + i] as number)
      start += count
    }
    if (length > this.end - start) throw this.fail(`${length} bytes, but only ${this.end - start} are left`)
    this.#at = start + length
    return { tag, at, start, end: this.#at }
  }

  /** Takes the next element, which must have this tag. @throws WireError */
  take(tag: number): Element {
    const found = this.nextTag
    if (found !== tag) throw this.fail(`expected tag 0x${tag.toString(16)}, found ${found?.toString(16) ?? 'the end'}`)
    return this.next()
  }

  /** Takes the next element if it has this tag. @throws WireError */
  takeIf(tag: number): Element | undefined {
    return this.nextTag === tag ? this.next() : undefined
  }

  /** A reader of what is inside an element. */
  inside(element: Element, name: string): DerReader {
    return new DerReader(this.bytes, `${this.path}.${name}`, element.start, element.end)
  }

  /** The value of an element, in the memory of the whole. */
  value(element: Element): Uint8Array {
    return this.bytes.subarray(element.start, element.end)
  }

  /** @throws WireError when something follows. */
  finish(): void {
    if (!this.isAtEnd) throw this.fail(`${this.end - this.#at} bytes too many`)
  }
}

/** Longest object identifier that is read, in bytes. */
const MAX_OID_BYTES = 64

/** The value of an OBJECT IDENTIFIER as dotted text. @throws WireError */
export function readOid(reader: DerReader, element: Element): string {
  const value = reader.value(element)
  if (value.length === 0 || value.length > MAX_OID_BYTES) throw reader.fail('not an object identifier', element.at)
  const arcs: number[] = []
  let arc = 0
  for (const byte of value) {
    arc = arc * 128 + (byte & 0x7f)
    if (arc > 0xffff_ffff) throw reader.fail('an arc of more than 32 bits', element.at)
    if (byte & 0x80) continue
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(arc / 40))
      arcs.push(first, arc - first * 40)
    } else arcs.push(arc)
    arc = 0
  }
  if ((value.at(-1) ?? 0) & 0x80) throw reader.fail('an object identifier that is cut off', element.at)
  return arcs.join('.')
}

/** An element of DER: tag, shortest length, and the values one after the other. */
export function der(tag: number, ...values: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const value of values) length += value.length
  const lengthBytes: number[] = []
  if (length > 0x7f) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes.unshift(rest & 0xff)
  const head = length > 0x7f ? [tag, 0x80 | lengthBytes.length, ...lengthBytes] : [tag, length]
  const out = new Uint8Array(head.length + length)
  out.set(head)
  let at = head.length
  for (const value of values) {
    out.set(value, at)
    at += value.length
  }
  return out
}

/** A dotted object identifier as an element. */
export function derOid(oid: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number)
  const value: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc & 0x7f]
    for (let more = Math.floor(arc / 128); more > 0; more = Math.floor(more / 128))
      septets.unshift(0x80 | (more & 0x7f))
    value.push(...septets)
  }
  return der(Tag.OID, Uint8Array.from(value))
}
