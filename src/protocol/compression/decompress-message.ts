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
import { ProtocolError } from '../frame-assembler.ts'
import { codecOf } from './codecs.ts'
import type { Compression } from './compression.ts'

/** Each payload costs work, however little is in it. Who sends patterns between what they enclose needs three. */
const MAX_PAYLOADS = 64
/** Where the flags are that tell the two forms apart. */
const FLAGS_OFFSET = 10

/**
 * The message that a compressed one holds, of `maxBytes` at most, in memory that `allocate` gives (as many bytes as it
 * is asked for, or more): asked for once, when all lengths have been found to add up. MS-SMB2 3.1.5.3, 3.3.5.2.1.2.
 * @throws ProtocolError, or a WireError: the connection must end
 */
export function decompressMessage(
  frame: Uint8Array,
  compression: Compression,
  maxBytes: number,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  if (frame.length < CompressionTransformHeader.size)
    throw new ProtocolError(`compressed message of ${frame.length} bytes`)
  const view = viewOf(frame)
  return view.getUint16(FLAGS_OFFSET, true) === CompressionFlags.CHAINED
    ? decompressChained(frame, view, compression, maxBytes, allocate)
    : decompressUnchained(frame, view, compression, maxBytes, allocate)
}

function decompressUnchained(
  frame: Uint8Array,
  view: DataView,
  { algorithms }: Compression,
  maxBytes: number,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  const header = CompressionTransformHeader.decode(view)
  const { originalCompressedSegmentSize, compressionAlgorithm, offset } = header
  if (header.flags !== CompressionFlags.NONE)
    throw new ProtocolError(`compressed message with flags 0x${header.flags.toString(16)}`)
  const codec = algorithms.includes(compressionAlgorithm) ? codecOf(compressionAlgorithm) : undefined
  if (codec === undefined) throw notAgreed(compressionAlgorithm)
  const start = CompressionTransformHeader.size + offset
  if (start >= frame.length) throw new ProtocolError(`compressed message that begins at +${offset}`)
  checkGain(frame.length - start, originalCompressedSegmentSize)
  const message = room(offset + originalCompressedSegmentSize, maxBytes, allocate)
  message.set(frame.subarray(CompressionTransformHeader.size, start))
  codec.decompress(frame.subarray(start), message.subarray(offset))
  return message
}

/** A payload of a chain: where its bytes are, and how many there were. */
interface Payload {
  readonly algorithm: number
  readonly start: number
  readonly end: number
  readonly originalBytes: number
}

function decompressChained(
  frame: Uint8Array,
  view: DataView,
  compression: Compression,
  maxBytes: number,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  if (!compression.chained) throw new ProtocolError('chained compression where it was not agreed on')
  const { originalCompressedSegmentSize } = CompressionTransformHeaderChained.decode(view)
  const payloads: Payload[] = []
  let total = 0
  for (let at = CompressionTransformHeaderChained.size; at < frame.length; ) {
    if (payloads.length === MAX_PAYLOADS) throw new ProtocolError('too many payloads in a compressed message')
    const payload = readPayload(view, at, compression)
    payloads.push(payload)
    total += payload.originalBytes
    at = payload.end
  }
  if (total !== originalCompressedSegmentSize)
    throw new ProtocolError(`payloads of ${total} bytes where there should be ${originalCompressedSegmentSize}`)
  const message = room(total, maxBytes, allocate)
  let to = 0
  for (const { algorithm, start, end, originalBytes } of payloads) {
    const out = message.subarray(to, to + originalBytes)
    if (algorithm === CompressionAlgorithm.NONE) out.set(frame.subarray(start, end))
    else if (algorithm === CompressionAlgorithm.PATTERN_V1) out.fill(frame[start] as number)
    else codecOf(algorithm)?.decompress(frame.subarray(start, end), out)
    to += originalBytes
  }
  return message
}

function readPayload(view: DataView, at: number, { algorithms }: Compression): Payload {
  const { compressionAlgorithm: algorithm, length } = CompressionPayloadHeader.decode(view, at)
  if (algorithm !== CompressionAlgorithm.NONE && !algorithms.includes(algorithm)) throw notAgreed(algorithm)
  const start = at + CompressionPayloadHeader.size
  const end = start + length
  if (end > view.byteLength) throw new ProtocolError(`payload of ${length} bytes, ${view.byteLength - start} are there`)
  if (algorithm === CompressionAlgorithm.NONE) return { algorithm, start, end, originalBytes: length }
  if (algorithm === CompressionAlgorithm.PATTERN_V1) {
    if (length !== CompressionPatternPayloadV1.size) throw new ProtocolError(`pattern of ${length} bytes`)
    return { algorithm, start, end, originalBytes: CompressionPatternPayloadV1.decode(view, start).repetitions }
  }
  if (codecOf(algorithm) === undefined) throw notAgreed(algorithm)
  const { originalPayloadSize } = CompressionPayloadHeaderSized.decode(view, at)
  const data = at + CompressionPayloadHeaderSized.size
  if (data >= end) throw new ProtocolError('payload without bytes')
  checkGain(end - data, originalPayloadSize)
  return { algorithm, start: data, end, originalBytes: originalPayloadSize }
}

/** Senders compress only what gets shorter by it (MS-SMB2 3.1.4.4); so no frame is larger than the message that it pins. */
function checkGain(compressedBytes: number, originalBytes: number): void {
  if (compressedBytes > originalBytes)
    throw new ProtocolError(`${originalBytes} bytes, compressed to ${compressedBytes}`)
}

function room(bytes: number, maxBytes: number, allocate: (bytes: number) => Uint8Array): Uint8Array {
  if (bytes > maxBytes) throw new ProtocolError(`message of ${bytes} bytes compressed, at most ${maxBytes} are taken`)
  return allocate(bytes).subarray(0, bytes)
}

const notAgreed = (algorithm: number): ProtocolError =>
  new ProtocolError(`message compressed by ${algorithm}, which was not agreed on`)
