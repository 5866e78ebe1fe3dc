import { type Infer, struct, u8, u16, u32 } from '../schema/index.ts'
import { CompressionAlgorithm } from './constants.ts'

/** First four bytes of a compressed message: 0xFC 'SMB'. */
export const COMPRESSION_PROTOCOL_ID = 0x424d_53fc

/** MS-SMB2 2.2.42.1. */
export const CompressionFlags = { NONE: 0x0000, CHAINED: 0x0001 } as const

/**
 * SMB2_COMPRESSION_TRANSFORM_HEADER_UNCHAINED: `offset` bytes of the message follow as they are, the rest compressed.
 * MS-SMB2 2.2.42.1. Which of the two forms a message has is told by the flags at byte 10.
 */
export const CompressionTransformHeader = struct('SMB2 COMPRESSION_TRANSFORM_HEADER', '2.2.42.1', {
  protocolId: u32.hex.fixed(COMPRESSION_PROTOCOL_ID),
  originalCompressedSegmentSize: u32,
  compressionAlgorithm: u16.oneOf(CompressionAlgorithm),
  flags: u16.oneOf(CompressionFlags).or(CompressionFlags.NONE),
  offset: u32,
})
export type CompressionTransformHeader = Infer<typeof CompressionTransformHeader>

/** The 8 bytes before the payload headers of SMB2_COMPRESSION_TRANSFORM_HEADER_CHAINED. MS-SMB2 2.2.42.2. */
export const CompressionTransformHeaderChained = struct('SMB2 COMPRESSION_TRANSFORM_HEADER (chained)', '2.2.42.2', {
  protocolId: u32.hex.fixed(COMPRESSION_PROTOCOL_ID),
  originalCompressedSegmentSize: u32,
})
export type CompressionTransformHeaderChained = Infer<typeof CompressionTransformHeaderChained>

/** SMB2_COMPRESSION_CHAINED_PAYLOAD_HEADER of NONE and Pattern_V1. MS-SMB2 2.2.42.2.1. */
export const CompressionPayloadHeader = struct('SMB2 COMPRESSION_CHAINED_PAYLOAD_HEADER', '2.2.42.2.1', {
  compressionAlgorithm: u16.oneOf(CompressionAlgorithm),
  flags: u16.oneOf(CompressionFlags).or(0),
  length: u32,
})
export type CompressionPayloadHeader = Infer<typeof CompressionPayloadHeader>

/**
 * The same with LZNT1, LZ77, LZ77+Huffman and LZ4, which say how long the payload was; `length` counts that field too.
 * MS-SMB2 2.2.42.2.1.
 */
export const CompressionPayloadHeaderSized = struct('SMB2 COMPRESSION_CHAINED_PAYLOAD_HEADER (sized)', '2.2.42.2.1', {
  compressionAlgorithm: u16.oneOf(CompressionAlgorithm),
  flags: u16.oneOf(CompressionFlags).or(0),
  length: u32,
  originalPayloadSize: u32,
})
export type CompressionPayloadHeaderSized = Infer<typeof CompressionPayloadHeaderSized>

/** Whether the payload header of an algorithm says how long the payload was. MS-SMB2 2.2.42.2.1. */
export const isSizedPayload = (algorithm: number): boolean =>
  algorithm !== CompressionAlgorithm.NONE && algorithm !== CompressionAlgorithm.PATTERN_V1

/** Pattern_V1: one byte, this many times. MS-SMB2 2.2.42.2.2. */
export const CompressionPatternPayloadV1 = struct('SMB2_COMPRESSION_PATTERN_PAYLOAD_V1', '2.2.42.2.2', {
  pattern: u8.hex,
  reserved1: u8.reserved,
  reserved2: u16.reserved,
  repetitions: u32,
})
export type CompressionPatternPayloadV1 = Infer<typeof CompressionPatternPayloadV1>
