import { viewOf } from '../../bytes/utf16.ts'
import {
  CompressionAlgorithm,
  CompressionFlags,
  CompressionPatternPayloadV1,
  CompressionPayloadHeader,
  CompressionPayloadHeaderSized,
  CompressionTransformHeader,
  CompressionTransformHeaderChained,
} from '../../wire/smb2/index.ts'
import { codecOf } from './codecs.ts'
import type { Compression } from './compression.ts'

/** Data below this is sent as it is: what could be saved saves no packet. */
export const MIN_COMPRESSED_BYTES = 1024
/** Fewer equal bytes are no pattern: its headers take 16. */
const MIN_PATTERN_BYTES = 64

/**
 * Compresses a message, or a chain of them, to the start of `out`; how many bytes that takes, undefined if it is not
 * worth it. The first `plainBytes` (headers, which nobody asked to have compressed) stay as they are. MS-SMB2 3.1.4.4.
 */
export function compressMessage(
  message: Uint8Array,
  plainBytes: number,
  { algorithms, chained }: Compression,
  out: Uint8Array,
): number | undefined {
  if (message.length - plainBytes < MIN_COMPRESSED_BYTES) return undefined
  // What is compressed must be shorter.
  const room = out.subarray(0, Math.min(out.length, message.length - 1))
  const algorithm = algorithms.find((one) => codecOf(one) !== undefined)
  if (!chained) return algorithm === undefined ? undefined : compressUnchained(message, plainBytes, algorithm, room)
  const writer = new ChainWriter(room, message.length)
  const hasPatterns = algorithms.includes(CompressionAlgorithm.PATTERN_V1)
  const front = hasPatterns ? equalBytes(message, plainBytes, message.length, 1) : 0
  const back = hasPatterns ? equalBytes(message, message.length - 1, plainBytes + front - 1, -1) : 0
  const end = message.length - back
  const isWritten =
    writer.plain(message.subarray(0, plainBytes)) &&
    writer.pattern(message[plainBytes] as number, front) &&
    writer.payload(message.subarray(plainBytes + front, end), algorithm) &&
    writer.pattern(message[end] as number, back)
  return isWritten ? writer.length : undefined
}

/** One algorithm for all but the beginning. MS-SMB2 2.2.42.1. */
function compressUnchained(
  message: Uint8Array,
  offset: number,
  compressionAlgorithm: number,
  out: Uint8Array,
): number | undefined {
  const start = CompressionTransformHeader.size + offset
  if (start >= out.length) return undefined
  const data = message.subarray(offset)
  const length = codecOf(compressionAlgorithm)?.compress(data, out.subarray(start))
  if (length === undefined) return undefined
  const header = { originalCompressedSegmentSize: data.length, compressionAlgorithm, offset }
  CompressionTransformHeader.encodeInto(viewOf(out), 0, header)
  out.set(message.subarray(0, offset), CompressionTransformHeader.size)
  return start + length
}

/** How many bytes from `from` on, until `to`, are the same; 0 where they are too few. */
function equalBytes(message: Uint8Array, from: number, to: number, step: 1 | -1): number {
  const byte = message[from]
  let at = from
  while (at !== to && message[at] === byte) at += step
  const count = Math.abs(at - from)
  return count < MIN_PATTERN_BYTES ? 0 : count
}

/** Writes the payloads of a chained message; each says whether there was room. MS-SMB2 2.2.42.2. */
class ChainWriter {
  length = CompressionTransformHeaderChained.size
  readonly #out: Uint8Array
  readonly #view: DataView

  constructor(out: Uint8Array, originalCompressedSegmentSize: number) {
    this.#out = out
    this.#view = viewOf(out)
    CompressionTransformHeaderChained.encodeInto(this.#view, 0, { originalCompressedSegmentSize })
  }

  /** As they are. */
  plain(bytes: Uint8Array): boolean {
    const at = this.length + CompressionPayloadHeader.size
    if (bytes.length === 0) return true
    if (at + bytes.length > this.#out.length) return false
    const header = { compressionAlgorithm: CompressionAlgorithm.NONE, flags: this.#flags, length: bytes.length }
    CompressionPayloadHeader.encodeInto(this.#view, this.length, header)
    this.#out.set(bytes, at)
    this.length = at + bytes.length
    return true
  }

  /** One byte, so many times. */
  pattern(pattern: number, repetitions: number): boolean {
    const at = this.length + CompressionPayloadHeader.size
    const { size: length } = CompressionPatternPayloadV1
    if (repetitions === 0) return true
    if (at + length > this.#out.length) return false
    const header = { compressionAlgorithm: CompressionAlgorithm.PATTERN_V1, flags: this.#flags, length }
    CompressionPayloadHeader.encodeInto(this.#view, this.length, header)
    CompressionPatternPayloadV1.encodeInto(this.#view, at, { pattern, repetitions })
    this.length = at + length
    return true
  }

  /** Compressed if that helps. */
  payload(bytes: Uint8Array, compressionAlgorithm: number | undefined): boolean {
    const at = this.length + CompressionPayloadHeaderSized.size
    const most = Math.min(this.#out.length - at, bytes.length)
    if (most <= 0 || compressionAlgorithm === undefined) return this.plain(bytes)
    const count = codecOf(compressionAlgorithm)?.compress(bytes, this.#out.subarray(at, at + most))
    if (count === undefined) return this.plain(bytes)
    // The length counts the field behind it.
    const length = count + CompressionPayloadHeaderSized.size - CompressionPayloadHeader.size
    const header = { compressionAlgorithm, flags: this.#flags, length, originalPayloadSize: bytes.length }
    CompressionPayloadHeaderSized.encodeInto(this.#view, this.length, header)
    this.length = at + count
    return true
  }

  /** The first payload says that there is a chain. */
  get #flags(): number {
    return this.length === CompressionTransformHeaderChained.size ? CompressionFlags.CHAINED : CompressionFlags.NONE
  }
}
