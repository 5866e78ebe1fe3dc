/** Printer shares: documents come in, and go to the printer when they are whole. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import type { PrintJob, ShareOptions } from '../../src/server/index.ts'
import { AccessMask } from '../../src/wire/dtyp/index.ts'
import { CreateDisposition, CreateOptions, ShareType, TreeConnectResponse } from '../../src/wire/smb2/index.ts'
import { disposed, renamed } from './changes.ts'
import { close, create, tryCreate, write } from './files.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

interface Printed extends PrintJob {
  readonly content: string
}

/** A printer in memory, which fails for documents of a certain name. */
function printer() {
  const backend = memoryBackend()
  const printed: Printed[] = []
  const share: ShareOptions = {
    name: 'Office',
    backend,
    printer: async (job) => {
      if (job.document === 'jam') throw new Error('paper jam')
      const opened = await backend.open(job.path, { disposition: 'open', read: true, write: false })
      assert.ok('file' in opened)
      const into = new Uint8Array(job.size)
      await opened.file.read(into, 0)
      await opened.file.close()
      printed.push({ ...job, content: Buffer.from(into).toString() })
    },
  }
  const left = async () => {
    const root = await backend.open([], { disposition: 'open', read: true, write: false })
    assert.ok('file' in root)
    const names = await root.file.list()
    await root.file.close()
    return names
  }
  return { share, printed, left }
}

const asDocument = {
  createDisposition: CreateDisposition.OVERWRITE_IF,
  createOptions: CreateOptions.NON_DIRECTORY_FILE,
}

async function settled(world: World): Promise<void> {
  await world.settled()
  for (const { printQueue } of world.server.shares) await printQueue.done
}

const office = printer()
scenario('what is closed is printed, each document by itself', { shares: [office.share] }, async (world) => {
  const client = await world.logon()
  const tree = succeeded(await client.treeConnect('office'))
  assert.equal(tree.body(TreeConnectResponse).shareType, ShareType.PRINT)
  client.treeId = tree.header.treeId
  const first = await create(client, { name: 'letter.txt', ...asDocument })
  const second = await create(client, { name: 'sub\\letter.txt', ...asDocument })
  succeeded(await write(client, first, 'first'))
  succeeded(await write(client, second, 'second, longer'))
  assert.deepEqual(office.printed, [])
  succeeded(await close(client, second))
  succeeded(await close(client, first))
  await settled(world)
  assert.deepEqual(
    office.printed.map(({ document, user, content, size }) => [document, user, content, size]),
    [
      ['letter.txt', 'tester', 'second, longer', 14],
      ['letter.txt', 'tester', 'first', 5],
    ],
  )
  assert.deepEqual(await office.left(), [])
})

const other = printer()
scenario('what is not whole, empty or thought better of is not printed', { shares: [other.share] }, async (world) => {
  const client = await world.client({ share: 'Office' })
  succeeded(await close(client, await create(client, { name: 'empty', ...asDocument })))
  const cancelled = await create(client, { name: 'cancelled', ...asDocument })
  succeeded(await write(client, cancelled, 'x'))
  await (await disposed()(client, cancelled)).answer
  succeeded(await close(client, cancelled))
  const lost = await create(client, { name: 'lost', ...asDocument })
  succeeded(await write(client, lost, 'half a page'))
  client.disconnect()
  await settled(world)
  assert.deepEqual(other.printed, [])
  assert.deepEqual(await other.left(), [])
})

const jammed = printer()
scenario(
  'a printer that fails is told of, and the next document is printed',
  { shares: [jammed.share] },
  async (world) => {
    const client = await world.client({ share: 'Office' })
    for (const name of ['jam', 'fine']) {
      const document = await create(client, { name, ...asDocument })
      succeeded(await write(client, document, name))
      succeeded(await close(client, document))
    }
    await settled(world)
    assert.deepEqual(
      jammed.printed.map(({ document }) => document),
      ['fine'],
    )
    assert.match(String(world.faults.splice(0)), /paper jam/)
    assert.deepEqual(await jammed.left(), [])
  },
)

const shut = printer()
scenario('nothing else can be done with a printer', { shares: [shut.share] }, async (world) => {
  const client = await world.client({ share: 'Office' })
  for (const name of ['', 'folder'])
    statusIs(await tryCreate(client, { name, createOptions: CreateOptions.DIRECTORY_FILE }), 'STATUS_NO_SUCH_FILE')
  statusIs(
    await tryCreate(client, {
      name: 'x',
      createDisposition: CreateDisposition.OPEN,
      desiredAccess: AccessMask.FILE_READ_DATA,
    }),
    'STATUS_OBJECT_NAME_NOT_FOUND',
  )
  const document = await create(client, { name: 'x', ...asDocument })
  statusIs(await (await renamed('y')(client, document)).answer, 'STATUS_ACCESS_DENIED')
})
