/** MS-SMB2 3.3.5.9.6 to 3.3.5.9.13, 3.3.7.1, 3.3.5.15.9: opens that wait for clients which have lost their connections. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import {
  CreateAction,
  CreateDisposition,
  CreateOptions,
  Dialect,
  FsctlCode,
  NetworkResiliencyRequest,
  OplockLevel,
  ReadResponse,
} from '../../src/wire/smb2/index.ts'
import { key, withLease } from './caching.ts'
import { type Client, OTHER } from './client.ts'
import { BATCH, comingBack, durable, durableV2, guid, inAppInstance, lose, opened, type V2 } from './durable.ts'
import { close, exclusive, ioctl, lock, logoff, read, tryCreate, unlocked, write } from './files.ts'
import { Random } from './random.ts'
import type { Answer } from './raw-client.ts'
import { slowBackend } from './slow-backend.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const NAMED: V2 = { createGuid: guid(1) }
const GONE = 'STATUS_OBJECT_NAME_NOT_FOUND'
const OTHER_GUID = guid(0xffff)
const other = { negotiate: { clientGuid: OTHER_GUID } }

const text = (answer: Answer): string => Buffer.from(succeeded(answer).body(ReadResponse).data).toString()
const waiting = (world: World) => world.server.status().disconnectedOpens

for (const dialect of [Dialect.SMB_2_0_2, Dialect.SMB_2_1, Dialect.SMB_3_0, Dialect.SMB_3_1_1])
  scenario(`0x${dialect.toString(16)}: with a batch oplock an open outlives its connection`, {}, async (world) => {
    const negotiate = { dialects: [dialect] }
    const first = await world.client({ negotiate })
    const { fileId, durable: told } = await opened(first, durable({ name: 'a', shareAccess: 0, ...BATCH }))
    assert.equal(told, 'v1')
    succeeded(await write(first, fileId, 'kept'))
    succeeded(await lock(first, fileId, exclusive(0n, 4n)))
    await lose(world, first)
    assert.deepEqual(
      waiting(world).map(({ user, path, locks, persistent }) => ({ user, path, locks: locks.length, persistent })),
      [{ user: 'tester', path: 'a', locks: 1, persistent: false }],
    )
    const second = await world.client({ negotiate })
    statusIs(await read(second, fileId), 'STATUS_FILE_CLOSED')
    const again = await opened(second, comingBack({ name: 'anything at all' }, fileId))
    assert.equal(again.createAction, CreateAction.OPENED)
    assert.equal(again.oplockLevel, OplockLevel.BATCH)
    assert.equal(again.durable, undefined)
    assert.equal(again.fileId.persistent, fileId.persistent)
    assert.notEqual(again.fileId.volatile, fileId.volatile)
    assert.equal(text(await read(second, again.fileId)), 'kept')
    succeeded(await lock(second, again.fileId, unlocked(0n, 4n)))
    assert.deepEqual(waiting(world), [])
    succeeded(await close(second, again.fileId))
  })

scenario('without a cache on the handle an open ends with its connection', {}, async (world) => {
  for (const value of [{ requestedOplockLevel: OplockLevel.EXCLUSIVE }, {}]) {
    const client = await world.client()
    const v1 = await opened(client, durable({ name: 'a', ...value }))
    const v2 = await opened(client, durableV2({ name: 'b', ...value }, NAMED))
    assert.deepEqual([v1.durable, v2.durable], [undefined, undefined])
    await lose(world, client)
    assert.deepEqual(waiting(world), [])
  }
})

scenario('an oplock that was broken keeps nothing open', {}, async (world) => {
  const first = await world.client()
  const { fileId } = await opened(first, durable({ name: 'a', ...BATCH }))
  const second = await world.client(other)
  const pending = opened(second, { name: 'a' })
  await world.settled()
  assert.equal(first.unsolicited.length, 1)
  // Lost while it is asked to give up the oplock.
  await lose(world, first)
  await pending
  statusIs(await tryCreate(await world.client(), comingBack({ name: 'a' }, fileId)), GONE)
})

const ways = [
  ['an oplock', (value: Parameters<typeof durable>[0]) => ({ ...value, ...BATCH })],
  ['a lease', (value: Parameters<typeof durable>[0]) => withLease(value, { key: key(1), rights: 'RWH' })],
] as const
for (const [what, caching] of ways)
  scenario(`who wants a file with ${what} whose client is away gets it`, {}, async (world) => {
    const first = await world.client()
    const { fileId } = await opened(first, durable(caching({ name: 'a', shareAccess: 0 })))
    await lose(world, first)
    const second = await world.client(other)
    succeeded(await close(second, (await opened(second, { name: 'a' })).fileId))
    statusIs(await tryCreate(await world.client(), caching(comingBack({ name: 'a' }, fileId))), GONE)
  })

scenario('a file that was to be deleted is, before somebody else gets the name', {}, async (world) => {
  const slow = slowBackend(memoryBackend(), new Random(world.seed))
  world.server.setShares([{ name: 'data', backend: slow.backend }])
  const first = await world.client()
  const value = { name: 'a', createOptions: CreateOptions.DELETE_ON_CLOSE, shareAccess: 0 }
  const { fileId } = await opened(first, durable({ ...value, ...BATCH }))
  succeeded(await write(first, fileId, 'old'))
  first.disconnect()
  const second = await world.client(other)
  const made = await opened(second, { name: 'a', createDisposition: CreateDisposition.OVERWRITE_IF })
  assert.equal(made.createAction, CreateAction.CREATED)
  succeeded(await close(second, made.fileId))
  while (slow.isBusy()) await new Promise(setImmediate)
  assert.equal(slow.openFiles(), 0)
})

scenario('a lease comes back with its open: same client, same key, same name', {}, async (world) => {
  const lease = { key: key(1), rights: 'RWH', epoch: 5 }
  const first = await world.client()
  const { fileId, durable: told } = await opened(first, withLease(durableV2({ name: 'a' }, NAMED), lease))
  assert.deepEqual(told, { timeoutMs: world.server.limits.durableTimeoutMs, persistent: false })
  await lose(world, first)
  const client = await world.client()
  const back = comingBack({ name: 'a' }, fileId, NAMED)
  statusIs(await tryCreate(client, back), GONE)
  statusIs(await tryCreate(client, withLease(back, { ...lease, key: key(2) })), GONE)
  statusIs(await tryCreate(client, withLease(back, { key: key(1), rights: 'RWH' })), GONE)
  statusIs(await tryCreate(await world.client(other), withLease(back, lease)), GONE)
  const elsewhere = withLease(comingBack({ name: 'b' }, fileId, NAMED), lease)
  statusIs(await tryCreate(client, elsewhere), 'STATUS_INVALID_PARAMETER')
  // What is asked for this time does not matter.
  const again = await opened(client, withLease(back, { ...lease, rights: '' }))
  assert.equal(again.oplockLevel, OplockLevel.LEASE)
})

scenario('nobody else comes back for an open', {}, async (world) => {
  const first = await world.client()
  const v1 = await opened(first, durable({ name: 'a', ...BATCH }))
  const v2 = await opened(first, durableV2({ name: 'b', ...BATCH }, NAMED))
  const connected = await opened(first, durable({ name: 'c' }))
  await lose(world, first)
  const stranger = await world.client({ ...OTHER, ...other })
  statusIs(await tryCreate(stranger, comingBack({ name: 'a' }, v1.fileId)), 'STATUS_ACCESS_DENIED')
  statusIs(await tryCreate(stranger, comingBack({ name: 'b' }, v2.fileId, NAMED)), 'STATUS_ACCESS_DENIED')
  const client = await world.client()
  statusIs(await tryCreate(client, comingBack({ name: 'b' }, v2.fileId, { createGuid: guid(2) })), GONE)
  statusIs(await tryCreate(client, comingBack({ name: 'b' }, v2.fileId, { createGuid: guid(0) })), GONE)
  statusIs(await tryCreate(client, comingBack({ name: 'c' }, connected.fileId)), GONE)
  const guessed = { persistent: v1.fileId.persistent + 1000n, volatile: 0n }
  statusIs(await tryCreate(client, comingBack({ name: 'a' }, guessed)), GONE)
  const persistent = { ...NAMED, persistent: true }
  statusIs(await tryCreate(client, comingBack({ name: 'b' }, v2.fileId, persistent)), 'STATUS_INVALID_PARAMETER')
  // Only one of two gets it; one that is had by somebody is not to be had.
  const both = await Promise.all([0, 1].map(() => tryCreate(client, comingBack({ name: 'b' }, v2.fileId, NAMED))))
  assert.deepEqual(both.map(({ statusName }) => statusName).toSorted(), [GONE, 'STATUS_SUCCESS'])
})

const oneBackend = memoryBackend()
scenario(
  'an open does not come back by way of another share, be it of the same files',
  {
    shares: [
      { name: 'data', backend: oneBackend },
      { name: 'other', backend: oneBackend },
    ],
  },
  async (world) => {
    const first = await world.client()
    const { fileId } = await opened(first, durable({ name: 'a', ...BATCH }))
    await lose(world, first)
    statusIs(await tryCreate(await world.client({ share: 'other' }), comingBack({ name: 'a' }, fileId)), GONE)
    const [data] = [...world.server.shares]
    world.server.setShares([{ name: 'data', backend: data?.backend ?? world.backend, readOnly: true }])
    statusIs(await tryCreate(await world.client(), comingBack({ name: 'a' }, fileId)), GONE)
    assert.equal(waiting(world).length, 1)
    // With its share it goes.
    world.server.setShares([{ name: 'other', backend: oneBackend }])
    assert.deepEqual(waiting(world), [])
  },
)

scenario('guests, and shares that say so, have no durable opens', { server: { allowGuest: true } }, async (world) => {
  const guest = await world.client({ user: 'nobody' })
  assert.equal((await opened(guest, durable({ name: 'a', ...BATCH }))).durable, undefined)
  await lose(world, guest)
  world.server.setShares([{ name: 'data', backend: world.backend, durableHandles: false }])
  const client = await world.client()
  assert.equal((await opened(client, durableV2({ name: 'b', ...BATCH }, NAMED))).durable, undefined)
  const { fileId } = await opened(client, { name: 'c' })
  statusIs(await resilient(client, fileId, 1000), 'STATUS_NOT_SUPPORTED')
  await lose(world, client)
  assert.deepEqual(waiting(world), [])
})

scenario('an open waits as long as its client was told, and no longer', {}, async (world) => {
  const { limits } = world.server
  const asked = [
    [1000, 1000],
    [0, limits.durableTimeoutMs],
    [0xffff_ffff, limits.maxDurableTimeoutMs],
  ] as const
  for (const [i, [timeoutMs, granted]] of asked.entries()) {
    const first = await world.client()
    const v2 = { createGuid: guid(i + 2), timeoutMs }
    const given = await opened(first, durableV2({ name: 'a', ...BATCH }, v2))
    assert.deepEqual(given.durable, { timeoutMs: granted, persistent: false })
    await lose(world, first)
    world.clock.advance(granted - 1)
    assert.equal(waiting(world).length, 1)
    const second = await world.client()
    const again = await opened(second, comingBack({ name: 'a' }, given.fileId, v2))
    // It has come back: the time is over, and nothing happens.
    world.clock.advance(granted)
    succeeded(await read(second, again.fileId, { length: 0 }))
    await lose(world, second)
    world.clock.advance(granted)
    assert.deepEqual(waiting(world), [])
    statusIs(await tryCreate(await world.client(), comingBack({ name: 'a' }, again.fileId, v2)), GONE)
  }
})

scenario(
  'how many wait has a limit, for all and for one user',
  { server: { limits: { maxDisconnectedOpens: 30, maxDisconnectedOpensPerUser: 20 } } },
  async (world) => {
    for (const user of [{}, OTHER]) {
      const client = await world.client(user)
      for (let i = 0; i < 25; i++) await opened(client, durable({ name: `${user === OTHER}${i}`, ...BATCH }))
      await lose(world, client)
    }
    const users = waiting(world).map(({ user }) => user)
    assert.deepEqual([users.length, users.filter((user) => user === OTHER.user).length], [30, 10])
    assert.equal(world.server.opens.size, 30)
    // Room is there again when they are gone.
    world.clock.advance(world.server.limits.durableTimeoutMs)
    const client = await world.client()
    await opened(client, durable({ name: 'x', ...BATCH }))
    await lose(world, client)
    assert.equal(waiting(world).length, 1)
  },
)

scenario('thousands that wait hold nobody up, and go when their time is over', {}, async (world) => {
  const { limits } = world.server
  for (const user of [{}, OTHER]) {
    const clients = await Promise.all([0, 1].map(() => world.client(user)))
    for (const [n, client] of clients.entries())
      for (let i = 0; i < 700; i++) await opened(client, durable({ name: `${user === OTHER}${n}-${i}`, ...BATCH }))
    for (const client of clients) client.disconnect()
    await world.settled()
  }
  assert.equal(waiting(world).length, 2 * limits.maxDisconnectedOpensPerUser)
  assert.equal(world.server.opens.size, 2 * limits.maxDisconnectedOpensPerUser)
  const client = await world.client()
  await opened(client, { name: 'x' })
  world.clock.advance(limits.durableTimeoutMs)
  await world.settled()
  assert.equal(world.server.opens.size, 1)
})

scenario('logging off leaves durable opens behind, disconnecting the tree does not', {}, async (world) => {
  const first = await world.client()
  const { fileId } = await opened(first, durable({ name: 'a', ...BATCH }))
  succeeded(await logoff(first))
  const second = await world.client({ previousSessionId: 1n })
  succeeded(await close(second, (await opened(second, comingBack({ name: 'a' }, fileId))).fileId))
  assert.deepEqual(waiting(world), [])
})

scenario('a session that takes the place of another leaves it no opens', {}, async (world) => {
  const first = await world.client()
  const { fileId } = await opened(first, durable({ name: 'a', ...BATCH }))
  const second = await world.client({ previousSessionId: first.session?.id ?? 0n })
  statusIs(await read(first, fileId), 'STATUS_USER_SESSION_DELETED')
  await opened(second, comingBack({ name: 'a' }, fileId))
})

const resilient = (client: Client, fileId: Parameters<typeof read>[1], timeout: number) =>
  ioctl(client, FsctlCode.LMR_REQUEST_RESILIENCY, { fileId, input: NetworkResiliencyRequest.encode({ timeout }) })

scenario('a resilient open waits without any cache, and is not taken away', {}, async (world) => {
  const first = await world.client()
  const { fileId } = await opened(first, { name: 'a', shareAccess: 0 })
  statusIs(await ioctl(first, FsctlCode.LMR_REQUEST_RESILIENCY, { fileId }), 'STATUS_INVALID_PARAMETER')
  const tooLong = world.server.limits.maxDurableTimeoutMs + 1
  statusIs(await resilient(first, fileId, tooLong), 'STATUS_INVALID_PARAMETER')
  succeeded(await resilient(first, fileId, 5000))
  await lose(world, first)
  const second = await world.client(other)
  statusIs(await tryCreate(second, { name: 'a' }), 'STATUS_SHARING_VIOLATION')
  const third = await world.client()
  const again = await opened(third, comingBack({ name: 'a' }, fileId))
  await lose(world, third)
  world.clock.advance(5000)
  succeeded(await tryCreate(second, { name: 'a' }))
  statusIs(await tryCreate(await world.client(), comingBack({ name: 'a' }, again.fileId)), GONE)
})

scenario('a program that has moved to another machine gets its file back', {}, async (world) => {
  const first = await world.client()
  const { fileId } = await opened(first, inAppInstance({ name: 'a', shareAccess: 0 }, guid(7)))
  const second = await world.client(other)
  statusIs(await tryCreate(second, inAppInstance({ name: 'a', shareAccess: 0 }, guid(8))), 'STATUS_SHARING_VIOLATION')
  await opened(second, inAppInstance({ name: 'a', shareAccess: 0 }, guid(7)))
  statusIs(await read(first, fileId), 'STATUS_FILE_CLOSED')
})

scenario('of two instances the later one has the file', {}, async (world) => {
  const first = await world.client()
  const value = { name: 'a', shareAccess: 0 }
  const version = (high: bigint, low: bigint) => inAppInstance(value, guid(7), { high, low })
  const { fileId } = await opened(first, version(2n, 5n))
  const second = await world.client(other)
  for (const older of [version(2n, 5n), version(2n, 4n), version(1n, 9n), inAppInstance(value, guid(7))])
    statusIs(await tryCreate(second, older), 'STATUS_FILE_FORCED_CLOSED')
  succeeded(await read(first, fileId, { length: 0 }))
  await opened(second, version(3n, 0n))
  statusIs(await read(first, fileId), 'STATUS_FILE_CLOSED')
})

scenario(
  'a reader asks for more time, and the writer is not overtaken: what was under way ends first',
  {},
  async (world) => {
    const slow = slowBackend(memoryBackend(), new Random(world.seed))
    world.server.setShares([{ name: 'data', backend: slow.backend }])
    const first = await world.client()
    const { fileId } = await opened(first, durable({ name: 'a', ...BATCH }))
    const late = write(first, fileId, 'late').catch(() => undefined)
    await new Promise(setImmediate)
    first.disconnect()
    await late
    const second = await world.client()
    const again = await opened(second, comingBack({ name: 'a' }, fileId))
    succeeded(await write(second, again.fileId, 'next'))
    assert.equal(text(await read(second, again.fileId)), 'next')
    succeeded(await close(second, again.fileId))
    while (slow.isBusy()) await new Promise(setImmediate)
  },
)
