import { viewOf } from '../../bytes/utf16.ts'
import { type Codec, damaged } from './codec.ts'
import { copyMatch } from './copy.ts'

const CHUNK_BYTES = 4096
const HEADER_BYTES = 2
const MIN_LENGTH = 3
/** Header of a chunk: whether it is compressed, the signature 3, and its size less 3 in the low 12 bits. */
const COMPRESSED = 0x8000
const SIGNATURE = 0x3000
const SIGNATURE_MASK = 0x7000
const SIZE_MASK = 0x0fff

const HASH_BITS = 12
/** Spreads three bytes over the table: 2^32 by the golden ratio. */
const MULTIPLIER = 0x9e37_79b1

/**
 * LZNT1: chunks of 4 KiB that stand alone. The farther into its chunk, the more of the 16 bits of a match say how far
 * back, and the fewer how long. MS-XCA 2.5.
 */
export const lznt1: Codec = { compress, decompress }

/** Bits of a match's length at an offset within the chunk; those of the distance are the rest (MS-XCA 2.5.1.4). */
const lengthBitsAt = (offset: number): number => (offset <= 16 ? 12 : Math.clz32(offset - 1) - 16)

/** Where each three bytes were last the beginning of a literal or a match, as Windows has it in its standard engine. */
const places = new Int32Array(1 << HASH_BITS)

function compress(input: Uint8Array, out: Uint8Array): number | undefined {
  places.fill(-1)
  const view = viewOf(out)
  let at = 0
  for (let from = 0; from < input.length; from += CHUNK_BYTES) {
    const to = Math.min(from + CHUNK_BYTES, input.length)
    const room = Math.min(out.length - at, HEADER_BYTES + (to - from)) - HEADER_BYTES
    if (room <= 0) return undefined
    const body = out.subarray(at + HEADER_BYTES, at + HEADER_BYTES + room)
    let size = compressChunk(input, from, to, body)
    let header = COMPRESSED | SIGNATURE
    if (size === undefined) {
      if (room < to - from) return undefined
      body.set(input.subarray(from, to))
      size = to - from
      header = SIGNATURE
    }
    view.setUint16(at, header | (size - 1), true)
    at += HEADER_BYTES + size
  }
  return at
}

/** The flag groups of one chunk; undefined when they are not shorter than `out`. */
function compressChunk(input: Uint8Array, from: number, to: number, out: Uint8Array): number | undefined {
  let length = 0
  let flagsAt = 0
  let flag = 8
  for (let at = from; at < to; ) {
    if (flag === 8) {
      flagsAt = length
      out[length++] = 0
      flag = 0
    }
    if (length + 2 > out.length) return undefined
    const place = replacePlace(input, at, to)
    const lengthBits = lengthBitsAt(at - from)
    const most = Math.min((1 << lengthBits) - 1 + MIN_LENGTH, to - at)
    let matched = 0
    if (place >= from) while (matched < most && input[place + matched] === input[at + matched]) matched++
    if (matched < MIN_LENGTH) out[length++] = input[at++] as number
    else {
      const word = ((at - place - 1) << lengthBits) | (matched - MIN_LENGTH)
      out[length++] = word & 0xff
      out[length++] = word >>> 8
      out[flagsAt] = (out[flagsAt] as number) | (1 << flag)
      at += matched
    }
    flag++
  }
  return length
}

/** Where the three bytes at a place were before, or something with their hash, or -1. Now they are here. */
function replacePlace(input: Uint8Array, at: number, to: number): number {
  if (at + MIN_LENGTH > to) return -1
  const word = (input[at] as number) | ((input[at + 1] as number) << 8) | ((input[at + 2] as number) << 16)
  const slot = Math.imul(word, MULTIPLIER) >>> (32 - HASH_BITS)
  const place = places[slot] as number
  places[slot] = at
  return place
}

const fault = (at: number, problem: string): never => damaged('LZNT1', 'MS-XCA 2.5', at, problem)

function decompress(input: Uint8Array, out: Uint8Array): void {
  const view = viewOf(input)
  let at = 0
  for (let to = 0; to < out.length; to += CHUNK_BYTES) {
    if (at + HEADER_BYTES > input.length) fault(at, 'cut off before a chunk')
    const header = view.getUint16(at, true)
    if ((header & SIGNATURE_MASK) !== SIGNATURE) fault(at, `chunk header 0x${header.toString(16)}`)
    const end = at + HEADER_BYTES + (header & SIZE_MASK) + 1
    if (end > input.length) fault(at, 'cut off within a chunk')
    at += HEADER_BYTES
    const target = out.subarray(to, to + CHUNK_BYTES)
    if ((header & COMPRESSED) === 0) {
      if (end - at !== target.length) fault(at, `a chunk of ${end - at} bytes for ${target.length}`)
      target.set(input.subarray(at, end))
    } else decompressChunk(input, at, end, target)
    at = end
  }
  // Two zero bytes may say that this was the end (MS-XCA 2.5.1.2).
  const isEnd = at === input.length || (at + HEADER_BYTES === input.length && view.getUint16(at, true) === 0)
  if (!isEnd) fault(at, 'more than there should be')
}

function decompressChunk(input: Uint8Array, from: number, end: number, out: Uint8Array): void {
  const view = viewOf(out)
  let at = from
  let to = 0
  while (at < end) {
    let flags = input[at++] as number
    for (let i = 0; i < 8 && at < end; i++, flags >>>= 1) {
      if ((flags & 1) === 0) {
        if (to === out.length) fault(at, 'more than there should be')
        out[to++] = input[at++] as number
        continue
      }
      if (at + 2 > end) fault(at, 'cut off within a match')
      const word = (input[at] as number) | ((input[at + 1] as number) << 8)
      const bits = lengthBitsAt(to)
      const distance = (word >>> bits) + 1
      const length = (word & ((1 << bits) - 1)) + MIN_LENGTH
      if (distance > to) fault(at, `a match ${distance} bytes back, ${to} bytes from the start of the chunk`)
      if (length > out.length - to) fault(at, 'more than there should be')
      copyMatch(out, view, to, distance, length)
      to += length
      at += 2
    }
  }
  if (to < out.length) fault(at, `a chunk of ${to} bytes for ${out.length}`)
}
