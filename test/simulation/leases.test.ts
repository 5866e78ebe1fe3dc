/** Leases of files: MS-SMB2 3.3.4.7, 3.3.5.9.8, 3.3.5.9.11, 3.3.5.22.2; MS-FSA 2.1.4.12, 2.1.5.18. */
import assert from 'node:assert/strict'
import {
  Capabilities,
  Command,
  CreateContextName,
  CreateDisposition,
  CreateResponse,
  Dialect,
  LeaseV1,
  OplockLevel,
} from '../../src/wire/smb2/index.ts'
import {
  acknowledgeLease,
  bits,
  breaksIn,
  breaksOf,
  IN_PROGRESS,
  key,
  leaseOf,
  openLeased,
  openOplocked,
  PARENT_KEY_SET,
  rightsAnswered,
  withLease,
} from './caching.ts'
import { type Client, type LogonOptions, type NegotiateOptions, OTHER } from './client.ts'
import { close, create, createBody, logoff, plainId, read, start, treeDisconnect, tryCreate, write } from './files.ts'
import type { Answer, ClientSession } from './raw-client.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const OTHER_GUID = key(0xffff)
/** Another machine, with another user at it. */
const elsewhere = (world: World, negotiate: NegotiateOptions = {}, logon: LogonOptions = OTHER) =>
  world.client({ ...logon, negotiate: { clientGuid: OTHER_GUID, ...negotiate } })
const two = async (world: World) => [await world.client(), await elsewhere(world)] as const

const FILE = { name: 'a' }
const opened = (answer: Answer) => plainId(succeeded(answer).body(CreateResponse).fileId)

scenario('who is alone gets what it asks for, if there is such a thing', { files: { a: '' } }, async (world) => {
  const client = await world.client()
  for (const [asked, granted] of [
    ['', ''],
    ['R', 'R'],
    ['RH', 'RH'],
    ['RW', 'RW'],
    ['RWH', 'RWH'],
    ['W', ''],
    ['H', ''],
    ['WH', ''],
  ] as const)
    for (const epoch of [undefined, 7]) {
      const { fileId, lease } = await openLeased(client, FILE, {
        key: key(1),
        rights: asked,
        ...(epoch === undefined ? {} : { epoch }),
      })
      // What is granted counts as a change.
      const counted = epoch === undefined ? 0 : epoch + (granted === '' ? 0 : 1)
      assert.deepEqual(lease, {
        version: epoch === undefined ? 1 : 2,
        key: key(1),
        rights: granted,
        flags: 0,
        epoch: counted,
      })
      succeeded(await close(client, fileId))
    }
})

scenario('a lease is shared by the opens of its key, and goes with the last', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const first = await openLeased(one, FILE, { key: key(1), rights: 'R' })
  for (const [asked, granted] of [
    ['', 'R'],
    ['RH', 'RH'],
    ['R', 'RH'],
    ['RW', 'RH'],
    ['RWH', 'RWH'],
    ['RH', 'RWH'],
    ['R', 'RWH'],
  ] as const) {
    const { fileId, lease } = await openLeased(one, FILE, { key: key(1), rights: asked })
    assert.equal(lease?.rights, granted, `${asked} is asked for`)
    succeeded(await close(one, fileId))
  }
  succeeded(await write(one, first.fileId, 'own'))
  assert.deepEqual(await breaksOf(one), [], 'nobody breaks their own')
  const waiting = await start(other, Command.CREATE, createBody(FILE))
  assert.deepEqual(await breaksIn(one), ['RWH>RH'])
  succeeded(await close(one, first.fileId))
  succeeded(await close(other, opened(await waiting.answer)))
  assert.equal(world.server.leases.size, 0)
})

scenario('another key is somebody else, the same machine or not', { files: { a: '' } }, async (world) => {
  const one = await world.client()
  await openLeased(one, FILE, { key: key(1), rights: 'RWH' })
  const waiting = await start(one, Command.CREATE, createBody(withLease(FILE, { key: key(2), rights: 'RWH' })))
  assert.deepEqual(await breaksIn(one), ['RWH>RH'])
  succeeded(await acknowledgeLease(one, key(1), 'RH'))
  assert.equal(leaseOf(succeeded(await waiting.answer))?.rights, 'RH')
  // Another machine with the same key.
  const other = await elsewhere(world)
  const third = await openLeased(other, FILE, { key: key(1), rights: 'RWH' })
  assert.equal(third.lease?.rights, 'RH')
  assert.deepEqual(await breaksOf(one), [])
})

