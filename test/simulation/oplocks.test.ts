/** Oplocks: MS-SMB2 3.3.4.6, 3.3.5.9, 3.3.5.22.1, 3.3.6.1; MS-FSA 2.1.4.12. */
import assert from 'node:assert/strict'
import { FileEndOfFileInformation, FileInformationClass } from '../../src/wire/fscc/index.ts'
import { Command, CreateDisposition, CreateResponse, OplockLevel } from '../../src/wire/smb2/index.ts'
import { acknowledgeOplock, breaksIn, breaksOf, levelAnswered, openOplocked } from './caching.ts'
import { OTHER } from './client.ts'
import {
  cancel,
  close,
  create,
  createBody,
  exclusive,
  lock,
  logoff,
  plainId,
  setInfo,
  start,
  treeDisconnect,
  tryCreate,
  write,
} from './files.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const { BATCH, EXCLUSIVE, II, LEASE, NONE } = OplockLevel
const ATTRIBUTES = 0x80
const READ_SECURITY = 0x2_0000

const two = async (world: World) => [await world.client(), await world.client(OTHER)] as const

scenario('who is alone gets what it asks for; who is not, level II or nothing', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  for (const level of [II, EXCLUSIVE, BATCH, NONE]) {
    const first = await openOplocked(one, { name: 'a' }, level)
    assert.equal(first.level, level)
    succeeded(await close(one, first.fileId))
  }
  const plain = await create(one, { name: 'a' })
  for (const level of [II, EXCLUSIVE, BATCH])
    assert.equal((await openOplocked(other, { name: 'a' }, level)).level, II, 'several read ahead')
  succeeded(await close(one, plain))
  assert.deepEqual(await breaksOf(other), [])
})

for (const level of [EXCLUSIVE, BATCH])
  scenario(`a second open waits until ${level} is acknowledged`, { files: { a: '' } }, async (world) => {
    const [one, other] = await two(world)
    const held = await openOplocked(one, { name: 'a' }, level)
    const second = await start(other, Command.CREATE, createBody({ name: 'a', requestedOplockLevel: BATCH }))
    assert.ok(other.isPending(second.request.messageId))
    assert.deepEqual(await breaksOf(one), [{ kind: 'oplock', fileId: held.fileId, level: II }])
    assert.equal(levelAnswered(succeeded(await acknowledgeOplock(one, held.fileId, II))), II)
    const opened = succeeded(await second.answer).body(CreateResponse)
    assert.equal(opened.oplockLevel, II)
    // Who is asked for nothing has nothing to acknowledge.
    statusIs(await acknowledgeOplock(one, held.fileId, II), 'STATUS_INVALID_OPLOCK_PROTOCOL')
    // A write takes level II from everybody, the writer too, and waits for nobody.
    succeeded(await write(other, plainId(opened.fileId), 'x'))
    assert.deepEqual([...(await breaksIn(one)), ...(await breaksIn(other))], [NONE, NONE])
  })

scenario('who replaces the file leaves nothing', { files: { a: 'text' } }, async (world) => {
  const [one, other] = await two(world)
  for (const [level, isWaitedFor] of [
    [II, false],
    [EXCLUSIVE, true],
    [BATCH, true],
  ] as const) {
    const held = await openOplocked(one, { name: 'a' }, level)
    const body = createBody({ name: 'a', createDisposition: CreateDisposition.OVERWRITE })
    const second = await start(other, Command.CREATE, body)
    assert.deepEqual(await breaksIn(one), [NONE])
    assert.equal(other.isPending(second.request.messageId), isWaitedFor)
    if (isWaitedFor) succeeded(await acknowledgeOplock(one, held.fileId, NONE))
    succeeded(await close(other, plainId(succeeded(await second.answer).body(CreateResponse).fileId)))
    succeeded(await close(one, held.fileId))
  }
})

scenario('a close does for an acknowledgement, and frees the share mode', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const held = await openOplocked(one, { name: 'a', shareAccess: 0 }, BATCH)
  const second = await start(other, Command.CREATE, createBody({ name: 'a', shareAccess: 0 }))
  assert.deepEqual(await breaksIn(one), [II])
  succeeded(await close(one, held.fileId))
  succeeded(await second.answer)
})

scenario('share modes: batch is broken first, exclusive is not broken at all', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const alone = await openOplocked(one, { name: 'a', shareAccess: 0 }, EXCLUSIVE)
  statusIs(await tryCreate(other, { name: 'a' }), 'STATUS_SHARING_VIOLATION')
  assert.deepEqual(await breaksOf(one), [])
  succeeded(await close(one, alone.fileId))
  const held = await openOplocked(one, { name: 'a', shareAccess: 0 }, BATCH)
  const second = await start(other, Command.CREATE, createBody({ name: 'a' }))
  assert.deepEqual(await breaksIn(one), [II])
  succeeded(await acknowledgeOplock(one, held.fileId, II))
  statusIs(await second.answer, 'STATUS_SHARING_VIOLATION')
})

scenario('who only looks breaks nothing', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const held = await openOplocked(one, { name: 'a' }, BATCH)
  const look = await openOplocked(other, { name: 'a', desiredAccess: ATTRIBUTES }, BATCH)
  assert.equal(look.level, NONE)
  assert.deepEqual(await breaksOf(one), [])
  const security = await start(other, Command.CREATE, createBody({ name: 'a', desiredAccess: READ_SECURITY }))
  assert.deepEqual(await breaksIn(one), [II])
  succeeded(await acknowledgeOplock(one, held.fileId, II))
  succeeded(await security.answer)
})

