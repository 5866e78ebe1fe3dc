import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { BackendFile } from '../../src/server/backend.ts'
import {
  create,
  descriptors,
  type Folder,
  folderFor,
  good,
  noAttributes,
  readWrite,
  statusOf,
} from './backend-disk-folder.ts'

const noTool = (): string | false => {
  try {
    execFileSync('getfattr', ['--version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'needs getfattr and setfattr (apt-get install attr)'
  }
}
const skip = noAttributes || noTool()

const stored = (on: Folder): string[] => {
  const store = join(on.root, '.smbkit/streams')
  return existsSync(store) ? readdirSync(store, { recursive: true, encoding: 'utf8' }) : []
}
const attribute = (path: string, name: string): Buffer =>
  execFileSync('getfattr', ['--only-values', '--absolute-names', '-n', name, path], { stdio: 'pipe' })

async function content(file: BackendFile): Promise<Buffer> {
  const { endOfFile } = await good(file.stat())
  const into = Buffer.alloc(endOfFile)
  assert.equal(await good(file.read(into, 0)), endOfFile)
  return into
}
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + seed) & 0xff
  return bytes
}

test('a small stream is an attribute as Samba has it', { skip }, async (context) => {
  const on = folderFor(context)
  await on.create('file')
  const stream = await on.file('file', { ...create, stream: 'Zone.Identifier' })
  const name = 'user.DosStream.Zone.Identifier:$DATA'
  const path = join(on.root, 'file')
  assert.deepEqual([...attribute(path, name)], [0])
  await good(stream.write(Buffer.from('[ZoneTransfer]'), 0, false))
  assert.equal(attribute(path, name).toString(), '[ZoneTransfer]\0')
  await good(stream.truncate(5))
  assert.equal(attribute(path, name).toString(), '[Zone\0')
  // And the other way round.
  execFileSync('setfattr', ['-n', 'user.DosStream.Other:$DATA', '-v', '0x61626300', path])
  assert.equal((await content(await on.file('file', { read: true, stream: 'OTHER' }))).toString(), 'abc')
  const streams = await good(stream.streams())
  assert.deepEqual(
    streams.map((one) => [one.name, one.size]),
    [
      ['', 0],
      ['Zone.Identifier', 5],
      ['Other', 3],
    ],
  )
  assert.deepEqual(stored(on), [])
})

test('a large stream goes to the store and back out with its file', { skip }, async (context) => {
  const on = folderFor(context)
  const file = await on.create('file')
  const stream = await on.file('file', { ...create, stream: 'large' })
  const second = await on.file('file', { ...readWrite, stream: 'LARGE' })
  const data = pattern(300_000, 1)
  await good(stream.write(data.subarray(0, 1000), 0, false))
  await good(stream.write(data.subarray(1000), 1000, true))
  assert.equal(stored(on).length, 2, 'a folder and a file')
  assert.deepEqual(await content(second), data)
  await good(second.write(Buffer.from('end'), 300_000, false))
  assert.equal((await content(stream)).toString('utf8', 300_000), 'end')
  await good(second.truncate(10))
  assert.deepEqual(await content(stream), data.subarray(0, 10))
  assert.equal(await second.renameStream('renamed', false), undefined)
  assert.equal(stream.stream, 'renamed')
  const named = await on.file('file', { read: true, stream: 'Renamed' })
  assert.deepEqual(await content(named), data.subarray(0, 10))
  assert.deepEqual(
    (await good(file.streams())).map(({ name }) => name),
    ['', 'renamed'],
  )
  assert.equal(await file.remove(), undefined)
  assert.deepEqual(stored(on), [])
  assert.deepEqual(await content(stream), data.subarray(0, 10), 'who has it open keeps it')
})

test('more streams than attributes have room for', { skip }, async (context) => {
  const on = folderFor(context)
  const file = await on.create('file')
  for (let i = 0; i < 200; i++) {
    const stream = await on.file('file', { ...create, stream: `stream ${i}` })
    await good(stream.write(pattern(i * 3, i), 0, false))
    if (i % 2 === 0) await stream.close()
  }
  assert.equal((await good(file.streams())).length, 201)
  for (let i = 0; i < 200; i++) {
    const stream = await on.file('file', { ...readWrite, stream: `STREAM ${i}` })
    assert.deepEqual(await content(stream), pattern(i * 3, i), `stream ${i}`)
    await good(stream.write(Buffer.from('X'), 5000, false))
    if (i % 3 === 0) assert.equal(await stream.remove(), undefined)
    await stream.close()
  }
  assert.equal((await good(file.streams())).length, 1 + 133)
  for (let i = 0; i < 200; i++) {
    if (i % 3 !== 0)
      assert.equal(await (await on.file('file', { ...readWrite, stream: `stream ${i}` })).remove(), undefined)
  }
  assert.equal((await good(file.streams())).length, 1)
  assert.deepEqual(stored(on), [])
})

