/** MS-FSA 2.1.5.1: share modes, deleting, renaming, with two clients on one share. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import {
  FileDispositionInformation,
  FileDispositionInformationEx,
  FileInformationClass,
  FileLinkInformation,
  FileRenameInformation,
} from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateDisposition,
  CreateOptions,
  CreateResponse,
  type FileId,
  HeaderFlags,
  ReadResponse,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { OTHER } from './client.ts'
import { close, create, notifyBody, openDirectory, queryInfo, read, setInfo, start, tryCreate, write } from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

const READ = 1
const WRITE = 2
const DELETE = 0x1_0000
const ATTRIBUTES = 0x80
/** [first's access, first's share mode, second's access, second's share mode, do they go together] */
const modes: readonly (readonly [number, number, number, number, boolean])[] = [
  [READ, 1, READ, 1, true],
  [READ, 0, READ, 1, false],
  [READ, 1, READ, 0, false],
  [READ, 1, WRITE, 1, false],
  [READ, 3, WRITE, 1, true],
  [READ, 3, WRITE, 2, false],
  [WRITE, 2, WRITE, 2, true],
  [WRITE, 3, WRITE, 1, false],
  [READ, 7, DELETE, 7, true],
  [READ, 3, DELETE, 7, false],
  [DELETE, 7, READ, 3, false],
  [DELETE, 7, READ, 7, true],
  [ATTRIBUTES, 0, WRITE, 0, true],
  [WRITE, 0, ATTRIBUTES, 0, true],
  [READ, 0, ATTRIBUTES, 7, true],
  [0x20, 1, READ, 1, true],
  [0x20, 0, READ, 1, false],
  [4, 1, READ, 1, false],
  [4, 1, READ, 3, true],
]
scenario('share modes', { files: { a: 'text' } }, async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  for (const [access, share, otherAccess, otherShare, together] of modes) {
    const first = await create(one, { name: 'a', desiredAccess: access, shareAccess: share })
    const value = { name: 'A', desiredAccess: otherAccess, shareAccess: otherShare }
    const answer = await tryCreate(two, value)
    const what = `${access} ${share} ${otherAccess} ${otherShare}`
    assert.equal(answer.statusName, together ? 'STATUS_SUCCESS' : 'STATUS_SHARING_VIOLATION', what)
    if (together) succeeded(await close(two, answer.body(CreateResponse).fileId))
    succeeded(await close(one, first))
    const alone = await create(two, value)
    succeeded(await close(two, alone))
  }
})

/** [first's stream, access and share mode, second's, do they go together]: only who deletes the file concerns all. */
const streamModes: readonly (readonly [string, number, number, string, number, number, boolean])[] = [
  ['', READ | WRITE, 0, ':s', READ | WRITE, 0, true],
  ['', READ | DELETE, 0, ':s', READ | DELETE, 7, true],
  ['', READ | DELETE, 7, ':s', READ, 3, false],
  [':s', READ, 3, '', DELETE, 7, false],
  [':s', READ, 7, '', DELETE, 7, true],
  [':s', DELETE, 7, '', READ, 3, true],
  [':s', DELETE, 7, ':t', READ, 3, true],
  [':s', READ, 3, ':s', DELETE, 7, false],
]
scenario('share modes of streams', { files: { a: '' } }, async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  for (const [stream, access, share, otherStream, otherAccess, otherShare, together] of streamModes) {
    const first = await create(one, { name: `a${stream}`, desiredAccess: access, shareAccess: share })
    // The stream is there already, or is made: that makes no difference.
    for (let i = 0; i < 2; i++) {
      const value = { name: `a${otherStream}`, desiredAccess: otherAccess, shareAccess: otherShare }
      const answer = await tryCreate(two, value)
      const what = `${stream} ${access} ${share} ${otherStream} ${otherAccess} ${otherShare}`
      assert.equal(answer.statusName, together ? 'STATUS_SUCCESS' : 'STATUS_SHARING_VIOLATION', what)
      if (together) succeeded(await close(two, answer.body(CreateResponse).fileId))
    }
    succeeded(await close(one, first))
  }
})

scenario('overwriting needs leave to write', { files: { a: 'text' } }, async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const file = await create(one, { name: 'a', desiredAccess: READ, shareAccess: 1 })
  for (const createDisposition of [0, 4, 5] as const)
    statusIs(
      await tryCreate(two, { name: 'a', desiredAccess: ATTRIBUTES, createDisposition }),
      'STATUS_SHARING_VIOLATION',
    )
  // Nothing was emptied.
  assert.equal((await read(one, file)).body(ReadResponse).data.length, 4)
})

const missing = async (client: Client, name: string, part = 'NAME'): Promise<Answer> =>
  statusIs(
    await tryCreate(client, { name, createDisposition: CreateDisposition.OPEN }),
    `STATUS_OBJECT_${part}_NOT_FOUND`,
  )

