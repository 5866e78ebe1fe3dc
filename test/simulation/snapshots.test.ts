/** Previous versions: MS-SMB2 3.3.5.9.4, 3.3.5.15.1. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { gmtToken } from '../../src/server/previous-versions.ts'
import { AccessMask } from '../../src/wire/dtyp/index.ts'
import {
  FileBasicInformation,
  FileDispositionInformation,
  FileEndOfFileInformation,
  FileInformationClass,
  FilePositionInformation,
  FileRenameInformation,
} from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateContextName,
  CreateDisposition,
  CreateOptions,
  CreateResponse,
  FsctlCode,
  IoctlResponse,
  QueryDirectoryResponse,
  QueryOnDiskIdResponse,
  ReadResponse,
  SrvSnapshotArray,
  TimewarpToken,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import {
  close,
  create,
  flush,
  ioctl,
  notifyBody,
  openDirectory,
  plainId,
  queryDirectory,
  read,
  setInfo,
  start,
  tryCreate,
  write,
} from './files.ts'
import { Random } from './random.ts'
import { slowBackend } from './slow-backend.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const files = { 'report.txt': 'first', 'folder/inner.txt': 'inner' }
const atTime = (time: bigint) => ({
  createContexts: [{ name: CreateContextName.TIMEWARP_TOKEN, data: TimewarpToken.encode({ timestamp: time }) }],
})

/** Takes a snapshot; then the file is written over. */
async function past(world: World, client: Client, name = 'report.txt', content = 'second'): Promise<bigint> {
  world.clock.advance(10_000)
  const time = world.backend.takeSnapshot()
  const file = await create(client, { name })
  succeeded(await write(client, file, content))
  await close(client, file)
  return time
}

async function contentOf(client: Client, name: string, more: object = {}): Promise<string> {
  const file = await create(client, { name, desiredAccess: AccessMask.GENERIC_READ >>> 0, ...more })
  const { data } = succeeded(await read(client, file)).body(ReadResponse)
  const text = Buffer.from(data).toString()
  await close(client, file)
  return text
}

async function snapshotsOf(client: Client, name: string, room = 4096): Promise<SrvSnapshotArray> {
  const file = await create(client, { name, desiredAccess: AccessMask.GENERIC_READ >>> 0 })
  const answer = succeeded(
    await ioctl(client, FsctlCode.SRV_ENUMERATE_SNAPSHOTS, { fileId: file, maxOutputResponse: room }),
  )
  await close(client, file)
  const { output } = answer.body(IoctlResponse)
  assert.ok(output.length >= 16)
  return SrvSnapshotArray.decode(viewOf(output))
}

scenario('a file is read as it was, by its time and by a name with @GMT', { files }, async (world) => {
  const client = await world.client()
  const time = await past(world, client)
  assert.equal(await contentOf(client, 'report.txt'), 'second')
  assert.equal(await contentOf(client, 'report.txt', atTime(time)), 'first')
  assert.equal(await contentOf(client, 'report.txt', atTime(time + 9_999_999n)), 'first', 'a second is one time')
  const token = gmtToken(time)
  assert.equal(await contentOf(client, `${token}\\report.txt`), 'first')
  assert.equal(await contentOf(client, `folder\\${token}\\inner.txt`), 'inner')
  assert.equal(await contentOf(client, `${token.toLowerCase()}\\FOLDER\\inner.txt`), 'inner')
  statusIs(
    await tryCreate(client, { name: 'report.txt', ...atTime(time + 10_000_000n) }),
    'STATUS_OBJECT_NAME_NOT_FOUND',
  )
  const unknown = '@GMT-2001.01.01-00.00.00\\report.txt'
  statusIs(await tryCreate(client, { name: unknown }), 'STATUS_OBJECT_NAME_NOT_FOUND')
  const noDate = { name: '@GMT-2001.13.41-00.00.00', createDisposition: CreateDisposition.OPEN }
  statusIs(await tryCreate(client, noDate), 'STATUS_OBJECT_NAME_NOT_FOUND')
})

