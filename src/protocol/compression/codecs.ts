import { CompressionAlgorithm } from '../../wire/smb2/index.ts'
import type { Codec } from './codec.ts'
import { lz4 } from './lz4.ts'
import { lz77 } from './lz77.ts'
import { lz77Huffman } from './lz77-huffman.ts'
import { lznt1 } from './lznt1.ts'

const codecs = new Map<number, Codec>([
  [CompressionAlgorithm.LZNT1, lznt1],
  [CompressionAlgorithm.LZ77, lz77],
  [CompressionAlgorithm.LZ77_HUFFMAN, lz77Huffman],
  [CompressionAlgorithm.LZ4, lz4],
])

/** What does the work of an algorithm; undefined for NONE and Pattern_V1, which need none, and for unknown ones. */
export const codecOf = (algorithm: number): Codec | undefined => codecs.get(algorithm)

/** All that can be agreed on. */
export const compressionAlgorithms: readonly number[] = [
  CompressionAlgorithm.PATTERN_V1,
  CompressionAlgorithm.LZ4,
  CompressionAlgorithm.LZ77,
  CompressionAlgorithm.LZ77_HUFFMAN,
  CompressionAlgorithm.LZNT1,
]
