import assert from 'node:assert/strict'
import type { BackendFile } from '../../../src/server/backend.ts'
import { bytes, type ConformanceTest, contentOf, Lacking, ok, refused, split, statusOf, textOf } from './fixture.ts'

export const treeTests: readonly ConformanceTest[] = [
  {
    name: 'a directory lists its names as stored, and nothing else',
    async run(on) {
      const directory = await on.directory('D', { read: true })
      assert.deepEqual(await ok(directory.list()), [])
      for (const name of ['b', 'A', 'ä', 'c.txt']) await on.create(`d/${name}`)
      await on.directory('d/Sub')
      await on.create('d/sub/inner')
      assert.deepEqual((await ok(directory.list())).toSorted(), ['A', 'Sub', 'b', 'c.txt', 'ä'].toSorted())
      await ok((await on.open('d/b')).remove())
      assert.deepEqual((await ok(directory.list())).toSorted(), ['A', 'Sub', 'c.txt', 'ä'].toSorted())
      assert.deepEqual(await on.names(''), ['D'])
    },
  },
  {
    name: 'a list is the caller’s own, in a lasting order',
    async run(on) {
      for (let index = 0; index < 100; index++) await on.create(`file${(index * 37) % 100}`)
      const root = await on.open('', { read: true })
      const first = await ok(root.list())
      const kept = first.slice()
      first.length = 0
      assert.deepEqual(await ok(root.list()), kept)
      assert.deepEqual(await on.names(''), kept)
      assert.equal(kept.length, 100)
    },
  },
  {
    name: 'a file is not listed',
    async run(on) {
      const file = await on.create('a')
      await refused(file.list())
      await refused(file.statEntries(['a']))
    },
  },
  {
    name: 'the stats of entries are those of their files',
    async run(on) {
      await on.create('a', 'abc')
      await on.create('b', '')
      await on.directory('c')
      await on.create('c/inner')
      for (const { name, stat } of await on.entries('')) assert.deepEqual(stat, await on.stat(name), name)
      const root = await on.open('', { read: true })
      const stats = await ok(root.statEntries(['c', 'a']))
      assert.deepEqual(
        stats.map((stat) => [stat?.isDirectory, stat?.endOfFile]),
        [
          [true, 0],
          [false, 3],
        ],
      )
      assert.deepEqual(await ok(root.statEntries([])), [])
    },
  },
  {
    name: 'an entry that is gone has no stat',
    async run(on) {
      const root = await on.open('', { read: true })
      for (const name of ['a', 'b', 'c']) await on.create(name)
      const names = await ok(root.list())
      await ok((await on.open('b')).remove())
      const stats = await ok(root.statEntries([...names, 'never']))
      assert.deepEqual(
        stats.map((stat) => stat !== undefined),
        [...names.map((name) => name !== 'b'), false],
      )
    },
  },
  {
    name: 'many files',
    async run(on) {
      await on.directory('d')
      const expected = []
      for (let index = 0; index < 1500; index++) {
        const name = `File number ${index}.txt`
        const { file } = await on.opened(`d/${name}`, { disposition: 'create', kind: 'file' })
        await file.close()
        expected.push(name)
      }
      const entries = await on.entries('d')
      assert.deepEqual(entries.map(({ name }) => name).toSorted(), expected.toSorted())
      assert.equal(new Set(entries.map(({ stat }) => stat.fileId)).size, 1500)
      assert.deepEqual((await on.opened('D/FILE NUMBER 1234.TXT')).path, ['d', 'File number 1234.txt'])
      assert.equal(await on.refusal('d/file number 1500.txt'), 'STATUS_OBJECT_NAME_NOT_FOUND')
    },
  },
  ...renameTests(),
  ...linkTests(),
  ...removeTests(),
]