scenario('a client that says nothing has nothing after 35 s', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const held = await openOplocked(one, { name: 'a' }, BATCH)
  const second = await start(other, Command.CREATE, createBody({ name: 'a' }))
  world.clock.advance(34_999)
  await world.settled()
  assert.ok(other.isPending(second.request.messageId))
  world.clock.advance(1)
  succeeded(await second.answer)
  statusIs(await acknowledgeOplock(one, held.fileId, II), 'STATUS_INVALID_OPLOCK_PROTOCOL')
  succeeded(await write(one, held.fileId, 'still open'))
  assert.deepEqual(await breaksIn(one), [II])
})

scenario('several wait for one break, and more is asked for meanwhile', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const held = await openOplocked(one, { name: 'a' }, BATCH)
  const opens = [await start(other, Command.CREATE, createBody({ name: 'a' }))]
  opens.push(await start(other, Command.CREATE, createBody({ name: 'a', createDisposition: 5 })))
  assert.deepEqual(await breaksIn(one), [II])
  assert.equal(levelAnswered(succeeded(await acknowledgeOplock(one, held.fileId, II))), II)
  for (const { answer } of opens) succeeded(await answer)
  // What was acknowledged was not enough any more.
  assert.deepEqual(await breaksIn(one), [NONE])
})

scenario('the wait can be cancelled, and ends with tree and session', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  await openOplocked(one, { name: 'a' }, BATCH)
  for (const by of ['asyncId', 'messageId'] as const) {
    const second = await start(other, Command.CREATE, createBody({ name: 'a' }))
    cancel(other, second, by)
    statusIs(await second.answer, 'STATUS_CANCELLED')
  }
  const third = await start(other, Command.CREATE, createBody({ name: 'a' }))
  succeeded(await treeDisconnect(other))
  statusIs(await third.answer, 'STATUS_CANCELLED')
  await other.useShare('data')
  const fourth = await start(other, Command.CREATE, createBody({ name: 'a' }))
  succeeded(await logoff(other))
  statusIs(await fourth.answer, 'STATUS_CANCELLED')
  assert.deepEqual(await breaksIn(one), [II])
})

scenario('what is waited for goes away with its client', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  await openOplocked(one, { name: 'a', shareAccess: 0 }, BATCH)
  const second = await start(other, Command.CREATE, createBody({ name: 'a' }))
  one.disconnect()
  succeeded(await second.answer)
})

scenario('wrong acknowledgements', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  for (const [held, level, status] of [
    [BATCH, LEASE, 'STATUS_INVALID_PARAMETER'],
    [BATCH, BATCH, 'STATUS_INVALID_OPLOCK_PROTOCOL'],
    [EXCLUSIVE, EXCLUSIVE, 'STATUS_INVALID_OPLOCK_PROTOCOL'],
    [BATCH, EXCLUSIVE, 'STATUS_SUCCESS'],
  ] as const) {
    const { fileId } = await openOplocked(one, { name: 'a' }, held)
    const second = await start(other, Command.CREATE, createBody({ name: 'a' }))
    statusIs(await acknowledgeOplock(one, fileId, level), status)
    // There is nothing left, whatever was wrong.
    const opened = plainId(succeeded(await second.answer).body(CreateResponse).fileId)
    statusIs(await acknowledgeOplock(one, fileId, NONE), 'STATUS_INVALID_OPLOCK_PROTOCOL')
    succeeded(await close(other, opened))
    succeeded(await close(one, fileId))
    await breaksOf(one)
  }
  statusIs(await acknowledgeOplock(one, { persistent: 1n, volatile: 1n }, NONE), 'STATUS_FILE_CLOSED')
})

scenario('size, and ranges that are locked, take level II away', { files: { a: 'text' } }, async (world) => {
  const [one, other] = await two(world)
  for (const change of ['size', 'lock'] as const) {
    const file = await create(other, { name: 'a' })
    const held = await openOplocked(one, { name: 'a' }, BATCH)
    assert.equal(held.level, II)
    const size = FileEndOfFileInformation.encode({ endOfFile: 2n })
    if (change === 'size') succeeded(await setInfo(other, file, FileInformationClass.FileEndOfFileInformation, size))
    else succeeded(await lock(other, file, exclusive(0n, 1n)))
    assert.deepEqual(await breaksIn(one), [NONE])
    // Others' locks are not seen through a cache.
    const again = await openOplocked(one, { name: 'a' }, II)
    assert.equal(again.level, change === 'lock' ? NONE : II)
    for (const fileId of [held.fileId, again.fileId]) succeeded(await close(one, fileId))
    succeeded(await close(other, file))
  }
})

scenario('a share without oplocks', { files: { a: '' } }, async (world) => {
  world.server.setShares([{ name: 'data', backend: world.backend, oplocks: false }])
  const client = await world.client()
  assert.equal((await openOplocked(client, { name: 'a' }, BATCH)).level, NONE)
})

scenario('streams have oplocks of their own', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const file = await openOplocked(one, { name: 'a' }, BATCH)
  const stream = await openOplocked(other, { name: 'a:s' }, BATCH)
  assert.deepEqual([file.level, stream.level], [BATCH, BATCH])
  assert.deepEqual(await breaksOf(one), [])
})
