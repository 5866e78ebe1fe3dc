/** MS-SMB2 3.3.4.6, 3.3.4.7: what the server sends of itself finds a connection that still works. */
import assert from 'node:assert/strict'
import { deliver } from '../../src/server/notification.ts'
import { Command, OplockBreakNotification } from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import type { ClientSession } from './raw-client.ts'
import { scenario, succeeded, type World } from './world.ts'

/** A client with three connections, in the order in which they were made. */
async function threeChannels(world: World): Promise<Client[]> {
  const first = await world.client()
  const clients = [first]
  for (let i = 0; i < 2; i++) {
    const client = world.connect()
    succeeded(await client.negotiate())
    succeeded((await client.tryLogon({ bind: first.session as ClientSession })).answer)
    clients.push(client)
  }
  return clients
}

/** Tells the client something; by it alone the test knows that it is due. */
function notify(world: World, client: Client, isDue = () => true): boolean {
  const session = world.server.sessions.get(client.session?.id ?? 0n)
  assert.ok(session !== undefined)
  const value = { oplockLevel: 1, fileId: { persistent: 1n, volatile: 2n } }
  const message = { command: Command.OPLOCK_BREAK, body: OplockBreakNotification, value }
  return deliver(message, session.channels.values(), isDue)
}

const received = (clients: readonly Client[]): number[] => clients.map(({ unsolicited }) => unsolicited.length)

scenario('the first connection is taken, once', {}, async (world) => {
  const clients = await threeChannels(world)
  assert.equal(notify(world, clients[0] as Client), true)
  await world.settled()
  world.clock.advance(10_000)
  await world.settled()
  assert.deepEqual(received(clients), [1, 0, 0])
  const fileId = clients[0]?.unsolicited[0]?.body(OplockBreakNotification).fileId
  assert.deepEqual([fileId?.persistent, fileId?.volatile], [1n, 2n])
})

scenario('a connection that brings nothing to the client is passed over', {}, async (world) => {
  const clients = await threeChannels(world)
  for (const stalled of [0, 1]) (clients[stalled] as Client).wire.clientStalls = true
  notify(world, clients[0] as Client)
  await world.settled()
  assert.deepEqual(received(clients), [0, 0, 0])
  for (let i = 0; i < 3; i++) {
    world.clock.advance(1_600)
    await world.settled()
  }
  assert.deepEqual(received(clients), [0, 0, 1])
})

scenario('who has reacted meanwhile is not told again', {}, async (world) => {
  const clients = await threeChannels(world)
  ;(clients[0] as Client).wire.clientStalls = true
  let isDue = true
  notify(world, clients[0] as Client, () => isDue)
  isDue = false
  world.clock.advance(2_000)
  await world.settled()
  assert.deepEqual(received(clients), [0, 0, 0])
})

scenario('a connection that ends with it under way is made up for', {}, async (world) => {
  const clients = await threeChannels(world)
  ;(clients[0] as Client).wire.clientStalls = true
  notify(world, clients[0] as Client)
  clients[0]?.disconnect()
  await world.settled()
  world.clock.advance(1_600)
  await world.settled()
  assert.deepEqual(received(clients), [0, 1, 0])
})
