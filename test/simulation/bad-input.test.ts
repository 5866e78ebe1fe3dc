/** Issue 2, section 6: what no client should send. Each gets a status or the end of its connection; the server lives on. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { FileFullEaInformation, FileInformationClass } from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateContextName,
  CreateDisposition,
  CreateOptions,
  FsctlCode,
  InfoType,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import {
  close,
  closeBody,
  create,
  createBody,
  directoryBody,
  echo,
  echoBody,
  exclusive,
  flush,
  ioctl,
  lockBody,
  notifyBody,
  openDirectory,
  queryDirectory,
  queryInfo,
  read,
  readBody,
  setInfo,
  tryCreate,
  write,
  writeBody,
} from './files.ts'
import { framed, HEADER_BYTES } from './messages.ts'
import { assertCutOff, scenario, statusIs, succeeded, type World } from './world.ts'

const unsigned = { signs: false, negotiate: { dialects: [0x0210] } }

/** A client whose requests are not signed, so that only what is tested is wrong with them. */
async function plain(world: World): Promise<{ client: Client; file: { persistent: bigint; volatile: bigint } }> {
  const client = await world.client(unsigned)
  const file = await create(client, { name: 'a' }, { credits: 500 })
  succeeded(await write(client, file, 'text'))
  return { client, file }
}

type File = { persistent: bigint; volatile: bigint }
/** One good body of each command that needs a session. */
const bodies = (file: File): readonly [string, number, Uint8Array][] => [
  ['CREATE', Command.CREATE, createBody({ name: 'b', createContexts: [{ name: 'MxAc', data: new Uint8Array(8) }] })],
  ['CLOSE', Command.CLOSE, closeBody({ persistent: 1n, volatile: 1n })],
  ['READ', Command.READ, readBody(file)],
  ['WRITE', Command.WRITE, writeBody(file, 'some text')],
  ['LOCK', Command.LOCK, lockBody(file, exclusive(0n, 1n), exclusive(5n, 1n))],
  ['CHANGE_NOTIFY', Command.CHANGE_NOTIFY, notifyBody(file)],
  ['TREE_CONNECT', Command.TREE_CONNECT, Uint8Array.of(9, 0, 0, 0, 72, 0, 4, 0, 92, 0, 92, 0)],
]

scenario('messages cut off at every byte', {}, async (world) => {
  const { client, file } = await plain(world)
  for (const [name, command, body] of bodies(file))
    for (let length = 0; length < body.length; length += length < 60 ? 1 : 7) {
      const answer = await client.callRaw(command, body.slice(0, length))
      // A last byte that only StructureSize counts may be missing.
      if (length < body.length - 8) assert.notEqual(answer.statusName, 'STATUS_SUCCESS', `${name} of ${length} bytes`)
    }
  succeeded(await echo(client))
})

scenario('wrong structure sizes', {}, async (world) => {
  const { client, file } = await plain(world)
  for (const [, command, body] of bodies(file))
    for (const size of [0, 1, (body[0] as number) - 1, (body[0] as number) + 1, 0xffff]) {
      const wrong = body.slice()
      viewOf(wrong).setUint16(0, size, true)
      statusIs(await client.callRaw(command, wrong), 'STATUS_INVALID_PARAMETER')
    }
  succeeded(await read(client, file))
})

scenario('offsets and lengths that point anywhere', {}, async (world) => {
  const { client, file } = await plain(world)
  const wild = [0, 1, 63, 64, 0x7fff, 0xffff]
  for (const [, command, body] of bodies(file))
    for (let at = 2; at + 2 <= Math.min(body.length, 56); at += 2)
      for (const value of wild) {
        const wrong = body.slice()
        viewOf(wrong).setUint16(at, value, true)
        const waiting = client.callRaw(command, wrong)
        if (command === Command.CHANGE_NOTIFY || command === Command.LOCK) continue
        await waiting
      }
  await world.settled()
  if (!client.isClosed) succeeded(await echo(client))
})

scenario('commands that do not exist', {}, async (world) => {
  const { client } = await plain(world)
  for (const command of [0x13, 0x14, 0x80, 0x7fff, 0xffff])
    statusIs(await client.callRaw(command, new Uint8Array(40)), 'STATUS_INVALID_PARAMETER')
  succeeded(await echo(client))
})

