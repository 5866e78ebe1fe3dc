/** MS-SMB2 3.3.5.9.10, 3.3.5.9.12: opens that outlive the server. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { oplockLevelOf } from '../../src/server/caching/index.ts'
import type { Open } from '../../src/server/open.ts'
import { ServerCore } from '../../src/server/server-core.ts'
import type { ShareOptions } from '../../src/server/share.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { FileDispositionInformation, FileInformationClass, FileRenameInformation } from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateAction,
  CreateDisposition,
  CreateOptions,
  Dialect,
  type FileId,
  HeaderFlags,
  LockRequest,
  OplockLevel,
  ReadResponse,
  ShareCapabilities,
} from '../../src/wire/smb2/index.ts'
import { acknowledgeLease, key, leaseOf, withLease } from './caching.ts'
import { type Client, OTHER } from './client.ts'
import { comingBack, durableV2, guid, lose, opened, persistentClient, type V2 } from './durable.ts'
import {
  close,
  create,
  exclusive,
  lock,
  type Range,
  read,
  setInfo,
  shared,
  tryCreate,
  unlocked,
  write,
} from './files.ts'
import { MemoryStore } from './memory-store.ts'
import { Random } from './random.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded, World } from './world.ts'

const PERSISTENT: V2 = { createGuid: guid(1), persistent: true }
const GONE = 'STATUS_OBJECT_NAME_NOT_FOUND'
const REPLAY = { flags: HeaderFlags.REPLAY_OPERATION } as const
const other = { negotiate: { clientGuid: guid(0xffff) } }

const text = (answer: Answer): string => Buffer.from(succeeded(answer).body(ReadResponse).data).toString()

const value = { name: 'a', shareAccess: 0 }

/** A server that is started again, after it was stopped or killed, over the same files and the same store. */
class Lasting {
  world: World
  store = new MemoryStore()
  readonly backend = memoryBackend({ files: { 'there/x': 'x' } })
  readonly random: Random
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
    this.random = new Random(seed)
    this.world = this.#start([this.share])
  }

  get share(): ShareOptions {
    return { name: 'data', backend: this.backend, continuouslyAvailable: true }
  }

  #start(shares: readonly ShareOptions[]): World {
    return new World({ shares, server: { openStore: this.store } }, this.#seed)
  }

  async restart(how: 'stopped' | 'killed', shares: readonly ShareOptions[] = [this.share]): Promise<void> {
    const { world } = this
    if (how === 'killed') this.store = this.store.copy()
    else {
      for (const client of world.clients) client.disconnect()
      await world.server.end()
      world.assertNothingLeft()
      assert.deepEqual(world.faults, [])
    }
    this.world = this.#start(shares)
    await this.world.server.restore()
  }

  client(options: Parameters<typeof persistentClient>[1] = {}): Promise<Client> {
    return persistentClient(this.world, options)
  }
}

function enduring(name: string, play: (lasting: Lasting) => Promise<void>): void {
  scenario(name, {}, async ({ seed }) => {
    const state = new Lasting(seed)
    await play(state)
    await state.world.end()
    assert.deepEqual([...state.store.kept], [], 'states are left in the store')
  })
}

