/** What takes leases of files away: MS-FSA 2.1.4.12, 2.1.5.3, 2.1.5.7, 2.1.5.15; MS-SMB2 3.3.1.4. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import { FileZeroDataInformation } from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateDisposition,
  CreateOptions,
  CreateResponse,
  type FileId,
  FsctlCode,
  InfoType,
  IoctlResponse,
  QueryInfoResponse,
  SetInfoRequest,
  SrvCopychunkCopy,
  SrvRequestResumeKeyResponse,
} from '../../src/wire/smb2/index.ts'
import { acknowledgeLease, breaksIn, breaksOf, key, openLeased, withLease } from './caching.ts'
import { allocated, basic, type Change, disposed, linked, renamed, sized } from './changes.ts'
import { CLIENT_GUID, OTHER } from './client.ts'
import {
  close,
  create,
  createBody,
  exclusive,
  ioctl,
  lock,
  lockBody,
  openDirectory,
  plainId,
  queryInfo,
  start,
  treeDisconnect,
  tryCreate,
  unlocked,
  write,
  writeBody,
} from './files.ts'
import { encodeBody } from './messages.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const OTHER_GUID = key(0xffff)
const two = async (world: World) =>
  [await world.client(), await world.client({ ...OTHER, negotiate: { clientGuid: OTHER_GUID } })] as const

const FILE = { name: 'a' }

/** What takes everything from those who read ahead, at once and without being waited for. */
const dataChanges: Readonly<Record<string, Change>> = {
  'a write': (client, fileId) => start(client, Command.WRITE, writeBody(fileId, 'x')),
  'a lock': (client, fileId) => start(client, Command.LOCK, lockBody(fileId, exclusive(0n, 1n))),
  'another size': sized(2n),
  'the same size': sized(4n),
  'other room': allocated(1n),
}
for (const [name, change] of Object.entries(dataChanges))
  scenario(`${name} by another open`, { files: { a: 'text' } }, async (world) => {
    const [one, other] = await two(world)
    for (const [rights, told] of [
      ['R', 'R>!'],
      ['RH', 'RH>'],
    ] as const) {
      const file = await create(other, FILE)
      const held = await openLeased(one, FILE, { key: key(1), rights })
      assert.equal(held.lease?.rights, rights)
      succeeded(await (await change(other, file)).answer)
      assert.deepEqual(await breaksIn(one), [told])
      // Who has been told is not told again.
      succeeded(await write(other, file, 'text'))
      assert.deepEqual(await breaksOf(one), [])
      succeeded(await close(one, held.fileId))
      succeeded(await close(other, file))
    }
  })

scenario('opens of one key do not take from each other', { files: { a: 'text' } }, async (world) => {
  const client = await world.client()
  const opens = [1, 2].map(() => openLeased(client, FILE, { key: key(1), rights: 'RWH' }))
  const [first, second] = await Promise.all(opens)
  assert.ok(first !== undefined && second !== undefined)
  const changes = [...Object.values(dataChanges), basic({ fileAttributes: 2 }), renamed('b'), disposed()]
  for (const change of changes) succeeded(await (await change(client, second.fileId)).answer)
  assert.deepEqual(await breaksOf(client), [])
})

scenario('what is beside the data', { files: { a: 'text' } }, async (world) => {
  const [one, other] = await two(world)
  const file = await create(other, FILE)
  await openLeased(one, FILE, { key: key(1), rights: 'RH' })
  for (const change of [basic({ fileAttributes: 2 }), linked('b')]) succeeded(await (await change(other, file)).answer)
  succeeded(await write(other, await create(other, { name: 'a:s' }), 'of its own'))
  assert.deepEqual(await breaksOf(one), [])
})

scenario('locks', { files: { a: 'text' } }, async (world) => {
  const [one, other] = await two(world)
  const [file, another] = [await create(other, FILE), await create(other, FILE)]
  succeeded(await lock(other, file, exclusive(10_000_000n, 1n)))
  // Beyond the end of the file there is nothing to be read.
  assert.equal((await openLeased(one, FILE, { key: key(1), rights: 'RH' })).lease?.rights, 'RH')
  succeeded(await lock(other, another, exclusive(0n, 1n)))
  assert.deepEqual(await breaksIn(one), ['RH>'])
  succeeded(await acknowledgeLease(one, key(1), ''))
  assert.equal((await openLeased(one, FILE, { key: key(1), rights: 'RH' })).lease?.rights, '')
  succeeded(await lock(other, another, unlocked(0n, 1n)))
  assert.equal((await openLeased(one, FILE, { key: key(1), rights: 'RH' })).lease?.rights, 'RH')
})

