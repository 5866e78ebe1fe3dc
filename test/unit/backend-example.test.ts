import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { clockBackend } from '../../examples/clock-backend.ts'
import { type Answer, fail, NtStatus, type VirtualTree, virtualBackend } from '../../src/backends/virtual/index.ts'
import { ATTRIBUTES_ONLY, bytes, type Fixture, ok, readAt, refused, textOf } from './backend-conformance/fixture.ts'
import { backendConformance, runConformanceTest } from './backend-conformance.ts'

const nothing = async (): Promise<void> => {}
const noon = new Date('2026-11-20T12:00:00Z')

backendConformance('the clock share', async () => ({ backend: clockBackend(() => noon), dispose: nothing }), {
  holds: {
    'Asia/Tokyo.txt': bytes('2026-11-20 21:00:00 Asia/Tokyo\n'),
    'Asia/Kolkata.txt': bytes('2026-11-20 17:30:00 Asia/Kolkata\n'),
    'Europe/Berlin.txt': bytes('2026-11-20 13:00:00 Europe/Berlin\n'),
    'Europe/Lisbon.txt': bytes('2026-11-20 12:00:00 Europe/Lisbon\n'),
  },
})

test('without a clock of its own it tells the time now', async () => {
  const { file } = await ok(clockBackend().open(['Europe', 'Berlin.txt'], ATTRIBUTES_ONLY))
  assert.match(textOf(await readAt(file, 0, 100)), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Europe\/Berlin\n$/)
})

test('the guide shows the example as it is', () => {
  const example = readFileSync(new URL('../../examples/clock-backend.ts', import.meta.url), 'utf8')
  const guide = readFileSync(new URL('../../docs/backends.md', import.meta.url), 'utf8')
  const asUsersWriteIt = example.replace("'../src/backends/virtual/index.ts'", "'smbkit/backends/virtual'")
  assert.notEqual(asUsersWriteIt, example)
  assert.ok(guide.includes(`\`\`\`ts\n${asUsersWriteIt}\`\`\``))
  assert.ok(example.split('\n').length < 60)
})

/** The same tree by promises, in pieces of 3 bytes, with what cannot be looked at. */
const files = new Map([
  ['Docs/Größe.txt', 'as large as it is'],
  ['Docs/empty', ''],
])
const later = <T>(value: Answer<T>): Answer<T> => new Promise((resolve) => setImmediate(() => resolve(value)))
const tree: VirtualTree = {
  stat(path) {
    const name = path.join('/')
    if (name === 'secret' || name === 'Docs/locked') return later(fail(NtStatus.ACCESS_DENIED))
    if (name === 'Docs') return later({})
    if (name === 'unlisted') return later({ size: 3, created: new Date(0), modified: noon })
    const content = files.get(name)
    return later(content === undefined ? undefined : { size: bytes(content).length })
  },
  list(path) {
    return later(path.length === 0 ? ['Docs', 'secret'] : ['Größe.txt', 'empty', 'locked'])
  },
  read(path, offset, length) {
    const name = path.join('/')
    if (name === 'unlisted') return later(fail(NtStatus.DEVICE_NOT_READY))
    return later(bytes(files.get(name) ?? '').subarray(offset, offset + Math.min(length, 3)))
  },
}
const make = async () => ({ backend: virtualBackend(tree, { label: 'made up' }), dispose: nothing })

backendConformance('a tree of promises', make, {
  holds: Object.fromEntries([...files].map(([path, content]) => [path, bytes(content)])),
  skip: {
    'directories list what is in them': 'one of its names cannot be looked at',
  },
})

const within = (name: string, run: (on: Fixture) => Promise<void>): void => {
  test(name, async () => {
    assert.equal(await runConformanceTest({ name, run }, make), undefined)
  })
}

within('what the tree refuses is refused with its status', async (on) => {
  assert.equal(await on.refusal('secret'), 'STATUS_ACCESS_DENIED')
  assert.equal(await on.refusal('Secret'), 'STATUS_ACCESS_DENIED')
  assert.equal(await on.refusal('secret/x'), 'STATUS_ACCESS_DENIED')
  await refused((await on.open('unlisted')).read(new Uint8Array(3), 0), 'STATUS_DEVICE_NOT_READY')
})

within('what cannot be looked at hides nothing else', async (on) => {
  const docs = await on.open('docs', { read: true })
  const stats = await ok(docs.statEntries(await ok(docs.list())))
  assert.deepEqual(
    stats.map((stat) => stat?.endOfFile),
    [17, 0, undefined],
  )
})

within('a name that is not listed can be opened as it is spelled', async (on) => {
  const stat = await on.stat('unlisted')
  assert.equal(stat.creationTime, 116_444_736_000_000_000n)
  assert.equal(stat.lastWriteTime, 134_396_496_000_000_000n)
  assert.equal(await on.refusal('UNLISTED'), 'STATUS_OBJECT_NAME_NOT_FOUND')
})

within('pieces are put together, and longer ones cut', async (on) => {
  const file = await on.open('docs/GRÖßE.txt', { read: true })
  assert.equal(textOf(await readAt(file, 3, 8)), 'large as')
})

test('a piece that is longer than asked for is cut', async () => {
  const backend = virtualBackend({
    stat: ([name]) => (name === 'a' ? { size: 100 } : undefined),
    list: () => ['a'],
    read: () => new Uint8Array(100).fill(7),
  })
  const { file } = await ok(backend.open(['a'], { disposition: 'open', read: true, write: false }))
  const into = new Uint8Array(10)
  assert.equal(await ok(file.read(into.subarray(0, 4), 0)), 4)
  assert.deepEqual([...into], [7, 7, 7, 7, 0, 0, 0, 0, 0, 0])
})

test('the label is that of the volume', async () => {
  assert.equal((await ok((await make()).backend.volume())).label, 'made up')
})
