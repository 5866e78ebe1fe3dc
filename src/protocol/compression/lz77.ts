import { viewOf } from '../../bytes/utf16.ts'
import { type Codec, damaged } from './codec.ts'
import { copyLiterals, copyMatch } from './copy.ts'
import { BLOCK_BYTES, MatchFinder } from './match-finder.ts'

const finder = new MatchFinder({ maxDistance: 8192, lastStartBytes: 0, lastLiteralBytes: 0 })

/** Most that one step of the encoder writes: flags, a match and its length. */
const STEP_BYTES = 16
const MIN_LENGTH = 3
/** What three, four and eight bits of length cannot say, and what is said instead. */
const LONG_3_BITS = 7
const LONG_4_BITS = 15
const LONG_8_BITS = 255
const FLAGS = 32

/** LZ77, the plain form: 32 flags at a time, literals as bytes, matches as 16 bits and more. MS-XCA 2.3, 2.4. */
export const lz77: Codec = { compress, decompress }

function compress(input: Uint8Array, out: Uint8Array): number | undefined {
  const view = viewOf(input)
  const writer = new Writer(out)
  let done = 0
  for (let from = 0; from < input.length; from += BLOCK_BYTES) {
    const to = Math.min(from + BLOCK_BYTES, input.length)
    const count = finder.find(input, view, from, to)
    for (let i = 0; i < count; i += 3) {
      const start = done + (finder.matches[i] as number)
      const length = finder.matches[i + 1] as number
      if (!writer.literals(input, view, done, start) || !writer.match(length, finder.matches[i + 2] as number))
        return undefined
      done = start + length
    }
    if (!writer.literals(input, view, done, to)) return undefined
    done = to
  }
  return writer.finish()
}

class Writer {
  readonly #out: Uint8Array
  readonly #view: DataView
  readonly #limit: number
  #at = 4
  #flags = 0
  #flagCount = 0
  #flagsAt = 0
  /** Where the low half of a byte has the length of a match, and the high half is free; or -1. */
  #halfAt = -1

  constructor(out: Uint8Array) {
    this.#out = out
    this.#view = viewOf(out)
    this.#limit = out.length - STEP_BYTES
  }

  literals(input: Uint8Array, view: DataView, from: number, to: number): boolean {
    for (let at = from; at < to; ) {
      const run = Math.min(to - at, FLAGS - this.#flagCount)
      if (this.#at + run > this.#limit) return false
      copyLiterals(this.#out, this.#view, this.#at, input, view, at, run)
      this.#at += run
      at += run
      this.#addFlags(0, run)
    }
    return true
  }

  match(length: number, distance: number): boolean {
    if (this.#at > this.#limit) return false
    const stored = length - MIN_LENGTH
    this.#view.setUint16(this.#at, ((distance - 1) << 3) | Math.min(stored, LONG_3_BITS), true)
    this.#at += 2
    if (stored >= LONG_3_BITS) this.#longLength(stored)
    this.#addFlags(1, 1)
    return true
  }

  #longLength(stored: number): void {
    const half = Math.min(stored - LONG_3_BITS, LONG_4_BITS)
    if (this.#halfAt < 0) {
      this.#halfAt = this.#at
      this.#out[this.#at++] = half
    } else {
      this.#out[this.#halfAt] = (this.#out[this.#halfAt] as number) | (half << 4)
      this.#halfAt = -1
    }
    if (half < LONG_4_BITS) return
    const rest = Math.min(stored - LONG_3_BITS - LONG_4_BITS, LONG_8_BITS)
    this.#out[this.#at++] = rest
    if (rest < LONG_8_BITS) return
    // No match is longer than a block, so 16 bits always do.
    this.#view.setUint16(this.#at, stored, true)
    this.#at += 2
  }

  /** `count` flags at most fill the 32. */
  #addFlags(value: number, count: number): void {
    // A shift by 32 is none.
    this.#flags = count === FLAGS ? value : (this.#flags << count) | value
    this.#flagCount += count
    if (this.#flagCount < FLAGS) return
    this.#view.setInt32(this.#flagsAt, this.#flags, true)
    this.#flagCount = 0
    this.#flagsAt = this.#at
    this.#at += 4
  }

  /** Flags of which nothing follows are ones. */
  finish(): number | undefined {
    if (this.#at > this.#out.length) return undefined
    const unused = FLAGS - this.#flagCount
    const flags = unused === FLAGS ? -1 : (this.#flags << unused) | ((1 << unused) - 1)
    this.#view.setInt32(this.#flagsAt, flags, true)
    return this.#at
  }
}

const fault = (at: number, problem: string): never => damaged('LZ77', 'MS-XCA 2.4', at, problem)

function decompress(input: Uint8Array, out: Uint8Array): void {
  const view = viewOf(input)
  const outView = viewOf(out)
  let at = 0
  let to = 0
  let flags = 0
  let flagCount = 0
  let halfAt = -1
  while (to < out.length) {
    if (flagCount === 0) {
      if (at + 4 > input.length) fault(at, 'cut off before the flags')
      flags = view.getInt32(at, true)
      flagCount = FLAGS
      at += 4
    }
    if (flags >= 0) {
      const run = Math.min(Math.clz32(flags), flagCount, out.length - to)
      if (at + run > input.length) fault(at, 'cut off before a literal')
      copyLiterals(out, outView, to, input, view, at, run)
      to += run
      at += run
      // A shift by 32 is none.
      flags = run === FLAGS ? 0 : flags << run
      flagCount -= run
      continue
    }
    flags <<= 1
    flagCount--
    if (at + 2 > input.length) fault(at, 'cut off before a match')
    const start = at
    const word = view.getUint16(at, true)
    at += 2
    const distance = (word >>> 3) + 1
    let length = word & LONG_3_BITS
    if (length === LONG_3_BITS) {
      if (halfAt < 0) {
        halfAt = at
        length = byteAt(input, at++) & LONG_4_BITS
      } else {
        length = (input[halfAt] as number) >>> 4
        halfAt = -1
      }
      if (length === LONG_4_BITS) {
        length = byteAt(input, at++)
        if (length === LONG_8_BITS) {
          const wide = at + 2 <= input.length && view.getUint16(at, true) === 0
          if (at + (wide ? 6 : 2) > input.length) fault(at, 'cut off within a length')
          length = (wide ? view.getUint32(at + 2, true) : view.getUint16(at, true)) - LONG_3_BITS - LONG_4_BITS
          at += wide ? 6 : 2
          if (length < 0) fault(start, 'a long length that is short')
        }
        length += LONG_4_BITS
      }
      length += LONG_3_BITS
    }
    length += MIN_LENGTH
    if (distance > to) fault(start, `a match ${distance} bytes back, ${to} bytes from the start`)
    if (length > out.length - to) fault(start, 'more than there should be')
    copyMatch(out, outView, to, distance, length)
    to += length
  }
  // After 32 flags that were all needed the encoder has written the next ones.
  if (at < input.length && !(flagCount === 0 && at + 4 === input.length)) fault(at, 'more than there should be')
}

function byteAt(input: Uint8Array, at: number): number {
  if (at >= input.length) fault(at, 'cut off within a length')
  return input[at] as number
}
