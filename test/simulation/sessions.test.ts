/** MS-SMB2 3.3.5.5, 3.3.5.6, 3.3.5.2.9: logons, and what becomes of them. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { Command, SessionFlags, SessionSetupFlags, TreeConnectResponse } from '../../src/wire/smb2/index.ts'
import { ALL_DIALECTS, OTHER } from './client.ts'
import {
  close,
  create,
  echo,
  exclusive,
  lock,
  lockBody,
  logoff,
  notifyBody,
  openDirectory,
  read,
  start,
  treeDisconnect,
  tryCreate,
  unlocked,
  write,
} from './files.ts'
import { assertCutOff, scenario, statusIs, succeeded } from './world.ts'

const refusals = [
  ['a wrong password', { password: 'wrong' }, 'STATUS_LOGON_FAILURE'],
  ['an unknown user', { user: 'nobody' }, 'STATUS_LOGON_FAILURE'],
  ['no user', { user: '' }, 'STATUS_ACCESS_DENIED'],
] as const
for (const [what, credentials, status] of refusals)
  scenario(`a logon with ${what} leaves nothing behind`, {}, async (world) => {
    const client = world.connect()
    await client.negotiate()
    for (let i = 0; i < 5; i++) statusIs((await client.tryLogon(credentials)).answer, status)
    assert.equal(world.server.sessions.size, 0)
    // The right one still goes.
    await client.logon()
  })

scenario(
  'guests: an unknown user is let in as one, and cannot sign',
  { server: { allowGuest: true } },
  async (world) => {
    const client = await world.logon({ user: 'nobody', password: 'x' })
    assert.equal(client.session?.flags, SessionFlags.IS_GUEST)
    await client.useShare('data')
    const answer = succeeded(await write(client, await create(client, { name: 'a' }), 'x'))
    assert.equal(answer.isSigned, false)
    // A wrong password of a known user makes no guest.
    const second = world.connect()
    await second.negotiate()
    statusIs((await second.tryLogon({ password: 'wrong' })).answer, 'STATUS_LOGON_FAILURE')
  },
)

for (const server of [{ signing: 'required' }, { encryption: 'required' }] as const)
  scenario(
    `guests are not let in where ${Object.keys(server)[0]} is required`,
    { server: { ...server, allowGuest: true } },
    async (world) => {
      const client = world.connect()
      await client.negotiate()
      statusIs((await client.tryLogon({ user: 'nobody', password: 'x' })).answer, 'STATUS_ACCESS_DENIED')
    },
  )

scenario('anonymous users get IPC$ and no more', { server: { allowAnonymous: true } }, async (world) => {
  const client = await world.logon({ user: '', password: '' })
  assert.equal(client.session?.flags, SessionFlags.IS_NULL)
  statusIs(await client.treeConnect('data'), 'STATUS_ACCESS_DENIED')
  await client.useShare('IPC$')
})

scenario('a session is authenticated anew and keeps its files', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const { session } = client
  assert.ok(session !== undefined)
  succeeded((await client.tryLogon({ session })).answer)
  succeeded(await write(client, file, 'x'))
  statusIs((await client.tryLogon({ session, password: 'wrong' })).answer, 'STATUS_LOGON_FAILURE')
  // A renewal that fails ends the session (MS-SMB2 3.3.5.5.3).
  statusIs(await read(client, file), 'STATUS_USER_SESSION_DELETED')
  assert.equal(world.server.sessions.size, 0)
})

for (const dialect of ALL_DIALECTS)
  scenario(`expiry and renewal, dialect 0x${dialect.toString(16)}`, {}, async (world) => {
    const client = await world.client({ negotiate: { dialects: [dialect] } })
    const file = await create(client, { name: 'a' })
    succeeded(await lock(client, file, exclusive(0n, 1n)))
    const { session } = client
    const kept = world.server.sessions.get(session?.id ?? 0n)
    assert.ok(session !== undefined && kept !== undefined)
    kept.expiresAt = world.clock.now() + 10_000_000n
    succeeded(
      await read(client, await create(client, { name: 'full' }).then(async (id) => (await write(client, id, 'x'), id))),
    )
    world.clock.advance(1000)
    statusIs(await read(client, file), 'STATUS_NETWORK_SESSION_EXPIRED')
    statusIs(await tryCreate(client, { name: 'b' }), 'STATUS_NETWORK_SESSION_EXPIRED')
    statusIs(await client.treeConnect('data'), 'STATUS_NETWORK_SESSION_EXPIRED')
    // What gives back is served (MS-SMB2 3.3.5.2.9).
    succeeded(await lock(client, file, unlocked(0n, 1n)))
    statusIs(await lock(client, file, exclusive(0n, 1n)), 'STATUS_NETWORK_SESSION_EXPIRED')
    kept.expiresAt = undefined
    succeeded((await client.tryLogon({ session })).answer)
    succeeded(await write(client, file, 'x'))
    kept.expiresAt = world.clock.now()
    succeeded(await close(client, file))
    succeeded(await logoff(client))
  })

scenario('PreviousSessionId ends the lost session of the same user', {}, async (world) => {
  const lost = await world.client()
  await create(lost, { name: 'a', shareAccess: 0 })
  const again = await world.logon({ previousSessionId: lost.session?.id ?? 0n })
  await again.useShare('data')
  // Nothing stands in the way any more.
  await create(again, { name: 'a', shareAccess: 0 })
  statusIs(await tryCreate(lost, { name: 'b' }), 'STATUS_USER_SESSION_DELETED')
})

scenario('PreviousSessionId of another user does nothing', {}, async (world) => {
  const one = await world.client()
  const file = await create(one, { name: 'a' })
  await world.logon({ ...OTHER, previousSessionId: one.session?.id ?? 0n })
  succeeded(await write(one, file, 'x'))
})

scenario('PreviousSessionId that is one’s own does nothing', {}, async (world) => {
  const client = await world.client()
  const { session } = client
  assert.ok(session !== undefined)
  succeeded((await client.tryLogon({ session, previousSessionId: session.id })).answer)
  await create(client, { name: 'a' })
})

scenario('LOGOFF closes what is open, and ends what waits', {}, async (world) => {
  const client = await world.client()
  const holder = await world.client(OTHER)
  const file = await create(client, { name: 'a', createOptions: 0x1000 })
  const held = await create(holder, { name: 'b' })
  succeeded(await lock(holder, held, exclusive(0n, 10n)))
  const waits = await start(
    client,
    Command.LOCK,
    lockBody(await create(client, { name: 'b' }), exclusive(0n, 1n, true)),
  )
  const watch = await start(client, Command.CHANGE_NOTIFY, notifyBody(await openDirectory(client, '')))
  const answer = succeeded(await logoff(client))
  assert.ok(answer.isSigned, 'LOGOFF is answered under the session’s key')
  statusIs(await waits.answer, 'STATUS_RANGE_NOT_LOCKED')
  statusIs(await watch.answer, 'STATUS_NOTIFY_CLEANUP')
  statusIs(await read(client, file), 'STATUS_USER_SESSION_DELETED')
  statusIs(await logoff(client), 'STATUS_USER_SESSION_DELETED')
  // The one that was to be deleted on close has gone.
  statusIs(await tryCreate(holder, { name: 'a', createDisposition: 1 }), 'STATUS_OBJECT_NAME_NOT_FOUND')
  await client.logon()
  await client.useShare('data')
})

scenario('TREE_DISCONNECT closes the files of that tree alone', {}, async (world) => {
  const client = await world.client()
  const first = client.treeId
  const one = await create(client, { name: 'a' })
  await client.useShare('data')
  const two = await create(client, { name: 'b' })
  succeeded(await treeDisconnect(client, { treeId: first }))
  statusIs(await read(client, one, {}, { treeId: first }), 'STATUS_NETWORK_NAME_DELETED')
  statusIs(await read(client, one), 'STATUS_FILE_CLOSED')
  succeeded(await write(client, two, 'x'))
  statusIs(await treeDisconnect(client, { treeId: first }), 'STATUS_NETWORK_NAME_DELETED')
})

scenario('a file is only for the tree that it was opened on', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const first = client.treeId
  await client.useShare('data')
  statusIs(await read(client, file), 'STATUS_FILE_CLOSED')
  succeeded(await close(client, file, { treeId: first }))
})

scenario('ids of other sessions and connections are worth nothing', {}, async (world) => {
  const owner = await world.client()
  const file = await create(owner, { name: 'a' })
  succeeded(await write(owner, file, 'secret'))
  const stranger = await world.client(OTHER)
  statusIs(await read(stranger, file), 'STATUS_FILE_CLOSED')
  statusIs(await close(stranger, file), 'STATUS_FILE_CLOSED')
  statusIs(await read(stranger, file, {}, { sessionId: owner.session?.id ?? 0n }), 'STATUS_USER_SESSION_DELETED')
  statusIs(await tryCreate(stranger, { name: 'a' }, { treeId: 0x7777 }), 'STATUS_NETWORK_NAME_DELETED')
  statusIs(await tryCreate(stranger, { name: 'a' }, { treeId: 0 }), 'STATUS_NETWORK_NAME_DELETED')
  // Two sessions of one connection are strangers, too.
  const mine = owner.session
  await owner.logon(OTHER)
  statusIs(await read(owner, file), 'STATUS_NETWORK_NAME_DELETED')
  succeeded(await read(owner, file, {}, { session: mine ?? null }))
})

scenario('requests before a logon', {}, async (world) => {
  const client = world.connect()
  await client.negotiate()
  for (const command of Object.values(Command)) {
    if (command === Command.NEGOTIATE || command === Command.CANCEL || command === Command.ECHO) continue
    if (command === Command.SESSION_SETUP || command === Command.SERVER_TO_CLIENT_NOTIFICATION) continue
    for (const sessionId of [0n, 1n, 0xffff_ffff_ffff_ffffn])
      statusIs(await client.callRaw(command, new Uint8Array(56), { sessionId }), 'STATUS_USER_SESSION_DELETED')
  }
  succeeded(await echo(client))
})

scenario('requests in the midst of a logon', {}, async (world) => {
  const client = world.connect()
  await client.negotiate()
  const half = await client.halfLogon()
  statusIs(half, 'STATUS_MORE_PROCESSING_REQUIRED')
  const sessionId = half.header.sessionId
  for (const command of [Command.TREE_CONNECT, Command.CREATE, Command.READ, Command.LOGOFF])
    statusIs(await client.callRaw(command, new Uint8Array(56), { sessionId }), 'STATUS_USER_SESSION_DELETED')
})

scenario('binding a session to a second connection is refused', {}, async (world) => {
  const one = await world.client()
  const two = world.connect()
  await two.negotiate()
  const { answer } = await two.tryLogon({ flags: SessionSetupFlags.BINDING })
  statusIs(answer, 'STATUS_USER_SESSION_DELETED')
  succeeded(await echo(one))
})

scenario(
  'sessions of a connection have a limit',
  { server: { limits: { maxSessionsPerConnection: 3 } } },
  async (world) => {
    const client = world.connect()
    await client.negotiate()
    for (let i = 0; i < 3; i++) await client.logon()
    statusIs((await client.tryLogon()).answer, 'STATUS_INSUFFICIENT_RESOURCES')
    succeeded(await logoff(client))
    await client.logon()
  },
)

scenario(
  'half logons are counted as sessions',
  { server: { limits: { maxSessionsPerConnection: 3 } } },
  async (world) => {
    const client = world.connect()
    await client.negotiate()
    for (let i = 0; i < 3; i++) statusIs(await client.halfLogon(), 'STATUS_MORE_PROCESSING_REQUIRED')
    statusIs(await client.halfLogon(), 'STATUS_INSUFFICIENT_RESOURCES')
  },
)

scenario(
  'trees and files have limits',
  { server: { limits: { maxTreesPerSession: 2, maxOpensPerSession: 2 } } },
  async (world) => {
    const client = await world.client()
    await client.useShare('data')
    statusIs(await client.treeConnect('data'), 'STATUS_INSUFFICIENT_RESOURCES')
    const file = await create(client, { name: 'a' })
    await create(client, { name: 'a' })
    statusIs(await tryCreate(client, { name: 'a' }), 'STATUS_TOO_MANY_OPENED_FILES')
    succeeded(await close(client, file))
    await create(client, { name: 'a' })
  },
)

const shares = {
  shares: [
    { name: 'open', backend: memoryBackend({ files: { a: 'text' } }) },
    { name: 'Mine', backend: memoryBackend(), users: ['TESTER'] },
    { name: 'look', backend: memoryBackend({ files: { a: 'text' } }), readOnly: true },
  ],
}
scenario('shares: who may, and what there is', shares, async (world) => {
  const client = await world.logon()
  await client.useShare('MINE')
  succeeded(await client.treeConnect('open'))
  statusIs(await client.treeConnect('nothing'), 'STATUS_BAD_NETWORK_NAME')
  const other = await world.logon(OTHER)
  statusIs(await other.treeConnect('mine'), 'STATUS_ACCESS_DENIED')
  succeeded(await other.treeConnect('open'))
})

scenario('a read-only share', shares, async (world) => {
  const client = await world.logon()
  const answer = await client.treeConnect('look')
  client.treeId = answer.header.treeId
  assert.equal(answer.body(TreeConnectResponse).maximalAccess & 0x0001_0116, 0)
  const file = await create(client, { name: 'a', desiredAccess: 0x8000_0000, createDisposition: 1 })
  succeeded(await read(client, file))
  statusIs(await write(client, file, 'x'), 'STATUS_ACCESS_DENIED')
  for (const desiredAccess of [0x2, 0x4, 0x10, 0x100, 0x1_0000, 0x4_0000, 0x8_0000, 0x4000_0000, 0x1000_0000])
    statusIs(await tryCreate(client, { name: 'a', desiredAccess, createDisposition: 1 }), 'STATUS_ACCESS_DENIED')
  for (const createDisposition of [0, 4, 5] as const)
    statusIs(await tryCreate(client, { name: 'a', desiredAccess: 1, createDisposition }), 'STATUS_ACCESS_DENIED')
  for (const createDisposition of [2, 3] as const)
    statusIs(await tryCreate(client, { name: 'new', desiredAccess: 1, createDisposition }), 'STATUS_ACCESS_DENIED')
  // What may be done at all can be done.
  await create(client, { name: 'a', desiredAccess: 0x0200_0000, createDisposition: 1 })
})

scenario('a connection that nobody uses is closed, one with an open file is not', {}, async (world) => {
  const idle = await world.client()
  const busy = await world.client()
  await create(busy, { name: 'a' })
  world.clock.advance(16 * 60_000)
  await assertCutOff(idle)
  assert.equal(busy.isClosed, false)
})

scenario('who does not negotiate or log on in time is disconnected', {}, async (world) => {
  const silent = world.connect()
  const half = world.connect()
  await half.negotiate()
  const halfway = world.connect()
  await halfway.negotiate()
  await halfway.halfLogon()
  const slow = world.connect()
  // The length of a message, byte by byte: a trickle is no conversation.
  for (let i = 0; i < 29; i++) {
    slow.sendBytes(Uint8Array.of(0))
    await world.settled()
    world.clock.advance(1000)
  }
  assert.equal(slow.isClosed || silent.isClosed, false)
  world.clock.advance(1000)
  await assertCutOff(silent)
  await assertCutOff(slow)
  assert.equal(half.isClosed, false)
  world.clock.advance(30_000)
  await assertCutOff(half)
  await assertCutOff(halfway)
})
