import { viewOf } from '../../bytes/utf16.ts'
import { type Codec, damaged } from './codec.ts'
import { copyLiterals, copyMatch } from './copy.ts'
import { BLOCK_BYTES, MatchFinder } from './match-finder.ts'

/** The last match begins 12 bytes before the end at the latest, and the last 5 bytes are literals. */
const finder = new MatchFinder({ maxDistance: 65_535, lastStartBytes: 12, lastLiteralBytes: 5 })

const MIN_LENGTH = 4
/** What four bits cannot say goes on in bytes, as long as they are 255. */
const LONG_4_BITS = 15
const LONG_8_BITS = 255

/** A block of LZ4, without a frame: SMB2 says how long it is. LZ4 Block Format Description. */
export const lz4: Codec = { compress, decompress }

function compress(input: Uint8Array, out: Uint8Array): number | undefined {
  const view = viewOf(input)
  const writer = new Writer(out)
  let done = 0
  for (let from = 0; from < input.length; from += BLOCK_BYTES) {
    const count = finder.find(input, view, from, Math.min(from + BLOCK_BYTES, input.length))
    // Literals at the end of a block go with the first match of the next one.
    let at = from
    for (let i = 0; i < count; i += 3) {
      const start = at + (finder.matches[i] as number)
      const length = finder.matches[i + 1] as number
      if (!writer.sequence(input, view, done, start, length, finder.matches[i + 2] as number)) return undefined
      done = start + length
      at = done
    }
  }
  return writer.sequence(input, view, done, input.length, 0, 0) ? writer.length : undefined
}

class Writer {
  length = 0
  readonly #out: Uint8Array
  readonly #view: DataView

  constructor(out: Uint8Array) {
    this.#out = out
    this.#view = viewOf(out)
  }

  /** The literals from `from` to `to`, and a match; with `length` 0 none: the end. False when there is no room. */
  sequence(input: Uint8Array, view: DataView, from: number, to: number, length: number, distance: number): boolean {
    const out = this.#out
    const literals = to - from
    const most = 1 + literals + Math.ceil(literals / LONG_8_BITS) + 2 + Math.ceil(length / LONG_8_BITS)
    if (this.length + most > out.length) return false
    const stored = length === 0 ? 0 : length - MIN_LENGTH
    out[this.length++] = (Math.min(literals, LONG_4_BITS) << 4) | Math.min(stored, LONG_4_BITS)
    this.#longLength(literals)
    copyLiterals(out, this.#view, this.length, input, view, from, literals)
    this.length += literals
    if (length === 0) return true
    out[this.length++] = distance & 0xff
    out[this.length++] = distance >>> 8
    this.#longLength(stored)
    return true
  }

  #longLength(value: number): void {
    if (value < LONG_4_BITS) return
    let rest = value - LONG_4_BITS
    for (; rest >= LONG_8_BITS; rest -= LONG_8_BITS) this.#out[this.length++] = LONG_8_BITS
    this.#out[this.length++] = rest
  }
}

const fault = (at: number, problem: string): never => damaged('LZ4', 'MS-SMB2 3.1.4.4', at, problem)

function decompress(input: Uint8Array, out: Uint8Array): void {
  const view = viewOf(input)
  const outView = viewOf(out)
  let at = 0
  let to = 0
  for (;;) {
    if (at >= input.length) fault(at, 'cut off before a sequence')
    const start = at
    const token = input[at++] as number
    let literals = token >>> 4
    if (literals === LONG_4_BITS)
      for (let more = LONG_8_BITS; more === LONG_8_BITS; literals += more) {
        if (at >= input.length) fault(at, 'cut off within a length')
        more = input[at++] as number
      }
    if (literals > input.length - at) fault(at, 'cut off within literals')
    if (literals > out.length - to) fault(start, 'more than there should be')
    copyLiterals(out, outView, to, input, view, at, literals)
    at += literals
    to += literals
    // The last sequence has no match.
    if (at === input.length) break
    if (at + 2 > input.length) fault(at, 'cut off before a match')
    const distance = view.getUint16(at, true)
    at += 2
    let length = (token & LONG_4_BITS) + MIN_LENGTH
    if (length === LONG_4_BITS + MIN_LENGTH)
      for (let more = LONG_8_BITS; more === LONG_8_BITS; length += more) {
        if (at >= input.length) fault(at, 'cut off within a length')
        more = input[at++] as number
      }
    if (distance === 0 || distance > to) fault(start, `a match ${distance} bytes back, ${to} bytes from the start`)
    if (length > out.length - to) fault(start, 'more than there should be')
    copyMatch(out, outView, to, distance, length)
    to += length
  }
  if (to < out.length) fault(at, `only ${to} bytes of ${out.length}`)
}