scenario('before a sharing violation handles are closed', { files: { a: '' } }, async (world) => {
  const [one, other] = await two(world)
  // What fails changes nothing: also who replaces the data gets no more than the handles closed.
  for (const [rights, told, keeps] of [
    ['RWH', 'RWH>RW', 'RW'],
    ['RH', 'RH>R', 'R'],
  ] as const)
    for (const closes of [true, false])
      for (const createDisposition of [CreateDisposition.OPEN, CreateDisposition.OVERWRITE]) {
        const held = await openLeased(one, { ...FILE, shareAccess: 1 }, { key: key(1), rights })
        const waiting = await start(other, Command.CREATE, createBody({ ...FILE, createDisposition }))
        assert.ok(other.isPending(waiting.request.messageId))
        assert.deepEqual(await breaksIn(one), [told])
        if (closes) {
          succeeded(await close(one, held.fileId))
          succeeded(await close(other, plainId(succeeded(await waiting.answer).body(CreateResponse).fileId)))
        } else {
          succeeded(await acknowledgeLease(one, key(1), keeps))
          statusIs(await waiting.answer, 'STATUS_SHARING_VIOLATION')
          succeeded(await close(one, held.fileId))
        }
        assert.deepEqual(await breaksOf(one), [])
      }
  for (const rights of ['R', 'RW']) {
    const held = await openLeased(one, { ...FILE, shareAccess: 1 }, { key: key(1), rights })
    statusIs(await tryCreate(other, FILE), 'STATUS_SHARING_VIOLATION')
    assert.deepEqual(await breaksOf(one), [])
    succeeded(await close(one, held.fileId))
  }
})

const DACL = 4

/** Sets the access control list that the file has already. */
const described: Change = async (client, fileId) => {
  const value = { infoType: InfoType.SECURITY, additionalInformation: DACL }
  const { outputBuffer } = succeeded(await queryInfo(client, fileId, 0, value)).body(QueryInfoResponse)
  return start(
    client,
    Command.SET_INFO,
    encodeBody(SetInfoRequest, { ...value, fileInfoClass: 0, fileId, buffer: outputBuffer.slice() }),
  )
}

const ALL_ACCESS = 0x1f_01ff

for (const [name, change] of [
  ['another name', renamed('b')],
  ['to be deleted', disposed()],
  ['another descriptor', described],
] as const)
  for (const how of ['closes', 'acknowledges', 'says nothing'] as const)
    scenario(`${name}: the other ${how}`, { files: { a: 'text' } }, async (world) => {
      const [one, other] = await two(world)
      const file = await create(other, { ...FILE, desiredAccess: ALL_ACCESS })
      const held = await openLeased(one, FILE, { key: key(1), rights: 'RH' })
      const waiting = await change(other, file)
      assert.ok(other.isPending(waiting.request.messageId))
      assert.deepEqual(await breaksIn(one), ['RH>R'])
      if (how === 'closes') succeeded(await close(one, held.fileId))
      if (how === 'acknowledges') succeeded(await acknowledgeLease(one, key(1), 'R'))
      if (how === 'says nothing') world.clock.advance(35_000)
      succeeded(await waiting.answer)
      // Who only reads ahead has nothing to close.
      if (how === 'acknowledges') {
        succeeded(await (await (name === 'another name' ? renamed('c') : change)(other, file)).answer)
        assert.deepEqual(await breaksOf(one), [])
      }
    })

scenario('the key goes with the file under its new name', { files: { a: 'text' } }, async (world) => {
  const [one, other] = await two(world)
  const file = await create(other, FILE)
  await openLeased(one, FILE, { key: key(1), rights: 'R' })
  succeeded(await (await renamed('b')(other, file)).answer)
  assert.equal((await openLeased(one, { name: 'b' }, { key: key(1), rights: 'R' })).lease?.rights, 'R')
  statusIs(await tryCreate(one, withLease(FILE, { key: key(1), rights: 'R' })), 'STATUS_INVALID_PARAMETER')
})

scenario('who waits while the name changes opens what has it then', { files: { a: 'text' } }, async (world) => {
  const [one, other] = await two(world)
  const held = await openLeased(one, FILE, { key: key(1), rights: 'RWH' })
  const value = { ...FILE, createDisposition: CreateDisposition.OPEN }
  const waiting = await start(other, Command.CREATE, createBody(value))
  succeeded(await (await renamed('b')(one, held.fileId)).answer)
  assert.ok(other.isPending(waiting.request.messageId))
  succeeded(await acknowledgeLease(one, key(1), 'RH'))
  statusIs(await waiting.answer, 'STATUS_OBJECT_NAME_NOT_FOUND')
})

