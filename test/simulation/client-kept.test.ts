/** What the client keeps: what is asked again is not asked of the server, as long as the server would tell. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'

import type { ConnectOptions } from '../../src/client/index.ts'
import { Capabilities } from '../../src/wire/smb2/index.ts'
import { Asker } from './asker.ts'
import { scenario } from './world.ts'

const files = { a: 'content', 'folder/b': 'b', 'folder/c': 'c' }

scenario('a file that is read again is not asked for, until somebody writes to it', { files }, async (world) => {
  const one = await Asker.connect(world)
  const other = await Asker.connect(world)
  const read = () => one.share.readFile('a', 'utf8')
  assert.deepEqual(await one.asks(read), ['CREATE', 'READ', 'CLOSE'])
  assert.deepEqual(await one.asks(read), ['CREATE', 'READ'], 'what is asked for twice is opened with a lease')
  assert.deepEqual(await one.asks(read), [])
  await other.do(other.share.writeFile('a', 'something else'))
  assert.deepEqual(one.asked(), ['CLOSE', 'OPLOCK_BREAK'], 'the lease is given up')
  assert.equal(await one.do(read()), 'something else')
  // So much later that nobody wants it any more.
  await one.do(read())
  world.clock.advance(6000)
  await world.settled()
  assert.equal(one.asked().at(-1), 'CLOSE')
  await one.do(one.client.close())
  await other.do(other.client.close())
})

scenario('a file that is looked at again is not asked for; times and attributes are soon', { files }, async (world) => {
  const one = await Asker.connect(world, { limits: { deferredCloseMs: 5000 } })
  const other = await Asker.connect(world)
  const look = () => one.share.stat('a')
  assert.deepEqual(await one.asks(look), ['CREATE', 'QUERY_INFO', 'CLOSE'])
  assert.deepEqual(await one.asks(look), ['CREATE', 'QUERY_INFO'])
  assert.deepEqual(await one.asks(look), [])
  await other.do(other.share.setAttributes('a', { set: 2 }))
  world.clock.advance(1000)
  assert.deepEqual(await one.asks(look), ['QUERY_INFO'])
  assert.ok((await one.do(look())).isHidden)
  // Of its own changes it knows at once.
  await one.do(one.share.setAttributes('a', { clear: 2 }))
  assert.ok(!(await one.do(look())).isHidden)
  await one.do(one.client.close())
  await other.do(other.client.close())
})

scenario('a handle that is closed rests, and is there for who opens the file again', { files }, async (world) => {
  const one = await Asker.connect(world)
  const other = await Asker.connect(world)
  const use = async (): Promise<string> => {
    await using handle = await one.share.open('a')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(20), 0, 20, 0)
    return buffer.toString('utf8', 0, bytesRead)
  }
  assert.deepEqual(await one.asks(use), ['CREATE', 'READ'])
  assert.deepEqual(await one.asks(use), [])
  const handle = await one.do(one.share.open('a'))
  await one.do(handle.close())
  await assert.rejects(one.do(handle.read(Buffer.alloc(1))), { code: 'EBADF' })
  await handle.close()
  // It is not in the way of others, nor of its own.
  one.asked()
  await other.do(other.share.unlink('a'))
  assert.ok(one.asked().includes('CLOSE'))
  await assert.rejects(one.do(one.share.open('a')), { code: 'ENOENT' })
  await one.do(one.share.open('folder/b').then((opened) => opened.close()))
  await one.do(one.share.rename('folder', 'renamed'))
  assert.equal(await one.do(one.share.readFile('renamed/b', 'utf8')), 'b')
  await assert.rejects(one.do(one.share.open('folder/b')), { code: 'ENOENT' })
  // What was written is closed at once.
  assert.deepEqual(
    await one.asks(async () => {
      await using opened = await one.share.open('renamed/b', 'r+')
      await opened.write('B')
    }),
    ['CREATE', 'WRITE', 'CLOSE'],
  )
  await one.do(one.client.close())
  await other.do(other.client.close())
})

for (const [name, options] of [
  ['by a lease', {}],
  ['by notification', { maxDialect: '2.1' }],
] as const)
  scenario(`a folder that is listed again is not asked for: ${name}`, { files }, async (world) => {
    const one = await Asker.connect(world, options)
    const other = await Asker.connect(world)
    const hasLeases = options.maxDialect === undefined
    assert.equal((one.client.server.capabilities & Capabilities.DIRECTORY_LEASING) !== 0, hasLeases)
    const list = () => one.share.readdir('folder')
    const others = hasLeases ? [] : ['CHANGE_NOTIFY']
    const listing = ['CREATE', 'QUERY_DIRECTORY', 'QUERY_DIRECTORY', 'CLOSE']
    assert.deepEqual(await one.asks(list), listing)
    assert.deepEqual(await one.asks(list), ['CREATE', ...others, ...listing])
    assert.deepEqual(await one.asks(list), [])
    assert.deepEqual(await one.asks(() => one.share.readdir('folder', { withFileTypes: true })), [])
    await other.do(other.share.writeFile('folder/new', ''))
    assert.ok(one.asked().includes('CLOSE'))
    assert.deepEqual((await one.do(list())).toSorted(), ['b', 'c', 'new'])
    await one.do(list())
    assert.deepEqual(await one.asks(list), [])
    // Its own changes it sees at once.
    await one.do(one.share.mkdir('folder/mine'))
    assert.deepEqual((await one.do(list())).toSorted(), ['b', 'c', 'mine', 'new'])
    await one.do(one.client.close())
    await other.do(other.client.close())
  })

scenario('a folder stays leased to who changes what is in it, and not for others', { files }, async (world) => {
  const one = await Asker.connect(world)
  const other = await Asker.connect(world)
  const entries = () => one.share.readdir('folder', { withFileTypes: true })
  const list = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await entries()).map(({ name, stats }) => [name, stats.size]))
  await one.do(list())
  await one.do(list())
  const handle = await one.do(one.share.open('folder/b', 'r+'))
  const changes: readonly (readonly [change: () => Promise<unknown>, then: Readonly<Record<string, number>>])[] = [
    [() => one.share.mkdir('folder/mine'), { b: 1, c: 1, mine: 0 }],
    [() => one.share.writeFile('folder/new', 'ab'), { b: 1, c: 1, mine: 0, new: 2 }],
    [() => one.share.rename('folder/new', 'folder/newer'), { b: 1, c: 1, mine: 0, newer: 2 }],
    [() => one.share.unlink('folder/newer'), { b: 1, c: 1, mine: 0 }],
    [() => one.share.rmdir('folder/mine'), { b: 1, c: 1 }],
    [() => one.share.copyFile('folder/c', 'folder/d'), { b: 1, c: 1, d: 1 }],
    [() => one.share.truncate('folder/c', 3), { b: 1, c: 3, d: 1 }],
    [() => handle.write('four', 0), { b: 4, c: 3, d: 1 }],
    [() => handle.truncate(2), { b: 2, c: 3, d: 1 }],
    [() => handle.close(), { b: 2, c: 3, d: 1 }],
    [() => one.share.setAttributes('folder/c', { set: 2 }), { b: 2, c: 3, d: 1 }],
  ]
  for (const [change, then] of changes) {
    const asked = await one.asks(change)
    assert.ok(!asked.includes('OPLOCK_BREAK'), `${String(change)}: ${asked.join()}`)
    assert.deepEqual(await one.do(list()), then, String(change))
    assert.deepEqual(
      one.asked(),
      ['CREATE', 'QUERY_DIRECTORY', 'QUERY_DIRECTORY', 'CLOSE'],
      'listed, and not leased again',
    )
    assert.deepEqual(await one.asks(list), [])
  }
  await other.do(other.share.writeFile('folder/others', ''))
  assert.deepEqual(one.asked(), ['CLOSE', 'OPLOCK_BREAK'])
  assert.ok('others' in (await one.do(list())))
  await one.do(one.client.close())
  await other.do(other.client.close())
})

scenario('what is written behind is there when it is looked for, and at close', { files }, async (world) => {
  const one = await Asker.connect(world, { writeBehind: true })
  const other = await Asker.connect(world)
  const handle = await one.do(one.share.open('a', 'r+'))
  const write = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await handle.write('x', i)
  }
  assert.deepEqual(await one.asks(write), [])
  assert.equal(await other.do(other.share.readFile('a', 'utf8')), 'x'.repeat(10))
  assert.deepEqual(one.asked(), ['WRITE', 'OPLOCK_BREAK'], 'it is written, and then the lease is given up')
  await one.do(handle.close())
  const again = await one.do(one.share.open('a', 'r+'))
  await one.do(again.write('y', 0))
  world.clock.advance(1000)
  await world.settled()
  assert.deepEqual(one.asked().slice(-1), ['WRITE'], 'a second later it is written anyway')
  await one.do(again.write('z', 0))
  assert.deepEqual(await one.asks(() => one.client.close()), ['WRITE', 'CLOSE', 'LOGOFF'])
  assert.equal(await other.do(other.share.readFile('a', 'utf8')), `z${'x'.repeat(9)}`)
  await other.do(other.client.close())
})

const small = { shares: [{ name: 'data', backend: memoryBackend({ files: { a: 'content' }, maxFileBytes: 1000 }) }] }

scenario('what cannot be written later is told once, at the next occasion', small, async (world) => {
  const one = await Asker.connect(world, { writeBehind: true })
  const full = { statusName: 'STATUS_INVALID_PARAMETER', command: 'WRITE' }
  for (const occasion of ['sync', 'close', 'datasync'] as const) {
    const handle = await one.do(one.share.open('a', 'r+'))
    await one.do(handle.write('x', 2000))
    await assert.rejects(one.do(handle[occasion]()), full)
    if (occasion === 'close') continue
    await one.do(handle.write('y', 0))
    await one.do(handle.close())
  }
  const handle = await one.do(one.share.open('a', 'r+'))
  await one.do(handle.write('x', 2000))
  world.clock.advance(1000)
  await world.settled()
  await assert.rejects(one.do(handle.write('z', 0)), full)
  await one.do(handle.write('x', 3000))
  // Who leaves without closing hears of it all the same.
  await assert.rejects(one.do(one.client.close()), full)
})

scenario('without leases nothing is kept', { files }, async (world) => {
  const one = await Asker.connect(world, { leases: false })
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await one.asks(() => one.share.readFile('a')), ['CREATE', 'READ', 'CLOSE'])
    assert.deepEqual(await one.asks(() => one.share.stat('a')), ['CREATE', 'QUERY_INFO', 'CLOSE'])
    assert.deepEqual(await one.asks(() => one.share.open('a').then((handle) => handle.close())), ['CREATE', 'CLOSE'])
    assert.equal((await one.asks(() => one.share.readdir('folder'))).length, 4)
  }
  assert.equal(world.server.leases.size, 0)
  await one.do(one.client.close())
})

scenario('after a lost connection nothing is known any more', { files }, async (world) => {
  const one = await Asker.connect(world)
  const other = await Asker.connect(world)
  for (let i = 0; i < 3; i++) await one.do(one.share.readFile('a'))
  const handle = await one.do(one.share.open('folder/b'))
  await one.do(handle.read(Buffer.alloc(1), 0, 1, 0))
  for (let i = 0; i < 3; i++) await one.do(one.share.readdir('folder'))
  one.library.cutAll()
  await other.do(other.share.writeFile('a', 'meanwhile'))
  await other.do(other.share.writeFile('folder/new', ''))
  assert.equal(await one.do(one.share.readFile('a', 'utf8')), 'meanwhile')
  assert.ok((await one.do(one.share.readdir('folder'))).includes('new'))
  one.asked()
  await one.do(handle.read(Buffer.alloc(1), 0, 1, 0))
  assert.ok(one.asked().includes('READ'))
  await one.do(handle.close())
  await one.do(one.client.close())
  await other.do(other.client.close())
})

scenario('an answer from before a write, which comes after it, is not kept', { files }, async (world) => {
  const one = await Asker.connect(world)
  const handle = await one.do(one.share.open('a', 'r+'))
  const into = Buffer.alloc(7)
  const both = async (): Promise<void> => {
    await Promise.all([handle.read(into, 0, 7, 0), handle.write('changed', 0)])
  }
  one.library.holdOneIn = 1
  assert.deepEqual(await one.asks(both), ['READ', 'WRITE'])
  one.library.holdOneIn = 0
  assert.equal(into.toString(), 'content')
  assert.ok(one.library.overtaken > 0)
  await one.do(handle.read(into, 0, 7, 0))
  assert.equal(into.toString(), 'changed')
  assert.deepEqual(await one.asks(() => handle.read(into, 0, 7, 0)), [])
  await one.do(handle.close())
  await one.do(one.client.close())
})

scenario('what was kept under a lease that was lost is not good under the next one', { files }, async (world) => {
  const one = await Asker.connect(world)
  const other = await Asker.connect(world)
  const handle = await one.do(one.share.open('a', 'r+'))
  const into = Buffer.alloc(7)
  const read = () => handle.read(into, 0, 7, 0)
  await one.do(read())
  assert.deepEqual(await one.asks(read), [])
  await other.do(other.share.writeFile('a', 'another'))
  // By one more open the lease is had again, for all of them.
  const again = await one.do(one.share.open('a'))
  assert.deepEqual(await one.asks(read), ['READ'])
  assert.equal(into.toString(), 'another')
  assert.deepEqual(await one.asks(read), [])
  await one.do(again.close())
  await one.do(handle.close())
  await one.do(one.client.close())
  await other.do(other.client.close())
})

scenario('nothing is kept of a share that is closed', { files }, async (world) => {
  const one = await Asker.connect(world)
  const other = await Asker.connect(world)
  for (let i = 0; i < 2; i++) {
    await one.do(one.share.readdir('folder'))
    await one.do(one.share.readFile('a'))
  }
  await one.do(one.share.close())
  assert.equal(world.server.status().shares[0]?.openFiles, 0)
  await other.do(other.share.writeFile('folder/new', ''))
  await other.do(other.share.writeFile('a', 'another'))
  const share = await one.do(one.client.share('data'))
  assert.ok((await one.do(share.readdir('folder'))).includes('new'))
  assert.equal(await one.do(share.readFile('a', 'utf8')), 'another')
  await one.do(one.client.close())
  await other.do(other.client.close())
})

scenario(
  'a handle that was open while the file grew does not rest: it knows an older end',
  { files },
  async (world) => {
    const { library, share, client } = await Asker.connect(world)
    const [reader, writer] = await library.during(Promise.all([share.open('a'), share.open('a', 'r+')]))
    await library.during(writer.write('longer than before', 0))
    await library.during(reader.close())
    assert.equal(await library.during(share.readFile('a', 'utf8')), 'longer than before')
    await library.during(writer.close())
    await library.during(client.close())
  },
)

scenario('the last close ends what was kept, also where the file is being opened again', { files }, async (world) => {
  const one = await Asker.connect(world)
  const other = await Asker.connect(world)
  for (let round = 0; round < 100; round++) {
    const content = `${round}`.padStart(3)
    const opened = await one.do(one.share.open('a'))
    await one.do(opened.read(Buffer.alloc(3), 0, 3, 0))
    await one.do(opened.close())
    // It has rested for long enough: it is closed while both go on.
    world.clock.advance(60_000)
    const again = one.share.open('a')
    const written = other.share.writeFile('a', content)
    const [handle] = await one.do(Promise.all([again, written]))
    const into = Buffer.alloc(3)
    await one.do(handle.read(into, 0, 3, 0))
    assert.equal(into.toString(), content)
    await one.do(handle.close())
  }
  await one.do(one.client.close())
  await other.do(other.client.close())
})

scenario('what is kept has limits', {}, async (world) => {
  const names = Array.from({ length: 6 }, (_, i) => `file-${i}`)
  const keptBy = async (limits: ConnectOptions['limits']): Promise<Asker> => {
    const asker = await Asker.connect(world, { limits: limits ?? {} })
    for (const name of names) await asker.do(asker.share.writeFile(name, 'x'.repeat(60_000)))
    for (const name of names) for (let i = 0; i < 2; i++) await asker.do(asker.share.readFile(name))
    await world.settled()
    return asker
  }
  const one = await keptBy({ maxDeferredHandles: 3, maxCachedEntries: 4 })
  assert.equal(world.server.status().shares[0]?.openFiles, 3)
  assert.deepEqual(await one.asks(() => one.share.readFile('file-5')), [], 'the last one is kept')
  assert.notDeepEqual(await one.asks(() => one.share.readFile('file-2')), [], 'it rests no longer')
  for (let i = 0; i < 3; i++) assert.notDeepEqual(await one.asks(() => one.share.readdir('')), [], 'a large folder')
  await one.do(one.client.close())
  const two = await keptBy({ maxCachedBytes: 300_000 })
  assert.deepEqual(await two.asks(() => two.share.readFile('file-5')), [])
  assert.deepEqual(await two.asks(() => two.share.readFile('file-0')), ['READ'], 'there is no room for so many')
  await two.do(two.client.close())
})
