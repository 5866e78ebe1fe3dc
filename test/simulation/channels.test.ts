/** MS-SMB2 3.3.5.5.2, 3.3.7.1: sessions with several connections. */
import assert from 'node:assert/strict'
import { Cipher, Command, Dialect, SigningAlgorithm } from '../../src/wire/smb2/index.ts'
import { bound, tryBind } from './channels.ts'
import { type Client, OTHER } from './client.ts'
import {
  close,
  closeBody,
  create,
  createBody,
  exclusive,
  lock,
  lockBody,
  logoff,
  RELATED_FILE_ID,
  read,
  write,
} from './files.ts'
import type { ClientSession } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

const { AES_CMAC, AES_GMAC, HMAC_SHA256 } = SigningAlgorithm

for (const dialect of [Dialect.SMB_3_0, Dialect.SMB_3_0_2, Dialect.SMB_3_1_1])
  for (const seals of [false, true])
    scenario(`0x${dialect.toString(16)}${seals ? ', sealed' : ''}: a file on two connections`, {}, async (world) => {
      const first = await world.client({ negotiate: { dialects: [dialect] }, seals })
      const file = await create(first, { name: 'a' })
      const second = await bound(world, first, { dialects: [dialect] })
      succeeded(await write(second, file, 'from the second'))
      assert.match(Buffer.from((await read(first, file)).message).toString('latin1'), /from the second/)
      const other = await create(second, { name: 'b' })
      // The first connection goes: the session lives on.
      first.disconnect()
      await world.settled()
      assert.equal(world.server.sessions.size, 1)
      succeeded(await read(second, file))
      succeeded(await close(second, file))
      succeeded(await close(second, other))
      second.disconnect()
      await world.settled()
      assert.equal(world.server.sessions.size, 0)
    })

scenario('logging off on one connection ends the session on all', {}, async (world) => {
  const first = await world.client()
  const file = await create(first, { name: 'a' })
  const second = await bound(world, first)
  succeeded(await logoff(second))
  statusIs(await read(first, file), 'STATUS_USER_SESSION_DELETED')
  assert.equal(world.server.sessions.size, 0)
})

scenario('what waits on one connection ends with it, and not with the other', {}, async (world) => {
  const first = await world.client()
  const holder = await create(await world.client(), { name: 'a' })
  succeeded(await lock(world.clients[1] as Client, holder, exclusive(0n, 1n)))
  const file = await create(first, { name: 'a' })
  const second = await bound(world, first)
  const waits = lock(second, file, exclusive(0n, 1n, true))
  waits.catch(() => {})
  await world.settled()
  second.disconnect()
  await world.settled()
  await assert.rejects(waits)
  // Nobody waits for the lock any more: the holder's going gives it to nobody.
  succeeded(await close(world.clients[1] as Client, holder))
  succeeded(await lock(first, file, exclusive(0n, 1n)))
})

scenario('what a chain opens and closes is closed, also where its connection is lost in between', {}, async (world) => {
  const first = await world.client()
  const holder = await world.client(OTHER)
  const held = await create(holder, { name: 'a' })
  succeeded(await lock(holder, held, exclusive(0n, 1n)))
  const second = await bound(world, first)
  const answers = second.send([
    second.prepare(Command.CREATE, createBody({ name: 'a' })),
    second.prepare(Command.LOCK, lockBody(RELATED_FILE_ID, exclusive(0n, 1n, true)), { related: true }),
    second.prepare(Command.CLOSE, closeBody(), { related: true }),
  ])
  for (const answer of answers) answer.catch(() => {})
  await world.settled()
  assert.equal(world.server.opens.size, 2)
  second.disconnect()
  await world.settled()
  assert.equal(world.server.opens.size, 1)
  assert.equal(world.server.sessions.size, 2)
})

