/** What must not stay behind, and what must not be mistaken for what was there before. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import type { Backend } from '../../src/server/backend.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { FileDispositionInformation, FileInformationClass, FileRenameInformation } from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateContextName,
  CreateDisposition,
  FsctlCode,
  NetworkResiliencyRequest,
  SetInfoRequest,
  TimewarpToken,
  TreeDisconnectRequest,
} from '../../src/wire/smb2/index.ts'
import { key, openLeased } from './caching.ts'
import { OTHER } from './client.ts'
import { close, closeBody, create, createBody, ioctl, setInfo } from './files.ts'
import { encodeBody } from './messages.ts'
import { type SlowBackend, slowBackend } from './slow-backend.ts'
import { World as NewWorld, scenario, statusIs, succeeded, type World } from './world.ts'

const { OPEN } = CreateDisposition
const { FileDispositionInformation: DISPOSITION, FileRenameInformation: RENAME } = FileInformationClass

async function renameOutside(backend: Backend, from: string, to: string): Promise<void> {
  const opened = await backend.open([from], { disposition: 'open', read: false, write: false })
  assert.ok(!failed(opened))
  assert.equal(await opened.file.rename([to], false), undefined)
  await opened.file.close()
}

scenario(
  'a file that goes with its last stream is the one that was marked',
  { files: { a: 'a', b: 'b' } },
  async (world) => {
    const client = await world.client()
    const file = await create(client, { name: 'a' })
    const stream = await create(client, { name: 'a:s' })
    succeeded(await setInfo(client, file, DISPOSITION, FileDispositionInformation.encode({ deletePending: true })))
    succeeded(await close(client, file))
    // Another program gives the name to another file.
    await renameOutside(world.backend, 'a', 'c')
    await renameOutside(world.backend, 'b', 'a')
    succeeded(await close(client, stream))
    succeeded(await close(client, await create(client, { name: 'a', createDisposition: OPEN })))
  },
)

scenario('streams that come and go are not kept by who has their file open', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  for (let i = 0; i < 20; i++) {
    const stream = await create(client, { name: `a:${i}`, createOptions: 0x1000 })
    succeeded(await close(client, stream))
  }
  const [open] = [...(world.server.share('data')?.files.opens() ?? [])]
  assert.equal(open?.shared.streams.size, 1)
  succeeded(await close(client, file))
})

scenario('what is of the past waits for no client', { files: { a: 'first' } }, async (world) => {
  const client = await world.client()
  const data = TimewarpToken.encode({ timestamp: world.backend.takeSnapshot() })
  const createContexts = [{ name: CreateContextName.TIMEWARP_TOKEN, data }]
  const fileId = await create(client, { name: 'a', createDisposition: OPEN, createContexts })
  const input = NetworkResiliencyRequest.encode({ timeout: 60_000 })
  statusIs(await ioctl(client, FsctlCode.LMR_REQUEST_RESILIENCY, { fileId, input }), 'STATUS_NOT_SUPPORTED')
})

/** A world whose backend takes its time. */
async function slowly(outer: World, play: (world: World, backend: SlowBackend) => Promise<void>): Promise<void> {
  const backend = slowBackend(memoryBackend({ files: { a: 'text', b: '' } }), outer.random)
  const world = new NewWorld({ shares: [{ name: 'data', backend: backend.backend }] }, outer.seed)
  world.network.isBusy = backend.isBusy
  await play(world, backend)
  await world.end()
  assert.equal(backend.openFiles(), 0)
}

for (let round = 0; round < 4; round++) {
  scenario(`who closes a file does not wait for what its rename waits for (${round})`, {}, (outer) =>
    slowly(outer, async (world) => {
      const holder = await world.client()
      await openLeased(holder, { name: 'a' }, { key: key(1), rights: 'RH' })
      const client = await world.client(OTHER)
      const fileId = await create(client, { name: 'a' })
      const target = FileRenameInformation.encode({ fileName: 'c', replaceIfExists: true })
      const rename = encodeBody(SetInfoRequest, { infoType: 1, fileInfoClass: RENAME, fileId, buffer: target })
      const answers = client.send([client.prepare(Command.SET_INFO, rename)])
      answers.push(...client.send([client.prepare(Command.CLOSE, closeBody(fileId))]))
      // Nobody acknowledges the break, and no time passes.
      const [renamed, closed] = await Promise.all(answers)
      assert.ok(
        ['STATUS_FILE_CLOSED', 'STATUS_CANCELLED'].includes(renamed?.statusName ?? ''),
        String(renamed?.statusName),
      )
      assert.equal(closed?.statusName, 'STATUS_SUCCESS')
    }),
  )
  scenario(`who leaves a share waits for nothing in it (${round})`, {}, (outer) =>
    slowly(outer, async (world) => {
      const holder = await world.client()
      await openLeased(holder, { name: 'a', shareAccess: 0 }, { key: key(1), rights: 'RWH' })
      const client = await world.client(OTHER)
      const answers = client.send([client.prepare(Command.CREATE, createBody({ name: 'a' }))])
      const leave = encodeBody(TreeDisconnectRequest, {})
      answers.push(...client.send([client.prepare(Command.TREE_DISCONNECT, leave)]))
      const [created, left] = await Promise.all(answers)
      assert.ok(
        ['STATUS_NETWORK_NAME_DELETED', 'STATUS_CANCELLED'].includes(created?.statusName ?? ''),
        String(created?.statusName),
      )
      assert.equal(left?.statusName, 'STATUS_SUCCESS')
    }),
  )
}

scenario('a stream that goes takes no file with it that somebody has open', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const stream = await create(client, { name: 'a:s' })
  const mark = (fileId: typeof file, deletePending: boolean) =>
    setInfo(client, fileId, DISPOSITION, FileDispositionInformation.encode({ deletePending }))
  succeeded(await mark(stream, true))
  succeeded(await mark(file, true))
  succeeded(await close(client, stream))
  succeeded(await mark(file, false))
  succeeded(await close(client, file))
  succeeded(await close(client, await create(client, { name: 'a', createDisposition: OPEN })))
})
