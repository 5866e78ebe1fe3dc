import assert from 'node:assert/strict'
import { type ConformanceTest, ok, READ_WRITE } from './fixture.ts'

const HIDDEN = 0x02
const SYSTEM = 0x04
const DIRECTORY = 0x10

export const openTests: readonly ConformanceTest[] = [
  {
    name: 'the root is a directory that is always there',
    async run(on) {
      const { file, created, path } = await on.opened('')
      assert.equal(created, false)
      assert.deepEqual(path, [])
      assert.equal(file.isDirectory, true)
      assert.equal(file.stream, undefined)
      const stat = await ok(file.stat())
      assert.equal(stat.isDirectory, true)
      assert.equal(stat.attributes & DIRECTORY, DIRECTORY)
      assert.equal(stat.endOfFile, 0)
      assert.equal((await on.open('', { kind: 'directory', disposition: 'openOrCreate' })).fileId, file.fileId)
      assert.equal(await on.refusal('', { kind: 'file' }), 'STATUS_FILE_IS_A_DIRECTORY')
      assert.equal(await on.refusal('', { kind: 'directory', disposition: 'create' }), 'STATUS_OBJECT_NAME_COLLISION')
    },
  },
  {
    name: 'what is missing: the name or the path',
    async run(on) {
      await on.create('file')
      for (const kind of [{}, { kind: 'file' }, { kind: 'directory' }] as const) {
        assert.equal(await on.refusal('no', kind), 'STATUS_OBJECT_NAME_NOT_FOUND')
        assert.equal(await on.refusal('no/no', kind), 'STATUS_OBJECT_PATH_NOT_FOUND')
        assert.equal(await on.refusal('file/no', kind), 'STATUS_OBJECT_PATH_NOT_FOUND')
        assert.equal(await on.refusal('file/no/no', kind), 'STATUS_OBJECT_PATH_NOT_FOUND')
        for (const disposition of ['create', 'openOrCreate'] as const) {
          assert.equal(await on.refusal('no/no', { ...kind, disposition }), 'STATUS_OBJECT_PATH_NOT_FOUND')
          assert.equal(await on.refusal('file/no', { ...kind, disposition }), 'STATUS_OBJECT_PATH_NOT_FOUND')
        }
      }
      assert.deepEqual(await on.names(''), ['file'])
    },
  },
  {
    name: 'create makes an empty file, once',
    async run(on) {
      const { file, created, path } = await on.opened('New.txt', { disposition: 'create', ...READ_WRITE })
      assert.equal(created, true)
      assert.deepEqual(path, ['New.txt'])
      assert.equal(file.isDirectory, false)
      const stat = await ok(file.stat())
      assert.equal(stat.isDirectory, false)
      assert.equal(stat.endOfFile, 0)
      assert.equal(stat.links, 1)
      assert.equal(stat.eaSize, 0)
      assert.equal(stat.reparseTag, 0)
      assert.equal(stat.fileId, file.fileId)
      assert.equal(await on.refusal('New.txt', { disposition: 'create' }), 'STATUS_OBJECT_NAME_COLLISION')
      assert.equal(await on.refusal('nEW.TXT', { disposition: 'create' }), 'STATUS_OBJECT_NAME_COLLISION')
    },
  },
  {
    name: 'create in the way of another kind is a collision',
    async run(on) {
      await on.create('file')
      await on.directory('directory')
      const create = { disposition: 'create' } as const
      assert.equal(await on.refusal('file', { ...create, kind: 'directory' }), 'STATUS_OBJECT_NAME_COLLISION')
      assert.equal(await on.refusal('directory', { ...create, kind: 'file' }), 'STATUS_OBJECT_NAME_COLLISION')
    },
  },
  {
    name: 'openOrCreate opens what is there and creates what is not',
    async run(on) {
      const how = { disposition: 'openOrCreate', ...READ_WRITE } as const
      const first = await on.opened('a', how)
      await ok(first.file.write(new Uint8Array(3), 0, false))
      const second = await on.opened('A', how)
      assert.deepEqual([first.created, second.created], [true, false])
      assert.deepEqual(second.path, ['a'])
      assert.equal(second.file.fileId, first.file.fileId)
      assert.equal((await ok(second.file.stat())).endOfFile, 3)
      assert.equal((await on.opened('d', { disposition: 'openOrCreate', kind: 'directory' })).created, true)
      assert.equal((await on.opened('d', { disposition: 'openOrCreate', kind: 'directory' })).created, false)
    },
  },
  {
    name: 'a directory is made only when asked for',
    async run(on) {
      assert.equal((await on.open('a', { disposition: 'create' })).isDirectory, false)
      assert.equal((await on.open('b', { disposition: 'openOrCreate', kind: 'file' })).isDirectory, false)
      const directory = await on.open('c', { disposition: 'openOrCreate', kind: 'directory' })
      assert.equal(directory.isDirectory, true)
      await on.directory('c/sub')
      const stat = await ok(directory.stat())
      assert.equal(stat.isDirectory, true)
      assert.equal(stat.endOfFile, 0)
      assert.equal(stat.allocationSize, 0)
      assert.equal(stat.links, 1, 'whatever a POSIX disk counts')
    },
  },
  {
    name: 'what is not of the asked kind is refused',
    async run(on) {
      await on.create('file')
      await on.directory('directory')
      for (const disposition of ['open', 'openOrCreate'] as const) {
        assert.equal(await on.refusal('file', { disposition, kind: 'directory' }), 'STATUS_NOT_A_DIRECTORY')
        assert.equal(await on.refusal('directory', { disposition, kind: 'file' }), 'STATUS_FILE_IS_A_DIRECTORY')
      }
      assert.equal((await on.open('file')).isDirectory, false)
      assert.equal((await on.open('directory')).isDirectory, true)
    },
  },
  {
    name: 'a directory may be opened for reading and writing: for it they mean listing and adding',
    async run(on) {
      await on.directory('d', READ_WRITE)
      for (const path of ['', 'd']) {
        const directory = await on.open(path, READ_WRITE)
        assert.equal(directory.isDirectory, true)
        assert.deepEqual(await ok(directory.list()), path === '' ? ['d'] : [])
        await ok(directory.flush())
      }
    },
  },
  {
    name: 'a handle without data access still tells and sets what is known of the file',
    async run(on) {
      await on.create('a', 'abc')
      const handle = await on.open('a')
      assert.equal((await ok(handle.stat())).endOfFile, 3)
      await ok(handle.setStat({ lastWriteTime: 131_000_000_000_000_000n }))
      assert.equal((await on.stat('a')).lastWriteTime, 131_000_000_000_000_000n)
    },
  },
  {
    name: 'a file begins with the attributes it is given',
    async run(on) {
      const initial = { attributes: HIDDEN | SYSTEM }
      await on.create('file', '', { initial })
      await on.directory('directory', { initial })
      assert.equal((await on.stat('file')).attributes, HIDDEN | SYSTEM)
      assert.equal((await on.stat('directory')).attributes, HIDDEN | SYSTEM | DIRECTORY)
      await on.open('file', { disposition: 'openOrCreate', initial: { attributes: 0 } })
      assert.equal((await on.stat('file')).attributes, HIDDEN | SYSTEM, 'only what is created has an initial state')
    },
  },
  {
    name: 'without given attributes it begins with none',
    async run(on) {
      await on.create('file')
      await on.directory('directory')
      assert.equal((await on.stat('file')).attributes, 0)
      assert.equal((await on.stat('directory')).attributes, DIRECTORY)
    },
  },
  {
    name: 'a file begins with the room it is given',
    async run(on) {
      const file = await on.create('file', '', { initial: { allocationSize: 100_000 } })
      const stat = await ok(file.stat())
      assert.equal(stat.endOfFile, 0)
      assert.ok(stat.allocationSize >= 100_000, `${stat.allocationSize}`)
    },
  },
  {
    name: 'new times are those of now, in order',
    async run(on) {
      const first = await ok((await on.create('a')).stat())
      const second = await ok((await on.create('b')).stat())
      for (const time of ['creationTime', 'lastAccessTime', 'lastWriteTime', 'changeTime'] as const) {
        assert.ok(first[time] > 0n, time)
        assert.ok(second[time] >= first[time], time)
      }
    },
  },
  {
    name: 'close may be called by every handle, and more than once',
    async run(on) {
      const first = await on.create('a', 'abc')
      const second = await on.data('a')
      await first.close()
      await first.close()
      assert.equal((await ok(second.stat())).endOfFile, 3)
      await second.close()
      assert.equal(await on.text('a'), 'abc')
    },
  },
]
