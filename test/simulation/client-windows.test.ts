/** What Windows has and POSIX has not, by the client library: previous versions, quotas, opens that outlive a server. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { StatusError } from '../../src/client/index.ts'
import { Library } from './library.ts'
import { MemoryStore } from './memory-store.ts'
import { scenario, World } from './world.ts'

const files = { 'report.txt': 'first', 'folder/inner.txt': 'inner' }

scenario('states of the past', { files }, async (world) => {
  const library = new Library(world)
  const client = await library.connect()
  const share = await library.during(client.share('data'))
  assert.deepEqual(await library.during(share.snapshots()), [])
  const read = (of: typeof share) => library.during(of.readFile('report.txt', 'utf8'))
  world.clock.advance(10_000)
  world.backend.takeSnapshot()
  world.clock.advance(10_000)
  await library.during(share.writeFile('report.txt', 'second'))
  world.backend.takeSnapshot()
  world.clock.advance(10_000)
  await library.during(share.rm('folder', { recursive: true }))
  await library.during(share.writeFile('report.txt', 'third'))

  const snapshots = await library.during(share.snapshots())
  assert.equal(snapshots.length, 2)
  const [older, newer] = snapshots.toSorted((a, b) => a.time.getTime() - b.time.getTime())
  assert.ok(older !== undefined && newer !== undefined && newer.time.getTime() - older.time.getTime() === 10_000)
  const [then, later] = [share.at(older), share.at(newer.token)]
  // Often enough that what may be kept would be: each time what was there then.
  for (let i = 0; i < 3; i++) {
    assert.deepEqual([await read(then), await read(later), await read(share)], ['first', 'second', 'third'])
    assert.equal((await library.during(then.stat('report.txt'))).size, 5)
    assert.deepEqual(await library.during(later.readdir('')), await library.during(then.readdir('')))
    assert.deepEqual(await library.during(share.readdir('')), ['report.txt'])
    const handle = await library.during(then.open('report.txt'))
    assert.equal(await library.during(handle.readFile({ encoding: 'utf8' })), 'first')
    await library.during(handle.close())
  }
  assert.equal(await library.during(share.at(newer.time).readFile('folder/inner.txt', 'utf8')), 'inner')
  assert.deepEqual(then.snapshotTime, older.time)
  await assert.rejects(library.during(then.writeFile('report.txt', 'x')), StatusError)
  await assert.rejects(library.during(then.unlink('report.txt')), StatusError)
  await assert.rejects(library.during(share.at(new Date(0)).readFile('report.txt')), { code: 'ENOENT' })
  assert.throws(() => share.at('yesterday'), { code: 'EINVAL' })
  await library.during(client.close())
})

scenario('quotas', { administrators: ['tester'] }, async (world) => {
  const library = new Library(world)
  const client = await library.connect()
  const share = await library.during(client.share('data'))
  const [one, two, three] = [1, 2, 3].map((n) => `S-1-5-21-10-20-30-${n}`) as [string, string, string]
  await library.during(
    share.setQuotas([
      { sid: one, limit: 1000n, threshold: 500n },
      { sid: two, limit: 2_000_000_000_000n },
    ]),
  )
  const told = (sids?: string[]) => library.during(share.quotas(sids && { sids }))
  const limits = (quotas: Awaited<ReturnType<typeof told>>) =>
    quotas
      .map(({ sid, limit, threshold }) => [sid, limit, threshold] as const)
      .filter(([sid]) => sid.startsWith('S-1-5-21-10-20-30-'))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  assert.deepEqual(limits(await told()), [
    [one, 1000n, 500n],
    [two, 2_000_000_000_000n, undefined],
  ])
  assert.deepEqual(limits(await told([two])), [[two, 2_000_000_000_000n, undefined]])
  const [asked] = await told([three])
  assert.ok(asked === undefined || asked.limit === undefined)
  await library.during(client.close())
})

scenario('an open outlives a server that is killed', {}, async (first) => {
  const backend = memoryBackend({ files: { a: 'as it was' } })
  let store = new MemoryStore()
  const shares = [{ name: 'data', backend, continuouslyAvailable: true }]
  const start = () => new World({ shares, server: { openStore: store } }, first.seed)
  const before = start()
  const library = new Library(before)
  const client = await library.connect()
  const share = await library.during(client.share('data'))
  // Nobody else may write to it: that is so, too, when the server is another one.
  const handle = await library.during(share.open('a', 'r+', { share: 'r' }))
  assert.equal(store.kept.size, 1, 'it is persistent')
  await library.during(handle.write('AS', 0))

  store = store.copy()
  const after = start()
  await after.server.restore()
  library.cutAll()
  library.world = after
  await library.during(handle.write('IT', 3))
  const others = new Library(after)
  const other = await others.connect()
  const otherShare = await others.during(other.share('data'))
  await assert.rejects(others.during(otherShare.open('a', 'r+')), { statusName: 'STATUS_SHARING_VIOLATION' })
  await library.during(handle.close())
  assert.equal(await others.during(otherShare.readFile('a', 'utf8')), 'AS IT was')
  assert.equal(store.kept.size, 0)
  await library.during(client.close())
  await others.during(other.close())
  await after.end()
})
