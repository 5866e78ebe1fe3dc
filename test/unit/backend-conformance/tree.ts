import assert from 'node:assert/strict'
import { type ConformanceTest, ok, refused } from './fixture.ts'

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
]
