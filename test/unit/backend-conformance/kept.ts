/** What a backend may keep beside what every one keeps: attributes handed down, properties, reparse points, shared room. */
import assert from 'node:assert/strict'
import { FileAttributes } from '../../../src/wire/fscc/index.ts'
import {
  bytes,
  type ConformanceTest,
  contentOf,
  Lacking,
  ok,
  pattern,
  refused,
  sameBytes,
  statusOf,
} from './fixture.ts'

const { COMPRESSED, DIRECTORY, HIDDEN, INTEGRITY_STREAM, REPARSE_POINT } = FileAttributes
/** The buffer of a symbolic link to `target`, and one with a tag and GUID of nobody's. */
const symlink = Buffer.from('0c0000a0180000000000040004000400000000000100000061006200', 'hex')
const foreign = Buffer.from(`3412000004000000${'11'.repeat(16)}deadbeef`, 'hex')
const SYMLINK_TAG = 0xa000_000c

const attributeTests: readonly ConformanceTest[] = [
  {
    name: 'what is made takes over the attributes that its directory hands down',
    needs: ['compression'],
    async run(on) {
      const directory = await on.directory('d')
      await ok(directory.setStat({ attributes: COMPRESSED | HIDDEN | DIRECTORY }))
      const initial = { attributes: FileAttributes.ARCHIVE, inheritedAttributes: COMPRESSED | INTEGRITY_STREAM }
      await on.create('d/handed', '', { initial })
      assert.equal((await on.stat('d/handed')).attributes, COMPRESSED | FileAttributes.ARCHIVE)
      await on.directory('d/below', { initial: { inheritedAttributes: COMPRESSED } })
      assert.equal((await on.stat('d/below')).attributes, COMPRESSED | DIRECTORY)
      await on.create('d/not', '', { initial: { inheritedAttributes: INTEGRITY_STREAM } })
      assert.equal((await on.stat('d/not')).attributes, 0)
      await on.create('outside', '', { initial })
      assert.equal((await on.stat('outside')).attributes, FileAttributes.ARCHIVE)
    },
  },
]

const propertyTests: readonly ConformanceTest[] = [
  {
    name: 'properties are kept by name, and follow the file',
    needs: ['properties'],
    async run(on) {
      const file = await on.create('a')
      assert.ok(file.property !== undefined && file.setProperty !== undefined)
      assert.equal(await ok(file.property('one')), undefined)
      const value = pattern(64)
      await ok(file.setProperty('one', value))
      value.fill(0)
      await ok(file.setProperty('two', bytes('zwei')))
      await ok(file.rename(['b'], false))
      const again = await on.open('b')
      sameBytes((await ok(again.property?.('one'))) ?? new Uint8Array(0), pattern(64))
      await ok(file.setProperty('one', undefined))
      await ok(file.setProperty('none', undefined))
      assert.equal(await ok(again.property?.('one')), undefined)
      sameBytes((await ok(again.property?.('two'))) ?? new Uint8Array(0), bytes('zwei'))
      await refused(file.setProperty('large', new Uint8Array(4097)), 'STATUS_INVALID_PARAMETER')
    },
  },
  {
    name: 'properties are neither extended attributes nor streams',
    needs: ['properties', 'extendedAttributes', 'namedStreams'],
    async run(on) {
      const file = await on.create('a')
      await ok(file.setProperty?.('one', bytes('1')))
      assert.deepEqual(await ok(file.extendedAttributes()), [])
      assert.deepEqual(await on.streamNames('a'), [''])
      assert.equal((await on.stat('a')).eaSize, 0)
    },
  },
]