const dispose = (client: Client, file: FileId, deletePending: boolean): Promise<Answer> =>
  setInfo(
    client,
    file,
    FileInformationClass.FileDispositionInformation,
    FileDispositionInformation.encode({ deletePending }),
  )

scenario(
  'delete on close: with the last handle, and nobody new until then',
  { files: { a: 'text' } },
  async (world) => {
    const [one, two] = [await world.client(), await world.client(OTHER)]
    const other = await create(two, { name: 'a' })
    const file = await create(one, { name: 'a', createOptions: CreateOptions.DELETE_ON_CLOSE })
    // Before the close it is only a wish.
    succeeded(await close(two, await create(two, { name: 'a' })))
    succeeded(await close(one, file))
    statusIs(await tryCreate(one, { name: 'a' }), 'STATUS_DELETE_PENDING')
    succeeded(await read(two, other))
    succeeded(await close(two, other))
    await missing(one, 'a')
  },
)

scenario('a pending delete can be taken back', { files: { a: 'text' } }, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  succeeded(await dispose(client, file, true))
  statusIs(await tryCreate(client, { name: 'a' }), 'STATUS_DELETE_PENDING')
  succeeded(await dispose(client, file, false))
  succeeded(await close(client, await create(client, { name: 'a' })))
  succeeded(await dispose(client, file, true))
  succeeded(await close(client, file))
  await missing(client, 'a')
})

scenario('delete on close when the client just goes', { files: { a: 'text' } }, async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  await create(one, { name: 'a', createOptions: CreateOptions.DELETE_ON_CLOSE })
  one.disconnect()
  await world.settled()
  await missing(two, 'a')
})

scenario('directories that are not empty stay', { files: { 'd/a': 'text' } }, async (world) => {
  const client = await world.client()
  const directory = await openDirectory(client, 'd')
  statusIs(await dispose(client, directory, true), 'STATUS_DIRECTORY_NOT_EMPTY')
  succeeded(await close(client, await create(client, { name: 'd\\a', createOptions: CreateOptions.DELETE_ON_CLOSE })))
  succeeded(await dispose(client, directory, true))
  succeeded(await close(client, directory))
  await missing(client, 'd')
})

scenario('the root is not deleted or renamed', {}, async (world) => {
  const client = await world.client()
  const root = await openDirectory(client, '')
  statusIs(await dispose(client, root, true), 'STATUS_CANNOT_DELETE')
  statusIs(await rename(client, root, 'x'), 'STATUS_INVALID_PARAMETER')
  statusIs(
    await tryCreate(client, { name: '', createOptions: CreateOptions.DIRECTORY_FILE | CreateOptions.DELETE_ON_CLOSE }),
    'STATUS_CANNOT_DELETE',
  )
})

scenario('read-only files are not deleted, unless that is said to be meant', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a', fileAttributes: 1 })
  statusIs(await dispose(client, file, true), 'STATUS_CANNOT_DELETE')
  statusIs(
    await tryCreate(client, { name: 'a', desiredAccess: DELETE, createOptions: CreateOptions.DELETE_ON_CLOSE }),
    'STATUS_CANNOT_DELETE',
  )
  const info = FileDispositionInformationEx.encode({ flags: 0x11 })
  succeeded(await setInfo(client, file, FileInformationClass.FileDispositionInformationEx, info))
  succeeded(await close(client, file))
  await missing(client, 'a')
})

const rename = (client: Client, file: FileId, fileName: string, replaceIfExists = false, flags = 0): Promise<Answer> =>
  setInfo(
    client,
    file,
    FileInformationClass.FileRenameInformation,
    FileRenameInformation.encode({ fileName, replaceIfExists }),
    {},
    { flags },
  )

scenario(
  'rename: to a new name, over another, into another directory',
  { files: { a: '1', b: '2', 'd/c': '3' } },
  async (world) => {
    const client = await world.client()
    const file = await create(client, { name: 'a' })
    statusIs(await rename(client, file, 'b'), 'STATUS_OBJECT_NAME_COLLISION')
    succeeded(await rename(client, file, 'B', true))
    succeeded(await rename(client, file, 'd\\new'))
    statusIs(await rename(client, file, 'missing\\new'), 'STATUS_OBJECT_PATH_NOT_FOUND')
    succeeded(await rename(client, file, 'd\\NEW'))
    await missing(client, 'a')
    await missing(client, 'b')
    const again = await create(client, { name: 'd\\new', createDisposition: CreateDisposition.OPEN })
    assert.equal(Buffer.from((await read(client, again)).body(ReadResponse).data).toString(), '1')
  },
)

