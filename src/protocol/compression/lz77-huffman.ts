import { viewOf } from '../../bytes/utf16.ts'
import { type Codec, damaged } from './codec.ts'
import { copyMatch } from './copy.ts'
import { codeLengths, codesOf, decodingTable, readCode, SYMBOLS } from './huffman-code.ts'
import { BLOCK_BYTES, MatchFinder } from './match-finder.ts'

const finder = new MatchFinder({ maxDistance: 65_535, lastStartBytes: 0, lastLiteralBytes: 0 })

const TABLE_BYTES = SYMBOLS / 2
/** Most that one step of the encoder writes: a symbol, bits of a distance, and a length. */
const STEP_BYTES = 16
const MIN_LENGTH = 3
/** What four and eight bits of length cannot say. */
const LONG_4_BITS = 15
const LONG_8_BITS = 255
/** The first symbol that is a match; at the very end it says that this was all. */
const MATCHES = 256
const END = 256

/** LZ77+Huffman: blocks of 64 KiB, each with a code of its own. MS-XCA 2.1, 2.2. */
export const lz77Huffman: Codec = { compress, decompress }

const counts = new Uint32Array(SYMBOLS)
const lengths = new Uint8Array(SYMBOLS)
const codes = new Uint16Array(SYMBOLS)

/** 4 bits of length and the highest bit of the distance. MS-XCA 2.1.4.1. */
const matchSymbol = (length: number, distance: number): number =>
  MATCHES + Math.min(length - MIN_LENGTH, LONG_4_BITS) + 16 * (31 - Math.clz32(distance))

function compress(input: Uint8Array, out: Uint8Array): number | undefined {
  const view = viewOf(input)
  let at = 0
  for (let from = 0; from < input.length; from += BLOCK_BYTES) {
    const to = Math.min(from + BLOCK_BYTES, input.length)
    const count = finder.find(input, view, from, to)
    countSymbols(input, from, to, count)
    codeLengths(counts, lengths)
    codesOf(lengths, codes)
    if (at + TABLE_BYTES + STEP_BYTES > out.length) return undefined
    for (let i = 0; i < TABLE_BYTES; i++)
      out[at + i] = (lengths[i * 2] as number) | ((lengths[i * 2 + 1] as number) << 4)
    const writer = new Writer(out, at + TABLE_BYTES)
    if (!writeBlock(writer, input, from, to, count)) return undefined
    if (to === input.length) writer.bits(lengths[END] as number, codes[END] as number)
    at = writer.finish()
  }
  return at
}

function countSymbols(input: Uint8Array, from: number, to: number, count: number): void {
  counts.fill(0)
  // There in every block: so a block of one symbol has a code, too.
  counts[END] = 1
  let at = from
  for (let i = 0; i <= count; i += 3) {
    const end = i === count ? to : at + (finder.matches[i] as number)
    for (; at < end; at++) counts[input[at] as number] = (counts[input[at] as number] as number) + 1
    if (i === count) return
    const length = finder.matches[i + 1] as number
    const symbol = matchSymbol(length, finder.matches[i + 2] as number)
    counts[symbol] = (counts[symbol] as number) + 1
    at += length
  }
}

function writeBlock(writer: Writer, input: Uint8Array, from: number, to: number, count: number): boolean {
  let at = from
  for (let i = 0; i <= count; i += 3) {
    const end = i === count ? to : at + (finder.matches[i] as number)
    for (; at < end; at++) {
      const symbol = input[at] as number
      if (writer.isFull) return false
      writer.bits(lengths[symbol] as number, codes[symbol] as number)
    }
    if (i === count) break
    if (writer.isFull) return false
    const length = finder.matches[i + 1] as number
    const distance = finder.matches[i + 2] as number
    const symbol = matchSymbol(length, distance)
    writer.bits(lengths[symbol] as number, codes[symbol] as number)
    writer.longLength(length - MIN_LENGTH)
    const distanceBits = 31 - Math.clz32(distance)
    writer.bits(distanceBits, distance - (1 << distanceBits))
    at += length
  }
  return !writer.isFull
}

/**
 * Bits go out in words of 16, and whole bytes between them: each stands where a decoder that reads two words ahead
 * comes upon it. So the places of two words are always kept free. MS-XCA 2.1.4.3.
 */
class Writer {
  readonly #out: Uint8Array
  readonly #view: DataView
  readonly #limit: number
  #free = 16
  #word = 0
  #wordAt: number
  #nextWordAt: number
  #at: number

  constructor(out: Uint8Array, at: number) {
    this.#out = out
    this.#view = viewOf(out)
    this.#limit = out.length - STEP_BYTES
    this.#wordAt = at
    this.#nextWordAt = at + 2
    this.#at = at + 4
  }

  get isFull(): boolean {
    return this.#at > this.#limit
  }