scenario('a key stands for one file', { files: { a: '', b: '', 'a:s': '' } }, async (world) => {
  const [one, other] = await two(world)
  const held = await openLeased(one, FILE, { key: key(1), rights: 'RWH' })
  for (const name of ['b', 'new', 'a:s'])
    statusIs(await tryCreate(one, withLease({ name }, { key: key(1), rights: 'R' })), 'STATUS_INVALID_PARAMETER')
  succeeded(await close(other, (await openLeased(other, { name: 'b' }, { key: key(1), rights: 'RWH' })).fileId))
  succeeded(await close(one, held.fileId))
  assert.equal((await openLeased(one, { name: 'b' }, { key: key(1), rights: 'RWH' })).lease?.rights, 'RWH')
  statusIs(await tryCreate(one, { name: 'new', createDisposition: CreateDisposition.OPEN }), NOT_FOUND)
})
const NOT_FOUND = 'STATUS_OBJECT_NAME_NOT_FOUND'

const { OPEN, OVERWRITE, OVERWRITE_IF, SUPERSEDE } = CreateDisposition

for (const [held, createDisposition, told, isWaitedFor, second] of [
  ['RWH', OPEN, 'RWH>RH', true, 'RH'],
  ['RW', OPEN, 'RW>R', true, 'RH'],
  ['RH', OPEN, undefined, false, 'RH'],
  ['R', OPEN, undefined, false, 'RH'],
  ['RWH', OVERWRITE, 'RWH>', true, 'RH'],
  ['RW', OVERWRITE_IF, 'RW>', true, 'RH'],
  // The first one has not given up its handles yet.
  ['RH', SUPERSEDE, 'RH>', false, ''],
  ['R', OVERWRITE, 'R>!', false, 'RH'],
] as const)
  scenario(`${held} and another open, disposition ${createDisposition}`, { files: { a: 'x' } }, async (world) => {
    const [one, other] = await two(world)
    const first = await openLeased(one, FILE, { key: key(1), rights: held })
    assert.equal(first.lease?.rights, held)
    const value = withLease({ ...FILE, createDisposition }, { key: key(2), rights: 'RWH' })
    const waiting = await start(other, Command.CREATE, createBody(value))
    assert.equal(other.isPending(waiting.request.messageId), isWaitedFor)
    assert.deepEqual(await breaksIn(one), told === undefined ? [] : [told])
    const to = told?.replace(/.*>|!/g, '') ?? ''
    if (isWaitedFor) assert.equal(rightsAnswered(succeeded(await acknowledgeLease(one, key(1), to))), to)
    const answer = succeeded(await waiting.answer)
    assert.equal(leaseOf(answer)?.rights, second)
    succeeded(await close(other, opened(answer)))
  })

scenario('acknowledgements that do not fit', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  statusIs(await acknowledgeLease(one, key(1), 'R'), NOT_FOUND)
  await openLeased(one, FILE, { key: key(1), rights: 'RWH' })
  statusIs(await acknowledgeLease(one, key(1), 'RWH'), 'STATUS_UNSUCCESSFUL')
  const waiting = await start(other, Command.CREATE, createBody(FILE))
  // Other clients know no such lease.
  statusIs(await acknowledgeLease(other, key(1), 'RH'), NOT_FOUND)
  statusIs(await acknowledgeLease(one, key(1), 'RWH'), 'STATUS_REQUEST_NOT_ACCEPTED')
  assert.ok(other.isPending(waiting.request.messageId))
  // Less than was asked for is always right, also without an end to what is waited for.
  assert.equal(rightsAnswered(succeeded(await acknowledgeLease(one, key(1), ''))), '')
  succeeded(await waiting.answer)
  statusIs(await acknowledgeLease(one, key(1), ''), 'STATUS_UNSUCCESSFUL')
})

scenario('handles without reading are nothing', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  await openLeased(one, FILE, { key: key(1), rights: 'RWH' })
  const waiting = await start(other, Command.CREATE, createBody(FILE))
  assert.equal(rightsAnswered(succeeded(await acknowledgeLease(one, key(1), 'H'))), '')
  succeeded(await waiting.answer)
})

scenario('as long as it breaks it gets no more', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  await openLeased(one, FILE, { key: key(1), rights: 'RWH', epoch: 1 })
  const waiting = await start(other, Command.CREATE, createBody(FILE))
  const again = await openLeased(one, FILE, { key: key(1), rights: 'RWH', epoch: 1 })
  assert.deepEqual(again.lease, { version: 2, key: key(1), rights: 'RWH', flags: IN_PROGRESS, epoch: 3 })
  succeeded(await acknowledgeLease(one, key(1), 'RH'))
  succeeded(await waiting.answer)
})

