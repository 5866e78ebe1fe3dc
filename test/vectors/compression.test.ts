/** The codecs against compressed bytes of others: all examples of MS-XCA, and what Windows made. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { WireError } from '../../src/bytes/errors.ts'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import type { Codec } from '../../src/protocol/compression/codec.ts'
import { codecOf } from '../../src/protocol/compression/codecs.ts'
import { CompressionAlgorithm } from '../../src/wire/smb2/index.ts'

interface Vector {
  readonly name: string
  readonly source: string
  readonly algorithm: keyof typeof CompressionAlgorithm
  /** The data: this text, so many times, cut to so many bytes. */
  readonly text: string
  readonly times: number
  readonly cut?: number
  readonly compressed: string
  /** Our encoder must come to the same bytes. */
  readonly canonical: boolean
}

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'compression.json'), 'utf8')) as Vector[]

for (const { name, source, algorithm, text, times, cut, compressed, canonical } of vectors) {
  const codec = codecOf(CompressionAlgorithm[algorithm]) as Codec
  const plain = new TextEncoder().encode(text.repeat(times)).subarray(0, cut)
  const bytes = fromHex(compressed)

  test(`${name} (${source})`, () => {
    const out = new Uint8Array(plain.length)
    codec.decompress(bytes, out)
    assert.equal(hex(out), hex(plain))
    // Where in memory the bytes are makes no difference.
    const moved = new Uint8Array(bytes.length + 7)
    moved.set(bytes, 5)
    const there = new Uint8Array(plain.length + 6)
    codec.decompress(moved.subarray(5, 5 + bytes.length), there.subarray(3, 3 + plain.length))
    assert.equal(hex(there), `000000${hex(plain)}000000`)
    if (!canonical) return
    const own = new Uint8Array(1024)
    assert.equal(hex(own.subarray(0, codec.compress(plain, own))), compressed)
  })

  test(`${name}: every truncation, and sizes that are not true`, () => {
    for (let length = 0; length < bytes.length; length++) {
      const out = new Uint8Array(plain.length)
      try {
        codec.decompress(bytes.subarray(0, length), out)
      } catch (error) {
        assert.ok(error instanceof WireError)
        continue
      }
      // LZ77+Huffman needs its end symbol no more when the size is known.
      assert.deepEqual(out, plain, `cut to ${length} bytes`)
      assert.ok(length >= bytes.length - 4)
    }
    assert.throws(() => codec.decompress(bytes, new Uint8Array(plain.length + 1)), WireError)
    assert.throws(() => codec.decompress(bytes, new Uint8Array(plain.length + 100_000)), WireError)
  })
}