const caches = [
  ['nothing', {}],
  ['level II', { requestedOplockLevel: OplockLevel.II }],
  ['an exclusive oplock', { requestedOplockLevel: OplockLevel.EXCLUSIVE }],
  ['a batch oplock', { requestedOplockLevel: OplockLevel.BATCH }],
  ['a lease', withLease({ name: '' }, { key: key(1), rights: 'RWH' })],
  ['a lease of version 2', withLease({ name: '' }, { key: key(1), rights: 'RH', epoch: 7, parentKey: key(2) })],
] as const
for (const how of ['stopped', 'killed'] as const)
  for (const [what, caching] of caches)
    enduring(`an open with ${what} outlives a server that is ${how}`, async (lasting) => {
      const first = await lasting.client()
      const asked = { ...caching, ...value }
      const given = await opened(first, durableV2(asked, PERSISTENT))
      const { fileId } = given
      assert.deepEqual(given.durable, { timeoutMs: lasting.world.server.limits.durableTimeoutMs, persistent: true })
      assert.ok(lasting.store.kept.has(fileId.persistent))
      succeeded(await write(first, fileId, 'kept'))
      succeeded(await lock(first, fileId, exclusive(0n, 4n)))
      succeeded(await lock(first, fileId, shared(1n, 1n), exclusive(10n, 1n)))
      succeeded(await lock(first, fileId, unlocked(10n, 1n)))
      // Its own changes take an oplock of level II away.
      const level = oplockLevelOf(lasting.world.server.opens.get(fileId.persistent) as Open)
      await lasting.restart(how)
      const { world } = lasting
      assert.deepEqual(
        world.server
          .status()
          .disconnectedOpens.map(({ user, path, locks, persistent }) => [user, path, locks.length, persistent]),
        [['tester', 'a', 2, true]],
      )
      const client = await lasting.client()
      // It is not to be had by anybody else, whoever it is.
      for (const stranger of [client, await lasting.client(other), await lasting.client(OTHER), await world.client()])
        statusIs(await tryCreate(stranger, { name: 'a' }), 'STATUS_FILE_NOT_AVAILABLE')
      const back = (v2: V2, id = fileId) => comingBack({ ...caching, name: 'a' }, id, v2)
      statusIs(await tryCreate(await lasting.client(OTHER), back(PERSISTENT)), 'STATUS_ACCESS_DENIED')
      statusIs(await tryCreate(client, back({ createGuid: guid(1) })), GONE)
      statusIs(await tryCreate(client, back({ createGuid: guid(2), persistent: true })), GONE)
      const again = await opened(client, back(PERSISTENT))
      assert.deepEqual(
        [again.fileId.persistent, again.oplockLevel, again.createAction],
        [fileId.persistent, level, CreateAction.OPENED],
      )
      assert.equal(text(await read(client, again.fileId)), 'kept')
      if (level < OplockLevel.BATCH)
        statusIs(await tryCreate(await lasting.client(other), { name: 'a' }), 'STATUS_SHARING_VIOLATION')
      statusIs(await lock(client, again.fileId, exclusive(1n, 1n)), 'STATUS_LOCK_NOT_GRANTED')
      succeeded(await lock(client, again.fileId, unlocked(0n, 4n)))
      succeeded(await lock(client, again.fileId, unlocked(1n, 1n)))
      statusIs(await lock(client, again.fileId, unlocked(10n, 1n)), 'STATUS_RANGE_NOT_LOCKED')
      succeeded(await close(client, again.fileId))
      assert.equal(lasting.store.kept.size, 0)
    })

enduring('a CREATE whose answer was lost is answered by the next run', async (lasting) => {
  const first = await lasting.client()
  const asked = durableV2({ ...value, createDisposition: CreateDisposition.CREATE }, PERSISTENT)
  const given = await opened(first, asked)
  await lasting.restart('killed')
  const client = await lasting.client()
  statusIs(await tryCreate(client, asked), 'STATUS_OBJECT_NAME_COLLISION')
  const differs = durableV2({ ...value, createOptions: CreateOptions.NON_DIRECTORY_FILE }, PERSISTENT)
  statusIs(await tryCreate(client, differs, REPLAY), 'STATUS_CONTEXT_MISMATCH')
  statusIs(await tryCreate(await lasting.client(OTHER), asked, REPLAY), 'STATUS_ACCESS_DENIED')
  const again = await opened(client, asked, REPLAY)
  assert.deepEqual([again.fileId.persistent, again.createAction], [given.fileId.persistent, CreateAction.CREATED])
  assert.deepEqual(again.durable, given.durable)
  assert.deepEqual(await opened(client, asked, REPLAY), again)
  statusIs(await tryCreate(client, asked), 'STATUS_DUPLICATE_OBJECTID')
  succeeded(await close(client, again.fileId))
})

