/** MS-SMB2 3.3.5.14, 3.3.5.16, 3.3.4.2: locks, what waits, and its cancelling. */
import assert from 'node:assert/strict'
import { Command, HeaderFlags } from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { OTHER } from './client.ts'
import {
  cancel,
  close,
  create,
  echo,
  exclusive,
  lock,
  lockBody,
  notifyBody,
  openDirectory,
  type Range,
  read,
  shared,
  start,
  tryCreate,
  unlocked,
  write,
} from './files.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

/** Two clients with the same file of 100 bytes open. */
async function two(world: World) {
  const [one, other] = [await world.client(), await world.client(OTHER)]
  const [file, same] = [await create(one, { name: 'a' }), await create(other, { name: 'a' })]
  succeeded(await write(one, file, new Uint8Array(100)))
  return { one, other, file, same }
}

scenario('exclusive locks keep others from reading and writing, shared ones from writing', {}, async (world) => {
  const { one, other, file, same } = await two(world)
  succeeded(await lock(one, file, exclusive(0n, 10n), shared(20n, 10n)))
  statusIs(await read(other, same, { offset: 9n, length: 1 }), 'STATUS_FILE_LOCK_CONFLICT')
  succeeded(await read(other, same, { offset: 10n, length: 10 }))
  succeeded(await read(other, same, { offset: 20n, length: 10 }))
  statusIs(await write(other, same, 'x', { offset: 0n }), 'STATUS_FILE_LOCK_CONFLICT')
  statusIs(await write(other, same, 'x', { offset: 29n }), 'STATUS_FILE_LOCK_CONFLICT')
  succeeded(await write(other, same, 'x', { offset: 30n }))
  succeeded(await write(one, file, 'x', { offset: 0n }))
  // A shared lock keeps also who has it from writing.
  statusIs(await write(one, file, 'x', { offset: 20n }), 'STATUS_FILE_LOCK_CONFLICT')
  // Locks are of a handle, not of a client.
  const again = await create(one, { name: 'a' })
  statusIs(await read(one, again, { offset: 0n, length: 1 }), 'STATUS_FILE_LOCK_CONFLICT')
})

scenario('all locks of a request or none', {}, async (world) => {
  const { one, other, file, same } = await two(world)
  succeeded(await lock(other, same, exclusive(50n, 10n)))
  statusIs(await lock(one, file, exclusive(0n, 10n), exclusive(55n, 1n), exclusive(70n, 1n)), 'STATUS_LOCK_NOT_GRANTED')
  succeeded(await lock(other, same, exclusive(0n, 10n), exclusive(70n, 1n)))
})

scenario('a request for locks that fails leaves those from before as they were', {}, async (world) => {
  const { one, other, file, same } = await two(world)
  succeeded(await lock(one, file, exclusive(0n, 10n)))
  succeeded(await lock(other, same, exclusive(50n, 10n)))
  // The shared lock goes on top of one's own exclusive one, and is taken back alone.
  statusIs(await lock(one, file, shared(0n, 10n), exclusive(50n, 1n)), 'STATUS_LOCK_NOT_GRANTED')
  statusIs(await read(other, same, { length: 1 }), 'STATUS_FILE_LOCK_CONFLICT')
  succeeded(await lock(one, file, unlocked(0n, 10n)))
  succeeded(await read(other, same, { length: 1 }))
})

scenario('unlocking goes range by range', {}, async (world) => {
  const { one, file } = await two(world)
  succeeded(await lock(one, file, exclusive(0n, 10n), exclusive(20n, 10n)))
  statusIs(await lock(one, file, unlocked(0n, 5n)), 'STATUS_RANGE_NOT_LOCKED')
  statusIs(await lock(one, file, unlocked(0n, 10n), unlocked(5n, 5n), unlocked(20n, 10n)), 'STATUS_RANGE_NOT_LOCKED')
  // What came before the wrong one is unlocked, what came after is not.
  statusIs(await lock(one, file, unlocked(0n, 10n)), 'STATUS_RANGE_NOT_LOCKED')
  succeeded(await lock(one, file, unlocked(20n, 10n)))
})

