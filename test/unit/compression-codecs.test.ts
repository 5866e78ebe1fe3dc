import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { WireError } from '../../src/bytes/errors.ts'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { lz4 } from '../../src/protocol/compression/lz4.ts'
import { lz77 } from '../../src/protocol/compression/lz77.ts'
import { lz77Huffman } from '../../src/protocol/compression/lz77-huffman.ts'
import { lznt1 } from '../../src/protocol/compression/lznt1.ts'
import { Random } from '../simulation/random.ts'

const codecs = { lznt1, lz77, lz77Huffman, lz4 }
const MIB = 1024 * 1024

/** Room for what gets longer. */
const roomFor = (length: number): Uint8Array => new Uint8Array(length * 2 + 1024)

/** Data that repeats itself the way files do: pieces from before, runs, and new bytes. */
const repetitive = fc
  .array(
    fc.oneof(
      fc.record({ fresh: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ byte: fc.nat(255), times: fc.nat(3000) }),
      fc.record({ back: fc.integer({ min: 1, max: 9000 }), length: fc.nat(400) }),
    ),
    { minLength: 1, maxLength: 60 },
  )
  .map((pieces) => {
    const bytes: number[] = [0]
    for (const piece of pieces)
      if ('fresh' in piece) bytes.push(...piece.fresh)
      else if ('byte' in piece) for (let i = 0; i < piece.times; i++) bytes.push(piece.byte)
      else for (let i = 0; i < piece.length; i++) bytes.push(bytes.at(-Math.min(piece.back, bytes.length)) as number)
    return Uint8Array.from(bytes)
  })

/** Files of many kinds: text, a program, noise, nothing but zeros, and few symbols that differ much in how often. */
function* samples(): Generator<[string, Uint8Array]> {
  const random = new Random(11)
  yield ['text', readFileSync(`${import.meta.dirname}/../../src/wire/erref/ntstatus.ts`)]
  yield ['a program', readFileSync(process.execPath).subarray(8 * MIB, 11 * MIB + 1)]
  yield ['noise', random.bytes(MIB + 77)]
  yield ['zeros', new Uint8Array(8 * MIB)]
  yield ['zeros and one byte', Uint8Array.from({ length: 65_537 }, (_, i) => (i === 65_536 ? 1 : 0))]
  yield ['a pattern of three', Uint8Array.from({ length: 200_000 }, (_, i) => i % 3)]
  // Each value half as often as the one before it: codes would have more than 15 bits.
  const steep = Uint8Array.from({ length: 60_000 }, () => Math.min(Math.clz32(random.next()), 31))
  yield ['steep', steep]
  yield ['all values', Uint8Array.from({ length: 70_000 }, (_, i) => (i * 167 + (i >>> 8)) & 0xff)]
}

for (const [name, codec] of Object.entries(codecs))
  suite(name, () => {
    const roundTrip = (plain: Uint8Array): number => {
      const room = roomFor(plain.length)
      const length = codec.compress(plain, room) ?? assert.fail('it does not fit')
      const back = new Uint8Array(plain.length).fill(0xee)
      codec.decompress(room.subarray(0, length), back)
      assert.ok(Buffer.compare(back, plain) === 0, 'it comes back as it was')
      return length
    }

    test('whatever goes in comes out', () => {
      fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (plain) => void roundTrip(plain)))
      fc.assert(
        fc.property(repetitive, (plain) => void roundTrip(plain)),
        { numRuns: 150 },
      )
    })

    test('files of many kinds', () => {
      for (const [kind, plain] of samples()) {
        const share = roundTrip(plain) / plain.length
        const most = { text: 0.55, 'a program': 0.9, zeros: 0.01, 'a pattern of three': 0.02, steep: 0.7 }[kind]
        if (most !== undefined) assert.ok(share < most, `${kind}: ${share}`)
      }
    })

    test('every length around the edges of chunks, blocks and flags', () => {
      const random = new Random(5)
      const plain = Uint8Array.from({ length: 140_000 }, () => (random.oneIn(5) ? random.next() : 65))
      for (const edge of [1, 16, 32, 64, 256, 4096, 8192, 65_536, 131_072])
        for (let length = Math.max(1, edge - 14); length <= edge + 14; length++) roundTrip(plain.subarray(0, length))
    })

    test('nothing is written that does not fit', () => {
      const plain = readFileSync(`${import.meta.dirname}/../../src/wire/erref/explain.ts`).subarray(0, 9000)
      const needed = codec.compress(plain, roomFor(plain.length)) as number
      for (let room = 0; room < needed + 40; room += 7) {
        const memory = new Uint8Array(room + 64).fill(0xee)
        const length = codec.compress(plain, memory.subarray(32, 32 + room))
        assert.ok(length === undefined ? room < needed + 16 : length === needed && room >= needed)
        assert.ok(memory.subarray(0, 32).every((byte) => byte === 0xee))
        assert.ok(memory.subarray(32 + room).every((byte) => byte === 0xee))
      }
      assert.equal(codec.compress(new Random(3).bytes(50_000), new Uint8Array(49_999)), undefined)
    })

    test('damage ends in an error or in other bytes, never outside', () => {
      const random = new Random(99)
      const plain = readFileSync(`${import.meta.dirname}/../../src/wire/erref/explain.ts`).subarray(0, 6000)
      const room = roomFor(plain.length)
      const whole = room.slice(0, codec.compress(plain, room))
      for (let round = 0; round < 3000; round++) {
        const bytes = round % 3 === 0 ? random.bytes(1 + random.below(600)) : whole.slice()
        for (let i = random.below(6); i >= 0; i--) bytes[random.below(bytes.length)] = random.next()
        const memory = new Uint8Array(plain.length + 64).fill(0xee)
        try {
          const cut = random.oneIn(3) ? random.below(bytes.length) : bytes.length
          codec.decompress(bytes.subarray(0, cut), memory.subarray(32, 32 + plain.length))
        } catch (error) {
          assert.ok(error instanceof WireError, String(error))
        }
        assert.ok(memory.subarray(0, 32).every((byte) => byte === 0xee))
        assert.ok(memory.subarray(32 + plain.length).every((byte) => byte === 0xee))
      }
    })

    test('what there is too much of is refused', () => {
      const plain = new TextEncoder().encode('all of it, all of it, all of it, and no more than all of it')
      const room = roomFor(plain.length)
      const length = codec.compress(plain, room) as number
      const refuses = (bytes: Uint8Array, size: number): void =>
        assert.throws(() => codec.decompress(bytes, new Uint8Array(size)), WireError)
      refuses(room.subarray(0, length), plain.length - 5)
      refuses(room.subarray(0, length), plain.length + 1)
      refuses(room.subarray(0, length + 300), plain.length)
    })
  })