test('renaming a stream keeps its content, wherever it is', { skip }, async (context) => {
  const on = folderFor(context)
  await on.create('file')
  const long = 'n'.repeat(200)
  for (const size of [10, 3500, 100_000]) {
    const stream = await on.file('file', { ...create, stream: 's' })
    await good(stream.write(pattern(size, 3), 0, false))
    assert.equal(await stream.renameStream(long, false), undefined)
    assert.deepEqual(await content(stream), pattern(size, 3))
    assert.equal(await stream.renameStream('S', false), undefined)
    assert.equal(await stream.renameStream('s', false), undefined)
    const other = await on.file('file', { ...create, stream: 'other' })
    assert.equal(statusOf(await stream.renameStream('OTHER', false)), 'STATUS_OBJECT_NAME_COLLISION')
    assert.equal(await stream.renameStream('OTHER', true), undefined)
    assert.deepEqual(await content(await on.file('file', { read: true, stream: 'other' })), pattern(size, 3))
    assert.equal(statusOf(await other.renameStream('x', false)), 'STATUS_ACCESS_DENIED', 'it was replaced')
    assert.equal(await stream.remove(), undefined)
  }
})

test('a copy made behind the server gets streams of its own', { skip }, async (context) => {
  const on = folderFor(context)
  const file = await on.create('file')
  const data = pattern(50_000, 9)
  for (const name of ['one', 'two']) {
    await good((await on.file('file', { ...create, stream: name })).write(data, 0, false))
  }
  execFileSync('cp', ['-a', join(on.root, 'file'), join(on.root, 'copy')])
  const copy = await on.file('copy', { ...readWrite, stream: 'one' })
  assert.deepEqual(await content(copy), data)
  await good(copy.write(Buffer.from('changed'), 0, false))
  assert.deepEqual(await content(await on.file('file', { read: true, stream: 'one' })), data)
  assert.equal((await on.file('copy')).isDirectory, false)
  assert.equal(await file.remove(), undefined)
  assert.deepEqual(await content(await on.file('copy', { read: true, stream: 'two' })), data)
  // A copy whose streams were never opened shares them; removing it takes nothing from the other.
  execFileSync('cp', ['-a', join(on.root, 'copy'), join(on.root, 'third')])
  assert.equal(await (await on.file('third')).remove(), undefined)
  assert.deepEqual(await content(await on.file('copy', { read: true, stream: 'two' })), data)
  assert.equal(await (await on.file('copy')).remove(), undefined)
  assert.deepEqual(stored(on), [])
})

test('another backend of the same folder finds them; a read-only one too', { skip }, async (context) => {
  const on = folderFor(context)
  await on.create('file')
  await good((await on.file('file', { ...create, stream: 's' })).write(pattern(70_000, 2), 0, false))
  for (const readOnly of [false, true]) {
    const opened = await on
      .again({ readOnly })
      .open(['FILE'], { disposition: 'open', read: true, write: false, stream: 'S' })
    assert.ok('file' in opened)
    assert.deepEqual(await content(opened.file), pattern(70_000, 2))
    await opened.file.close()
  }
})

test('replacing a file removes its stored streams, renaming keeps them', { skip }, async (context) => {
  const on = folderFor(context)
  for (const name of ['a', 'b']) {
    await on.create(name)
    const stream = await on.file(name, { ...create, stream: 's' })
    await good(stream.write(pattern(100_000, name.charCodeAt(0)), 0, false))
    await stream.close()
  }
  assert.equal(stored(on).length, 4)
  assert.equal(await (await on.file('a')).rename(['B'], true), undefined)
  assert.equal(stored(on).length, 2)
  assert.deepEqual(await content(await on.file('b', { read: true, stream: 's' })), pattern(100_000, 97))
})

test('names of streams that cannot be kept are refused', { skip: noAttributes }, async (context) => {
  const on = folderFor(context)
  await on.create('file')
  for (const stream of ['', 'a/b', 'a:b', 'a\\b', 'a\0b', '\ud800', 'x'.repeat(235), 'ä'.repeat(118)]) {
    assert.equal(await on.status('file', { ...create, stream }), 'STATUS_OBJECT_NAME_INVALID', stream)
  }
  for (const stream of ['x'.repeat(234), '*?<>|"', '..', '.', ' ', 'Ünïcödé😀']) {
    const file = await on.file('file', { ...create, stream })
    await good(file.write(pattern(20_000, 1), 0, false))
    assert.deepEqual(await content(await on.file('file', { read: true, stream })), pattern(20_000, 1))
  }
})

test('a full store is a full disk, and the stream stays as it was', { skip }, async (context) => {
  const on = folderFor(context)
  await on.create('file')
  const stream = await on.file('file', { ...create, stream: 's' })
  await good(stream.write(Buffer.from('before'), 0, false))
  // The store cannot be made where a file has its name.
  writeFileSync(join(on.root, '.smbkit'), '')
  assert.notEqual(statusOf(await stream.write(pattern(100_000, 1), 0, false)), 'STATUS_SUCCESS')
  assert.equal((await content(stream)).toString(), 'before')
})

test('no descriptor is left open by streams', { skip }, async (context) => {
  const on = folderFor(context)
  const round = async (): Promise<void> => {
    const file = await on.create('file')
    const open = []
    for (const [index, size] of [10, 100_000, 5000].entries()) {
      const stream = await on.file('file', { ...create, stream: `s${index}` })
      await good(stream.write(pattern(size, 1), 0, true))
      open.push(stream, await on.file('file', { ...readWrite, stream: `S${index}` }))
    }
    await file.streams()
    await open[0]?.remove()
    await open[3]?.remove()
    await file.remove()
    for (const one of [file, ...open]) await one.close()
  }
  await round()
  const before = descriptors()
  for (let i = 0; i < 5; i++) await round()
  assert.equal(descriptors(), before)
})