scenario('a break goes on in steps while more is asked for', { files: { a: 'x' } }, async (world) => {
  const [one, other] = await two(world)
  await openLeased(one, FILE, { key: key(1), rights: 'RWH', epoch: 0 })
  const opens = [await start(other, Command.CREATE, createBody(FILE))]
  opens.push(await start(other, Command.CREATE, createBody({ ...FILE, createDisposition: OVERWRITE })))
  assert.deepEqual(await breaksIn(one), ['RWH>RH'])
  succeeded(await acknowledgeLease(one, key(1), 'RH'))
  // Reading is given up last.
  const [second] = await breaksOf(one)
  assert.deepEqual(second, { kind: 'lease', key: key(1), from: 'RH', to: 'R', mustAcknowledge: true, epoch: 2 })
  succeeded(await acknowledgeLease(one, key(1), 'R'))
  assert.deepEqual(await breaksIn(one), ['R>!'])
  for (const { answer } of opens) succeeded(await answer)
})

scenario('states are counted', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const epochOf = async (rights: string, epoch: number) => {
    const { lease } = await openLeased(one, FILE, { key: key(1), rights, epoch })
    return [lease?.rights, lease?.epoch]
  }
  assert.deepEqual(await epochOf('R', 0xfffe), ['R', 0xffff])
  // The count is the server's from then on; only what changes is counted.
  assert.deepEqual(await epochOf('R', 3), ['R', 0xffff])
  assert.deepEqual(await epochOf('RH', 3), ['RH', 0])
  assert.deepEqual(await epochOf('RWH', 3), ['RWH', 1])
  const waiting = await start(other, Command.CREATE, createBody(FILE))
  assert.deepEqual(await breaksOf(one), [
    { kind: 'lease', key: key(1), from: 'RWH', to: 'RH', mustAcknowledge: true, epoch: 2 },
  ])
  succeeded(await acknowledgeLease(one, key(1), 'RH'))
  assert.deepEqual(await epochOf('RWH', 0), ['RH', 2])
  succeeded(await write(other, opened(await waiting.answer), 'x'))
  assert.deepEqual(await breaksOf(one), [
    { kind: 'lease', key: key(1), from: 'RH', to: '', mustAcknowledge: true, epoch: 3 },
  ])
})

scenario('the version is that of the first open', { files: { a: '', b: '' } }, async (world) => {
  const client = await world.client()
  await openLeased(client, { name: 'a' }, { key: key(1), rights: 'R' })
  const a = await openLeased(client, { name: 'a' }, { key: key(1), rights: 'RH', epoch: 9, parentKey: key(5) })
  assert.deepEqual(a.lease, { version: 1, key: key(1), rights: 'RH', flags: 0, epoch: 0 })
  const parented = { key: key(2), rights: 'R', epoch: 9, parentKey: key(5) }
  assert.equal((await openLeased(client, { name: 'b' }, parented)).lease?.flags, PARENT_KEY_SET)
  const b = await openLeased(client, { name: 'b' }, { key: key(2), rights: 'RH' })
  assert.deepEqual(b.lease, { version: 2, key: key(2), rights: 'RH', flags: PARENT_KEY_SET, epoch: 11 })
})

scenario('who says nothing for 35 s has nothing', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const { fileId } = await openLeased(one, FILE, { key: key(1), rights: 'RWH' })
  const waiting = await start(other, Command.CREATE, createBody(withLease(FILE, { key: key(2), rights: 'RWH' })))
  world.clock.advance(34_999)
  await world.settled()
  assert.ok(other.isPending(waiting.request.messageId))
  world.clock.advance(1)
  assert.equal(leaseOf(succeeded(await waiting.answer))?.rights, 'RH')
  statusIs(await acknowledgeLease(one, key(1), 'RH'), 'STATUS_UNSUCCESSFUL')
  succeeded(await read(one, fileId, { length: 0 }))
  // Its key is good for a new start.
  assert.equal((await openLeased(one, FILE, { key: key(1), rights: 'RH' })).lease?.rights, 'RH')
})

scenario('each step has its own 35 s', { files: { a: 'x' } }, async (world) => {
  const [one, other] = await two(world)
  await openLeased(one, FILE, { key: key(1), rights: 'RWH' })
  const waiting = await start(other, Command.CREATE, createBody(FILE))
  const body = createBody({ ...FILE, createDisposition: OVERWRITE })
  const overwriting = await start(other, Command.CREATE, body)
  world.clock.advance(30_000)
  succeeded(await acknowledgeLease(one, key(1), 'RH'))
  await world.settled()
  world.clock.advance(30_000)
  await world.settled()
  assert.ok(other.isPending(overwriting.request.messageId))
  world.clock.advance(5_000)
  for (const { answer } of [waiting, overwriting]) succeeded(await answer)
  assert.deepEqual(await breaksIn(one), ['RWH>RH', 'RH>R'])
})