scenario('information classes that do not exist', {}, async (world) => {
  const { client, file } = await plain(world)
  const directory = await openDirectory(client, '')
  for (let infoClass = 0; infoClass < 256; infoClass++) {
    for (const infoType of [InfoType.FILE, InfoType.FILESYSTEM, InfoType.SECURITY, InfoType.QUOTA, 0, 9, 255]) {
      const value = { infoType: infoType as InfoType, inputBuffer: world.random.bytes(world.random.below(20)) }
      await queryInfo(client, file, infoClass, value)
      await setInfo(client, file, infoClass, world.random.bytes(world.random.below(64)), {
        infoType: infoType,
      })
    }
    await queryDirectory(client, directory, { fileInformationClass: infoClass, flags: 0x10 })
  }
  statusIs(await queryInfo(client, file, 200), 'STATUS_INVALID_INFO_CLASS')
  statusIs(await setInfo(client, file, 200, new Uint8Array(8)), 'STATUS_INVALID_INFO_CLASS')
  statusIs(await queryDirectory(client, directory, { fileInformationClass: 200 }), 'STATUS_INVALID_INFO_CLASS')
  statusIs(await queryInfo(client, file, 5, { infoType: 9 }), 'STATUS_INVALID_PARAMETER')
})

scenario('controls that do not exist, and ones without their input', {}, async (world) => {
  const { client, file } = await plain(world)
  const directory = await openDirectory(client, '')
  const ending: ReadonlySet<number> = new Set([FsctlCode.VALIDATE_NEGOTIATE_INFO])
  for (const code of Object.values(FsctlCode)) {
    if (ending.has(code)) continue
    for (const fileId of [file, directory, undefined])
      for (const length of [0, 1, 7, 16, 24, 100])
        await ioctl(client, code, { ...(fileId && { fileId }), input: world.random.bytes(length) })
  }
  statusIs(await ioctl(client, 0x0009_fffc, { fileId: file }), 'STATUS_INVALID_DEVICE_REQUEST')
  statusIs(await ioctl(client, 0x0009_fffc), 'STATUS_FILE_CLOSED')
  statusIs(await ioctl(client, FsctlCode.SRV_REQUEST_RESUME_KEY, { fileId: file, flags: 0 }), 'STATUS_NOT_SUPPORTED')
  succeeded(await read(client, file))
})

scenario('a list of create contexts that loops, overlaps or leaves the message', {}, async (world) => {
  const { client } = await plain(world)
  const good = createBody({
    name: 'b',
    createContexts: [
      { name: 'MxAc', data: new Uint8Array(8) },
      { name: 'QFid', data: new Uint8Array(0) },
      { name: 'AlSi', data: new Uint8Array(8) },
    ],
  })
  const listAt = viewOf(good).getUint32(48, true) - HEADER_BYTES
  for (const next of [1, 8, 15, 0xffff_fff8, 0x8000_0000, 1000]) {
    const body = good.slice()
    viewOf(body).setUint32(listAt, next, true)
    statusIs(await client.callRaw(Command.CREATE, body), 'STATUS_INVALID_PARAMETER')
  }
  // Names and data that lie outside their context.
  for (const [at, value] of [
    [4, 0xfff0],
    [6, 0xffff],
    [10, 0xffff],
    [12, 0xffff_ffff],
  ] as const) {
    const body = good.slice()
    if (at === 12) viewOf(body).setUint32(listAt + at, value, true)
    else viewOf(body).setUint16(listAt + at, value, true)
    statusIs(await client.callRaw(Command.CREATE, body), 'STATUS_INVALID_PARAMETER')
  }
  // More of them than anybody needs.
  const many = Array.from({ length: 1000 }, () => ({ name: 'QFid', data: new Uint8Array(0) }))
  statusIs(await tryCreate(client, { name: 'b', createContexts: many }), 'STATUS_INVALID_PARAMETER')
})

scenario('create contexts with nonsense in them', {}, async (world) => {
  const { client } = await plain(world)
  for (const name of Object.values(CreateContextName))
    for (const length of [0, 1, 3, 8, 15, 16, 52, 200]) {
      const data = world.random.bytes(length)
      const answer = await tryCreate(client, { name: 'b', createContexts: [{ name, data }] })
      if (answer.statusName === 'STATUS_SUCCESS') continue
      assert.match(answer.statusName, /INVALID|DISK_FULL|NOT_FOUND|EA_|NOT_SUPPORTED|OBJECT/, name)
    }
})