function renameTests(): ConformanceTest[] {
  const move = async (file: BackendFile, to: string, replace = false): Promise<string> =>
    statusOf(await file.rename(split(to), replace))

  return [
    {
      name: 'a file is renamed, with all that is its own',
      async run(on) {
        await on.directory('d')
        const file = await on.create('a', 'abc')
        await ok(file.setStat({ attributes: 0x02, creationTime: 127_000_000_000_000_001n }))
        await ok(file.setStat({ lastWriteTime: 127_000_000_000_000_002n }))
        for (const [from, to] of [
          ['a', 'b'],
          ['b', 'd/c'],
          ['d/c', 'B'],
        ] as const) {
          assert.equal(await move(file, to), 'STATUS_SUCCESS')
          assert.equal(await on.exists(from), from.toLowerCase() === to.toLowerCase())
          assert.equal(await on.text(to), 'abc')
          const stat = await on.stat(to)
          assert.equal(stat.fileId, file.fileId)
          assert.equal(stat.attributes, 0x02)
          assert.equal(stat.creationTime, 127_000_000_000_000_001n)
          assert.equal(stat.lastWriteTime, 127_000_000_000_000_002n)
          assert.equal(stat.links, 1)
        }
        assert.deepEqual(await on.names('d'), [])
        assert.equal(textOf(await contentOf(file)), 'abc')
      },
    },
    {
      name: 'a rename to where it cannot go is refused',
      async run(on) {
        const file = await on.create('a', 'abc')
        await on.create('file')
        assert.equal(await move(file, 'no/a'), 'STATUS_OBJECT_PATH_NOT_FOUND')
        assert.equal(await move(file, 'file/a'), 'STATUS_OBJECT_PATH_NOT_FOUND')
        await refused(file.rename([], true))
        assert.equal(await on.text('a'), 'abc')
      },
    },
    {
      name: 'an existing name is in the way unless a file may be replaced',
      async run(on) {
        const file = await on.create('a', 'new')
        const old = await on.create('b', 'old')
        const directory = await on.directory('d')
        assert.equal(await move(file, 'B'), 'STATUS_OBJECT_NAME_COLLISION')
        assert.equal(await move(file, 'd'), 'STATUS_OBJECT_NAME_COLLISION')
        assert.equal(await move(file, 'd', true), 'STATUS_ACCESS_DENIED')
        assert.equal(await move(directory, 'a'), 'STATUS_OBJECT_NAME_COLLISION')
        assert.equal(await on.text('b'), 'old')
        assert.equal(await move(file, 'B', true), 'STATUS_SUCCESS')
        assert.deepEqual((await on.names('')).toSorted(), ['B', 'd'])
        assert.equal(await on.text('b'), 'new')
        assert.equal((await on.stat('b')).fileId, file.fileId)
        assert.equal(textOf(await contentOf(old)), 'old', 'the handle of the replaced file stays usable')
        assert.equal((await ok(old.stat())).links, 0)
      },
    },
    {
      name: 'a directory replaces nothing',
      async run(on) {
        await on.directory('d')
        await on.create('file', 'x')
        await on.directory('empty')
        const directory = await on.open('d')
        assert.equal(await move(directory, 'empty', true), 'STATUS_ACCESS_DENIED')
        assert.equal(await move(directory, 'file', true), 'STATUS_ACCESS_DENIED')
        assert.equal(await on.text('file'), 'x')
        assert.deepEqual((await on.names('')).toSorted(), ['d', 'empty', 'file'])
      },
    },
    {
      name: 'a rename to another case of the name changes its spelling',
      async run(on) {
        const file = await on.create('lower.txt', 'x')
        const directory = await on.directory('folder')
        assert.equal(await move(file, 'LOWER.txt'), 'STATUS_SUCCESS')
        assert.equal(await move(directory, 'FOLDER'), 'STATUS_SUCCESS')
        assert.deepEqual((await on.names('')).toSorted(), ['FOLDER', 'LOWER.txt'])
        assert.deepEqual((await on.opened('lower.TXT')).path, ['LOWER.txt'])
        assert.equal(await move(file, 'LOWER.txt'), 'STATUS_SUCCESS')
        assert.equal(await move(file, 'LOWER.txt', true), 'STATUS_SUCCESS')
        assert.equal(await on.text('lower.txt'), 'x')
      },
    },
    {
      name: 'a directory is renamed with what is in it',
      async run(on) {
        const directory = await on.directory('d')
        await on.directory('other')
        await on.directory('d/sub')
        await on.create('d/sub/file', 'abc')
        assert.equal(await move(directory, 'other/New'), 'STATUS_SUCCESS')
        assert.equal(await on.text('other/new/sub/file'), 'abc')
        assert.deepEqual((await on.opened('OTHER/NEW/SUB/FILE')).path, ['other', 'New', 'sub', 'file'])
        assert.equal(await on.refusal('d/sub/file'), 'STATUS_OBJECT_PATH_NOT_FOUND')
        assert.equal(await on.refusal('d'), 'STATUS_OBJECT_NAME_NOT_FOUND')
        await on.directory('d')
        assert.deepEqual(await on.names('d'), [])
        await on.create('other/new/later')
        assert.deepEqual((await ok((await on.open('other/new')).list())).toSorted(), ['later', 'sub'])
      },
    },
    {
      name: 'a directory cannot go below itself, and the root goes nowhere',
      async run(on) {
        const directory = await on.directory('d')
        await on.directory('d/sub')
        await refused(directory.rename(['d', 'x'], false))
        await refused(directory.rename(['D', 'SUB', 'x'], true))
        await refused((await on.open('')).rename(['d', 'root'], false))
        assert.deepEqual(await on.names('d'), ['sub'])
        assert.deepEqual(await on.names(''), ['d'])
      },
    },
    {
      name: 'every handle follows a rename',
      async run(on) {
        const first = await on.create('a', 'x')
        const second = await on.data('a')
        const third = await on.data('a')
        await on.directory('d')
        assert.equal(await move(first, 'd/b'), 'STATUS_SUCCESS')
        await on.create('a', 'another')
        assert.equal(await move(second, 'c'), 'STATUS_SUCCESS')
        assert.deepEqual(await on.names('d'), [])
        assert.equal(await on.text('a'), 'another')
        await ok(third.remove())
        assert.deepEqual(await on.names(''), ['a', 'd'])
      },
    },
  ]
}

