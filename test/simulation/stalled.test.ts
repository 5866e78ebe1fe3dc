/** Clients that ask for much and take nothing: bounded memory, back-pressure, and an end. */
import assert from 'node:assert/strict'
import { Command, ReadResponse } from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { create, echo, echoBody, readBody, writeBody } from './files.ts'
import type { Answer } from './raw-client.ts'
import { assertCutOff, scenario, succeeded, type World } from './world.ts'

const MIB = 1024 * 1024
const limits = { maxUnsentBytes: 2 * MIB }

/** A client with a file of 1 MiB and thousands of credits. */
async function greedy(world: World): Promise<{ client: Client; file: { persistent: bigint; volatile: bigint } }> {
  const client = await world.client()
  const file = await create(client, { name: 'a' }, { credits: 8000 })
  succeeded(await client.callRaw(Command.WRITE, writeBody(file, new Uint8Array(MIB).fill(9)), { charge: 16 }))
  return { client, file }
}

for (const how of ['one after the other', 'all at once', 'in one chain'] as const)
  scenario(`reads that nobody takes, ${how}`, { server: { limits } }, async (world) => {
    const { client, file } = await greedy(world)
    client.wire.clientStalls = true
    const requests = Array.from({ length: 100 }, () =>
      client.prepare(Command.READ, readBody(file, MIB), { charge: 16, credits: 16 }),
    )
    let answers: Promise<Answer>[]
    if (how === 'in one chain') answers = client.send(requests)
    else if (how === 'one after the other') answers = requests.flatMap((request) => client.send([request]))
    else answers = client.sendTogether(requests)
    await world.settled()
    assert.ok(client.wire.isPaused, 'nothing more is received')
    assert.ok(client.wire.peakUnsentBytes <= 4 * MIB, `${client.wire.peakUnsentBytes} bytes wait`)
    assert.equal(client.isClosed, false)
    // Others do not notice.
    const other = await world.client()
    succeeded(await echo(other))
    client.wire.clientStalls = false
    world.network.wake()
    for (const answer of await Promise.all(answers)) assert.equal(succeeded(answer).body(ReadResponse).data.length, MIB)
    assert.ok(client.wire.peakUnsentBytes <= 4 * MIB)
    succeeded(await echo(client))
  })

scenario(
  'who takes nothing for long is disconnected, and what waited is gone',
  { server: { limits } },
  async (world) => {
    const { client, file } = await greedy(world)
    client.wire.clientStalls = true
    const requests = Array.from({ length: 50 }, () =>
      client.prepare(Command.READ, readBody(file, MIB), { charge: 16, credits: 16 }),
    )
    void client.sendTogether(requests)
    await world.settled()
    world.clock.advance(4 * 60_000)
    assert.equal(world.server.status().connections, 1)
    world.clock.advance(2 * 60_000)
    await assertCutOff(client)
    assert.deepEqual(world.disconnects, ['the client takes no answers'])
  },
)

scenario('a client that goes while its answers wait', { server: { limits } }, async (world) => {
  const { client, file } = await greedy(world)
  client.wire.clientStalls = true
  void client.send(
    Array.from({ length: 50 }, () => client.prepare(Command.READ, readBody(file, MIB), { charge: 16, credits: 16 })),
  )
  await world.settled()
  client.disconnect()
  await world.settled()
  world.assertNothingLeft()
})

scenario('small answers that nobody takes', { server: { limits: { maxUnsentBytes: 100_000 } } }, async (world) => {
  const client = await world.client()
  await echo(client, { credits: 8000 })
  client.wire.clientStalls = true
  const requests = Array.from({ length: 5000 }, () => client.prepare(Command.ECHO, echoBody(), { credits: 1 }))
  const answers = client.sendTogether(requests)
  await world.settled()
  assert.ok(client.wire.peakUnsentBytes < 110_000, `${client.wire.peakUnsentBytes} bytes wait`)
  client.wire.clientStalls = false
  world.network.wake()
  await Promise.all(answers)
})
