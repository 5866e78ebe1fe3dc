/** Renaming of streams and files, kept times, and how large a file may be (MS-FSA 2.1.5.15, 2.1.5.4). */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { AccessMask } from '../../src/wire/dtyp/index.ts'
import {
  FileBasicInformation,
  FileEndOfFileInformation,
  FileInformationClass,
  FileRenameInformation,
  FileStreamInformation,
} from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateContextName,
  type FileId,
  FsctlCode,
  QueryInfoResponse,
  ReadResponse,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import {
  close,
  create,
  directoryBody,
  ioctl,
  notifyBody,
  openDirectory,
  queryInfo,
  RELATED_FILE_ID,
  read,
  setInfo,
  tryCreate,
  write,
} from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

const { DELETE, FILE_READ_DATA, FILE_WRITE_DATA } = AccessMask
const {
  FileBasicInformation: BASIC,
  FileEndOfFileInformation: END,
  FileRenameInformation: RENAME,
} = FileInformationClass

const rename = (client: Client, fileId: FileId, fileName: string, replaceIfExists = false): Promise<Answer> =>
  setInfo(client, fileId, RENAME, FileRenameInformation.encode({ fileName, replaceIfExists }))

async function streamsOf(client: Client, fileId: FileId): Promise<string[]> {
  const answer = succeeded(await queryInfo(client, fileId, FileInformationClass.FileStreamInformation))
  const { entries } = FileStreamInformation.decode(viewOf(answer.body(QueryInfoResponse).outputBuffer))
  return entries.map(({ streamName, streamSize }) => `${streamName} ${streamSize}`)
}

const textOf = async (client: Client, fileId: FileId): Promise<string> =>
  Buffer.from(succeeded(await read(client, fileId)).body(ReadResponse).data).toString()

scenario('a stream takes the place of the unnamed one, and the other way round', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'f:one' })
  succeeded(await write(client, file, 'in a stream'))
  succeeded(await rename(client, file, '::$DATA', true))
  assert.deepEqual(await streamsOf(client, file), ['::$DATA 11'])
  assert.equal(await textOf(client, file), 'in a stream')
  // Whoever has it open goes along; the place that it leaves stays, empty.
  succeeded(await write(client, file, 'IN'))
  succeeded(await rename(client, file, ':two'))
  assert.deepEqual(await streamsOf(client, file), ['::$DATA 0', ':two:$DATA 11'])
  assert.equal(await textOf(client, file), 'IN a stream')
  const unnamed = await create(client, { name: 'f' })
  assert.equal((await read(client, unnamed)).statusName, 'STATUS_END_OF_FILE')
})

scenario('a stream gives way when it is empty and nobody has it open', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'f:one' })
  const full = await create(client, { name: 'f:full' })
  succeeded(await write(client, full, 'x'))
  succeeded(await close(client, full))
  succeeded(await close(client, await create(client, { name: 'f:empty' })))
  statusIs(await rename(client, file, ':FULL'), 'STATUS_OBJECT_NAME_COLLISION')
  statusIs(await rename(client, file, ':FULL', true), 'STATUS_INVALID_PARAMETER')
  statusIs(await rename(client, file, '::$DATA'), 'STATUS_OBJECT_NAME_COLLISION')
  const empty = await create(client, { name: 'f:empty' })
  statusIs(await rename(client, file, ':empty', true), 'STATUS_INVALID_PARAMETER')
  succeeded(await close(client, empty))
  succeeded(await rename(client, file, ':empty', true))
  assert.deepEqual((await streamsOf(client, file)).toSorted(), ['::$DATA 0', ':empty:$DATA 0', ':full:$DATA 1'])
  // A name of its own, with a stream's, is none that a file can be moved to.
  const plain = await create(client, { name: 'g' })
  statusIs(await rename(client, plain, 'h:one'), 'STATUS_SHARING_VIOLATION')
  const folder = await openDirectory(client, 'd')
  statusIs(await rename(client, folder, ':one'), 'STATUS_INVALID_PARAMETER')
})

