import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type MemoryBackendOptions, memoryBackend } from '../../src/backends/memory/index.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import {
  bytes,
  type Fixture,
  ok,
  pattern,
  READ_WRITE,
  readAt,
  refused,
  statusOf,
  textOf,
} from './backend-conformance/fixture.ts'
import { backendConformance, type Made, runConformanceTest } from './backend-conformance.ts'

const make = async (options?: MemoryBackendOptions): Promise<Made> => ({
  backend: memoryBackend(options),
  dispose: async () => {},
})

backendConformance('memory', make, { makeSmall: () => make({ totalBytes: 2 ** 20 }) })

backendConformance('memory without streams, extended attributes and descriptors', () =>
  make({ namedStreams: false, extendedAttributes: false, securityDescriptors: false }),
)

const files = { 'Docs/Read Me.txt': 'hello', 'Docs/Bilder/Ä.bin': pattern(100_000), 'empty.txt': '' }

backendConformance('read-only memory', () => make({ files, readOnly: true }), {
  holds: Object.fromEntries(Object.entries(files).map(([path, content]) => [path, bytes(content)])),
})

function within(name: string, options: MemoryBackendOptions, run: (on: Fixture) => Promise<void>): void {
  test(name, async () => {
    assert.equal(await runConformanceTest({ name, run }, () => make(options)), undefined)
  })
}

