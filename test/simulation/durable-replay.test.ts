/** MS-SMB2 3.3.5.9, 3.3.5.9.10: a CREATE that is sent again because its answer was lost opens nothing a second time. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import {
  Command,
  CreateAction,
  CreateDisposition,
  type FileId,
  HeaderFlags,
  LockRequest,
  OplockLevel,
  ReadResponse,
} from '../../src/wire/smb2/index.ts'
import { key, withLease } from './caching.ts'
import { bound } from './channels.ts'
import { type Client, OTHER } from './client.ts'
import { BATCH, comingBack, durableV2, givenIn, guid, lose, opened, type V2 } from './durable.ts'
import { close, exclusive, flush, lock, type Range, read, tryCreate, unlocked, write } from './files.ts'
import { Random } from './random.ts'
import { type Answer, Disconnected } from './raw-client.ts'
import { slowBackend } from './slow-backend.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const NAMED: V2 = { createGuid: guid(1) }
const REPLAY = { flags: HeaderFlags.REPLAY_OPERATION } as const
const made = (value: object = {}) => durableV2({ name: 'a', shareAccess: 0, ...BATCH, ...value }, NAMED)

scenario('the CREATE is answered once more, as it was', {}, async (world) => {
  const client = await world.client()
  const given = await opened(client, made())
  assert.equal(given.createAction, CreateAction.CREATED)
  statusIs(await tryCreate(client, made()), 'STATUS_DUPLICATE_OBJECTID')
  assert.deepEqual(await opened(client, made(), REPLAY), given)
  // Also where it could not be done a second time.
  const creates = made({ createDisposition: CreateDisposition.CREATE })
  assert.deepEqual(await opened(client, creates, REPLAY), given)
  const second = await bound(world, client)
  assert.deepEqual(await opened(second, made(), REPLAY), given)
  assert.equal(world.server.opens.size, 1)
  // With an oplock that is less, it is told of less; of being durable only with one that keeps the handle.
  const less = await opened(client, made({ requestedOplockLevel: OplockLevel.II }), REPLAY)
  assert.deepEqual(less, { ...given, oplockLevel: OplockLevel.II, durable: undefined })
  succeeded(await close(client, given.fileId))
  // The GUID is free again, and a replay of what was never done is done.
  const again = await opened(client, made(), REPLAY)
  assert.deepEqual([again.createAction, again.durable], [CreateAction.OPENED, given.durable])
})

scenario('nobody else is answered with it', {}, async (world) => {
  const client = await world.client()
  const lease = { key: key(1), rights: 'RWH' }
  const value = withLease(durableV2({ name: 'a' }, NAMED), lease)
  await opened(client, value)
  const denied = 'STATUS_ACCESS_DENIED'
  statusIs(
    await tryCreate(client, withLease(durableV2({ name: 'a' }, NAMED), { ...lease, key: key(2) }), REPLAY),
    denied,
  )
  statusIs(await tryCreate(client, durableV2({ name: 'a' }, NAMED), REPLAY), denied)
  const stranger = await world.client(OTHER)
  statusIs(await tryCreate(stranger, value, REPLAY), denied)
  statusIs(await tryCreate(stranger, value), 'STATUS_DUPLICATE_OBJECTID')
  // In another session of the same user it is to be taken up, not to be repeated.
  statusIs(await tryCreate(await world.client(), value, REPLAY), 'STATUS_DUPLICATE_OBJECTID')
  await lose(world, client)
  statusIs(await tryCreate(await world.client(), value, REPLAY), 'STATUS_DUPLICATE_OBJECTID')
  // What another machine names so is another thing.
  const elsewhere = await world.client({ negotiate: { clientGuid: guid(0xffff) } })
  await opened(elsewhere, durableV2({ name: 'b' }, NAMED), REPLAY)
})

scenario('once something was done with it, its CREATE is over', {}, async (world) => {
  const client = await world.client()
  for (const use of [
    (fileId: FileId) => read(client, fileId, { length: 0 }),
    (fileId: FileId) => write(client, fileId, 'x'),
    (fileId: FileId) => lock(client, fileId, exclusive(0n, 1n)),
  ]) {
    const given = await opened(client, made())
    assert.deepEqual(await opened(client, made(), REPLAY), given)
    succeeded(await use(given.fileId))
    // It is done anew, and finds the file open.
    const answer = tryCreate(client, made(), REPLAY)
    await world.settled()
    succeeded(await close(client, given.fileId))
    succeeded(await close(client, givenIn(await answer).fileId))
  }
})

for (let round = 1; round <= 6; round++)
  scenario(`two of one GUID at the same time make one open (${round})`, {}, async (world) => {
    const slow = slowBackend(memoryBackend(), new Random(world.seed))
    world.network.isBusy = slow.isBusy
    world.server.setShares([{ name: 'data', backend: slow.backend }])
    const client = await world.client()
    const value = durableV2({ name: 'a' }, NAMED)
    const second = await bound(world, client)
    const sent = [tryCreate(client, value), tryCreate(second, value, REPLAY), tryCreate(second, value)]
    const answers = await Promise.all(sent)
    const ids = answers.filter(({ status }) => status === 0).map((answer) => givenIn(answer).fileId)
    assert.ok(ids.length > 0)
    for (const id of ids) assert.deepEqual(id, ids[0])
    assert.equal(world.server.opens.size, 1)
    for (const one of [client, second]) one.disconnect()
    await world.settled()
    assert.equal(slow.openFiles(), 0)
  })

for (let round = 1; round <= 6; round++)
  scenario(`a CREATE whose connection is lost ends on the other one (${round})`, {}, async (world) => {
    const slow = slowBackend(memoryBackend(), new Random(world.seed))
    world.network.isBusy = slow.isBusy
    world.server.setShares([{ name: 'data', backend: slow.backend }])
    const client = await world.client()
    const second = await bound(world, client)
    const value = made({ createDisposition: CreateDisposition.CREATE })
    const lost = tryCreate(client, value).catch((error: unknown) => error)
    for (let turns = world.random.below(8); turns > 0; turns--) await new Promise(setImmediate)
    client.disconnect()
    const first = await lost
    let answer: Answer
    do {
      answer = await tryCreate(second, value, REPLAY)
      // While the first one is at work there is nobody yet whose it could be.
    } while (answer.statusName === 'STATUS_ACCESS_DENIED')
    if (!(first instanceof Disconnected)) assert.equal((first as Answer).statusName, 'STATUS_SUCCESS')
    assert.equal(givenIn(succeeded(answer)).createAction, CreateAction.CREATED)
    assert.equal(world.server.opens.size, 1)
    succeeded(await close(second, givenIn(answer).fileId))
    second.disconnect()
    await world.settled()
    assert.equal(slow.openFiles(), 0)
  })

/** The client's connection is cut on the way there or back; it comes back and sends again what was not answered. */
class Stubborn {
  readonly #world: World
  #client: Client
  #fileId: FileId