scenario('all that the snapshots are asked of lists them, newest first', { files }, async (world) => {
  const client = await world.client()
  const none = await snapshotsOf(client, 'report.txt')
  assert.equal(none.numberOfSnapShots, 0)
  const older = await past(world, client)
  const newer = await past(world, client, 'report.txt', 'third!')
  for (const name of ['report.txt', 'folder', '', `${gmtToken(older)}\\folder`]) {
    const found = await snapshotsOf(client, name)
    assert.equal(found.numberOfSnapShots, 2)
    assert.equal(found.numberOfSnapShotsReturned, 2)
    assert.equal(found.snapShotArraySize, found.snapShots.length * 2)
    assert.equal(found.snapShots, `${gmtToken(newer)}\0${gmtToken(older)}\0\0`)
  }
  // Too little room for all: how much is needed, and none.
  const short = await snapshotsOf(client, '', 12 + 2 * 50 + 2 - 1)
  assert.deepEqual(
    [short.numberOfSnapShots, short.numberOfSnapShotsReturned, short.snapShotArraySize],
    [2, 0, 2 * 50 + 2],
  )
  const file = await create(client, { name: '', createOptions: CreateOptions.DIRECTORY_FILE })
  const refused = await ioctl(client, FsctlCode.SRV_ENUMERATE_SNAPSHOTS, { fileId: file, maxOutputResponse: 15 })
  statusIs(refused, 'STATUS_INVALID_PARAMETER')
})

scenario('what is past opens for writing and is never written', { files }, async (world) => {
  const client = await world.client()
  const time = await past(world, client)
  const old = atTime(time)
  const { OPEN, OPEN_IF, CREATE, OVERWRITE, OVERWRITE_IF, SUPERSEDE } = CreateDisposition
  for (const createDisposition of [OPEN, OPEN_IF]) {
    const file = await create(client, { name: 'report.txt', createDisposition, ...old })
    statusIs(await write(client, file, 'x'), 'STATUS_MEDIA_WRITE_PROTECTED')
    const set = (infoClass: number, data: Uint8Array) => setInfo(client, file, infoClass, data)
    const { FileEndOfFileInformation: endOfFile, FileDispositionInformation: disposition } = FileInformationClass
    statusIs(await set(endOfFile, FileEndOfFileInformation.encode({ endOfFile: 0n })), 'STATUS_MEDIA_WRITE_PROTECTED')
    statusIs(
      await set(disposition, FileDispositionInformation.encode({ deletePending: true })),
      'STATUS_MEDIA_WRITE_PROTECTED',
    )
    const times = { creationTime: 0n, lastAccessTime: 0n, lastWriteTime: 0n, changeTime: 0n, fileAttributes: 2 }
    statusIs(
      await set(FileInformationClass.FileBasicInformation, FileBasicInformation.encode(times)),
      'STATUS_MEDIA_WRITE_PROTECTED',
    )
    const rename = { replaceIfExists: true, rootDirectory: 0n, fileName: 'report.txt' }
    statusIs(
      await set(FileInformationClass.FileRenameInformation, FileRenameInformation.encode(rename)),
      'STATUS_MEDIA_WRITE_PROTECTED',
    )
    succeeded(
      await set(
        FileInformationClass.FilePositionInformation,
        FilePositionInformation.encode({ currentByteOffset: 3n }),
      ),
    )
    statusIs(
      await ioctl(client, FsctlCode.SET_ZERO_DATA, {
        fileId: file,
        input: new Uint8Array([...new Uint8Array(8), 5, ...new Uint8Array(7)]),
      }),
      'STATUS_MEDIA_WRITE_PROTECTED',
    )
    succeeded(await flush(client, file))
    await close(client, file)
  }
  for (const createDisposition of [OVERWRITE, OVERWRITE_IF, SUPERSEDE])
    statusIs(await tryCreate(client, { name: 'report.txt', createDisposition, ...old }), 'STATUS_MEDIA_WRITE_PROTECTED')
  statusIs(
    await tryCreate(client, { name: 'report.txt', createDisposition: CREATE, ...old }),
    'STATUS_OBJECT_NAME_COLLISION',
  )
  for (const createDisposition of [CREATE, OPEN_IF])
    statusIs(await tryCreate(client, { name: 'new', createDisposition, ...old }), 'STATUS_MEDIA_WRITE_PROTECTED')
  for (const createDisposition of [CREATE, OPEN_IF])
    statusIs(
      await tryCreate(client, { name: 'folder:stream', createDisposition, ...old }),
      'STATUS_MEDIA_WRITE_PROTECTED',
    )
  const createOptions = CreateOptions.DELETE_ON_CLOSE
  statusIs(await tryCreate(client, { name: 'report.txt', createOptions, ...old }), 'STATUS_MEDIA_WRITE_PROTECTED')
  assert.equal(await contentOf(client, 'report.txt', old), 'first')
  assert.equal(await contentOf(client, 'report.txt'), 'second')
})

