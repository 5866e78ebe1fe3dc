/** What happens at the same time, on a backend that takes its time: in an order that the seed decides. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { FileDispositionInformation, FileInformationClass, FileRenameInformation } from '../../src/wire/fscc/index.ts'
import { Command, CreateDisposition, CreateOptions, CreateResponse, ReadResponse } from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { OTHER } from './client.ts'
import {
  close,
  create,
  createBody,
  echo,
  exclusive,
  lockBody,
  logoff,
  namesIn,
  notifyBody,
  openDirectory,
  queryDirectory,
  read,
  readBody,
  setInfo,
  treeDisconnect,
  tryCreate,
  write,
  writeBody,
} from './files.ts'
import { Random } from './random.ts'
import type { Answer } from './raw-client.ts'
import { type SlowBackend, slowBackend } from './slow-backend.ts'
import { scenario, statusIs, succeeded, World } from './world.ts'

/** Scenarios are played several times: each order is another one. */
const ROUNDS = 8

function slow(
  name: string,
  play: (world: World, backend: SlowBackend) => Promise<void>,
  files: Record<string, string> = {},
): void {
  for (let round = 1; round <= ROUNDS; round++)
    scenario(`${name} (${round})`, {}, async (outer) => {
      const seed = outer.random.next()
      const inner = memoryBackend({ files: { a: 'text', 'd/x': 'x', ...files } })
      const backend = slowBackend(inner, new Random(seed))
      const world = new World({ shares: [{ name: 'data', backend: backend.backend }] }, seed)
      world.network.isBusy = backend.isBusy
      try {
        await play(world, backend)
        await world.end()
        await world.settled()
        assert.equal(backend.openFiles(), 0, 'files of the backend are left open')
        assert.deepEqual(world.faults, [])
      } catch (error) {
        console.error(`round ${round}: SMBKIT_SEED=${outer.seed}`, world.faults)
        throw error
      }
    })
}

const namesOf = async (answers: readonly Promise<Answer>[]): Promise<string[]> =>
  (await Promise.all(answers)).map(({ statusName }) => statusName.replace('STATUS_', '')).toSorted()

slow(
  'a folder of which several answers are asked for at once is told whole, and nothing of it twice',
  async (world) => {
    const client = await world.client()
    const folder = await openDirectory(client, 'many')
    const CLASS = FileInformationClass.FileNamesInformation
    const found: string[] = []
    for (let isOver = false; !isOver; ) {
      const asked = [700, 300, 1200].map((outputBufferLength) =>
        queryDirectory(client, folder, { fileInformationClass: CLASS, outputBufferLength }, { credits: 20 }),
      )
      for (const answer of await Promise.all(asked)) {
        isOver ||= answer.statusName === 'STATUS_NO_MORE_FILES'
        if (answer.statusName === 'STATUS_SUCCESS') found.push(...namesIn(answer, CLASS))
      }
    }
    await close(client, folder)
    assert.equal(found.length, 202)
    assert.equal(new Set(found).size, 202)
  },
  Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`many/file ${i}`, ''])),
)

slow('two opens that exclude each other at the same time', async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const value = { name: 'a', shareAccess: 0 }
  assert.deepEqual(await namesOf([tryCreate(one, value), tryCreate(two, value)]), ['SHARING_VIOLATION', 'SUCCESS'])
})

slow('two overwrites that exclude each other at the same time', async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const value = { name: 'a', shareAccess: 0, createDisposition: CreateDisposition.OVERWRITE }
  assert.deepEqual(await namesOf([tryCreate(one, value), tryCreate(two, value)]), ['SHARING_VIOLATION', 'SUCCESS'])
})

slow('two creates of one name at the same time', async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const value = { name: 'new', createDisposition: CreateDisposition.CREATE }
  assert.deepEqual(await namesOf([tryCreate(one, value), tryCreate(two, value)]), ['OBJECT_NAME_COLLISION', 'SUCCESS'])
})