const reparseTests: readonly ConformanceTest[] = [
  {
    name: 'a reparse point is kept as it is given',
    needs: ['reparsePoints'],
    async run(on) {
      for (const object of [await on.create('a', 'text'), await on.directory('d')]) {
        assert.equal(await ok(object.reparsePoint?.()), undefined)
        assert.equal((await ok(object.stat())).reparseTag, 0)
        for (const [data, tag] of [[symlink, SYMLINK_TAG] as const, [foreign, 0x1234] as const]) {
          await ok(object.setReparsePoint?.(data))
          sameBytes((await ok(object.reparsePoint?.())) ?? new Uint8Array(0), data)
          const stat = await ok(object.stat())
          assert.equal(stat.reparseTag, tag)
          assert.equal(stat.attributes & REPARSE_POINT, REPARSE_POINT)
        }
      }
      for (const { name, stat } of await on.entries('')) assert.equal(stat.reparseTag, 0x1234, name)
      const file = await on.open('a')
      await ok(file.setReparsePoint?.(undefined))
      await ok(file.setReparsePoint?.(undefined))
      assert.equal((await on.stat('a')).reparseTag, 0)
      assert.equal((await on.stat('a')).attributes & REPARSE_POINT, 0)
      assert.equal(await on.text('a'), 'text')
    },
  },
  {
    name: 'other attributes and the reparse point leave each other alone',
    needs: ['reparsePoints'],
    async run(on) {
      const file = await on.create('a')
      await ok(file.setReparsePoint?.(symlink))
      const { attributes, creationTime } = await ok(file.stat())
      await ok(file.setStat({ attributes: attributes | HIDDEN }))
      assert.equal((await on.stat('a')).attributes, REPARSE_POINT | HIDDEN)
      await ok(file.setReparsePoint?.(undefined))
      assert.equal((await on.stat('a')).attributes, HIDDEN)
      assert.equal((await on.stat('a')).creationTime, creationTime)
    },
  },
  {
    name: 'no path leads through a reparse point',
    needs: ['reparsePoints'],
    async run(on) {
      const stopped = 'STATUS_STOPPED_ON_SYMLINK'
      await ok((await on.directory('Dir')).setReparsePoint?.(symlink))
      await ok((await on.create('File')).setReparsePoint?.(symlink))
      for (const link of ['Dir', 'dir', 'File', 'FILE']) {
        assert.equal(await on.refusal(`${link}/a`), stopped, link)
        assert.equal(await on.refusal(`${link}/a/b`), stopped, link)
        assert.equal(await on.refusal(`${link}/a`, { disposition: 'create', kind: 'file' }), stopped, link)
        assert.equal(await on.refusal(`${link}/a`, { disposition: 'openOrCreate' }), stopped, link)
        const other = await on.create('other')
        await refused(other.rename([link, 'a'], false), stopped)
        await refused(other.link([link, 'a'], false), stopped)
        await ok(other.remove())
      }
      assert.deepEqual(await on.names(''), ['Dir', 'File'])
      assert.deepEqual(await on.names('Dir'), [])
    },
  },
]

const shareTests: readonly ConformanceTest[] = [
  {
    name: 'ranges share their room until one of them is written',
    async run(on) {
      const size = 256 * 1024
      const source = await on.create('source', pattern(size, 1))
      const target = await on.create('target', pattern(size, 2))
      if (target.duplicate === undefined) throw new Lacking('duplicate')
      const status = statusOf(await target.duplicate(source, { offset: 65_536, length: 65_536 }, 131_072))
      if (status === 'STATUS_NOT_SUPPORTED') {
        sameBytes(await contentOf(target), pattern(size, 2), 'what was not supported')
        throw new Lacking('duplicate on this disk')
      }
      assert.equal(status, 'STATUS_SUCCESS')
      const expected = pattern(size, 2)
      expected.set(pattern(size, 1).subarray(65_536, 131_072), 131_072)
      sameBytes(await contentOf(target), expected, 'the target')
      await ok(source.write(bytes('changed'), 65_536, false))
      sameBytes(await contentOf(target), expected, 'the target when the source has changed')
      await ok(target.write(bytes('other'), 140_000, false))
      const kept = pattern(size, 1)
      kept.set(bytes('changed'), 65_536)
      sameBytes(await contentOf(source), kept, 'the source')
    },
  },
]

export const keptTests: readonly ConformanceTest[] = [
  ...attributeTests,
  ...propertyTests,
  ...reparseTests,
  ...shareTests,
]