scenario('a list of extended attributes that loops', {}, async (world) => {
  const { client, file } = await plain(world)
  const entries = [1, 2, 3].map((n) => ({ flags: 0, eaName: `NAME${n}`, eaValue: Uint8Array.of(n) }))
  const good = FileFullEaInformation.encode({ entries })
  succeeded(await setInfo(client, file, FileInformationClass.FileFullEaInformation, good))
  for (const next of [1, 4, 0xffff_fffc, 0x8000_0000, 500]) {
    const wrong = good.slice()
    viewOf(wrong).setUint32(0, next, true)
    const answer = await setInfo(client, file, FileInformationClass.FileFullEaInformation, wrong)
    assert.notEqual(answer.statusName, 'STATUS_SUCCESS', `next ${next}`)
    const named = await queryInfo(client, file, FileInformationClass.FileFullEaInformation, { inputBuffer: wrong })
    assert.notEqual(named.statusName, 'STATUS_SUCCESS', `next ${next}`)
  }
})

const escapes = [
  '..',
  '..\\x',
  '..\\..\\x',
  'a\\..\\..',
  'a\\..\\..\\x',
  'd\\..\\..\\..\\etc\\passwd',
  '../x',
  'd/../../x',
  'd\\../..\\x',
  '\\x',
  '\\\\server\\share\\x',
  '/etc/passwd',
  'C:\\x',
  'C:/x',
  '\\??\\C:\\x',
  '\\Device\\HarddiskVolume1\\x',
  'd\\\\x',
  'd\\.\\x',
  '.',
  '..::$INDEX_ALLOCATION',
  '..:$I30:$INDEX_ALLOCATION',
  '..::$DATA',
  '..:stream',
  'd\\..::$DATA',
  'd\\..\\..:stream:$DATA',
  'x\0y',
  '\0',
  'x\u0001y',
  'x?',
  'x*',
  'x<y',
  'x>y',
  'x"y',
  'x|y',
  'a:b:c:d',
  'a::$INDEX_ALLOCATION:x',
  'a:$DATA:$DATA:$DATA',
  'a:b\\c',
  'd:s\\a',
  'x'.repeat(256),
  'x\\'.repeat(20_000),
  '\ud800\\..\\..\\x',
] as const
scenario('names that lead outside, or are none', { files: { 'd/a': '1', a: '2' } }, async (world) => {
  const client = await world.client()
  for (const name of escapes)
    for (const createDisposition of [CreateDisposition.OPEN, CreateDisposition.OPEN_IF])
      for (const createOptions of [0, CreateOptions.DIRECTORY_FILE, CreateOptions.DELETE_ON_CLOSE]) {
        const answer = await tryCreate(client, { name, createDisposition, createOptions })
        assert.match(
          answer.statusName,
          /OBJECT_NAME_INVALID|OBJECT_PATH_SYNTAX_BAD|INVALID_PARAMETER|OBJECT_PATH_NOT_FOUND|OBJECT_NAME_NOT_FOUND/,
          JSON.stringify(name.slice(0, 40)),
        )
      }
})

scenario('names of devices are names', {}, async (world) => {
  const client = await world.client()
  for (const name of ['CON', 'NUL', 'COM1', 'LPT1.txt', 'aux', 'PRN']) {
    const answer = await tryCreate(client, { name })
    assert.match(answer.statusName, /SUCCESS|OBJECT_NAME_INVALID/, name)
  }
})

scenario('masks and options that do not exist', {}, async (world) => {
  const { client } = await plain(world)
  const cases: readonly [Partial<Parameters<typeof createBody>[0]>, RegExp][] = [
    [{ desiredAccess: 0 }, /ACCESS_DENIED/],
    [{ desiredAccess: 0x00e0_0000 }, /ACCESS_DENIED/],
    [{ shareAccess: 8 }, /INVALID_PARAMETER/],
    [{ createDisposition: 6 }, /INVALID_PARAMETER/],
    [{ createDisposition: 0xffff_ffff }, /INVALID_PARAMETER/],
    [{ createOptions: 0x41 }, /INVALID_PARAMETER/],
    [{ createOptions: 0x0100_0000 }, /INVALID_PARAMETER/],
    [{ createOptions: CreateOptions.OPEN_BY_FILE_ID }, /NOT_SUPPORTED/],
    [{ impersonationLevel: 7 }, /BAD_IMPERSONATION_LEVEL/],
    [{ fileAttributes: 0xffff_ffff }, /INVALID_PARAMETER/],
    [{ requestedOplockLevel: 0x77 }, /SUCCESS|INVALID_PARAMETER/],
  ]
  for (const [value, status] of cases)
    assert.match((await tryCreate(client, { name: 'n', ...value })).statusName, status)
})