const wrong: readonly [string, readonly Range[], string][] = [
  ['no elements', [], 'STATUS_INVALID_PARAMETER'],
  ['no kind', [{ offset: 0n, length: 1n, flags: 0x10 }], 'STATUS_INVALID_PARAMETER'],
  ['both kinds', [{ offset: 0n, length: 1n, flags: 0x13 }], 'STATUS_INVALID_PARAMETER'],
  ['unknown flags', [{ offset: 0n, length: 1n, flags: 0x32 }], 'STATUS_INVALID_PARAMETER'],
  ['lock and unlock', [exclusive(0n, 1n), unlocked(0n, 1n)], 'STATUS_INVALID_PARAMETER'],
  ['unlock and lock', [unlocked(0n, 1n), exclusive(0n, 1n)], 'STATUS_RANGE_NOT_LOCKED'],
  ['an unlock that would wait', [{ offset: 0n, length: 1n, flags: 0x14 }], 'STATUS_INVALID_PARAMETER'],
  ['two that would wait', [exclusive(0n, 1n, true), exclusive(5n, 1n, true)], 'STATUS_INVALID_PARAMETER'],
  ['a range past 2^64', [exclusive(2n ** 64n - 1n, 2n)], 'STATUS_INVALID_LOCK_RANGE'],
]
for (const [what, ranges, status] of wrong)
  scenario(`LOCK with ${what}: ${status}`, {}, async (world) => {
    const { one, file, other, same } = await two(world)
    statusIs(await lock(one, file, ...ranges), status)
    succeeded(await lock(other, same, exclusive(0n, 2n ** 64n - 1n)))
  })

scenario('locks at the end of all offsets, and empty ones', {}, async (world) => {
  const { one, other, file, same } = await two(world)
  succeeded(await lock(one, file, exclusive(2n ** 64n - 1n, 1n), exclusive(2n ** 63n, 5n), exclusive(7n, 0n)))
  statusIs(await lock(other, same, exclusive(2n ** 64n - 10n, 10n)), 'STATUS_LOCK_NOT_GRANTED')
  statusIs(await lock(other, same, exclusive(0n, 10n)), 'STATUS_LOCK_NOT_GRANTED')
  succeeded(await lock(other, same, exclusive(7n, 10n)))
})

const lockWait = (client: Client, file: Parameters<typeof lockBody>[0], range: Range) =>
  start(client, Command.LOCK, lockBody(file, range))

for (const how of ['unlock', 'close', 'disconnect'] as const)
  scenario(`a lock that waits is granted by ${how}`, {}, async (world) => {
    const { one, other, file, same } = await two(world)
    succeeded(await lock(one, file, exclusive(0n, 10n)))
    const waiting = await lockWait(other, same, exclusive(5n, 10n, true))
    assert.ok(other.isPending(waiting.request.messageId))
    // The connection is not blocked meanwhile.
    succeeded(await echo(other))
    if (how === 'unlock') succeeded(await lock(one, file, unlocked(0n, 10n)))
    else if (how === 'close') succeeded(await close(one, file))
    else one.disconnect()
    const answer = succeeded(await waiting.answer)
    assert.equal(answer.asyncId, answer.interim[0]?.asyncId)
    succeeded(await lock(other, same, unlocked(5n, 10n)))
  })

scenario('who waits longest is first', {}, async (world) => {
  const { one, other, file, same } = await two(world)
  succeeded(await lock(one, file, exclusive(0n, 10n)))
  const first = await lockWait(other, same, exclusive(0n, 10n, true))
  const second = await lockWait(one, await create(one, { name: 'a' }), exclusive(0n, 10n, true))
  succeeded(await lock(one, file, unlocked(0n, 10n)))
  succeeded(await first.answer)
  assert.equal(one.outstanding, 1)
  succeeded(await lock(other, same, unlocked(0n, 10n)))
  succeeded(await second.answer)
})

for (const by of ['asyncId', 'messageId'] as const)
  scenario(`CANCEL by ${by}`, {}, async (world) => {
    const { one, other, file, same } = await two(world)
    succeeded(await lock(one, file, exclusive(0n, 10n)))
    const waiting = await lockWait(other, same, exclusive(0n, 1n, true))
    const spared = await lockWait(other, same, exclusive(1n, 1n, true))
    const interim = other.interimOf(waiting.request.messageId)
    assert.ok(interim)
    assert.equal(interim.isSigned, false)
    assert.ok((interim.header.flags & HeaderFlags.ASYNC_COMMAND) !== 0)
    cancel(other, waiting, by)
    const answer = statusIs(await waiting.answer, 'STATUS_CANCELLED')
    assert.ok(answer.isSigned)
    assert.equal(other.outstanding, 1)
    // It is cancelled once; nothing happens the second time, and nobody got the lock.
    cancel(other, { ...waiting }, 'messageId')
    succeeded(await lock(one, file, unlocked(0n, 10n)))
    succeeded(await spared.answer)
    succeeded(await lock(one, file, exclusive(0n, 1n)))
  })

