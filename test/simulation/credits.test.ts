/** MS-SMB2 3.3.1.1, 3.3.1.2, 3.3.5.2.3, 3.3.5.2.5: message ids and what they cost. */
import assert from 'node:assert/strict'
import { Command, Dialect } from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { cancel, create, echo, echoBody, notifyBody, openDirectory, queryInfo, read, start, write } from './files.ts'
import type { CallOptions } from './raw-client.ts'
import { assertCutOff, scenario, statusIs, succeeded, type World } from './world.ts'

const echoWith = (client: Client, options: CallOptions) => client.callRaw(Command.ECHO, echoBody(), options)

scenario('the window is exactly what was granted', {}, async (world) => {
  const client = await world.client()
  const last = client.nextMessageId + BigInt(client.credits) - 1n
  // The very last id can be used, and the ones before it after that, in any order.
  const available = Array.from({ length: client.credits }, (_, i) => last - BigInt(i))
  for (const messageId of available) succeeded(await echoWith(client, { messageId, credits: 1 }))
  assert.equal(client.credits, available.length)
})

for (const [what, choose] of [
  ['one past the window', (client: Client) => client.nextMessageId + BigInt(client.credits)],
  ['one that was used', (client: Client) => client.nextMessageId - 1n],
  ['the first of all', () => 0n],
  ['2^53', () => 2n ** 53n],
  ['2^63', () => 2n ** 63n],
  ['2^64 - 1', () => 2n ** 64n - 1n],
] as const)
  scenario(`message id ${what} ends the connection`, {}, async (world) => {
    const client = await world.client()
    await assertCutOff(client, echoWith(client, { messageId: choose(client) }))
  })

scenario('an id that was skipped can be used later, but once only', {}, async (world) => {
  const client = await world.client()
  const skipped = client.nextMessageId++
  for (let i = 0; i < 20; i++) succeeded(await echo(client))
  succeeded(await echoWith(client, { messageId: skipped }))
  await assertCutOff(client, echoWith(client, { messageId: skipped }))
})

scenario(
  'an id that is skipped for long holds the window back, not for ever more memory',
  { server: { limits: { maxCredits: 64 } } },
  async (world) => {
    const client = await world.client()
    client.nextMessageId++
    let most = 0
    while (client.credits > 1) {
      succeeded(await echoWith(client, { credits: 64 }))
      most = Math.max(most, client.credits)
      if (client.nextMessageId > 1000n) break
    }
    assert.ok(client.nextMessageId < 200n, `the window went on to ${client.nextMessageId}`)
  },
)

scenario(
  'credits: as many as are asked for, within the limit',
  { server: { limits: { maxCredits: 100 } } },
  async (world) => {
    const client = await world.client()
    const before = client.credits
    assert.equal((await echoWith(client, { credits: 5 })).header.credits, 5)
    assert.equal(client.credits, before + 4)
    await echoWith(client, { credits: 65_535 })
    assert.equal(client.credits, 100)
    // None above that: each answer brings back what its request took.
    assert.equal((await echoWith(client, { credits: 100 })).header.credits, 1)
    assert.equal(client.credits, 100)
  },
)

scenario('a client that asks for no credits keeps one', {}, async (world) => {
  const client = await world.client()
  for (let i = 0; i < 100; i++) succeeded(await echoWith(client, { credits: 0 }))
  assert.ok(client.credits >= 1)
})

scenario('before a logon there are few', {}, async (world) => {
  const client = world.connect()
  await client.negotiate()
  for (let i = 0; i < 5; i++) await echoWith(client, { credits: 65_535 })
  assert.ok(client.credits <= 5 * 32 + 32, `${client.credits} credits`)
})

async function withFile(world: World, dialect: number = Dialect.SMB_3_1_1) {
  const client = await world.client({ negotiate: { dialects: [dialect] } })
  const file = await create(client, { name: 'a' }, { credits: 200 })
  return { client, file }
}

for (const dialect of [Dialect.SMB_2_1, Dialect.SMB_3_0, Dialect.SMB_3_1_1])
  scenario(`0x${dialect.toString(16)}: a charge that does not cover the payload`, {}, async (world) => {
    const { client, file } = await withFile(world, dialect)
    succeeded(await write(client, file, new Uint8Array(65_536), {}, { charge: 1 }))
    statusIs(await write(client, file, new Uint8Array(65_537), {}, { charge: 1 }), 'STATUS_INVALID_PARAMETER')
    succeeded(await write(client, file, new Uint8Array(65_537), {}, { charge: 2 }))
    statusIs(await read(client, file, { length: 131_073 }, { charge: 2 }), 'STATUS_INVALID_PARAMETER')
    succeeded(await read(client, file, { length: 131_072 }, { charge: 2 }))
    // Too much is allowed, and paid for.
    succeeded(await read(client, file, { length: 1 }, { charge: 5 }))
    statusIs(await queryInfo(client, file, 5, { outputBufferLength: 65_537 }), 'STATUS_INVALID_PARAMETER')
    succeeded(await echo(client))
  })