const deletes: readonly (readonly [string, object, boolean])[] = [
  ['on close', { createOptions: CreateOptions.DELETE_ON_CLOSE }, false],
  ['by its disposition', {}, true],
]
for (const [what, options, marks] of deletes)
  for (const comes of [true, false])
    enduring(
      `a file to be deleted ${what} is, when its client ${comes ? 'closes it' : 'stays away'}`,
      async (lasting) => {
        const first = await lasting.client()
        const { fileId } = await opened(first, durableV2({ ...value, ...options }, PERSISTENT))
        if (marks) {
          const data = FileDispositionInformation.encode({ deletePending: true })
          succeeded(await setInfo(first, fileId, FileInformationClass.FileDispositionInformation, data))
        }
        await lasting.restart('stopped')
        await lasting.restart('killed')
        const client = await lasting.client()
        const open = { name: 'a', createDisposition: CreateDisposition.OPEN }
        statusIs(await tryCreate(client, open), 'STATUS_FILE_NOT_AVAILABLE')
        if (comes) {
          const again = await opened(client, comingBack({ name: 'a' }, fileId, PERSISTENT))
          succeeded(await close(client, again.fileId))
        } else lasting.world.clock.advance(lasting.world.server.limits.durableTimeoutMs)
        await lasting.world.settled()
        statusIs(await tryCreate(client, open), GONE)
      },
    )

enduring('streams, too, are deleted when nobody comes back for them', async (lasting) => {
  const first = await lasting.client()
  const file = await create(first, { name: 'a' })
  const marked = await opened(first, durableV2({ name: 'a:marked' }, PERSISTENT))
  await opened(first, durableV2({ name: 'a:AFP_Resource' }, { createGuid: guid(2), persistent: true }))
  const data = FileDispositionInformation.encode({ deletePending: true })
  succeeded(await setInfo(first, marked.fileId, FileInformationClass.FileDispositionInformation, data))
  succeeded(await close(first, file))
  await lasting.restart('killed')
  const { world, backend } = lasting
  world.clock.advance(world.server.limits.durableTimeoutMs)
  await world.settled()
  assert.equal(world.server.opens.size, 0)
  assert.deepEqual(world.faults, [])
  const there = await backend.open(['a'], { disposition: 'open', read: true, write: false })
  if (failed(there)) assert.fail('a')
  const streams = await there.file.streams()
  assert.ok(!failed(streams) && !streams.some(({ name }) => name === 'marked'))
  await there.file.close()
})

enduring('time is counted from when the server is there again', async (lasting) => {
  const first = await lasting.client()
  const { fileId } = await opened(first, durableV2(value, { ...PERSISTENT, timeoutMs: 1000 }))
  await lose(lasting.world, first)
  lasting.world.clock.advance(999)
  await lasting.restart('killed')
  lasting.world.clock.advance(999)
  assert.equal(lasting.world.server.status().disconnectedOpens.length, 1)
  lasting.world.clock.advance(1)
  await lasting.world.settled()
  const client = await lasting.client()
  statusIs(await tryCreate(client, comingBack({ name: 'a' }, fileId, PERSISTENT)), GONE)
  succeeded(await tryCreate(client, { name: 'a' }))
})

enduring('it is found where it was moved to', async (lasting) => {
  const first = await lasting.client()
  const { fileId } = await opened(first, durableV2({ name: 'there\\b' }, PERSISTENT))
  const rename = (fileName: string) =>
    FileRenameInformation.encode({ replaceIfExists: false, rootDirectory: 0n, fileName })
  succeeded(await setInfo(first, fileId, FileInformationClass.FileRenameInformation, rename('there\\c')))
  await lasting.restart('killed')
  const client = await lasting.client()
  const again = await opened(client, comingBack({ name: 'there\\c' }, fileId, PERSISTENT))
  succeeded(await write(client, again.fileId, 'moved'))
})

enduring('a lease is as it was when it was broken last', async (lasting) => {
  const first = await lasting.client()
  const lease = { key: key(1), rights: 'RWH', epoch: 7 }
  const { fileId } = await opened(first, withLease(durableV2({ name: 'a' }, PERSISTENT), lease))
  const second = await lasting.client(other)
  const opening = create(second, { name: 'a' })
  await lasting.world.settled()
  succeeded(await acknowledgeLease(first, key(1), 'RH'))
  await opening
  await lasting.restart('killed')
  const client = await lasting.client()
  const answer = succeeded(await tryCreate(client, withLease(comingBack({ name: 'a' }, fileId, PERSISTENT), lease)))
  assert.deepEqual(leaseOf(answer), { version: 2, key: key(1), rights: 'RH', flags: 0, epoch: 9 })
})