const mismatches = [
  ['another dialect', { dialects: [Dialect.SMB_3_0_2] }, {}, 'STATUS_INVALID_PARAMETER'],
  ['2.1', { dialects: [Dialect.SMB_2_1] }, {}, 'STATUS_REQUEST_NOT_ACCEPTED'],
  ['another cipher', { ciphers: [Cipher.AES_128_CCM] }, {}, 'STATUS_INVALID_PARAMETER'],
  ['AES-GMAC for a session without', { signings: [AES_GMAC] }, { signings: [AES_CMAC] }, 'STATUS_NOT_SUPPORTED'],
  ['a session of AES-GMAC', { signings: [HMAC_SHA256] }, { signings: [AES_GMAC] }, 'STATUS_REQUEST_OUT_OF_SEQUENCE'],
] as const
for (const [what, second, first, status] of mismatches)
  scenario(`${what}: refused, and the session lives on`, {}, async (world) => {
    const client = await world.client({ negotiate: first })
    const file = await create(client, { name: 'a' })
    const { answer } = await tryBind(world, client.session as ClientSession, second)
    statusIs(answer, status)
    succeeded(await read(client, await create(client, { name: 'a' })).then(() => write(client, file, 'x')))
  })

scenario('who is somebody else, or knows no key, binds nothing', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const session = client.session as ClientSession
  statusIs((await tryBind(world, session, {}, OTHER)).answer, 'STATUS_ACCESS_DENIED')
  statusIs((await tryBind(world, session, {}, { password: 'wrong' })).answer, 'STATUS_LOGON_FAILURE')
  const forged: ClientSession = { ...session, signingKey: new Uint8Array(16) }
  statusIs((await tryBind(world, forged)).answer, 'STATUS_ACCESS_DENIED')
  statusIs((await tryBind(world, { ...session, id: session.id + 1n })).answer, 'STATUS_USER_SESSION_DELETED')
  // A connection that was refused knows nothing of the session.
  const stranger = world.connect()
  succeeded(await stranger.negotiate())
  statusIs((await stranger.tryLogon({ session })).answer, 'STATUS_USER_SESSION_DELETED')
  succeeded(await write(client, file, 'x'))
})

scenario(
  'guests and sessions of their own have no other connections',
  { server: { allowGuest: true } },
  async (world) => {
    const guest = await world.logon({ user: 'nobody', password: 'x' })
    const forged: ClientSession = { ...(guest.session as ClientSession), signingKey: new Uint8Array(16) }
    statusIs((await tryBind(world, forged)).answer, 'STATUS_NOT_SUPPORTED')
  },
)

scenario(
  'as many connections as the limit says',
  { server: { limits: { maxChannelsPerSession: 3 } } },
  async (world) => {
    const first = await world.client()
    await bound(world, first)
    const third = await bound(world, first)
    const { answer } = await tryBind(world, first.session as ClientSession)
    statusIs(answer, 'STATUS_INSUFFICIENT_RESOURCES')
    third.disconnect()
    await world.settled()
    await bound(world, first)
  },
)

scenario(
  'one connection a session, where the server wants it so',
  { server: { multichannel: false } },
  async (world) => {
    const first = await world.client()
    statusIs((await tryBind(world, first.session as ClientSession)).answer, 'STATUS_REQUEST_NOT_ACCEPTED')
  },
)

scenario('a session that ends while a connection is being bound to it', {}, async (world) => {
  const first = await world.client()
  const session = first.session as ClientSession
  const second = world.connect()
  succeeded(await second.negotiate())
  const binding = second.tryLogon({ bind: session })
  const leaving = logoff(first)
  const { answer } = await binding
  await leaving
  assert.ok(['STATUS_SUCCESS', 'STATUS_USER_SESSION_DELETED'].includes(answer.statusName), answer.statusName)
  assert.equal(world.server.sessions.size, 0)
})

scenario('a session that a failed renewal has ended says so on all its connections, signed', {}, async (world) => {
  const first = await world.client()
  const file = await create(first, { name: 'a' })
  const second = await bound(world, first)
  const session = second.session as ClientSession
  statusIs((await second.tryLogon({ session, password: 'wrong' })).answer, 'STATUS_LOGON_FAILURE')
  for (const client of [first, second]) {
    const answer = statusIs(await read(client, file), 'STATUS_USER_SESSION_DELETED')
    assert.equal(answer.isSigned, true)
    statusIs(
      (await client.tryLogon({ session: client.session as ClientSession })).answer,
      'STATUS_USER_SESSION_DELETED',
    )
  }
  await first.logon()
})