  bits(count: number, value: number): void {
    if (this.#free >= count) {
      this.#free -= count
      this.#word = (this.#word << count) | value
      return
    }
    const rest = count - this.#free
    this.#view.setUint16(this.#wordAt, (this.#word << this.#free) | (value >>> rest), true)
    this.#wordAt = this.#nextWordAt
    this.#nextWordAt = this.#at
    this.#at += 2
    this.#free = 16 - rest
    this.#word = value & ((1 << rest) - 1)
  }

  longLength(stored: number): void {
    if (stored < LONG_4_BITS) return
    const rest = Math.min(stored - LONG_4_BITS, LONG_8_BITS)
    this.#out[this.#at++] = rest
    if (rest < LONG_8_BITS) return
    // No match is longer than a block, so 16 bits always do.
    this.#view.setUint16(this.#at, stored, true)
    this.#at += 2
  }

  /** Where the next block begins. */
  finish(): number {
    this.#view.setUint16(this.#wordAt, this.#word << this.#free, true)
    this.#view.setUint16(this.#nextWordAt, 0, true)
    return this.#at
  }
}

const fault = (at: number, problem: string): never => damaged('LZ77+Huffman', 'MS-XCA 2.2.4', at, problem)

function decompress(input: Uint8Array, out: Uint8Array): void {
  let at = 0
  for (let to = 0; to < out.length; ) {
    if (at + TABLE_BYTES + 4 > input.length) fault(at, 'cut off before a block')
    if (!readCode(input, at)) fault(at, 'lengths that make no code')
    const reader = new BlockReader(input, at + TABLE_BYTES)
    to = reader.read(out, to)
    at = reader.at
  }
  // What is left is the rest of the last word and the end symbol: no place for another block (MS-XCA 2.2.4).
  if (input.length - at >= TABLE_BYTES) fault(at, 'more than there should be')
}

/** Reads one block with the code that is in `decodingTable`. */
class BlockReader {
  /** Where the next two bytes are read from. */
  at: number
  readonly #input: Uint8Array
  readonly #view: DataView

  constructor(input: Uint8Array, at: number) {
    this.#input = input
    this.#view = viewOf(input)
    this.at = at
  }

  /** Fills `out` from `start` to the end of the block or its own; returns where it came to. */
  read(out: Uint8Array, start: number): number {
    const view = this.#view
    const outView = viewOf(out)
    const stop = Math.min(start + BLOCK_BYTES, out.length)
    const lastWord = this.#input.length - 2
    let at = this.at + 4
    // The next bits, from the highest down; `extra` of them are there beyond the 16 that are always needed.
    let bits = (view.getUint16(at - 4, true) << 16) | view.getUint16(at - 2, true)
    let extra = 16
    let to = start
    while (to < stop) {
      const entry = decodingTable[bits >>> 17] as number
      bits <<= entry & 0x0f
      extra -= entry & 0x0f
      if (extra < 0) {
        if (at > lastWord) fault(at, 'cut off within a block')
        bits |= view.getUint16(at, true) << -extra
        extra += 16
        at += 2
      }
      const symbol = entry >>> 4
      if (symbol < MATCHES) {
        out[to++] = symbol
        continue
      }
      let length = symbol & LONG_4_BITS
      if (length === LONG_4_BITS) {
        this.at = at
        length = this.#longLength()
        at = this.at
      }
      length += MIN_LENGTH
      const distanceBits = (symbol - MATCHES) >>> 4
      // A shift by 32 is none.
      const distance = (1 << distanceBits) + ((bits >>> 1) >>> (31 - distanceBits))
      bits <<= distanceBits
      extra -= distanceBits
      if (extra < 0) {
        if (at > lastWord) fault(at, 'cut off within a block')
        bits |= view.getUint16(at, true) << -extra
        extra += 16
        at += 2
      }
      if (distance > to) fault(at, `a match ${distance} bytes back, ${to} bytes from the start`)
      if (length > out.length - to) fault(at, 'more than there should be')
      copyMatch(out, outView, to, distance, length)
      to += length
    }
    this.at = at
    return to
  }

  /** A length that did not fit into its symbol: in whole bytes, where the next word of bits would be. */
  #longLength(): number {
    const { length: end } = this.#input
    const at = this.at
    const short = at < end ? (this.#input[at] as number) : fault(at, 'cut off within a length')
    this.at = at + 1
    if (short < LONG_8_BITS) return short + LONG_4_BITS
    const wide = at + 3 <= end && this.#view.getUint16(at + 1, true) === 0
    this.at = at + (wide ? 7 : 3)
    if (this.at > end) fault(at, 'cut off within a length')
    const length = wide ? this.#view.getUint32(at + 3, true) : this.#view.getUint16(at + 1, true)
    if (length < LONG_4_BITS) fault(at, 'a long length that is short')
    return length
  }
}
