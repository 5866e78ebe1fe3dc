import assert from 'node:assert/strict'
import { bytes, type ConformanceTest, contentOf, type Fixture, ok, pattern, sameBytes, statusOf } from './fixture.ts'

const MIB = 2 ** 20

const sizes = async (on: Fixture, path: string): Promise<Record<string, number>> =>
  Object.fromEntries((await ok((await on.open(path)).streams())).map(({ name, size }) => [name, size]))

const tests: readonly ConformanceTest[] = [
  {
    name: 'a stream has its own content',
    async run(on) {
      const file = await on.create('a', 'unnamed')
      const stream = await on.create('a', 'named stream', { stream: 'Notes' })
      assert.equal(stream.stream, 'Notes')
      assert.equal(stream.fileId, file.fileId)
      assert.equal(await on.text('a'), 'unnamed')
      assert.equal(await on.text('a', 'Notes'), 'named stream')
      assert.equal((await on.stat('a')).endOfFile, 7)
      const stat = await on.stat('a', 'Notes')
      assert.equal(stat.endOfFile, 12)
      assert.equal(stat.fileId, file.fileId)
      assert.deepEqual(await on.names(''), ['a'])
    },
  },
  {
    name: 'a stream that is missing, one that is there',
    async run(on) {
      await on.create('a')
      assert.equal(await on.refusal('a', { stream: 's' }), 'STATUS_OBJECT_NAME_NOT_FOUND')
      await on.create('a', '', { stream: 's' })
      assert.equal(await on.refusal('a', { stream: 's', disposition: 'create' }), 'STATUS_OBJECT_NAME_COLLISION')
      assert.equal(await on.refusal('a', { stream: 'S', disposition: 'create' }), 'STATUS_OBJECT_NAME_COLLISION')
      assert.equal((await on.opened('a', { stream: 's', disposition: 'openOrCreate' })).created, false)
      assert.equal((await on.opened('a', { stream: 't', disposition: 'openOrCreate' })).created, true)
      assert.deepEqual(await on.streamNames('a'), ['', 's', 't'])
    },
  },
  {
    name: 'creating a stream of a missing file creates both',
    async run(on) {
      assert.equal(await on.refusal('a', { stream: 's' }), 'STATUS_OBJECT_NAME_NOT_FOUND')
      assert.equal(await on.exists('a'), false)
      for (const [path, disposition] of [
        ['a', 'create'],
        ['b', 'openOrCreate'],
      ] as const) {
        await on.create(path, 'text', { stream: 's', disposition })
        assert.equal(await on.text(path), '')
        assert.equal(await on.text(path, 's'), 'text')
      }
      assert.equal(await on.refusal('no/a', { stream: 's', disposition: 'create' }), 'STATUS_OBJECT_PATH_NOT_FOUND')
    },
  },
  {
    name: 'names of streams keep their case and are found in any',
    async run(on) {
      await on.create('a')
      await on.create('a', 'x', { stream: 'ÄrGer' })
      assert.equal(await on.text('A', 'äRgER'), 'x')
      assert.deepEqual(await on.streamNames('a'), ['', 'ÄrGer'])
    },
  },
  {
    name: 'all streams are told with their sizes',
    async run(on) {
      await on.create('a', 'four')
      const expected: Record<string, number> = { '': 4 }
      for (let index = 0; index < 30; index++) {
        await on.create('a', pattern(index * 7), { stream: `stream ${index} ö😀` })
        expected[`stream ${index} ö😀`] = index * 7
      }
      assert.deepEqual(await sizes(on, 'a'), expected)
      for (const { size, allocationSize } of await ok((await on.open('a', { stream: 'stream 3 ö😀' })).streams())) {
        assert.ok(Number.isSafeInteger(allocationSize) && allocationSize >= 0 && Number.isSafeInteger(size))
      }
      for (let index = 0; index < 30; index++) {
        sameBytes(await contentOf(await on.data('a', `stream ${index} ö😀`)), pattern(index * 7))
      }
    },
  },
  {
    name: 'a stream is written, cut, grown and zeroed like a file',
    async run(on) {
      const stream = await on.create('a', '0123456789', { stream: 's' })
      await ok(stream.write(bytes('AB'), 3, false))
      await ok(stream.write(bytes('Z'), 12, true))
      assert.equal(await on.text('a', 's'), '012AB56789\0\0Z')
      await ok(stream.truncate(4))
      await ok(stream.truncate(6))
      assert.equal(await on.text('a', 's'), '012A\0\0')
      await ok(stream.zero({ offset: 1, length: 2 }))
      assert.equal(await on.text('a', 's'), '0\0\0A\0\0')
      await ok(stream.flush())
      assert.equal((await on.stat('a')).endOfFile, 0)
      assert.deepEqual(await sizes(on, 'a'), { '': 0, s: 6 })
    },
  },
  {
    name: 'two handles of a stream see the same content',
    async run(on) {
      const first = await on.create('a', 'abc', { stream: 's' })
      const second = await on.data('a', 'S')
      await ok(second.write(bytes('defg'), 3, false))
      assert.equal((await ok(first.stat())).endOfFile, 7)
      await ok(first.truncate(1))
      assert.equal((await contentOf(second)).length, 1)
    },
  },
  {
    name: 'a large stream',
    async run(on) {
      const data = pattern(MIB + 321)
      await on.directory('d')
      const stream = await on.create('d/a', data, { stream: 'large' })
      sameBytes(await contentOf(stream), data)
      await on.create('d/a', 'tiny', { stream: 'small' })
      assert.deepEqual(await sizes(on, 'd/a'), { '': 0, large: MIB + 321, small: 4 })
      assert.deepEqual(await on.names('d'), ['a'])
      assert.deepEqual(await on.names(''), ['d'])
      await ok((await on.open('d/a')).rename(['b'], false))
      sameBytes(await contentOf(await on.data('b', 'large')), data)
      await ok((await on.data('b', 'large')).truncate(10))
      sameBytes(await contentOf(await on.data('b', 'large')), data.subarray(0, 10))
      await ok((await on.open('b')).remove())
      await ok((await on.open('d')).remove(), 'the directory that held it is empty')
      assert.deepEqual(await on.names(''), [])
    },
  },
  {
    name: 'directories have streams, and no unnamed one',
    async run(on) {
      const directory = await on.directory('d')
      assert.deepEqual(await ok(directory.streams()), [])
      const stream = await on.create('d', 'about', { stream: 'Notes' })
      assert.equal(stream.fileId, directory.fileId)
      assert.equal(await on.text('d', 'notes'), 'about')
      assert.deepEqual(await sizes(on, 'd'), { Notes: 5 })
      assert.deepEqual(await on.names('d'), [])
      const stat = await on.stat('d')
      assert.equal(stat.isDirectory, true)
      assert.equal(stat.endOfFile, 0)
      await ok((await on.open('d', { stream: 'Notes' })).remove())
      assert.deepEqual(await on.streamNames('d'), [])
      await ok(directory.remove())
    },
  },
  {
    name: 'a stream of a directory is data, not a directory',
    async run(on) {
      await on.directory('d')
      const stream = await on.create('d', 'about', { stream: 's' })
      assert.equal(stream.isDirectory, false)
      const stat = await ok(stream.stat())
      assert.equal(stat.isDirectory, false)
      assert.equal(stat.attributes & 0x10, 0)
      assert.equal(stat.endOfFile, 5)
    },
  },
  {
    name: 'a stream is renamed',
    async run(on) {
      await on.create('a', 'file')
      const stream = await on.create('a', 'one', { stream: 'One' })
      await ok(stream.renameStream('Two', false))
      assert.deepEqual(await on.streamNames('a'), ['', 'Two'])
      assert.equal(await on.text('a', 'two'), 'one')
      await ok(stream.write(bytes('O'), 0, false), 'the handle stays usable')
      assert.equal(await on.text('a', 'Two'), 'One')
      await ok(stream.renameStream('TWO', false), 'to another case')
      assert.deepEqual(await on.streamNames('a'), ['', 'TWO'])
      assert.equal(await on.text('a', 'Two'), 'One')
      assert.equal(await on.text('a'), 'file')
    },
  },
  {
    name: 'a stream is renamed over another only when told to',
    async run(on) {
      await on.create('a')
      const stream = await on.create('a', 'one', { stream: 'one' })
      await on.create('a', '', { stream: 'two' })
      assert.equal(statusOf(await stream.renameStream('TWO', false)), 'STATUS_OBJECT_NAME_COLLISION')
      assert.deepEqual(await on.streamNames('a'), ['', 'one', 'two'])
      await ok(stream.renameStream('TWO', true))
      assert.deepEqual(await sizes(on, 'a'), { '': 0, TWO: 3 })
    },
  },
  {
    name: 'a stream is removed, its file stays',
    async run(on) {
      await on.create('a', 'file')
      const stream = await on.create('a', 'one', { stream: 's' })
      await ok(stream.remove())
      assert.equal(await on.refusal('a', { stream: 's' }), 'STATUS_OBJECT_NAME_NOT_FOUND')
      assert.deepEqual(await on.streamNames('a'), [''])
      assert.equal(await on.text('a'), 'file')
      await on.create('a', 'fresh', { stream: 's' })
      assert.equal(await on.text('a', 's'), 'fresh')
    },
  },
  {
    name: 'the handle of a removed stream stays usable',
    async run(on) {
      const stream = await on.create('a', 'one', { stream: 's' })
      await ok(stream.remove())
      assert.equal((await contentOf(stream)).length, 3)
      await ok(stream.write(bytes('two'), 3, false))
      assert.equal((await ok(stream.stat())).endOfFile, 6)
      await on.create('a', 'x', { stream: 's' })
      assert.equal((await contentOf(stream)).length, 6, 'a new stream of that name is another')
    },
  },
  {
    name: 'streams go with their file when it is renamed',
    async run(on) {
      const file = await on.create('a')
      const stream = await on.create('a', 'one', { stream: 's' })
      const directory = await on.directory('d')
      await on.create('d', 'two', { stream: 't' })
      await ok(file.rename(['d', 'b'], false))
      assert.equal(await on.text('d/b', 's'), 'one')
      await ok(stream.write(bytes('O'), 0, false))
      await ok(directory.rename(['e'], false))
      assert.equal(await on.text('e', 't'), 'two')
      assert.equal(await on.text('e/b', 's'), 'One')
    },
  },
  {
    name: 'streams go away with their file',
    async run(on) {
      await on.create('a', 'one', { stream: 's' })
      await on.create('b', 'two', { stream: 't' })
      await ok((await on.open('a')).remove())
      assert.equal(await on.refusal('a', { stream: 's' }), 'STATUS_OBJECT_NAME_NOT_FOUND')
      await on.create('a')
      assert.deepEqual(await on.streamNames('a'), [''])
      await ok((await on.open('b')).rename(['a'], true))
      assert.deepEqual(await on.streamNames('a'), ['', 't'], 'those of the replacing file stay')
      await on.create('c')
      await ok((await on.open('c')).rename(['a'], true))
      assert.deepEqual(await on.streamNames('a'), [''], 'those of the replaced file are gone')
    },
  },
  {
    name: 'a stream shares what is known of its file',
    async run(on) {
      const file = await on.create('a')
      const stream = await on.create('a', 'x', { stream: 's' })
      await ok(stream.setStat({ attributes: 0x02, creationTime: 127_000_000_000_000_001n }))
      const stat = await ok(file.stat())
      assert.equal(stat.attributes, 0x02)
      assert.equal(stat.creationTime, 127_000_000_000_000_001n)
      assert.equal((await ok(stream.stat())).creationTime, 127_000_000_000_000_001n)
    },
  },
  {
    name: 'long names of streams work or are refused',
    async run(on) {
      await on.create('a')
      for (const name of ['s'.repeat(200), 's'.repeat(255), '語'.repeat(60)]) {
        const status = await on.refusal('a', { stream: name, disposition: 'create' })
        if (status === 'STATUS_SUCCESS') assert.ok((await on.streamNames('a')).includes(name))
        else assert.ok(name.length === 255 && status === 'STATUS_OBJECT_NAME_INVALID', `${name.length}: ${status}`)
      }
      assert.equal(
        await on.refusal('a', { stream: 's'.repeat(256), disposition: 'create' }),
        'STATUS_OBJECT_NAME_INVALID',
      )
    },
  },
]

export const streamTests: readonly ConformanceTest[] = tests.map((one) => ({ needs: ['namedStreams'], ...one }))