scenario('who would be replaced by a rename is closed, or stays', { files: { a: '', b: '' } }, async (world) => {
  const [one, other] = await two(world)
  const file = await create(other, FILE)
  for (const closes of [false, true]) {
    const held = await openLeased(one, { name: 'b' }, { key: key(1), rights: 'RWH' })
    const waiting = await renamed('b', true)(other, file)
    assert.deepEqual(await breaksIn(one), ['RWH>RW'])
    if (closes) succeeded(await close(one, held.fileId))
    else succeeded(await acknowledgeLease(one, key(1), 'RW'))
    statusIs(await waiting.answer, closes ? 'STATUS_SUCCESS' : 'STATUS_ACCESS_DENIED')
    if (!closes) succeeded(await close(one, held.fileId))
  }
})

scenario('a directory moves when all is closed in it', { files: { 'd/a': '', 'd/e/b': '' } }, async (world) => {
  const [one, other] = await two(world)
  const directory = await openDirectory(other, 'd')
  for (const closes of [false, true]) {
    const [a, b] = [
      await openLeased(one, { name: 'd\\a' }, { key: key(1), rights: 'RWH' }),
      await openLeased(one, { name: 'd\\e\\b' }, { key: key(2), rights: 'RH' }),
    ]
    const waiting = await renamed('z')(other, directory)
    // One after the other.
    assert.deepEqual(await breaksIn(one), ['RWH>RW'])
    if (closes) {
      succeeded(await close(one, a.fileId))
      assert.deepEqual(await breaksIn(one), ['RH>R'])
      succeeded(await close(one, b.fileId))
    } else succeeded(await acknowledgeLease(one, key(1), 'RW'))
    statusIs(await waiting.answer, closes ? 'STATUS_SUCCESS' : 'STATUS_ACCESS_DENIED')
    if (closes) continue
    assert.deepEqual(await breaksOf(one), [])
    for (const { fileId } of [a, b]) succeeded(await close(one, fileId))
  }
})

scenario('to be deleted when it is closed', { files: { a: 'text', b: 'text' } }, async (world) => {
  const [one, other] = await two(world)
  for (const [name, end] of [
    ['a', (fileId: FileId) => close(other, fileId)],
    ['b', () => treeDisconnect(other)],
  ] as const) {
    const held = await openLeased(one, { name }, { key: key(1), rights: 'RH' })
    const createOptions = CreateOptions.DELETE_ON_CLOSE
    const file = await create(other, { name, createOptions, createDisposition: CreateDisposition.OPEN })
    assert.deepEqual(await breaksOf(one), [])
    succeeded(await end(file))
    assert.deepEqual(await breaksIn(one), ['RH>R'])
    statusIs(await tryCreate(one, { name }), 'STATUS_DELETE_PENDING')
    succeeded(await close(one, held.fileId))
    const gone = await tryCreate(one, { name, createDisposition: CreateDisposition.OPEN })
    statusIs(gone, 'STATUS_OBJECT_NAME_NOT_FOUND')
  }
})

scenario('the key of what is to be deleted serves for another file', { files: { a: '', b: '' } }, async (world) => {
  const client = await world.client()
  const createOptions = CreateOptions.DELETE_ON_CLOSE
  const first = await openLeased(client, { ...FILE, createOptions }, { key: key(1), rights: 'RWH' })
  const second = await openLeased(client, { name: 'b' }, { key: key(1), rights: 'RWH' })
  assert.equal(second.lease?.rights, 'RWH')
  succeeded(await close(client, first.fileId))
  assert.equal(world.server.leases.find(CLIENT_GUID, key(1))?.opens.size, 1)
})

scenario('ranges that are zeroed, copied to, shared', { files: { a: 'some text', b: 'some more' } }, async (world) => {
  const [one, other] = await two(world)
  const [file, source] = [await create(other, FILE), await create(other, { name: 'b' })]
  const resumed = await ioctl(other, FsctlCode.SRV_REQUEST_RESUME_KEY, { fileId: source })
  const { resumeKey } = SrvRequestResumeKeyResponse.decode(viewOf(succeeded(resumed).body(IoctlResponse).output))
  const chunks = [{ sourceOffset: 0n, targetOffset: 0n, length: 4 }]
  const controls = [
    [FsctlCode.SET_ZERO_DATA, FileZeroDataInformation.encode({ fileOffset: 0n, beyondFinalZero: 4n })],
    [FsctlCode.SRV_COPYCHUNK_WRITE, SrvCopychunkCopy.encode({ sourceKey: resumeKey.slice(), chunks })],
  ] as const
  for (const [ctlCode, input] of controls) {
    const held = await openLeased(one, FILE, { key: key(1), rights: 'RH' })
    succeeded(await ioctl(other, ctlCode, { fileId: file, input }))
    assert.deepEqual(await breaksIn(one), ['RH>'])
    succeeded(await close(one, held.fileId))
  }
})