scenario('who has the folder to delete it, or does not share it, keeps files where they are', {}, async (world) => {
  const client = await world.client()
  for (const name of ['from', 'to']) succeeded(await close(client, await openDirectory(client, name)))
  const folder = (name: string, desiredAccess: number, shareAccess: number): Promise<FileId> =>
    create(client, { name, desiredAccess, shareAccess, createOptions: 1 })
  const file = await create(client, { name: 'from\\f' })
  for (const [name, access, share, status] of [
    ['from', DELETE, 7, 'SHARING_VIOLATION'],
    ['to', DELETE, 7, 'SHARING_VIOLATION'],
    ['to', FILE_READ_DATA, 5, 'SHARING_VIOLATION'],
    ['from', FILE_READ_DATA, 5, 'SUCCESS'],
  ] as const) {
    const holder = await folder(name, access, share)
    statusIs(await rename(client, file, 'to\\f'), `STATUS_${status}`)
    succeeded(await close(client, holder))
  }
  // Who only looks at its attributes shares all.
  const looker = await folder('from', AccessMask.FILE_READ_ATTRIBUTES, 0)
  succeeded(await rename(client, file, 'from\\f'))
  succeeded(await close(client, looker))
})

scenario('times that a handle has set, or does not want moved, stay', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'f' })
  const times = async () => {
    const answer = succeeded(await queryInfo(client, file, BASIC))
    const info = FileBasicInformation.decode(viewOf(answer.body(QueryInfoResponse).outputBuffer))
    return { write: info.lastWriteTime, change: info.changeTime }
  }
  const none = { creationTime: 0n, lastAccessTime: 0n, lastWriteTime: 0n, changeTime: 0n, fileAttributes: 0 }
  const set = (change: Partial<typeof none>) =>
    setInfo(client, file, BASIC, FileBasicInformation.encode({ ...none, ...change }))
  const STAYS = -1n & 0xffff_ffff_ffff_ffffn
  const MOVES = -2n & 0xffff_ffff_ffff_ffffn
  const before = await times()
  succeeded(await set({ changeTime: STAYS, lastWriteTime: STAYS }))
  world.clock.advance(5000)
  succeeded(await write(client, file, 'x'))
  world.clock.advance(5000)
  assert.deepEqual(await times(), before)
  succeeded(await set({ changeTime: MOVES, lastWriteTime: MOVES }))
  succeeded(await write(client, file, 'y'))
  world.clock.advance(5000)
  const after = await times()
  assert.ok(after.write > before.write && after.change > before.change)
  const given = before.change - 10_000_000n
  succeeded(await set({ changeTime: given }))
  world.clock.advance(5000)
  succeeded(await write(client, file, 'z'))
  assert.equal((await times()).change, given)
})

const small = { shares: [{ name: 'data', backend: memoryBackend({ totalBytes: 2 ** 41, maxFileBytes: 2 ** 50 }) }] }
scenario('a file that is not sparse is never larger than its volume', small, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'f' })
  const resize = (size: number) =>
    setInfo(client, file, END, FileEndOfFileInformation.encode({ endOfFile: BigInt(size) }))
  statusIs(await resize(2 ** 41 + 1), 'STATUS_DISK_FULL')
  statusIs(await write(client, file, 'x', { offset: 2n ** 41n }), 'STATUS_DISK_FULL')
  succeeded(await ioctl(client, FsctlCode.SET_SPARSE, { fileId: file }))
  succeeded(await resize(2 ** 41 + 1))
  succeeded(await resize(0))
})

scenario('a notification that has to wait does so at the end of a chain alone', {}, async (world) => {
  const client = await world.client()
  const answers = client.send([
    client.prepare(Command.CREATE, directoryBody({ name: 'd' })),
    client.prepare(Command.CHANGE_NOTIFY, notifyBody(RELATED_FILE_ID), { related: true }),
    client.prepare(Command.CHANGE_NOTIFY, notifyBody(RELATED_FILE_ID), { related: true }),
  ])
  const [made, waits] = await Promise.all(answers.slice(0, 2))
  assert.equal(made?.statusName, 'STATUS_SUCCESS')
  assert.equal(waits?.statusName, 'STATUS_INTERNAL_ERROR')
  client.disconnect()
  await Promise.allSettled(answers)
})

scenario('names of create contexts are at least four bytes', {}, async (world) => {
  const client = await world.client()
  const data = new Uint8Array(8)
  statusIs(await tryCreate(client, { name: 'f', createContexts: [{ name: 'MxA', data }] }), 'STATUS_INVALID_PARAMETER')
  // One that nobody knows is left aside.
  succeeded(await tryCreate(client, { name: 'f', createContexts: [{ name: 'Mine', data }] }))
  succeeded(
    await tryCreate(client, {
      name: 'f',
      createContexts: [{ name: CreateContextName.QUERY_ON_DISK_ID, data: new Uint8Array(0) }],
    }),
  )
  statusIs(
    await tryCreate(client, { name: 'g', desiredAccess: FILE_WRITE_DATA, fileAttributes: 0x8000_0000 }),
    'STATUS_INVALID_PARAMETER',
  )
})
