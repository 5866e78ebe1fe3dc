/** Change notification: what is told once, what later, and what other programs do on the disk (MS-SMB2 3.3.5.19). */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskBackend } from '../../src/backends/disk/index.ts'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { linuxLibc } from '../../src/native/libc.ts'
import { AccessMask } from '../../src/wire/dtyp/index.ts'
import {
  FileAllInformation,
  FileAttributes,
  FileBasicInformation,
  FileEndOfFileInformation,
  FileInformationClass,
  FileNotifyInformation,
  FileRenameInformation,
  NotifyAction,
} from '../../src/wire/fscc/index.ts'
import {
  CancelRequest,
  ChangeNotifyResponse,
  Command,
  CompletionFilter,
  CreateOptions,
  type FileId,
  QueryInfoResponse,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import {
  close,
  create,
  echoBody,
  notifyBody,
  openDirectory,
  queryInfo,
  setInfo,
  start,
  type Waiting,
  write,
} from './files.ts'
import { encodeBody } from './messages.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded, type World, World as Worlds } from './world.ts'

type WatchOptions = Parameters<typeof notifyBody>[1]
const { ATTRIBUTES, EA, FILE_NAME, LAST_WRITE, SECURITY, SIZE, STREAM_NAME, STREAM_SIZE, STREAM_WRITE } =
  CompletionFilter

const watch = (client: Client, fileId: FileId, options?: WatchOptions): Promise<Waiting> =>
  start(client, Command.CHANGE_NOTIFY, notifyBody(fileId, options))

/** Open to be listed and watched, not to be deleted. */
const watched = (client: Client, name = ''): Promise<FileId> =>
  create(client, { name, desiredAccess: AccessMask.GENERIC_READ >>> 0, createOptions: CreateOptions.DIRECTORY_FILE })

const actions = new Map(Object.entries(NotifyAction).map(([name, number]) => [number as number, name]))
function recordsOf(answer: Answer): string[] {
  const { outputBuffer } = succeeded(answer).body(ChangeNotifyResponse)
  return FileNotifyInformation.decode(viewOf(outputBuffer)).entries.map(
    ({ action, fileName }) => `${actions.get(action)} ${fileName}`,
  )
}
const records = async (waiting: Waiting): Promise<string[]> => recordsOf(await waiting.answer)

/** What has been gathered for a handle by now. */
async function gathered(client: Client, fileId: FileId): Promise<string[]> {
  await client.network.settled()
  const waiting = await watch(client, fileId)
  const done = await Promise.race([waiting.answer, client.network.settled().then(() => undefined)])
  assert.ok(done !== undefined, 'nothing has been gathered')
  return recordsOf(done)
}

/** Nothing is told until another file comes. */
async function nothingBut(client: Client, fileId: FileId, options?: WatchOptions): Promise<void> {
  const waiting = await watch(client, fileId, options)
  await close(client, await create(client, { name: `marker-${Math.random()}` }))
  const told = await records(waiting)
  assert.equal(told.length, 1, told.join())
  assert.match(told[0] ?? '', /^ADDED marker-/)
}

const renameTo = (client: Client, file: FileId, fileName: string) =>
  setInfo(
    client,
    file,
    FileInformationClass.FileRenameInformation,
    FileRenameInformation.encode({ fileName, replaceIfExists: false }),
  )

scenario('many writes of one handle are told at once, at most each second, and at the end', {}, async (world) => {
  const [client, watcher] = [await world.client(), await world.client()]
  const file = await create(client, { name: 'log' })
  const root = await watched(watcher)
  const filter = LAST_WRITE | FILE_NAME
  const first = await watch(watcher, root, { filter })
  succeeded(await write(client, file, 'one'))
  assert.deepEqual(await records(first), ['MODIFIED log'])
  for (let i = 0; i < 20; i++) succeeded(await write(client, file, 'more'))
  await nothingBut(watcher, root)
  world.clock.advance(1000)
  const later = await watch(watcher, root)
  succeeded(await write(client, file, 'later'))
  assert.deepEqual(await records(later), ['MODIFIED log'])
  succeeded(await write(client, file, 'last'))
  const end = await watch(watcher, root)
  await close(client, file)
  assert.deepEqual(await records(end), ['MODIFIED log'])
  // Nothing more is owed.
  const again = await create(client, { name: 'log' })
  await close(client, again)
  await nothingBut(watcher, root)
})

scenario('what is modified again before it was told is told once', { files: { a: '', b: '' } }, async (world) => {
  const client = await world.client()
  const root = await watched(client)
  const first = await watch(client, root, { filter: SIZE | FILE_NAME })
  const [a, b] = [await create(client, { name: 'a' }), await create(client, { name: 'b' })]
  const resize = (file: FileId, size: bigint) =>
    setInfo(
      client,
      file,
      FileInformationClass.FileEndOfFileInformation,
      FileEndOfFileInformation.encode({ endOfFile: size }),
    )
  succeeded(await resize(a, 1n))
  assert.deepEqual(await records(first), ['MODIFIED a'])
  for (const file of [a, b, a, b]) succeeded(await resize(file, 9n))
  succeeded(await renameTo(client, a, 'c'))
  succeeded(await resize(a, 2n))
  assert.deepEqual(await gathered(client, root), [
    'MODIFIED a',
    'MODIFIED b',
    'RENAMED_OLD_NAME a',
    'RENAMED_NEW_NAME c',
    'MODIFIED c',
  ])
})

scenario(
  'a renamed file is to be archived; that is told when it closes',
  { files: { a: 'x', 'd/x': '' } },
  async (world) => {
    const client = await world.client()
    const root = await watched(client)
    const first = await watch(client, root, { filter: ATTRIBUTES })
    const file = await create(client, { name: 'a' })
    const none = FileBasicInformation.encode({
      creationTime: 0n,
      lastAccessTime: 0n,
      lastWriteTime: 0n,
      changeTime: 0n,
      fileAttributes: FileAttributes.NORMAL,
    })
    succeeded(await setInfo(client, file, FileInformationClass.FileBasicInformation, none))
    assert.deepEqual(await records(first), ['MODIFIED a'])
    succeeded(await renameTo(client, file, 'b'))
    const all = succeeded(await queryInfo(client, file, FileInformationClass.FileAllInformation))
    const { basic } = FileAllInformation.decode(viewOf(all.body(QueryInfoResponse).outputBuffer))
    assert.equal(basic.fileAttributes, FileAttributes.ARCHIVE)
    const second = await watch(client, root)
    const directory = await openDirectory(client, 'd')
    succeeded(await renameTo(client, directory, 'e'))
    await close(client, directory)
    await close(client, file)
    assert.deepEqual(await records(second), ['MODIFIED b'])
  },
)

scenario('streams', {}, async (world) => {
  const client = await world.client()
  const root = await watched(client)
  const filter = FILE_NAME | STREAM_NAME | STREAM_SIZE | STREAM_WRITE | ATTRIBUTES
  const both = await watch(client, root, { filter })
  const stream = await create(client, { name: 'file:one' })
  assert.deepEqual(await records(both), ['ADDED file', 'ADDED_STREAM file:one:$DATA'])
  await create(client, { name: 'file:two' })
  assert.deepEqual(await gathered(client, root), ['ADDED_STREAM file:two:$DATA'])
  succeeded(await write(client, stream, 'text'))
  assert.deepEqual(await gathered(client, root), ['MODIFIED_STREAM file:one:$DATA'])
  // Attributes are the file's, by whatever handle they are set.
  const hidden = FileBasicInformation.encode({
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    fileAttributes: FileAttributes.HIDDEN,
  })
  succeeded(await setInfo(client, stream, FileInformationClass.FileBasicInformation, hidden))
  assert.deepEqual(await gathered(client, root), ['MODIFIED file'])
  succeeded(await renameTo(client, stream, ':three'))
  assert.deepEqual(await gathered(client, root), ['REMOVED_STREAM file:one:$DATA', 'ADDED_STREAM file:three:$DATA'])
  await close(client, stream)
  const goes = await create(client, { name: 'file:three', createOptions: CreateOptions.DELETE_ON_CLOSE })
  await close(client, goes)
  assert.deepEqual(await gathered(client, root), ['REMOVED_STREAM file:three:$DATA'])
  const names = await watched(client)
  const plain = await watch(client, names, { filter: FILE_NAME })
  await create(client, { name: 'file:four' })
  await create(client, { name: 'next' })
  assert.deepEqual(await records(plain), ['ADDED next'])
})

scenario(
  'a share may have no change notification',
  { shares: [{ name: 'data', backend: memoryBackend(), changeNotify: false }] },
  async (world) => {
    const client = await world.client()
    const root = await watched(client)
    const answer = await client.callRaw(Command.CHANGE_NOTIFY, notifyBody(root))
    statusIs(answer, 'STATUS_NOT_IMPLEMENTED')
  },
)

/** A world on a real folder, in which other programs are at work. */
function onDisk(name: string, play: (world: World, folder: string) => Promise<void>): void {
  scenario(name, {}, async (outer) => {
    const folder = mkdtempSync(join(tmpdir(), 'smbkit-notify-'))
    const backend = diskBackend(folder)
    const world = new Worlds({ shares: [{ name: 'data', backend }] }, outer.seed)
    try {
      await play(world, folder)
      await world.end()
    } finally {
      await backend.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

if (linuxLibc() !== undefined) {
  onDisk('what other programs do is told like what clients do, and what clients do once', async (world, folder) => {
    mkdirSync(join(folder, 'a'))
    mkdirSync(join(folder, 'b'))
    const client = await world.client()
    const root = await watched(client)
    const filter = FILE_NAME | CompletionFilter.DIR_NAME
    const sh = (command: string) => execFileSync('sh', ['-ec', command], { cwd: folder })
    let waiting = await watch(client, root, { filter, recursive: true })
    const told = async (...expected: string[]): Promise<void> => {
      const seen: string[] = []
      while (seen.length < expected.length) {
        seen.push(...(await records(waiting)))
        waiting = await watch(client, root)
      }
      assert.deepEqual(seen, expected)
    }
    sh('echo 1 > a/one')
    await told('ADDED a\\one')
    sh('mv a/one a/two')
    await told('RENAMED_OLD_NAME a\\one', 'RENAMED_NEW_NAME a\\two')
    sh('mv a/two b/three')
    await told('REMOVED a\\two', 'ADDED b\\three')
    // A client's own changes are told once, though the disk tells them, too.
    const file = await create(client, { name: 'a\\client' })
    succeeded(await renameTo(client, file, 'b\\client'))
    await close(client, file)
    await close(client, await create(client, { name: 'b\\client', createOptions: CreateOptions.DELETE_ON_CLOSE }))
    await told('ADDED a\\client', 'REMOVED a\\client', 'ADDED b\\client', 'REMOVED b\\client')
    sh('mkdir -p c/d && echo 1 > c/d/e && rm -r c')
    await told('ADDED c', 'REMOVED c')
  })

  onDisk('a watched folder that another program renames stays watched', async (world, folder) => {
    mkdirSync(join(folder, 'a'))
    const client = await world.client()
    const directory = await watched(client, 'a')
    const waiting = await watch(client, directory, { filter: FILE_NAME })
    execFileSync('mv', [join(folder, 'a'), join(folder, 'b')])
    writeFileSync(join(folder, 'b/new'), '')
    assert.deepEqual(await records(waiting), ['ADDED new'])
  })

  onDisk('filters of what other programs do', async (world, folder) => {
    writeFileSync(join(folder, 'file'), 'text')
    const client = await world.client()
    for (const [filter, command] of [
      [SIZE, 'echo more >> file'],
      [LAST_WRITE, 'echo more >> file'],
      [LAST_WRITE, 'touch file'],
      [ATTRIBUTES, 'touch file'],
      [SECURITY, 'chmod 640 file'],
      [EA, 'touch file'],
    ] as const) {
      const root = await watched(client)
      const waiting = await watch(client, root, { filter })
      execFileSync('sh', ['-ec', command], { cwd: folder })
      assert.deepEqual(await records(waiting), ['MODIFIED file'], command)
      await close(client, root)
    }
    // Content that changes changes no name, and permissions no content.
    const root = await watched(client)
    const waiting = await watch(client, root, { filter: SIZE | FILE_NAME })
    execFileSync('sh', ['-ec', 'chmod 600 file && echo > new'], { cwd: folder })
    assert.equal((await records(waiting))[0], 'ADDED new')
  })
}

scenario('what ends with a CANCEL is answered before what came behind it', {}, async (world) => {
  const client = await world.client()
  const order: string[] = []
  const { request, answer } = await watch(client, await watched(client))
  const { asyncId } = client.interimOf(request.messageId) ?? assert.fail('STATUS_PENDING has not come')
  const which = { messageId: request.messageId, asyncId }
  const [, echoed] = client.sendTogether([
    client.prepare(Command.CANCEL, encodeBody(CancelRequest, {}), which),
    client.prepare(Command.ECHO, echoBody()),
  ])
  for (const each of [answer, echoed]) void each?.then(({ statusName }) => order.push(statusName))
  await world.settled()
  assert.deepEqual(order, ['STATUS_CANCELLED', 'STATUS_SUCCESS'])
})
