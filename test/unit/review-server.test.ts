/** Rules that a reading of the server found broken once. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import type { Backend } from '../../src/server/backend.ts'
import { AccessMask } from '../../src/wire/dtyp/index.ts'
import {
  FileFullEaInformation,
  FileGetEaInformation,
  FileInformationClass,
  FileRenameInformation,
} from '../../src/wire/fscc/index.ts'
import {
  CloseFlags,
  CloseRequest,
  Command,
  CreateDisposition,
  CreateOptions,
  InfoType,
  QueryInfoResponse,
} from '../../src/wire/smb2/index.ts'
import { OTHER, TESTER } from '../simulation/client.ts'
import {
  close,
  create,
  exclusive,
  lockBody,
  notifyBody,
  openDirectory,
  queryDirectory,
  queryInfo,
  type Range,
  read,
  setInfo,
  start,
  tryCreate,
  unlocked,
  write,
} from '../simulation/files.ts'
import { slowBackend } from '../simulation/slow-backend.ts'
import { scenario, statusIs, succeeded, World } from '../simulation/world.ts'

scenario('a session is authenticated anew by its own user alone', {}, async (world) => {
  const client = await world.client()
  const session = client.session
  assert.ok(session !== undefined)
  const again = await client.tryLogon({ session })
  succeeded(again.answer)
  statusIs((await client.tryLogon({ session, ...OTHER })).answer, 'STATUS_ACCESS_DENIED')
  statusIs(await tryCreate(client, { name: 'a' }), 'STATUS_USER_SESSION_DELETED')
})

scenario(
  'a session without keys does not become that of a user, who would have to sign',
  { server: { signing: 'required', allowAnonymous: true } },
  async (world) => {
    const client = world.connect()
    succeeded(await client.negotiate())
    const session = await client.logon({ user: '', password: '' })
    assert.equal(session.keys, undefined)
    statusIs((await client.tryLogon({ session, ...TESTER })).answer, 'STATUS_ACCESS_DENIED')
  },
)

scenario(
  'a guest with the name of a listed user is not that user',
  {
    server: { allowGuest: true },
    shares: [{ name: 'data', backend: memoryBackend({}), users: ['gone', 'tester'] }],
  },
  async (world) => {
    const guest = await world.logon({ user: 'gone', password: 'x' })
    statusIs(await guest.treeConnect('data'), 'STATUS_ACCESS_DENIED')
    succeeded(await (await world.logon()).treeConnect('data'))
  },
)

scenario('SET_INFO of no part of a descriptor leaves the file as it is', { files: { a: '' } }, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a', desiredAccess: AccessMask.FILE_READ_ATTRIBUTES })
  const empty = new Uint8Array(20)
  empty[0] = 1
  empty[3] = 0x80
  const set = (additionalInformation: number) =>
    setInfo(client, file, 0, empty, { infoType: InfoType.SECURITY, additionalInformation })
  succeeded(await set(0))
  statusIs(await set(0x20), 'STATUS_ACCESS_DENIED')
  statusIs(await set(0x40), 'STATUS_ACCESS_DENIED')
  const opened = await world.backend.open(['a'], { disposition: 'open', read: true, write: false })
  assert.ok('file' in opened)
  assert.equal(await opened.file.securityDescriptor(), undefined)
  await opened.file.close()
})

scenario('an attribute that is asked for often is answered once', { files: { a: '' } }, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const kept = FileFullEaInformation.encode({ entries: [{ eaName: 'BIG', eaValue: new Uint8Array(1000), flags: 0 }] })
  succeeded(await setInfo(client, file, FileInformationClass.FileFullEaInformation, kept))
  const wanted = Array.from({ length: 5000 }, (_, i) => ({ eaName: i % 2 === 0 ? 'BIG' : 'big' }))
  const inputBuffer = FileGetEaInformation.encode({ entries: wanted })
  const answer = await queryInfo(client, file, FileInformationClass.FileFullEaInformation, { inputBuffer })
  const { outputBuffer } = succeeded(answer).body(QueryInfoResponse)
  assert.ok(outputBuffer.length < 1100)
})

scenario('a pattern that no name can have is not asked of the backend', {}, async () => {
  const asked: string[] = []
  const inner = memoryBackend({ files: { 'd/x': '' } })
  const backend: Backend = Object.assign(Object.create(inner), {
    open(path: readonly string[], how: Parameters<Backend['open']>[1]) {
      asked.push(path.join('/'))
      return inner.open(path, how)
    },
  })
  const world = new World({ shares: [{ name: 'data', backend }] }, 1)
  const client = await world.client()
  const directory = await openDirectory(client, 'd')
  asked.length = 0
  for (const fileName of ['x:s', 'x|y', '\u0001', 'x'.repeat(256)])
    statusIs(await queryDirectory(client, directory, { fileName, flags: 0x10 }), 'STATUS_NO_SUCH_FILE')
  assert.deepEqual(asked, [])
  await world.end()
})

scenario(
  'locks of a file are bounded, and many are taken and given back in little time',
  { files: { a: '' } },
  async (world) => {
    const client = await world.client()
    const file = await create(client, { name: 'a' }, { credits: 100 })
    const send = (ranges: readonly Range[]) => client.callRaw(Command.LOCK, lockBody(file, ...ranges), { charge: 2 })
    const ranges = (from: number, make: (offset: bigint, length: bigint) => Range) =>
      Array.from({ length: 1024 }, (_, i) => make(BigInt(from + i), 1n))
    statusIs(await send([...ranges(0, exclusive), exclusive(9999n, 1n)]), 'STATUS_INSUFFICIENT_RESOURCES')
    for (let round = 0; round < 8; round++) succeeded(await send(ranges(round * 1024, exclusive)))
    statusIs(await send([exclusive(9999n, 1n)]), 'STATUS_INSUFFICIENT_RESOURCES')
    const other = await world.client(OTHER)
    const waiting = await start(
      other,
      Command.LOCK,
      lockBody(await create(other, { name: 'a' }), exclusive(0n, 8192n, true)),
    )
    for (let round = 7; round >= 0; round--) succeeded(await send(ranges(round * 1024, unlocked)))
    succeeded(await waiting.answer)
  },
)

scenario('a session watches so many directories and no more', {}, async (world) => {
  const client = await world.client()
  const watch = async () => {
    const directory = await openDirectory(client, 'd', { credits: 8 })
    const waiting = await start(client, Command.CHANGE_NOTIFY, notifyBody(directory))
    return { directory, waiting }
  }
  const { directory, waiting } = await watch()
  const session = [...world.server.sessions.values()][0]
  assert.equal(session?.watchCount, 1)
  session.watchCount = 1024
  const other = await watch()
  statusIs(await other.waiting.answer, 'STATUS_INSUFFICIENT_RESOURCES')
  succeeded(await close(client, directory))
  statusIs(await waiting.answer, 'STATUS_NOTIFY_CLEANUP')
  assert.equal(session.watchCount, 1023)
})

scenario('two that close a file at the same time close it once', {}, async ({ random }) => {
  const { backend } = slowBackend(memoryBackend({ files: { a: '' } }), random)
  const world = new World({ shares: [{ name: 'data', backend }] }, 1)
  const client = await world.client()
  const fileId = await create(client, { name: 'a' })
  const request = () => client.call(Command.CLOSE, CloseRequest, { flags: CloseFlags.POSTQUERY_ATTRIB, fileId })
  const answers = await Promise.all([request(), request()])
  assert.deepEqual(answers.map(({ statusName }) => statusName).toSorted(), ['STATUS_FILE_CLOSED', 'STATUS_SUCCESS'])
  assert.equal(world.server.status().sessions[0]?.trees[0]?.opens, 0)
  await world.end()
})

scenario('what a backend throws at a close leaves nothing else open', {}, async () => {
  const inner = memoryBackend({ files: { a: '', b: '' } })
  let closed = 0
  const backend: Backend = Object.assign(Object.create(inner), {
    async open(path: readonly string[], how: Parameters<Backend['open']>[1]) {
      const opened = await inner.open(path, how)
      if (!('file' in opened)) return opened
      const { file } = opened
      const broken = Object.assign(Object.create(file), {
        stat: () => file.stat(),
        close() {
          closed++
          void file.close()
          throw new Error('broken')
        },
      })
      return { ...opened, file: broken }
    },
  })
  const world = new World({ shares: [{ name: 'data', backend }] }, 1)
  const client = await world.client()
  await create(client, { name: 'a' })
  const file = await create(client, { name: 'b' })
  succeeded(await close(client, file))
  client.disconnect()
  await world.settled()
  assert.equal(closed, 2)
  assert.equal(world.faults.length, 2)
  world.assertNothingLeft()
})

scenario('what the last handle deletes is given to nobody while it goes', {}, async () => {
  const inner = memoryBackend({ files: { a: 'text' } })
  const { promise: mayGo, resolve: go } = Promise.withResolvers<void>()
  const backend: Backend = Object.assign(Object.create(inner), {
    async open(path: readonly string[], how: Parameters<Backend['open']>[1]) {
      const opened = await inner.open(path, how)
      if (!('file' in opened)) return opened
      const remove = () => mayGo.then(() => opened.file.remove())
      const file = new Proxy(opened.file, {
        get(target, name) {
          const value: unknown = name === 'remove' ? remove : Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      return { ...opened, file }
    },
  })
  const world = new World({ shares: [{ name: 'data', backend }] }, 1)
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const file = await create(one, { name: 'a', createOptions: CreateOptions.DELETE_ON_CLOSE })
  const closed = close(one, file)
  await world.settled()
  statusIs(await tryCreate(two, { name: 'a' }), 'STATUS_DELETE_PENDING')
  go()
  succeeded(await closed)
  statusIs(
    await tryCreate(two, { name: 'a', createDisposition: CreateDisposition.OPEN }),
    'STATUS_OBJECT_NAME_NOT_FOUND',
  )
  await world.end()
})

scenario('an open that ends with a broken backend leaves no file open', {}, async ({ random }) => {
  const { backend, openFiles } = slowBackend(memoryBackend({ files: { a: 'text' } }), random)
  const volume = () => Promise.reject(new Error('broken'))
  const world = new World({ shares: [{ name: 'data', backend: { ...backend, volume } }] }, 1)
  const client = await world.client()
  const contexts = [{ name: 'QFid', data: new Uint8Array(0) }]
  statusIs(await tryCreate(client, { name: 'a', createContexts: contexts }), 'STATUS_INTERNAL_ERROR')
  client.disconnect()
  await world.settled()
  assert.equal(openFiles(), 0)
  world.assertNothingLeft()
})

scenario('a tree whose share has changed is disconnected when it is next used', {}, async (world) => {
  const { backend, server } = world
  const options = [{ name: 'data', backend }]
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  server.setShares(options)
  succeeded(await read(client, file, { length: 0 }))
  server.setShares([{ name: 'data', backend, users: ['other'] }])
  statusIs(await read(client, file), 'STATUS_NETWORK_NAME_DELETED')
  statusIs(await client.treeConnect('data'), 'STATUS_ACCESS_DENIED')
  server.setShares(options)
  await client.useShare('data')
  const again = await create(client, { name: 'a' })
  server.setShares([{ name: 'data', backend, readOnly: true }])
  statusIs(await write(client, again, 'x'), 'STATUS_NETWORK_NAME_DELETED')
  server.setShares(options)
  await client.useShare('data')
  server.setShares([])
  statusIs(await tryCreate(client, { name: 'a' }), 'STATUS_NETWORK_NAME_DELETED')
  server.setShares(options)
})

scenario(
  'where signing is required a session is not authenticated anew unsigned',
  { server: { signing: 'required' } },
  async (world) => {
    const client = await world.client()
    const { session } = client
    assert.ok(session !== undefined)
    session.signs = false
    statusIs((await client.tryLogon({ session })).answer, 'STATUS_ACCESS_DENIED')
    session.signs = true
    // Nothing has come of it.
    succeeded(await tryCreate(client, { name: 'a' }))
  },
)

scenario('a request in a large frame does not wait: its frame would be kept', {}, async (world) => {
  const client = await world.client()
  const directory = await openDirectory(client, 'd')
  const large = Buffer.concat([notifyBody(directory), new Uint8Array(150 * 1024)])
  statusIs(await client.callRaw(Command.CHANGE_NOTIFY, large), 'STATUS_INSUFFICIENT_RESOURCES')
  // A still larger one is more than its credit pays for.
  const larger = Buffer.concat([notifyBody(directory), new Uint8Array(256 * 1024)])
  statusIs(await client.callRaw(Command.CHANGE_NOTIFY, larger), 'STATUS_INVALID_PARAMETER')
})

scenario('a stream that is renamed stays the stream that it is', { files: { a: '' } }, async (world) => {
  const client = await world.client()
  const rename = async (fileId: Awaited<ReturnType<typeof create>>, fileName: string) => {
    const value = FileRenameInformation.encode({ fileName, replaceIfExists: true })
    return setInfo(client, fileId, FileInformationClass.FileRenameInformation, value)
  }
  const file = await create(client, { name: 'a:one', shareAccess: 0 })
  for (const wrong of [':', ':x\\y', ':x/y', `:${'x'.repeat(256)}`])
    statusIs(await rename(file, wrong), 'STATUS_OBJECT_NAME_INVALID')
  const other = await create(client, { name: 'a:other' })
  statusIs(await rename(file, ':OTHER'), 'STATUS_INVALID_PARAMETER')
  succeeded(await close(client, other))
  succeeded(await rename(file, ':two:$DATA'))
  statusIs(await tryCreate(client, { name: 'a:TWO' }), 'STATUS_SHARING_VIOLATION')
  succeeded(await setInfo(client, file, FileInformationClass.FileDispositionInformation, Uint8Array.of(1)))
  succeeded(await close(client, file))
  statusIs(await tryCreate(client, { name: 'a:two', createDisposition: 1 }), 'STATUS_OBJECT_NAME_NOT_FOUND')
})