/** What our own encoders never write, and others may. */
const decoded = (codec: typeof lz77, bytes: string, length: number): string => {
  const out = new Uint8Array(length)
  codec.decompress(fromHex(bytes), out)
  return hex(out)
}

test('LZ77: a length of 32 bits, halves of a byte that two lengths share', () => {
  // a, then a match with a length of 2^16 + 22 in 32 bits.
  const size = 1 + 65_558 + 3
  assert.equal(decoded(lz77, 'ffffff7f 61 0700 0f ff 0000 16000100'.replaceAll(' ', ''), size), '61'.repeat(size))
  // a, a match of 3 + 7 + 1 (low half), a match of 3 + 7 + 2 (high half).
  assert.equal(decoded(lz77, 'ffffff7f 61 0700 21 0700'.replaceAll(' ', ''), 24), '61'.repeat(24))
  // A long length that is shorter than the short form could say.
  assert.throws(() => decoded(lz77, 'ffffff7f 61 0700 0f ff 1500'.replaceAll(' ', ''), 30), /long length that is short/)
  assert.throws(() => decoded(lz77, 'ffffff7f 61 0800'.replaceAll(' ', ''), 4), /2 bytes back/)
  // 32 literals, with and without the flags that nothing follows.
  const literals = `00000000${'62'.repeat(32)}`
  assert.equal(decoded(lz77, literals, 32), '62'.repeat(32))
  assert.equal(decoded(lz77, `${literals}ffffffff`, 32), '62'.repeat(32))
  assert.throws(() => decoded(lz77, `${literals}ffffff`, 32), WireError)
})

test('LZ77+Huffman: a length of 32 bits; lengths that make no code', () => {
  // Symbols: 'a' with one bit (0), a long match at distance 1 with one bit (1).
  const table = (first: number, second: number): string =>
    hex(Uint8Array.from({ length: 256 }, (_, i) => (i === 48 ? first << 4 : i === 135 ? second << 4 : 0)))
  const code = `${table(1, 1)}00400000`
  const size = 1 + 3 + 0x1_0005
  assert.equal(decoded(lz77Huffman, `${code}ff000005000100`, size), '61'.repeat(size))
  assert.equal(decoded(lz77Huffman, `${code}ff1000`, 1 + 3 + 16), '61'.repeat(20))
  assert.throws(() => decoded(lz77Huffman, `${code}ff0e00`, 18), /long length that is short/)
  assert.throws(() => decoded(lz77Huffman, `${code}ff0000`, size), /cut off within a length/)
  for (const [first, second] of [
    [1, 2],
    [1, 0],
    [0, 0],
  ] as const)
    assert.throws(() => decoded(lz77Huffman, `${table(first, second)}00400000ff1000`, 20), /make no code/)
  assert.throws(() => decoded(lz77Huffman, `${hex(new Uint8Array(256).fill(0x11))}00000000`, 20), /make no code/)
})

test('LZNT1: chunks as they are, the end said with two zero bytes, chunks that are not full', () => {
  assert.equal(decoded(lznt1, '023061626300 00'.replaceAll(' ', ''), 3), '616263')
  assert.equal(decoded(lznt1, '0230616263', 3), '616263')
  assert.throws(() => decoded(lznt1, '02306162630000ff', 3), WireError)
  assert.throws(() => decoded(lznt1, '0240616263', 3), /chunk header/)
  assert.throws(() => decoded(lznt1, '0230616263'.repeat(2), 6), /3 bytes for 6/)
  // A chunk of 4096 zeros: one literal, one match that is 4095 long.
  assert.equal(decoded(lznt1, '03b00200fc0f', 4096), '00'.repeat(4096))
  assert.throws(() => decoded(lznt1, '03b00200fd0f', 4096), /more than there should be/)
  assert.throws(() => decoded(lznt1, '03b002000010', 4), /2 bytes back/)
})

test('LZ4: distances that lead out, lengths that never end', () => {
  assert.equal(decoded(lz4, '1f6101000850 6262626262'.replaceAll(' ', ''), 33), `${'61'.repeat(28)}${'62'.repeat(5)}`)
  assert.throws(() => decoded(lz4, '10610000506262626262', 10), /0 bytes back/)
  assert.throws(() => decoded(lz4, '10610200506262626262', 10), /2 bytes back/)
  assert.throws(() => decoded(lz4, `f0${'ff'.repeat(1000)}`, 300), /cut off within a length/)
  assert.throws(() => decoded(lz4, `1f610100${'ff'.repeat(1000)}`, 300), /cut off within a length/)
  assert.throws(() => decoded(lz4, '', 1), /cut off/)
})