scenario('CANCEL of what is not there, of others, and with a wrong signature does nothing', {}, async (world) => {
  const { one, other, file, same } = await two(world)
  succeeded(await lock(one, file, exclusive(0n, 10n)))
  const waiting = await lockWait(other, same, exclusive(0n, 1n, true))
  const asyncId = other.interimOf(waiting.request.messageId)?.asyncId ?? 0n
  cancel(other, waiting, 'messageId', { messageId: 5000n })
  cancel(other, waiting, 'asyncId', { asyncId: asyncId + 1000n })
  cancel(other, waiting, 'asyncId', { sign: 'wrongly' })
  cancel(other, waiting, 'asyncId', { sessionId: 0x7777n })
  // From another connection, by the same ids.
  cancel(one, waiting, 'messageId', { asyncId })
  // From another session of the same connection.
  const mine = other.session
  await other.logon()
  cancel(other, waiting, 'asyncId')
  await world.settled()
  assert.equal(other.outstanding, 1)
  cancel(other, waiting, 'asyncId', { session: mine ?? null })
  statusIs(await waiting.answer, 'STATUS_CANCELLED')
})

scenario('CLOSE ends what waits on the file', {}, async (world) => {
  const { one, other, file, same } = await two(world)
  succeeded(await lock(one, file, exclusive(0n, 10n)))
  const waiting = await lockWait(other, same, exclusive(0n, 1n, true))
  succeeded(await close(other, same))
  statusIs(await waiting.answer, 'STATUS_RANGE_NOT_LOCKED')
  const directory = await openDirectory(other, '')
  const watch = await start(other, Command.CHANGE_NOTIFY, notifyBody(directory))
  succeeded(await close(other, directory))
  statusIs(await watch.answer, 'STATUS_NOTIFY_CLEANUP')
})

scenario('a client that goes while it waits is forgotten', {}, async (world) => {
  const { one, other, file, same } = await two(world)
  succeeded(await lock(one, file, exclusive(0n, 10n)))
  for (let i = 0n; i < 10n; i++) await lockWait(other, same, exclusive(i, 1n, true))
  other.disconnect()
  await world.settled()
  succeeded(await lock(one, file, unlocked(0n, 10n)))
  succeeded(await lock(one, file, exclusive(0n, 100n)))
})

scenario('locks have a limit', { server: { limits: { maxLocksPerOpen: 3 } } }, async (world) => {
  const { one, file } = await two(world)
  succeeded(await lock(one, file, shared(0n, 1n), shared(0n, 1n)))
  statusIs(await lock(one, file, shared(0n, 1n), shared(0n, 1n)), 'STATUS_INSUFFICIENT_RESOURCES')
  succeeded(await lock(one, file, shared(0n, 1n)))
})

scenario('LOCK of a directory, and without any right to the data', {}, async (world) => {
  const client = await world.client()
  statusIs(await lock(client, await openDirectory(client, 'd'), exclusive(0n, 1n)), 'STATUS_INVALID_PARAMETER')
  const file = await create(client, { name: 'a', desiredAccess: 0x80 })
  statusIs(await lock(client, file, exclusive(0n, 1n)), 'STATUS_ACCESS_DENIED')
})

scenario('CANCEL before NEGOTIATE and before a logon', {}, async (world) => {
  const silent = world.connect()
  void silent.send([silent.prepare(Command.CANCEL, new Uint8Array([4, 0, 0, 0]), { messageId: 0n })])
  await world.settled()
  const client = world.connect()
  await client.negotiate()
  void client.send([client.prepare(Command.CANCEL, new Uint8Array([4, 0, 0, 0]), { messageId: 77n })])
  succeeded(await echo(client))
  statusIs(await tryCreate(client, { name: 'a' }), 'STATUS_USER_SESSION_DELETED')
})