enduring('what is not there any more, or is something else, is forgotten', async (lasting) => {
  const first = await lasting.client()
  const names = ['a', 'b', 'c']
  const ids: FileId[] = []
  for (const [i, name] of names.entries()) {
    const { fileId } = await opened(first, durableV2({ name }, { createGuid: guid(i + 1), persistent: true }))
    ids.push(fileId)
  }
  await lasting.restart('stopped', [{ name: 'data', backend: lasting.backend }])
  assert.equal(lasting.store.kept.size, 0, 'the share is not what it was')
  await lasting.restart('stopped')
  const again = await lasting.client()
  for (const [i, name] of names.entries())
    ids[i] = (await opened(again, durableV2({ name }, { createGuid: guid(i + 1), persistent: true }))).fileId
  lasting.store.kept.set(1n, 'what is this?')
  lasting.store = lasting.store.copy()
  // While the server is away somebody else is at work.
  const { backend } = lasting
  for (const name of ['a', 'b']) {
    const there = await backend.open([name], { disposition: 'open', read: false, write: true })
    if (failed(there)) assert.fail(name)
    await there.file.remove()
    await there.file.close()
  }
  const anew = await backend.open(['b'], { disposition: 'create', read: false, write: true })
  if (failed(anew)) assert.fail('b')
  await anew.file.close()
  await lasting.restart('killed')
  const client = await lasting.client()
  const back = (i: number) =>
    tryCreate(client, comingBack({ name: 'x' }, ids[i] as FileId, { createGuid: guid(i + 1), persistent: true }))
  statusIs(await back(0), GONE)
  statusIs(await back(1), GONE)
  succeeded(await back(2))
  assert.deepEqual([...lasting.store.kept.keys()], [ids[2]?.persistent])
})

enduring('what cannot be kept is not said to be done', async (lasting) => {
  const { store, world } = lasting
  const client = await lasting.client()
  const faults = () => world.faults.splice(0).map((error) => (error as Error).message)
  store.fails = true
  statusIs(await tryCreate(client, durableV2(value, PERSISTENT)), 'STATUS_INTERNAL_ERROR')
  assert.equal(world.server.opens.size, 0)
  await world.settled()
  assert.ok(faults().every((message) => message === 'the disk is full'))
  // Others do not need the store.
  const plain = await create(client, { name: 'b' })
  succeeded(await lock(client, plain, exclusive(0n, 1n)))
  store.fails = false
  const { fileId } = await opened(client, durableV2(value, PERSISTENT))
  store.fails = true
  statusIs(await lock(client, fileId, exclusive(0n, 1n)), 'STATUS_INTERNAL_ERROR')
  assert.deepEqual(faults(), ['the disk is full'])
  succeeded(await write(client, fileId, 'x'))
  store.fails = false
  succeeded(await lock(client, fileId, exclusive(1n, 1n)))
  await lasting.restart('killed')
  assert.equal(lasting.world.server.status().disconnectedOpens[0]?.locks.length, 2)
})

enduring('reading and writing keep nothing, nor do opens that are not persistent', async (lasting) => {
  const { store } = lasting
  const client = await lasting.client()
  const plain = await opened(client, durableV2({ name: 'b' }, { createGuid: guid(2) }))
  succeeded(await lock(client, plain.fileId, exclusive(0n, 1n)))
  assert.equal(store.saves, 0)
  const { fileId } = await opened(client, durableV2(value, PERSISTENT))
  assert.equal(store.saves, 1)
  for (let i = 0; i < 10; i++) succeeded(await write(client, fileId, 'x'))
  succeeded(await read(client, fileId))
  // What one request changes is kept at once.
  const ranges = Array.from({ length: 10 }, (_, i) => exclusive(BigInt(i), 1n))
  succeeded(await lock(client, fileId, ...ranges))
  assert.equal(store.saves, 2)
})