scenario(
  'rename: what is open is not replaced, what has open files does not move',
  { files: { a: '1', b: '2', 'd/c': '3' } },
  async (world) => {
    const [one, two] = [await world.client(), await world.client(OTHER)]
    const file = await create(one, { name: 'a' })
    const held = await create(two, { name: 'b' })
    statusIs(await rename(one, file, 'b', true), 'STATUS_ACCESS_DENIED')
    succeeded(await close(two, held))
    succeeded(await rename(one, file, 'b', true))
    const inside = await create(two, { name: 'd\\c' })
    const directory = await openDirectory(one, 'd')
    statusIs(await rename(one, directory, 'e'), 'STATUS_ACCESS_DENIED')
    succeeded(await close(two, inside))
    succeeded(await rename(one, directory, 'e'))
    await missing(two, 'd\\c', 'PATH')
  },
)

scenario(
  'rename: a directory not below itself, nothing over a directory',
  { files: { a: '1', 'd/c': '3' } },
  async (world) => {
    const client = await world.client()
    const directory = await openDirectory(client, 'd')
    const below = await rename(client, directory, 'd\\below')
    assert.notEqual(below.statusName, 'STATUS_SUCCESS')
    const file = await create(client, { name: 'a' })
    statusIs(await rename(client, file, 'd', true), 'STATUS_ACCESS_DENIED')
  },
)

scenario('rename needs DELETE, and leads nowhere outside', { files: { a: '1' } }, async (world) => {
  const client = await world.client()
  const noRight = await create(client, { name: 'a', desiredAccess: 0x12_0116 })
  statusIs(await rename(client, noRight, 'b'), 'STATUS_ACCESS_DENIED')
  succeeded(await close(client, noRight))
  const file = await create(client, { name: 'a' })
  for (const name of ['..\\b', 'x\\..\\..\\b', '\\\\server\\share\\b', 'C:\\b', 'a\0b', '', '\\', 'b*', 'b?', 'a|b']) {
    const answer = await rename(client, file, name)
    assert.notEqual(answer.statusName, 'STATUS_SUCCESS', JSON.stringify(name))
  }
  const info = FileLinkInformation.encode({ fileName: '..\\..\\b', replaceIfExists: false })
  const answer = await setInfo(client, file, FileInformationClass.FileLinkInformation, info)
  assert.notEqual(answer.statusName, 'STATUS_SUCCESS')
  const withRoot = FileRenameInformation.encode({ fileName: 'b', replaceIfExists: false, rootDirectory: 5n })
  statusIs(
    await setInfo(client, file, FileInformationClass.FileRenameInformation, withRoot),
    'STATUS_INVALID_PARAMETER',
  )
  succeeded(await queryInfo(client, file, FileInformationClass.FileBasicInformation))
})

scenario(
  'names that begin with server and share, where the header says so',
  { files: { 'd/a': '1' } },
  async (world) => {
    const client = await world.client()
    const flags = HeaderFlags.DFS_OPERATIONS
    const open = { createDisposition: CreateDisposition.OPEN }
    for (const name of ['server\\data\\d\\a', '\\server\\data\\d\\a', 'other.example\\data\\D\\A'])
      succeeded(await tryCreate(client, { name, ...open }, { flags }))
    for (const name of ['server\\data', 'server\\data\\', 'server', ''])
      succeeded(await tryCreate(client, { name, ...open, createOptions: 1, desiredAccess: READ }, { flags }))
    statusIs(await tryCreate(client, { name: 'server\\data\\d\\a', ...open }), 'STATUS_OBJECT_PATH_NOT_FOUND')
    for (const name of ['server\\data\\..\\x', 'server\\data\\..\\..\\..\\etc\\passwd']) {
      const answer = await tryCreate(client, { name, ...open }, { flags })
      assert.notEqual(answer.statusName, 'STATUS_SUCCESS')
    }
    const file = await create(client, { name: 'b' })
    succeeded(await rename(client, file, 'server\\data\\d\\b', false, flags))
    await create(client, { name: 'd\\b', ...open })
  },
)

scenario('what is written by one is read by the other at once', {}, async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const [mine, theirs] = [await create(one, { name: 'a' }), await create(two, { name: 'a' })]
  for (let i = 0; i < 20; i++) {
    succeeded(await write(one, mine, `round ${i}`))
    assert.equal(Buffer.from((await read(two, theirs)).body(ReadResponse).data).toString(), `round ${i}`)
  }
})

const place = memoryBackend({ files: { a: 'text' } })
const twice = { shares: ['data', 'also'].map((name) => ({ name, backend: place })) }
scenario('two shares of one backend share what is open, locked and watched', twice, async (world) => {
  const here = await world.client()
  const there = await world.client({ share: 'also' })
  const file = await create(here, { name: 'a', shareAccess: 0 })
  statusIs(await tryCreate(there, { name: 'a' }), 'STATUS_SHARING_VIOLATION')
  const directory = await openDirectory(here, '')
  const watching = await start(here, Command.CHANGE_NOTIFY, notifyBody(directory))
  succeeded(await close(there, await create(there, { name: 'b' })))
  succeeded(await watching.answer)
  succeeded(await close(here, file))
  succeeded(await tryCreate(there, { name: 'a' }))
})