const numbers = [0n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n]
scenario('offsets and sizes of 64 bits', {}, async (world) => {
  const { client, file } = await plain(world)
  const u64 = (value: bigint): Uint8Array => {
    const bytes = new Uint8Array(8)
    viewOf(bytes).setBigUint64(0, value, true)
    return bytes
  }
  for (const number of numbers) {
    await read(client, file, { offset: number })
    if (number > 2n ** 44n && number !== 2n ** 64n - 1n)
      assert.notEqual((await write(client, file, 'x', { offset: number })).statusName, 'STATUS_SUCCESS', `${number}`)
    for (const infoClass of [14, 19, 20, 39]) {
      if (number > 0n && number < 2n ** 44n) continue
      const answer = await setInfo(client, file, infoClass, u64(number))
      if (number > 2n ** 53n && infoClass !== 14) assert.notEqual(answer.statusName, 'STATUS_SUCCESS', `${infoClass}`)
    }
    for (const other of numbers) {
      const range = new Uint8Array(Buffer.concat([u64(number), u64(other)]))
      await ioctl(client, FsctlCode.SET_ZERO_DATA, { fileId: file, input: range })
      await ioctl(client, FsctlCode.QUERY_ALLOCATED_RANGES, { fileId: file, input: range })
    }
    await ioctl(client, FsctlCode.SRV_COPYCHUNK, {
      fileId: file,
      input: new Uint8Array(Buffer.concat([new Uint8Array(24), u64(1n), u64(number), u64(number), u64(0xffffn)])),
    })
  }
  succeeded(await echo(client))
})

scenario('files and directories where the other is due', { files: { a: '1', 'd/b': '2' } }, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const directory = await openDirectory(client, 'd')
  statusIs(await read(client, directory), 'STATUS_INVALID_DEVICE_REQUEST')
  statusIs(await write(client, directory, 'x'), 'STATUS_INVALID_DEVICE_REQUEST')
  statusIs(await queryDirectory(client, file), 'STATUS_INVALID_PARAMETER')
  statusIs(await client.callRaw(Command.CHANGE_NOTIFY, notifyBody(file)), 'STATUS_INVALID_PARAMETER')
  statusIs(
    await tryCreate(client, { name: 'a', createOptions: CreateOptions.DIRECTORY_FILE }),
    'STATUS_NOT_A_DIRECTORY',
  )
  statusIs(
    await tryCreate(client, { name: 'd', createOptions: CreateOptions.NON_DIRECTORY_FILE }),
    'STATUS_FILE_IS_A_DIRECTORY',
  )
  statusIs(await tryCreate(client, { name: 'a\\x' }), 'STATUS_OBJECT_PATH_NOT_FOUND')
  succeeded(await flush(client, file))
})

const garbage: readonly [string, Uint8Array][] = [
  ['HTTP', new Uint8Array(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))],
  ['a NetBIOS session request', framedAs(0x81, 68)],
  ['a NetBIOS positive answer', framedAs(0x82, 0)],
  ['a NetBIOS type of none', framedAs(0x7f, 4)],
  ['a keep-alive with a length', framedAs(0x85, 4)],
  ['16 MiB before a logon', Uint8Array.of(0, 0xff, 0xff, 0xff)],
  ['128 KiB and a byte before a logon', Uint8Array.of(0, 2, 0, 1)],
  ['one byte as a message', framed(Uint8Array.of(0xfe))],
  ['half a header', framed(header().slice(0, 40))],
  ['a header of another protocol', framed(new Uint8Array(100).fill(0x41))],
  ['a compressed message', framed(Uint8Array.of(0xfc, 0x53, 0x4d, 0x42, ...new Uint8Array(60)))],
  ['an answer', framed(header(1))],
  ['a header of another size', framed(header().with(4, 63))],
]
function framedAs(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(4 + length)
  bytes[0] = type
  bytes[3] = length
  return bytes
}
function header(flags = 0): Uint8Array {
  const message = new Uint8Array(68)
  message.set([0xfe, 0x53, 0x4d, 0x42, 64])
  message[16] = flags
  return message
}
for (const [what, bytes] of garbage)
  scenario(`${what} ends the connection`, {}, async (world) => {
    const client = world.connect()
    client.sendBytes(bytes)
    await assertCutOff(client)
  })