  private constructor(world: World, client: Client, fileId: FileId) {
    this.#world = world
    this.#client = client
    this.#fileId = fileId
  }

  static async open(world: World): Promise<Stubborn> {
    const client = await world.client()
    return new Stubborn(world, client, (await opened(client, made())).fileId)
  }

  async does(send: (client: Client, fileId: FileId) => Promise<Answer>): Promise<Answer> {
    for (let cuts = this.#world.random.below(4); ; cuts--) {
      const sent = send(this.#client, this.#fileId).catch(() => undefined)
      const came = await (cuts > 0 ? this.#cut(sent) : sent)
      if (came !== undefined) return succeeded(came)
      this.#client = await this.#world.client({ previousSessionId: this.#client.session?.id ?? 0n })
      this.#fileId = (await opened(this.#client, comingBack({ name: 'a' }, this.#fileId, NAMED))).fileId
    }
  }

  /** Undefined: the answer was lost. */
  async #cut(sent: Promise<Answer | undefined>): Promise<Answer | undefined> {
    for (let turns = this.#world.random.below(12); turns > 0; turns--) await new Promise(setImmediate)
    this.#client.disconnect()
    return sent
  }
}

for (let round = 1; round <= 24; round++)
  scenario(`nothing that was answered is lost, nothing is done twice (${round})`, {}, async (world) => {
    const slow = slowBackend(memoryBackend(), new Random(world.seed))
    world.network.isBusy = slow.isBusy
    world.server.setShares([{ name: 'data', backend: slow.backend }])
    const stubborn = await Stubborn.open(world)
    let number = 0
    const locks = (range: Range) => {
      const lockSequence = 0x10 | (number++ & 0xf)
      return stubborn.does((client, fileId) =>
        client.call(Command.LOCK, LockRequest, { fileId, lockSequence, locks: [range] }),
      )
    }
    const parts = ['one', 'two', 'six', 'ten']
    for (const [i, part] of parts.entries()) {
      await locks(exclusive(0n, 10n))
      await stubborn.does((client, fileId) => write(client, fileId, part, { offset: BigInt(i * 3) }))
      const answer = await stubborn.does((client, fileId) => read(client, fileId))
      assert.equal(Buffer.from(answer.body(ReadResponse).data).toString(), parts.slice(0, i + 1).join(''))
      await locks(unlocked(0n, 10n))
    }
    assert.equal(world.server.opens.size, 1)
    const [open] = world.server.opens.values()
    assert.equal(open?.lockCount, 0)
    await stubborn.does((client, fileId) => flush(client, fileId))
  })
