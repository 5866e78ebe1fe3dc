import assert from 'node:assert/strict'
import { bytes, type ConformanceTest, ok } from './fixture.ts'

const DIRECTORY = 0x10
/** READONLY, HIDDEN, SYSTEM, ARCHIVE, TEMPORARY, OFFLINE, NOT_CONTENT_INDEXED. */
const SETTABLE = [0x01, 0x02, 0x04, 0x20, 0x100, 0x1000, 0x2000]
const TIMES = ['creationTime', 'lastAccessTime', 'lastWriteTime'] as const
/** 2001, and a last digit of each kind: no rounding to milliseconds, microseconds or what a double can say. */
const SOME_TIME = 126_227_808_001_234_567n
const OLD = 119_600_064_000_000_000n

export const metadataTests: readonly ConformanceTest[] = [
  {
    name: 'attributes are kept, one by one and together',
    async run(on) {
      const file = await on.create('a')
      for (const attributes of [...SETTABLE, 0x27, 0x3127, 0]) {
        await ok(file.setStat({ attributes }))
        assert.equal((await ok(file.stat())).attributes, attributes)
        assert.equal((await on.stat('a')).attributes, attributes)
        assert.equal((await on.entries(''))[0]?.stat.attributes, attributes)
      }
    },
  },
  {
    name: 'a directory keeps its attributes and stays one',
    async run(on) {
      const directory = await on.directory('d')
      await ok(directory.setStat({ attributes: 0x02 | DIRECTORY }))
      assert.equal((await on.stat('d')).attributes, 0x02 | DIRECTORY)
      await ok(directory.setStat({ attributes: 0 }))
      assert.equal((await on.stat('d')).attributes, DIRECTORY)
      assert.equal((await on.stat('d')).isDirectory, true)
    },
  },
  {
    name: 'READONLY is a note for the server and binds no handle of the backend',
    async run(on) {
      const file = await on.create('a', 'abc')
      await ok(file.setStat({ attributes: 0x01 }))
      await ok(file.write(bytes('X'), 0, false))
      await ok((await on.data('a')).write(bytes('Y'), 1, false), 'a later handle')
      assert.equal(await on.text('a'), 'XYc')
      await ok((await on.open('a')).setStat({ attributes: 0 }))
      assert.equal((await on.stat('a')).attributes, 0)
    },
  },
  {
    name: 'times are exact to 100 ns',
    async run(on) {
      for (const object of [await on.create('a'), await on.directory('d')]) {
        const change = { creationTime: SOME_TIME, lastAccessTime: SOME_TIME + 1n, lastWriteTime: SOME_TIME + 12n }
        await ok(object.setStat(change))
        const stat = await ok(object.stat())
        for (const time of TIMES) assert.equal(stat[time], change[time], time)
      }
      for (const { name, stat } of await on.entries('')) assert.equal(stat.lastWriteTime, SOME_TIME + 12n, name)
    },
  },
  {
    name: 'the change time is exact to 100 ns',
    async run(on) {
      const file = await on.create('a')
      await ok(file.setStat({ changeTime: SOME_TIME }))
      assert.equal((await on.stat('a')).changeTime, SOME_TIME)
    },
  },
  {
    name: 'setting one time leaves the others',
    async run(on) {
      const file = await on.create('a', 'x')
      for (const time of TIMES) {
        const before = await ok(file.stat())
        await ok(file.setStat({ [time]: SOME_TIME + 77n }))
        const after = await ok(file.stat())
        for (const other of TIMES) assert.equal(after[other], other === time ? SOME_TIME + 77n : before[other], other)
      }
      const before = await ok(file.stat())
      await ok(file.setStat({ attributes: 0x02 }))
      const after = await ok(file.stat())
      for (const time of TIMES) assert.equal(after[time], before[time], time)
    },
  },
  {
    name: 'times far from today',
    async run(on) {
      const file = await on.create('a')
      // 1950, 1970 less 100 ns, 1970, 2038 and 2106 (32-bit seconds run out), 2400.
      for (const time of [
        110_133_216_000_000_001n,
        116_444_735_999_999_999n,
        116_444_736_000_000_000n,
        137_919_572_480_000_003n,
        159_394_408_960_000_005n,
        252_139_392_000_000_009n,
      ]) {
        await ok(file.setStat({ creationTime: time, lastWriteTime: time }))
        const stat = await on.stat('a')
        assert.equal(stat.creationTime, time)
        assert.equal(stat.lastWriteTime, time)
      }
    },
  },
  {
    name: 'writing moves the write time, reading does not',
    async run(on) {
      const file = await on.create('a', 'abc')
      const steps: readonly (() => unknown)[] = [
        () => file.write(bytes('x'), 0, false),
        () => file.truncate(2),
        () => file.truncate(20),
      ]
      for (const step of steps) {
        await ok(file.setStat({ lastWriteTime: OLD, creationTime: OLD }))
        await file.read(new Uint8Array(3), 0)
        assert.equal((await ok(file.stat())).lastWriteTime, OLD)
        await step()
        const stat = await ok(file.stat())
        assert.ok(stat.lastWriteTime > OLD)
        assert.equal(stat.creationTime, OLD)
      }
    },
  },
  {
    name: 'a change of names moves the write time of the directory',
    async run(on) {
      const directory = await on.directory('d')
      const steps: readonly (() => Promise<unknown>)[] = [
        () => on.create('d/a'),
        async () => ok((await on.open('d/a')).rename(['d', 'b'], false)),
        async () => ok((await on.open('d/b')).remove()),
      ]
      for (const step of steps) {
        await ok(directory.setStat({ lastWriteTime: OLD }))
        await step()
        assert.ok((await ok(directory.stat())).lastWriteTime > OLD)
      }
    },
  },
  {
    name: 'a file has one id, different from that of any other',
    async run(on) {
      const ids = new Set<bigint>()
      await on.directory('d')
      for (const path of ['a', 'b', 'd/a', 'd/b']) {
        const file = await on.create(path)
        ids.add(file.fileId)
        assert.equal((await on.open(path)).fileId, file.fileId)
        assert.equal((await on.stat(path)).fileId, file.fileId)
      }
      ids.add((await on.open('d')).fileId).add((await on.open('')).fileId)
      assert.equal(ids.size, 6)
      for (const { name, stat } of await on.entries('d')) assert.equal(stat.fileId, (await on.stat(`d/${name}`)).fileId)
    },
  },
]