function linkTests(): ConformanceTest[] {
  const link = async (file: BackendFile, to: string, replace = false): Promise<string> => {
    const status = statusOf(await file.link(split(to), replace))
    if (status === 'STATUS_NOT_SUPPORTED') throw new Lacking('hard links')
    return status
  }

  return [
    {
      name: 'a file has several names',
      async run(on) {
        await on.directory('d')
        const file = await on.create('a', 'abc')
        assert.equal(await link(file, 'd/B'), 'STATUS_SUCCESS')
        assert.equal((await ok(file.stat())).links, 2)
        const other = await on.data('d/b')
        assert.equal(other.fileId, file.fileId)
        await ok(other.write(bytes('Z'), 0, false))
        assert.equal(await on.text('a'), 'Zbc')
        assert.equal((await on.entries('d'))[0]?.stat.fileId, file.fileId)
        await ok(file.remove())
        assert.equal(await on.exists('a'), false)
        assert.equal(await on.text('d/b'), 'Zbc')
        assert.equal((await ok(other.stat())).links, 1)
      },
    },
    {
      name: 'a link to where it cannot be is refused',
      async run(on) {
        const file = await on.create('a', 'x')
        await on.create('b', 'old')
        const directory = await on.directory('d')
        assert.equal(await link(file, 'no/c'), 'STATUS_OBJECT_PATH_NOT_FOUND')
        assert.equal(await link(file, 'B'), 'STATUS_OBJECT_NAME_COLLISION')
        assert.equal(await link(file, 'a'), 'STATUS_OBJECT_NAME_COLLISION')
        assert.equal(await link(file, 'd', true), 'STATUS_ACCESS_DENIED')
        assert.equal(await link(directory, 'e'), 'STATUS_FILE_IS_A_DIRECTORY')
        assert.equal((await ok(file.stat())).links, 1)
        assert.deepEqual((await on.names('')).toSorted(), ['a', 'b', 'd'])
      },
    },
    {
      name: 'a link replaces a file when told to',
      async run(on) {
        const file = await on.create('a', 'new')
        await on.create('b', 'old')
        assert.equal(await link(file, 'b', true), 'STATUS_SUCCESS')
        assert.equal(await on.text('b'), 'new')
        assert.equal((await ok(file.stat())).links, 2)
        assert.equal(await link(file, 'b', true), 'STATUS_SUCCESS', 'over another name of the same file')
        assert.equal((await ok(file.stat())).links, 2)
        assert.deepEqual((await on.names('')).toSorted(), ['a', 'b'])
      },
    },
    {
      name: 'a rename over another name of the same file leaves one',
      async run(on) {
        const file = await on.create('a', 'abc')
        assert.equal(await link(file, 'b'), 'STATUS_SUCCESS')
        assert.equal(statusOf(await file.rename(['b'], false)), 'STATUS_OBJECT_NAME_COLLISION')
        await ok(file.rename(['b'], true))
        assert.deepEqual(await on.names(''), ['b'])
        assert.equal((await ok(file.stat())).links, 1)
        assert.equal(await on.text('b'), 'abc')
      },
    },
    {
      name: 'a handle removes the name that it was opened by',
      async run(on) {
        const file = await on.create('a', 'abc')
        assert.equal(await link(file, 'b'), 'STATUS_SUCCESS')
        await ok((await on.open('b')).remove())
        assert.deepEqual(await on.names(''), ['a'])
        assert.equal(await link(file, 'b'), 'STATUS_SUCCESS')
        await ok((await on.open('b')).rename(['c'], false))
        assert.deepEqual((await on.names('')).toSorted(), ['a', 'c'])
      },
    },
  ]
}