scenario('before a sharing violation handles are closed', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  for (const [rights, told, keeps] of [
    ['RWH', 'RWH>RW', 'RW'],
    ['RH', 'RH>R', 'R'],
  ] as const)
    for (const closes of [true, false]) {
      const held = await openLeased(one, { ...FILE, shareAccess: 1 }, { key: key(1), rights })
      const waiting = await start(other, Command.CREATE, createBody(FILE))
      assert.ok(other.isPending(waiting.request.messageId))
      assert.deepEqual(await breaksIn(one), [told])
      if (closes) succeeded(await close(one, held.fileId))
      else succeeded(await acknowledgeLease(one, key(1), keeps))
      if (closes) succeeded(await close(other, opened(await waiting.answer)))
      else statusIs(await waiting.answer, 'STATUS_SHARING_VIOLATION')
      assert.deepEqual(await breaksOf(one), [], 'and nothing more')
      if (!closes) succeeded(await close(one, held.fileId))
    }
  for (const rights of ['R', 'RW']) {
    const held = await openLeased(one, { ...FILE, shareAccess: 1 }, { key: key(1), rights })
    // Also for who replaces it: what fails changes nothing.
    for (const createDisposition of [OPEN, OVERWRITE])
      statusIs(await tryCreate(other, { ...FILE, createDisposition }), 'STATUS_SHARING_VIOLATION')
    assert.deepEqual(await breaksOf(one), [])
    succeeded(await close(one, held.fileId))
  }
})

const READ_SECURITY = 0x2_0000
const ATTRIBUTES = 0x80

scenario('who only looks breaks nothing, and is in nobody’s way', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  const look = await create(other, { ...FILE, desiredAccess: ATTRIBUTES })
  const held = await openLeased(one, FILE, { key: key(1), rights: 'RWH' })
  assert.equal(held.lease?.rights, 'RWH')
  for (const desiredAccess of [ATTRIBUTES, READ_SECURITY]) {
    const { fileId, lease } = await openLeased(other, { ...FILE, desiredAccess }, { key: key(2), rights: 'RWH' })
    assert.equal(lease?.rights, '', 'somebody writes by a cache')
    succeeded(await close(other, fileId))
  }
  assert.deepEqual(await breaksOf(one), [])
  // But who replaces the data reads nothing and changes all.
  const body = createBody({ ...FILE, desiredAccess: ATTRIBUTES, createDisposition: OVERWRITE })
  const waiting = await start(other, Command.CREATE, body)
  assert.deepEqual(await breaksIn(one), ['RWH>'])
  succeeded(await acknowledgeLease(one, key(1), ''))
  succeeded(await waiting.answer)
  succeeded(await close(other, look))
})

scenario('leases and oplocks of one file', { files: { a: '' } }, async (world) => {
  const { II, EXCLUSIVE, BATCH, NONE } = OplockLevel
  const [one, other] = await two(world)
  for (const [rights, told, level, granted] of [
    ['RWH', 'RWH>RH', BATCH, NONE],
    ['RW', 'RW>R', EXCLUSIVE, II],
    ['RH', undefined, BATCH, NONE],
    ['R', undefined, II, II],
  ] as const) {
    const held = await openLeased(one, FILE, { key: key(1), rights })
    const waiting = await start(other, Command.CREATE, createBody({ ...FILE, requestedOplockLevel: level }))
    assert.deepEqual(await breaksIn(one), told === undefined ? [] : [told])
    if (told !== undefined) succeeded(await acknowledgeLease(one, key(1), told.replace(/.*>/, '')))
    const answer = await waiting.answer
    assert.equal(succeeded(answer).body(CreateResponse).oplockLevel, granted, rights)
    for (const [client, fileId] of [
      [one, held.fileId],
      [other, opened(answer)],
    ] as const)
      succeeded(await close(client, fileId))
  }
  // Handles are not kept by a cache where a level II oplock is: it knows nothing of them.
  await openOplocked(other, FILE, II)
  assert.equal((await openLeased(one, FILE, { key: key(1), rights: 'RWH' })).lease?.rights, 'R')
})