slow('an open while the last handle deletes the file', async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const file = await create(one, { name: 'a', createOptions: CreateOptions.DELETE_ON_CLOSE })
  const [closed, opened] = await Promise.all([
    close(one, file),
    tryCreate(two, { name: 'a', createDisposition: CreateDisposition.OPEN }),
  ])
  succeeded(closed)
  // Either it came before the close, or the file is going or gone.
  if (opened.statusName === 'STATUS_SUCCESS') {
    const { fileId } = opened.body(CreateResponse)
    succeeded(await read(two, fileId))
    succeeded(await close(two, fileId))
  } else assert.match(opened.statusName, /DELETE_PENDING|NAME_NOT_FOUND/)
  await world.settled()
  statusIs(await tryCreate(two, { name: 'a', createDisposition: 1 }), 'STATUS_OBJECT_NAME_NOT_FOUND')
})

const ends: readonly [string, (client: Client) => unknown][] = [
  ['the client goes', (client) => client.disconnect()],
  ['the session logs off', (client) => logoff(client)],
  ['the tree is disconnected', (client) => treeDisconnect(client)],
]
for (const [what, end] of ends)
  slow(`${what} while files are opened and used`, async (world) => {
    const client = await world.client()
    const file = await create(client, { name: 'a' })
    const directory = await openDirectory(client, 'd')
    void tryCreate(client, { name: 'b' })
    void tryCreate(client, { name: 'a', createDisposition: CreateDisposition.OVERWRITE_IF })
    void tryCreate(client, { name: 'c', createOptions: CreateOptions.DELETE_ON_CLOSE })
    void read(client, file)
    void write(client, file, 'text')
    void client.send([client.prepare(Command.LOCK, lockBody(file, exclusive(0n, 1n)))])
    void client.send([client.prepare(Command.CHANGE_NOTIFY, notifyBody(directory))])
    void client.send([
      client.prepare(Command.CREATE, createBody({ name: 'e' })),
      client.prepare(Command.WRITE, writeBody(file, 'x'), { related: true }),
      client.prepare(Command.READ, readBody(file), { related: true }),
    ])
    for (let turns = world.random.below(60); turns > 0; turns--)
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
    end(client)
    await world.settled()
    for (const share of world.server.shares) {
      if (what !== 'the client goes') break
      assert.equal(share.files.size, 0)
    }
  })

slow('CLOSE while reads and writes are under way', async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const answers = [read(client, file), write(client, file, 'text'), close(client, file), read(client, file)]
  const [first, second, third, fourth] = await Promise.all(answers)
  for (const answer of [first, second, fourth]) assert.match(answer?.statusName ?? '', /SUCCESS|FILE_CLOSED/)
  succeeded(third as Answer)
})

slow('a rename and an open of the new name at the same time', async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const file = await create(one, { name: 'a' })
  const info = FileRenameInformation.encode({ fileName: 'b', replaceIfExists: true })
  const renamed = setInfo(one, file, FileInformationClass.FileRenameInformation, info)
  const opened = tryCreate(two, { name: 'b', createDisposition: CreateDisposition.OPEN })
  assert.match((await renamed).statusName, /SUCCESS|ACCESS_DENIED/)
  assert.match((await opened).statusName, /SUCCESS|NAME_NOT_FOUND/)
})

slow('what is marked for deletion while somebody opens it', async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const file = await create(one, { name: 'a' })
  const info = FileDispositionInformation.encode({ deletePending: true })
  const [marked, opened] = await Promise.all([
    setInfo(one, file, FileInformationClass.FileDispositionInformation, info),
    tryCreate(two, { name: 'a', createDisposition: CreateDisposition.OPEN }),
  ])
  succeeded(marked)
  assert.match(opened.statusName, /SUCCESS|DELETE_PENDING/)
})

slow('many clients, one file', async (world) => {
  const clients = await Promise.all([1, 2, 3].map(() => world.client()))
  const work = clients.flatMap((client, i) =>
    Array.from({ length: 5 }, async (_, round) => {
      const file = await create(client, { name: `file${round % 2}` })
      succeeded(await write(client, file, `client ${i}`))
      const answer = succeeded(await read(client, file))
      assert.match(Buffer.from(answer.body(ReadResponse).data).toString(), /^client \d/)
      succeeded(await close(client, file))
      succeeded(await echo(client))
    }),
  )
  await Promise.all(work)
})

slow('logons at the same time as everything else', async (world) => {
  const client = await world.client()
  const { session } = client
  assert.ok(session !== undefined)
  const file = await create(client, { name: 'a' })
  await Promise.all([
    client.tryLogon({ session }),
    read(client, file).then(succeeded),
    client.tryLogon(OTHER),
    write(client, file, 'text').then(succeeded),
  ])
})
