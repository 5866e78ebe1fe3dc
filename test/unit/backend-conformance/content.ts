import assert from 'node:assert/strict'
import { failed } from '../../../src/wire/erref/failure.ts'
import {
  bytes,
  type ConformanceTest,
  contentOf,
  ok,
  pattern,
  READ_WRITE,
  readAt,
  refused,
  sameBytes,
  textOf,
} from './fixture.ts'

const MIB = 2 ** 20

export const contentTests: readonly ConformanceTest[] = [
  {
    name: 'reads what was written, as far as there is any',
    async run(on) {
      const file = await on.create('a', 'hello world')
      assert.equal(textOf(await readAt(file, 0, 11)), 'hello world')
      assert.equal(textOf(await readAt(file, 6, 3)), 'wor')
      assert.equal(textOf(await readAt(file, 6, 100)), 'world')
      assert.equal((await readAt(file, 11, 100)).length, 0)
      assert.equal((await readAt(file, 1000, 1)).length, 0)
      assert.equal((await readAt(file, 2 ** 40, 1)).length, 0)
      assert.equal((await readAt(file, 3, 0)).length, 0)
    },
  },
  {
    name: 'a short read leaves the rest of the buffer alone',
    async run(on) {
      const file = await on.create('a', 'abc')
      const into = new Uint8Array(6).fill(0x2e)
      assert.equal(await ok(file.read(into, 1)), 2)
      assert.equal(textOf(into.subarray(0, 2)), 'bc')
      assert.equal(textOf(into.subarray(3)), '...')
    },
  },
  {
    name: 'writes in the middle, at the end and beyond it',
    async run(on) {
      const file = await on.create('a', '0123456789')
      await ok(file.write(bytes('AB'), 3, false))
      assert.equal(await on.text('a'), '012AB56789')
      await ok(file.write(bytes('XY'), 9, false))
      assert.equal(await on.text('a'), '012AB5678XY')
      await ok(file.write(bytes('end'), 14, false))
      assert.equal(await on.text('a'), '012AB5678XY\0\0\0end')
    },
  },
  {
    name: 'a write of nothing changes nothing',
    async run(on) {
      const file = await on.create('a', 'abc')
      await ok(file.write(new Uint8Array(0), 100, false))
      assert.equal((await ok(file.stat())).endOfFile, 3)
    },
  },
  {
    name: 'large content at odd offsets',
    async run(on) {
      const file = await on.create('a')
      const data = pattern(3 * MIB + 777)
      await ok(file.write(data.subarray(0, 100_001), 0, false))
      await ok(file.write(data.subarray(100_001), 100_001, false))
      sameBytes(await contentOf(file), data)
      for (const [offset, length] of [
        [1, 65_536],
        [65_535, 2],
        [4095, 4098],
        [MIB - 1, MIB + 2],
        [3 * MIB + 700, 1000],
      ] as const) {
        sameBytes(await readAt(file, offset, length), data.subarray(offset, Math.min(data.length, offset + length)))
      }
    },
  },
  {
    name: 'the backend keeps no hold of the buffers of its caller',
    async run(on) {
      const file = await on.create('a')
      const data = bytes('written')
      await ok(file.write(data, 0, false))
      data.fill(0)
      const into = new Uint8Array(7)
      await ok(file.read(into, 0))
      into.fill(0)
      assert.equal(await on.text('a'), 'written')
    },
  },
  {
    name: 'all handles see the same content',
    async run(on) {
      const first = await on.create('a', 'abc')
      const second = await on.data('A')
      await ok(second.write(bytes('Z'), 1, true))
      assert.equal(textOf(await contentOf(first)), 'aZc')
      await ok(first.truncate(1))
      assert.equal(textOf(await contentOf(second)), 'a')
    },
  },
  {
    name: 'flush and write-through answer',
    async run(on) {
      const file = await on.create('a')
      await ok(file.write(bytes('abc'), 0, true))
      await ok(file.flush())
      assert.equal(await on.text('a'), 'abc')
      await ok((await on.create('empty')).flush())
    },
  },
  {
    name: 'content outlives its handles',
    async run(on) {
      const file = await on.create('a', pattern(10_000))
      await file.close()
      sameBytes(await contentOf(await on.data('a')), pattern(10_000))
    },
  },
  {
    name: 'truncating cuts, growing adds zeros',
    async run(on) {
      const file = await on.create('a', 'x'.repeat(10_000))
      await ok(file.truncate(5))
      assert.equal(await on.text('a'), 'xxxxx')
      await ok(file.truncate(9000))
      const grown = await contentOf(file)
      assert.equal(textOf(grown.subarray(0, 5)), 'xxxxx')
      sameBytes(grown.subarray(5), new Uint8Array(8995))
      await ok(file.truncate(9000))
      await ok(file.truncate(0))
      assert.equal((await ok(file.stat())).endOfFile, 0)
      await ok(file.write(bytes('y'), 8000, false))
      sameBytes((await contentOf(file)).subarray(0, 8000), new Uint8Array(8000), 'what was cut')
    },
  },
  {
    name: 'allocation reserves room and moves no end of file',
    async run(on) {
      const file = await on.create('a', 'abc')
      await ok(file.allocate(300_000))
      const stat = await ok(file.stat())
      assert.equal(stat.endOfFile, 3)
      assert.ok(stat.allocationSize >= 300_000, `${stat.allocationSize}`)
      assert.equal(await on.text('a'), 'abc')
      await ok(file.allocate(1))
      await ok(file.allocate(0))
      assert.equal(await on.text('a'), 'abc', 'reserving less than there is cuts nothing')
      await ok(file.write(bytes('d'), 200_000, false))
      sameBytes((await contentOf(file)).subarray(3, 200_000), new Uint8Array(199_997), 'reserved room')
    },
  },
  {
    name: 'what is written takes room',
    async run(on) {
      const file = await on.create('a', pattern(20_000))
      await ok(file.flush())
      assert.ok((await ok(file.stat())).allocationSize >= 20_000)
      assert.equal((await ok((await on.create('empty')).stat())).allocationSize, 0)
    },
  },
  {
    name: 'zeroing a range keeps the rest and the end of file',
    async run(on) {
      const data = pattern(200_000)
      const file = await on.create('a', data)
      for (const [offset, length] of [
        [10, 5],
        [4096, 4096],
        [50_001, 70_003],
        [199_990, 1000],
        [300_000, 10],
        [1000, 0],
      ] as const) {
        await ok(file.zero({ offset, length }), `zero ${offset}`)
        data.fill(0, offset, offset + length)
        sameBytes(await contentOf(file), data, `content after zeroing ${offset}`)
      }
    },
  },
  {
    name: 'allocated ranges cover the data, in order and within what was asked',
    async run(on) {
      const file = await on.create('a', pattern(10_000))
      const all = await ok(file.allocatedRanges({ offset: 0, length: 10_000 }))
      assert.deepEqual(all, [{ offset: 0, length: 10_000 }])
      assert.deepEqual(await ok(file.allocatedRanges({ offset: 5000, length: 100 })), [{ offset: 5000, length: 100 }])
      assert.deepEqual(await ok(file.allocatedRanges({ offset: 9000, length: 9000 })), [{ offset: 9000, length: 1000 }])
      assert.deepEqual(await ok(file.allocatedRanges({ offset: 10_000, length: 100 })), [])
      assert.deepEqual(await ok(file.allocatedRanges({ offset: 0, length: 0 })), [])
      assert.deepEqual(await ok((await on.create('empty')).allocatedRanges({ offset: 0, length: 1000 })), [])
    },
  },
  {
    name: 'holes are told and take no room',
    needs: ['sparseFiles'],
    async run(on) {
      const file = await on.create('a')
      await ok(file.truncate(4 * MIB))
      assert.deepEqual(await ok(file.allocatedRanges({ offset: 0, length: 4 * MIB })), [])
      await ok(file.write(pattern(MIB), MIB, false))
      const ranges = await ok(file.allocatedRanges({ offset: 0, length: 4 * MIB }))
      assert.equal(ranges.length, 1)
      const [range] = ranges
      assert.ok(range !== undefined && range.offset > 0 && range.offset <= MIB)
      assert.ok(range.offset + range.length >= 2 * MIB && range.offset + range.length < 4 * MIB)
      assert.ok((await ok(file.stat())).allocationSize < 4 * MIB)
    },
  },
  {
    name: 'zeroing gives room back',
    needs: ['sparseFiles'],
    async run(on) {
      const file = await on.create('a', pattern(3 * MIB))
      await ok(file.flush())
      const before = (await ok(file.stat())).allocationSize
      await ok(file.zero({ offset: MIB, length: MIB }))
      assert.deepEqual(await ok(file.allocatedRanges({ offset: 0, length: 3 * MIB })), [
        { offset: 0, length: MIB },
        { offset: 2 * MIB, length: MIB },
      ])
      await ok(file.flush())
      assert.ok((await ok(file.stat())).allocationSize <= before - MIB / 2)
      sameBytes(await readAt(file, MIB - 1, 2), Uint8Array.of(pattern(MIB)[MIB - 1] ?? 0, 0))
    },
  },
  {
    name: 'files larger than 32 bits can say',
    needs: ['sparseFiles'],
    async run(on) {
      const file = await on.create('a')
      const offset = 10 * 2 ** 30 + 12_345
      await ok(file.write(bytes('far'), offset, false))
      assert.equal((await ok(file.stat())).endOfFile, offset + 3)
      assert.equal(textOf(await readAt(file, offset, 10)), 'far')
      sameBytes(await readAt(file, 5 * 2 ** 30 - 3, 6), new Uint8Array(6))
      assert.equal((await on.stat('a')).endOfFile, offset + 3)
      await ok(file.truncate(2 ** 32 + 1))
      assert.equal((await on.entries(''))[0]?.stat.endOfFile, 2 ** 32 + 1)
    },
  },
  {
    name: 'sizes without sense are refused or kept, and harm nothing',
    needs: ['sparseFiles'],
    async run(on) {
      const file = await on.create('a', 'abc')
      for (const size of [2 ** 50, Number.MAX_SAFE_INTEGER]) {
        const written = await file.write(bytes('z'), size - 1, false)
        assert.equal((await ok(file.stat())).endOfFile, failed(written) ? 3 : size)
        const grown = await file.truncate(size)
        if (failed(grown)) assert.equal((await ok(file.stat())).endOfFile, failed(written) ? 3 : size)
        await ok(file.truncate(3))
        assert.equal(await on.text('a'), 'abc')
        assert.deepEqual(await ok(file.allocatedRanges({ offset: 0, length: size })), [{ offset: 0, length: 3 }])
        await ok(file.zero({ offset: 3, length: size - 3 }))
        assert.equal(await on.text('a'), 'abc')
        await refused(file.allocate(size))
      }
    },
  },
  {
    name: 'a directory has no content',
    async run(on) {
      const directory = await on.directory('d')
      await refused(directory.read(new Uint8Array(10), 0))
      await refused(directory.write(new Uint8Array(10), 0, false))
      await refused(directory.truncate(10))
      await refused(directory.allocate(10))
      await refused(directory.zero({ offset: 0, length: 10 }))
      await refused(directory.allocatedRanges({ offset: 0, length: 10 }))
      assert.equal((await on.stat('d')).endOfFile, 0)
    },
  },
  {
    name: 'many handles at once',
    async run(on) {
      const handles = []
      for (let index = 0; index < 200; index++) {
        handles.push(await on.open('a', { disposition: 'openOrCreate', ...READ_WRITE }))
      }
      await Promise.all(handles.map(async (file, index) => ok(file.write(Uint8Array.of(index), index, false))))
      sameBytes(
        await contentOf(await on.data('a')),
        Uint8Array.from({ length: 200 }, (_, index) => index),
      )
    },
  },
]