describe('memory backend', () => {
  test('it answers at once', () => {
    const backend = memoryBackend()
    const opened = backend.open(['a'], { disposition: 'create', ...READ_WRITE })
    assert.ok('file' in opened)
    const { file } = opened
    const root = backend.open([], { disposition: 'open', ...READ_WRITE })
    assert.ok('file' in root)
    const answers = [
      backend.volume(),
      file.stat(),
      file.setStat({ attributes: 2 }),
      file.write(bytes('abc'), 0, true),
      file.read(new Uint8Array(3), 0),
      file.flush(),
      file.truncate(2),
      file.allocate(10),
      file.zero({ offset: 0, length: 1 }),
      file.allocatedRanges({ offset: 0, length: 1 }),
      root.file.list(),
      root.file.statEntries(['a']),
      file.streams(),
      file.extendedAttributes(),
      file.setExtendedAttributes([]),
      file.securityDescriptor(),
      file.setSecurityDescriptor(new Uint8Array(20)),
      file.link(['b'], false),
      file.rename(['c'], false),
      file.remove(),
      file.close(),
      backend.close(),
    ]
    for (const [index, answer] of answers.entries()) assert.ok(!(answer instanceof Promise), `answer ${index}`)
  })

  let time = 133_000_000_000_000_001n
  within('times are those of the clock that is handed in', { now: () => time++ }, async (on) => {
    const from = time
    const file = await on.create('a', 'x')
    const stat = await ok(file.stat())
    assert.ok(stat.creationTime >= from && stat.creationTime < time)
    assert.ok(stat.lastWriteTime > stat.creationTime, 'each change has a later time')
    assert.equal(stat.changeTime, stat.lastWriteTime)
    assert.equal(stat.lastAccessTime, stat.creationTime)
    await ok(file.setStat({ attributes: 2 }))
    const after = await ok(file.stat())
    assert.equal(after.lastWriteTime, stat.lastWriteTime)
    assert.equal(after.changeTime, time - 1n, 'a change of attributes is a change')
    await ok(file.setStat({ attributes: 0, changeTime: 5n }))
    assert.equal((await ok(file.stat())).changeTime, 5n, 'unless its time is given')
  })

  within('file ids are never given again', {}, async (on) => {
    const seen = new Set<bigint>()
    for (let round = 0; round < 10; round++) {
      const file = await on.create('a')
      assert.ok(!seen.has(file.fileId))
      seen.add(file.fileId)
      await ok(file.remove())
      await file.close()
    }
  })

  within('names are listed in the order of their upper case', {}, async (on) => {
    for (const name of ['b', 'C', 'a', 'ö', 'Z', '_', 'B2', 'É']) await on.create(name)
    assert.deepEqual(await on.names(''), ['a', 'b', 'B2', 'C', 'Z', '_', 'É', 'ö'])
  })

  within('a stat of entries finds other spellings too', {}, async (on) => {
    await on.create('Name')
    const [stat] = await ok((await on.open('')).statEntries(['nAME']))
    assert.equal(stat?.fileId, (await on.open('name')).fileId)
  })

  within('allocation is counted in clusters of 4 KiB', {}, async (on) => {
    const file = await on.create('a')
    const allocated = async (): Promise<number> => (await ok(file.stat())).allocationSize
    const free = async (): Promise<number> => (await ok(on.backend.volume())).freeBytes
    const atStart = await free()
    await ok(file.write(bytes('x'), 0, false))
    assert.equal(await allocated(), 4096)
    await ok(file.write(bytes('x'), 10 * 2 ** 30, false))
    assert.equal(await allocated(), 8192)
    await ok(file.write(pattern(4098), 4095, false))
    assert.equal(await allocated(), 4 * 4096)
    assert.equal(atStart - (await free()), 4 * 4096)
    await ok(file.allocate(100_000))
    assert.equal(await allocated(), 25 * 4096 + 4096)
    await ok(file.zero({ offset: 4096, length: 8192 }))
    assert.equal(await allocated(), 25 * 4096 + 4096, 'reserved room stays')
    await ok(file.allocate(4096))
    assert.equal(await allocated(), 2 * 4096)
    await ok(file.truncate(1))
    assert.equal(await allocated(), 4096)
    await ok(file.truncate(0))
    assert.equal(await free(), atStart)
  })

  within('files have a largest size', { maxFileBytes: 10_000 }, async (on) => {
    const file = await on.create('a')
    await ok(file.write(bytes('x'), 9999, false))
    await refused(file.write(bytes('x'), 10_000, false), 'STATUS_INVALID_PARAMETER')
    await refused(file.truncate(10_001), 'STATUS_INVALID_PARAMETER')
    await refused(file.allocate(10_001), 'STATUS_INVALID_PARAMETER')
    assert.equal((await ok(file.stat())).endOfFile, 10_000)
  })

  within('the largest size is that of NTFS', { totalBytes: 8192 }, async (on) => {
    const file = await on.create('a')
    await ok(file.write(bytes('x'), 0xfff_ffff_0000 - 1, false))
    await refused(file.write(bytes('x'), 0xfff_ffff_0000, false), 'STATUS_INVALID_PARAMETER')
  })

  within('the number of files has a limit', { maxFiles: 3 }, async (on) => {
    const file = await on.create('a')
    await on.create('a', '', { stream: 's' })
    await on.directory('d')
    assert.equal(await on.refusal('b', { disposition: 'create' }), 'STATUS_DISK_FULL')
    assert.equal(await on.refusal('a', { disposition: 'create', stream: 't' }), 'STATUS_DISK_FULL')
    await ok((await on.open('d')).remove())
    await on.end()
    assert.equal(await on.refusal('b', { disposition: 'create', stream: 's' }), 'STATUS_DISK_FULL')
    assert.equal(await on.exists('b'), false)
    await on.create('b')
    await on.end()
    for (const stream of ['s', undefined]) {
      const one = await on.open('a', stream === undefined ? {} : { stream })
      await ok(one.remove())
      await one.close()
    }
    await on.create('c', '', { stream: 's' })
    await file.close()
  })

  within('a file begins with all it is given or is not made', { totalBytes: 8192 }, async (on) => {
    const big = { name: 'BIG', value: new Uint8Array(70_000).fill(1), flags: 0 }
    for (const initial of [
      { allocationSize: 10_000 },
      { extendedAttributes: [big] },
      { securityDescriptor: new Uint8Array(70_000) },
    ]) {
      assert.notEqual(await on.refusal('a', { disposition: 'create', initial }), 'STATUS_SUCCESS')
      assert.equal(await on.exists('a'), false)
    }
    assert.equal((await ok(on.backend.volume())).freeBytes, 8192)
  })

  within('names of a file have a limit', { maxLinks: 3 }, async (on) => {
    const file = await on.create('a')
    await ok(file.link(['b'], false))
    await ok(file.link(['c'], false))
    await refused(file.link(['d'], false), 'STATUS_TOO_MANY_LINKS')
    assert.equal((await ok(file.stat())).links, 3)
  })

  within('the root cannot be removed', {}, async (on) => {
    await refused((await on.open('')).remove(), 'STATUS_CANNOT_DELETE')
  })

  within('what is there from the start', { files, label: 'Work', serialNumber: 7 }, async (on) => {
    assert.equal(await on.text('docs/read me.txt'), 'hello')
    await ok((await on.data('docs/read me.txt')).write(bytes('J'), 0, false))
    assert.equal(await on.text('docs/read me.txt'), 'Jello')
    const { label, serialNumber } = await ok(on.backend.volume())
    assert.deepEqual([label, serialNumber], ['Work', 7])
  })

  test('what cannot be there from the start is an error', () => {
    assert.throws(() => memoryBackend({ files: { a: 'x', 'a/b': 'y' } }), RangeError)
    assert.throws(() => memoryBackend({ totalBytes: 4096, files: { a: pattern(5000) } }), RangeError)
  })

  within('without a feature its calls are refused', { namedStreams: false, extendedAttributes: false }, async (on) => {
    const file = await on.create('a')
    assert.equal(await on.refusal('a', { stream: 's', disposition: 'openOrCreate' }), 'STATUS_OBJECT_NAME_INVALID')
    assert.equal(await on.exists('a'), true)
    await refused(file.extendedAttributes(), 'STATUS_EAS_NOT_SUPPORTED')
    const one = { name: 'A', value: bytes('1'), flags: 0 }
    await refused(file.setExtendedAttributes([one]), 'STATUS_EAS_NOT_SUPPORTED')
    const initial = { extendedAttributes: [one] }
    assert.equal(await on.refusal('b', { disposition: 'create', initial }), 'STATUS_EAS_NOT_SUPPORTED')
    assert.equal(await on.exists('b'), false)
  })

  within('without security descriptors none is kept', { securityDescriptors: false }, async (on) => {
    const file = await on.create('a')
    await refused(file.setSecurityDescriptor(new Uint8Array(20)), 'STATUS_INVALID_DEVICE_REQUEST')
    assert.equal(await ok(file.securityDescriptor()), undefined)
  })

  within('extended attributes keep their flags', {}, async (on) => {
    const file = await on.create('a')
    await ok(file.setExtendedAttributes([{ name: 'Needed', value: bytes('1'), flags: 0x80 }]))
    assert.deepEqual(await ok(file.extendedAttributes()), [{ name: 'Needed', value: bytes('1'), flags: 0x80 }])
  })

  within('a stream is moved by its own call only', {}, async (on) => {
    const stream = await on.create('a', 'x', { stream: 's' })
    await refused(stream.rename(['b'], false), 'STATUS_INVALID_PARAMETER')
    await refused(stream.link(['b'], false), 'STATUS_INVALID_PARAMETER')
    await refused((await on.open('a')).renameStream('t', false), 'STATUS_INVALID_PARAMETER')
    await refused(stream.renameStream('t'.repeat(256), false), 'STATUS_OBJECT_NAME_INVALID')
    await ok(stream.remove())
    await refused(stream.remove(), 'STATUS_FILE_DELETED')
    await refused(stream.renameStream('t', false), 'STATUS_ACCESS_DENIED')
  })

  within('a stream of a directory is not one itself', {}, async (on) => {
    await on.directory('d')
    const stream = await on.create('d', 'x', { stream: 's' })
    await refused(stream.list(), 'STATUS_INVALID_PARAMETER')
    await refused(stream.statEntries([]), 'STATUS_INVALID_PARAMETER')
    assert.equal(await on.refusal('d', { stream: 's', kind: 'directory' }), 'STATUS_NOT_A_DIRECTORY')
    assert.equal(textOf(await readAt(stream, 0, 10)), 'x')
  })

  within('all room comes back when files are gone', {}, async (on) => {
    const before = (await ok(on.backend.volume())).freeBytes
    await on.directory('d')
    await on.create('d/a', pattern(100_000))
    await on.create('d/a', pattern(10_000), { stream: 's' })
    await on.create('d/a', pattern(10_000), { stream: 't' })
    await on.create('d', pattern(10_000), { stream: 'u' })
    await on.create('b', pattern(10_000))
    await ok((await on.open('d/a')).link(['c'], false))
    await ok((await on.open('b')).rename(['c'], true))
    await ok((await on.open('d/a', { stream: 't' })).remove())
    for (const path of ['d/a', 'd', 'c']) await ok((await on.open(path)).remove())
    assert.ok((await ok(on.backend.volume())).freeBytes < before, 'handles are open')
    await on.end()
    assert.equal((await ok(on.backend.volume())).freeBytes, before)
  })

  test('10 000 small files take little memory', () => {
    const backend = memoryBackend()
    const before = process.memoryUsage().arrayBuffers
    for (let index = 0; index < 10_000; index++) {
      const opened = backend.open([`file ${index}`], { disposition: 'create', ...READ_WRITE })
      assert.ok(!failed(opened) && 'file' in opened)
      assert.equal(statusOf(opened.file.write(bytes('small'), 0, false)), 'STATUS_SUCCESS')
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 2 ** 20)
  })
})
