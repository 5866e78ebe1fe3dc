import assert from 'node:assert/strict'
import type { BackendFile } from '../../../src/server/backend.ts'
import { failed } from '../../../src/wire/erref/failure.ts'
import { bytes, type ConformanceTest, contentOf, Lacking, ok, refused, split, statusOf, textOf } from './fixture.ts'

const link = async (file: BackendFile, to: string, replace = false): Promise<string> => {
  const status = statusOf(await file.link(split(to), replace))
  if (status === 'STATUS_NOT_SUPPORTED') throw new Lacking('hard links')
  return status
}

/** Several names of one file. */
export const linkTests: readonly ConformanceTest[] = [
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

export const removeTests: readonly ConformanceTest[] = [
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
      const list = await directory.list()
      assert.ok(failed(list) || list.length === 0, 'nothing is in it')
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