scenario('the largest read and write there is, and one byte more', {}, async (world) => {
  const { client, file } = await withFile(world)
  const most = 8 * 1024 * 1024
  succeeded(await write(client, file, new Uint8Array(most).fill(1), {}, { charge: 128, credits: 500 }))
  const answer = succeeded(await read(client, file, { length: most }, { charge: 128 }))
  assert.equal(answer.message.length, 64 + 16 + most)
  statusIs(await read(client, file, { length: most + 1 }, { charge: 129, credits: 200 }), 'STATUS_INVALID_PARAMETER')
  statusIs(await write(client, file, new Uint8Array(most + 1), {}, { charge: 129 }), 'STATUS_INVALID_PARAMETER')
})

scenario('a charge beyond what is held ends the connection', {}, async (world) => {
  const client = await world.client()
  await assertCutOff(client, echoWith(client, { charge: client.credits + 1 }))
})

scenario('a charge over an id that was used ends the connection', {}, async (world) => {
  const client = await world.client()
  const first = client.nextMessageId
  client.nextMessageId += 3n
  succeeded(await echo(client))
  await assertCutOff(client, echoWith(client, { messageId: first, charge: 4 }))
})

scenario('the ids of a charge are used up with it', {}, async (world) => {
  const client = await world.client()
  const first = client.nextMessageId
  succeeded(await echoWith(client, { charge: 3 }))
  await assertCutOff(client, echoWith(client, { messageId: first + 2n }))
})

scenario('2.0.2 knows no charge: one id a request, 64 KiB at the most', {}, async (world) => {
  const { client, file } = await withFile(world, Dialect.SMB_2_0_2)
  succeeded(await write(client, file, new Uint8Array(65_536)))
  succeeded(await read(client, file, { length: 65_536 }))
  statusIs(await read(client, file, { length: 65_537 }), 'STATUS_INVALID_PARAMETER')
  // What lies in the field is reserved there.
  const request = client.prepare(Command.ECHO, echoBody())
  request.message[6] = 200
  succeeded(await (client.send([request])[0] as ReturnType<typeof echo>))
  succeeded(await echo(client))
})

scenario('a wait gives its credits back at once, and the final answer none', {}, async (world) => {
  const client = await world.client()
  const directory = await openDirectory(client, '')
  const before = client.credits
  const waits = []
  for (let i = 0; i < 10; i++)
    waits.push(await start(client, Command.CHANGE_NOTIFY, notifyBody(directory), { credits: 1 }))
  assert.equal(client.credits, before)
  for (const waiting of waits) cancel(client, waiting, 'asyncId')
  for (const { answer } of waits) assert.equal(statusIs(await answer, 'STATUS_CANCELLED').header.credits, 0)
  assert.equal(client.credits, before)
})

scenario('waiting requests have a limit', { server: { limits: { maxAsyncRequests: 3 } } }, async (world) => {
  const client = await world.client()
  const directory = await openDirectory(client, '')
  for (let i = 0; i < 3; i++) await start(client, Command.CHANGE_NOTIFY, notifyBody(directory))
  const fourth = await start(client, Command.CHANGE_NOTIFY, notifyBody(directory))
  statusIs(await fourth.answer, 'STATUS_INSUFFICIENT_RESOURCES')
  succeeded(await echo(client))
})

scenario('credits of a chain: each of its messages is paid for', {}, async (world) => {
  const client = await world.client()
  const { credits } = client
  const answers = client.send([1, 2, 3].map(() => client.prepare(Command.ECHO, echoBody(), { credits: 1 })))
  for (const answer of await Promise.all(answers)) assert.equal(succeeded(answer).header.credits, 1)
  assert.equal(client.credits, credits)
  const used = client.prepare(Command.ECHO, echoBody())
  const twice = client.prepare(Command.ECHO, echoBody(), { messageId: used.messageId })
  await assertCutOff(client, ...client.send([used, twice]).slice(1))
})