scenario('past and present are different files', { files }, async (world) => {
  const client = await world.client()
  const time = await past(world, client)
  // Whoever has today's file for himself does not keep others from yesterday's: so it can be restored.
  const alone = await create(client, { name: 'report.txt', shareAccess: 0 })
  const onDisk = { name: CreateContextName.QUERY_ON_DISK_ID, data: new Uint8Array(0) }
  const idOf = async (value: object): Promise<bigint> => {
    const answer = await tryCreate(client, { name: 'folder', ...value })
    const { fileId, createContexts } = succeeded(answer).body(CreateResponse)
    await close(client, plainId(fileId))
    return QueryOnDiskIdResponse.decode(viewOf(createContexts[0]?.data ?? new Uint8Array(0))).diskFileId
  }
  assert.equal(await contentOf(client, 'report.txt', atTime(time)), 'first')
  const today = await idOf({ createContexts: [onDisk] })
  const then = await idOf({ createContexts: [onDisk, ...atTime(time).createContexts] })
  assert.notEqual(today, then)
  await close(client, alone)
  // A folder of the past is not told of what happens today.
  const folder = await create(client, { name: '', createOptions: CreateOptions.DIRECTORY_FILE, ...atTime(time) })
  const watch = await start(client, Command.CHANGE_NOTIFY, notifyBody(folder))
  await close(client, await create(client, { name: 'news.txt' }))
  const listed = succeeded(await queryDirectory(client, folder)).body(QueryDirectoryResponse)
  assert.ok(!Buffer.from(listed.outputBuffer).includes(Buffer.from('news', 'utf16le')))
  assert.ok(Buffer.from(listed.outputBuffer).includes(Buffer.from('report', 'utf16le')))
  await close(client, folder)
  statusIs(await watch.answer, 'STATUS_NOTIFY_CLEANUP')
})

scenario('rename and link lead nowhere into the past', { files }, async (world) => {
  const client = await world.client()
  const time = await past(world, client)
  const file = await create(client, { name: 'report.txt' })
  const rename = { replaceIfExists: false, rootDirectory: 0n, fileName: `${gmtToken(time)}\\report2.txt` }
  statusIs(
    await setInfo(client, file, FileInformationClass.FileRenameInformation, FileRenameInformation.encode(rename)),
    'STATUS_OBJECT_PATH_NOT_FOUND',
  )
})

const kept = memoryBackend({ files, now: () => 133_000_000_000_000_000n })
const keptAt = kept.takeSnapshot()
const slow = slowBackend(kept, new Random(7))
scenario(
  'a slow snapshot is opened once for all who ask, and closed after the last of them',
  { shares: [{ name: 'data', backend: slow.backend }] },
  async (world) => {
    world.network.isBusy = slow.isBusy
    const client = await world.client()
    const opens = await Promise.all(
      ['report.txt', 'folder', 'folder\\inner.txt'].map((name) => create(client, { name, ...atTime(keptAt) })),
    )
    assert.equal(slow.openSnapshots(), 1)
    const missing = { name: 'missing', createDisposition: CreateDisposition.OPEN, ...atTime(keptAt) }
    statusIs(await tryCreate(client, missing), 'STATUS_OBJECT_NAME_NOT_FOUND')
    statusIs(await tryCreate(client, { name: '', ...atTime(10n ** 17n) }), 'STATUS_OBJECT_NAME_NOT_FOUND')
    assert.equal(slow.openSnapshots(), 1)
    for (const fileId of opens.slice(1)) await close(client, fileId)
    assert.equal(slow.openSnapshots(), 1)
    client.disconnect()
    await world.settled()
    assert.deepEqual([slow.openSnapshots(), slow.openFiles()], [0, 0])
  },
)

const plain = memoryBackend({ files })
const { snapshots: _, ...withoutSnapshots } = plain
scenario(
  'a share that keeps nothing of its past takes @GMT for a name',
  { shares: [{ name: 'data', backend: withoutSnapshots }] },
  async (world) => {
    const client = await world.client()
    await close(client, await create(client, { name: '@GMT-2001.01.01-00.00.00' }))
    statusIs(await tryCreate(client, { name: 'report.txt', ...atTime(10n ** 17n) }), 'STATUS_OBJECT_NAME_NOT_FOUND')
    const file = await openDirectory(client, '')
    const answer = succeeded(await ioctl(client, FsctlCode.SRV_ENUMERATE_SNAPSHOTS, { fileId: file }))
    assert.equal(answer.body(IoctlResponse).output.length, 16)
  },
)
