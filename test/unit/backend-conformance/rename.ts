import assert from 'node:assert/strict'
import type { BackendFile } from '../../../src/server/backend.ts'
import { type ConformanceTest, contentOf, ok, refused, split, statusOf, textOf } from './fixture.ts'

const move = async (file: BackendFile, to: string, replace = false): Promise<string> =>
  statusOf(await file.rename(split(to), replace))

export const renameTests: readonly ConformanceTest[] = [
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