scenario('a break comes by any connection of the client that is left', { files: { a: '' } }, async (world) => {
  const first = await world.client()
  const second = world.connect()
  succeeded(await second.negotiate())
  succeeded((await second.tryLogon({ bind: first.session as ClientSession })).answer)
  await openLeased(first, FILE, { key: key(1), rights: 'RWH' })
  const other = await elsewhere(world)
  const waiting = await start(other, Command.CREATE, createBody(FILE))
  assert.deepEqual([...(await breaksIn(first)), ...(await breaksIn(second))], ['RWH>RH'])
  succeeded(await acknowledgeLease(first, key(1), 'RH'))
  const file = opened(await waiting.answer)
  first.disconnect()
  await world.settled()
  succeeded(await write(other, file, 'x'))
  assert.deepEqual(await breaksIn(second), ['RH>'])
})

scenario('two users of one machine do not hear of each other’s leases', { files: { a: '', b: '' } }, async (world) => {
  const one = await world.client()
  const other = await world.client(OTHER)
  const third = await elsewhere(world)
  for (const [client, name, number] of [
    [one, 'a', 1],
    [other, 'b', 2],
  ] as const)
    await openLeased(client, { name }, { key: key(number), rights: 'RW' })
  const opens = ['a', 'b'].map((name) => start(third, Command.CREATE, createBody({ name })))
  await Promise.all(opens)
  assert.deepEqual([await breaksIn(one), await breaksIn(other)], [['RW>R'], ['RW>R']])
})

scenario('leases go with whom they are of', { files: { a: '' } }, async (world) => {
  const ends: readonly ((client: Client) => Promise<unknown>)[] = [
    (client) => treeDisconnect(client),
    (client) => logoff(client),
    async (client) => client.disconnect(),
  ]
  for (const end of ends) {
    const [one, other] = await two(world)
    await openLeased(one, { ...FILE, shareAccess: 0 }, { key: key(1), rights: 'RWH' })
    const waiting = await start(other, Command.CREATE, createBody(FILE))
    await end(one)
    succeeded(await close(other, opened(await waiting.answer)))
    assert.equal(world.server.leases.size, 0)
    other.disconnect()
    await world.settled()
  }
})

scenario('what the dialect has no leases for is answered without', { files: { a: '' } }, async (world) => {
  const dialects = [
    [Dialect.SMB_2_0_2, undefined, undefined],
    [Dialect.SMB_2_1, 1, undefined],
    [Dialect.SMB_3_0, 1, 2],
    [Dialect.SMB_3_1_1, 1, 2],
  ] as const
  for (const [dialect, first, second] of dialects) {
    const client = await elsewhere(world, { dialects: [dialect] })
    const offers = (client.negotiated?.capabilities ?? 0) & Capabilities.LEASING
    assert.equal(offers !== 0, first !== undefined)
    for (const [epoch, version] of [
      [undefined, first],
      [0, second],
    ] as const) {
      const { fileId, lease } = await openLeased(client, FILE, {
        key: key(1),
        rights: 'RWH',
        ...(epoch === undefined ? {} : { epoch }),
      })
      assert.equal(lease?.version, version)
      succeeded(await close(client, fileId))
    }
    client.disconnect()
    await world.settled()
  }
})

scenario('lease contexts that are none', { files: { a: '' } }, async (world) => {
  const client = await world.client()
  for (const length of [0, 31, 33, 51, 53, 64]) {
    const context = { name: CreateContextName.LEASE, data: new Uint8Array(length) }
    const value = { ...FILE, requestedOplockLevel: OplockLevel.LEASE, createContexts: [context] }
    statusIs(await tryCreate(client, value), 'STATUS_INVALID_PARAMETER')
  }
  // Without the level the context means nothing, and the level nothing without the context.
  const data = LeaseV1.encode({ leaseKey: key(1), leaseState: bits('RWH') })
  const context = { name: CreateContextName.LEASE, data }
  for (const value of [
    { requestedOplockLevel: OplockLevel.NONE, createContexts: [context] },
    { requestedOplockLevel: OplockLevel.LEASE },
  ])
    assert.equal(leaseOf(succeeded(await tryCreate(client, { ...FILE, ...value }))), undefined)
  // Bits that stand for nothing.
  const odd = { name: CreateContextName.LEASE, data: LeaseV1.encode({ leaseKey: key(1), leaseState: 0xff }) }
  const value = { ...FILE, requestedOplockLevel: OplockLevel.LEASE, createContexts: [odd] }
  assert.equal(leaseOf(succeeded(await tryCreate(client, value)))?.rights, '')
})

scenario('a share without oplocks has no leases', { files: { a: '' } }, async (world) => {
  world.server.setShares([{ name: 'data', backend: world.backend, oplocks: false }])
  const client = await world.client()
  assert.equal((await openLeased(client, FILE, { key: key(1), rights: 'RWH' })).lease, undefined)
})