function removeTests(): ConformanceTest[] {
  return [
    {
      name: 'a removed file is gone, its handles stay usable',
      async run(on) {
        const file = await on.create('a', 'abc')
        const other = await on.data('a')
        await ok(file.remove())
        assert.deepEqual(await on.names(''), [])
        assert.equal(await on.refusal('a'), 'STATUS_OBJECT_NAME_NOT_FOUND')
        assert.equal(textOf(await contentOf(other)), 'abc')
        await ok(other.write(bytes('defg'), 3, false))
        await ok(other.truncate(5))
        assert.equal(textOf(await contentOf(file)), 'abcde')
        const stat = await ok(file.stat())
        assert.equal(stat.links, 0)
        assert.equal(stat.fileId, file.fileId)
        const next = await on.create('a', 'next')
        assert.notEqual(next.fileId, file.fileId)
        assert.equal(textOf(await contentOf(file)), 'abcde')
        assert.equal(await on.text('a'), 'next')
      },
    },
    {
      name: 'a removed name does not come back, nor does it harm a new one',
      async run(on) {
        const file = await on.create('a', 'old')
        await ok(file.remove())
        await on.create('a', 'new')
        await refused(file.remove())
        await refused(file.rename(['b'], false))
        await refused(file.link(['b'], false))
        assert.deepEqual(await on.names(''), ['a'])
        assert.equal(await on.text('a'), 'new')
      },
    },
    {
      name: 'a directory is removed when it is empty',
      async run(on) {
        const directory = await on.directory('d')
        await on.create('d/a')
        await on.directory('d/sub')
        assert.equal(statusOf(await directory.remove()), 'STATUS_DIRECTORY_NOT_EMPTY')
        await ok((await on.open('d/a')).remove())
        assert.equal(statusOf(await directory.remove()), 'STATUS_DIRECTORY_NOT_EMPTY')
        await ok((await on.open('d/sub')).remove())
        await ok(directory.remove())
        assert.deepEqual(await on.names(''), [])
        assert.equal(await on.refusal('d'), 'STATUS_OBJECT_NAME_NOT_FOUND')
        assert.equal(await on.refusal('d/a'), 'STATUS_OBJECT_PATH_NOT_FOUND')
      },
    },
    {
      name: 'nothing is made in a removed directory',
      async run(on) {
        const directory = await on.directory('d', { read: true })
        await ok(directory.remove())
        assert.equal(await on.refusal('d/a', { disposition: 'create' }), 'STATUS_OBJECT_PATH_NOT_FOUND')
        assert.deepEqual(await ok(directory.list()), [])
        assert.equal((await ok(directory.stat())).isDirectory, true)
      },
    },
    {
      name: 'the root stays',
      async run(on) {
        await refused((await on.open('')).remove())
        await on.create('a')
        assert.deepEqual(await on.names(''), ['a'])
      },
    },
  ]
}