scenario('keep-alives are ignored', {}, async (world) => {
  const client = world.connect()
  client.sendBytes(Uint8Array.of(0x85, 0, 0, 0, 0, 0, 0, 0, 0x85, 0, 0, 0))
  await client.negotiate()
  client.sendBytes(Uint8Array.of(0x85, 0, 0, 0))
  succeeded(await echo(client))
})

scenario(
  'a message that is larger than any may be, after the logon',
  { server: { limits: { maxReadBytes: 65_536, maxWriteBytes: 65_536, maxTransactBytes: 65_536 } } },
  async (world) => {
    const client = await world.client()
    client.sendBytes(Uint8Array.of(0, 2, 0, 1))
    await assertCutOff(client)
  },
)

scenario('half a frame, and then nothing more', {}, async (world) => {
  const client = await world.client()
  await create(client, { name: 'a' })
  client.sendBytes(framed(client.prepare(Command.ECHO, echoBody()).message).slice(0, 50))
  await world.settled()
  assert.equal(client.isClosed, false)
  client.disconnect()
  await world.settled()
  world.assertNothingLeft()
})

scenario('thousands of half logons', {}, async (world) => {
  for (let i = 0; i < 40; i++) {
    const client = world.connect()
    await client.negotiate()
    for (let n = 0; n < 64; n++) await client.halfLogon()
    assert.equal((await client.halfLogon()).status, NtStatus.INSUFFICIENT_RESOURCES)
  }
  assert.equal(world.server.sessions.size, 40 * 64)
  // A real client gets in all the same.
  const client = await world.client()
  world.clock.advance(60_000)
  await world.settled()
  assert.equal(world.server.sessions.size, 1)
  succeeded(await echo(client))
})

scenario('more connections than there may be', { server: { limits: { maxConnections: 5 } } }, async (world) => {
  const clients = [1, 2, 3, 4, 5].map(() => world.connect())
  assert.throws(() => world.connect(), /takes no more connections/)
  clients[0]?.disconnect()
  await world.settled()
  await world.client()
})

const small = { shares: [{ name: 'data', backend: memoryBackend({ totalBytes: 1024 * 1024 }) }] }
scenario('a full disk', small, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  let offset = 0n
  let status = 'STATUS_SUCCESS'
  for (; status === 'STATUS_SUCCESS' && offset < 4_000_000n; offset += 60_000n)
    status = (await write(client, file, new Uint8Array(60_000).fill(1), { offset })).statusName
  assert.equal(status, 'STATUS_DISK_FULL')
  succeeded(await read(client, file))
  const reserve = new Uint8Array(8)
  viewOf(reserve).setBigUint64(0, 2n ** 40n, true)
  statusIs(await setInfo(client, file, FileInformationClass.FileAllocationInformation, reserve), 'STATUS_DISK_FULL')
  const answer = await tryCreate(client, { name: 'big', createContexts: [{ name: 'AlSi', data: reserve }] })
  statusIs(answer, 'STATUS_DISK_FULL')
  // Room that is given back is there again.
  statusIs(
    await setInfo(client, file, FileInformationClass.FileEndOfFileInformation, new Uint8Array(8)),
    'STATUS_SUCCESS',
  )
  succeeded(await write(client, file, 'text'))
  succeeded(await close(client, file))
})

const few = { shares: [{ name: 'data', backend: memoryBackend({ maxFiles: 10 }) }] }
scenario('no room for another file', few, async (world) => {
  const client = await world.client()
  const statuses = new Set<string>()
  for (let i = 0; i < 20; i++)
    statuses.add((await client.callRaw(Command.CREATE, directoryBody({ name: `d${i}` }))).statusName)
  assert.deepEqual([...statuses], ['STATUS_SUCCESS', 'STATUS_DISK_FULL'])
})