enduring('only clients that know of them have persistent opens, on shares that offer them', async (lasting) => {
  const { world, backend } = lasting
  world.server.setShares([lasting.share, { name: 'plain', backend }])
  const knows = await lasting.client()
  assert.ok(((await knows.useShare('data')).capabilities & ShareCapabilities.CONTINUOUS_AVAILABILITY) !== 0)
  assert.equal((await knows.useShare('plain')).capabilities & ShareCapabilities.CONTINUOUS_AVAILABILITY, 0)
  const elsewhere = await opened(knows, durableV2({ name: 'a' }, PERSISTENT))
  assert.equal(elsewhere.durable, undefined)
  const without = await world.client(other)
  assert.equal((await opened(without, durableV2({ name: 'b' }, PERSISTENT))).durable, undefined)
  const old = await world.client({ negotiate: { dialects: [Dialect.SMB_2_1] } })
  assert.equal((await old.useShare('data')).capabilities, 0)
  // They wait for others all the same.
  await opened(await lasting.client(), durableV2({ name: 'c' }, { ...PERSISTENT, createGuid: guid(3) }))
  await lose(world, world.clients.at(-1) as Client)
  statusIs(await tryCreate(old, { name: 'c' }), 'STATUS_FILE_NOT_AVAILABLE')
  assert.throws(() => new ServerCore({ shares: [lasting.share], accounts: { find: () => undefined } }), RangeError)
})

/** A client whose connection is cut and whose server is killed, and who sends again what was not answered. */
class Patient {
  readonly #lasting: Lasting
  #client: Client
  #fileId: FileId

  private constructor(lasting: Lasting, client: Client, fileId: FileId) {
    this.#lasting = lasting
    this.#client = client
    this.#fileId = fileId
  }

  static async open(lasting: Lasting): Promise<Patient> {
    const client = await lasting.client()
    return new Patient(lasting, client, (await opened(client, durableV2(value, PERSISTENT))).fileId)
  }

  async does(send: (client: Client, fileId: FileId) => Promise<Answer>): Promise<Answer> {
    const { random } = this.#lasting
    for (let times = random.below(3); ; times--) {
      const sent = send(this.#client, this.#fileId).catch(() => undefined)
      const came = await (times > 0 ? this.#cut(sent) : sent)
      if (came !== undefined) return succeeded(came)
      const previousSessionId = this.#client.session?.id ?? 0n
      this.#client = await this.#lasting.client({ previousSessionId })
      this.#fileId = (await opened(this.#client, comingBack({ name: 'a' }, this.#fileId, PERSISTENT))).fileId
    }
  }

  /** Undefined: the answer was lost. */
  async #cut(sent: Promise<Answer | undefined>): Promise<Answer | undefined> {
    const { random } = this.#lasting
    for (let turns = random.below(12); turns > 0; turns--) await new Promise(setImmediate)
    if (random.below(2) === 0) await this.#lasting.restart('killed')
    this.#client.disconnect()
    return sent
  }
}

for (let round = 1; round <= 24; round++)
  enduring(`nothing that was answered is lost when the server is killed (${round})`, async (lasting) => {
    const patient = await Patient.open(lasting)
    let number = 0
    const locks = (range: Range) => {
      const lockSequence = 0x10 | (number++ & 0xf)
      return patient.does((client, fileId) =>
        client.call(Command.LOCK, LockRequest, { fileId, lockSequence, locks: [range] }),
      )
    }
    const parts = ['one', 'two', 'six']
    for (const [i, part] of parts.entries()) {
      await locks(exclusive(0n, 10n))
      await patient.does((client, fileId) => write(client, fileId, part, { offset: BigInt(i * 3) }))
      const answer = await patient.does((client, fileId) => read(client, fileId))
      assert.equal(Buffer.from(answer.body(ReadResponse).data).toString(), parts.slice(0, i + 1).join(''))
      await locks(unlocked(0n, 10n))
    }
    const { opens } = lasting.world.server
    assert.deepEqual(
      [...opens.values()].map(({ lockCount }) => lockCount),
      [0],
    )
  })
