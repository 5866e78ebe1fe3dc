/** Leases of directories: MS-SMB2 3.3.5.9.11; MS-FSA 2.1.4.12, 2.1.5.14, 2.1.5.15. */
import assert from 'node:assert/strict'
import {
  Capabilities,
  Command,
  CreateDisposition,
  CreateOptions,
  CreateResponse,
  Dialect,
  OplockLevel,
} from '../../src/wire/smb2/index.ts'
import { acknowledgeLease, breaksIn, breaksOf, key, openLeased, openOplocked, withLease } from './caching.ts'
import { allocated, basic, type Change, disposed, linked, renamed, sized } from './changes.ts'
import { type Client, type NegotiateOptions, OTHER } from './client.ts'
import {
  close,
  create,
  type createBody,
  directoryBody,
  openDirectory,
  plainId,
  start,
  treeDisconnect,
  tryCreate,
  write,
} from './files.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const offersLeases: NegotiateOptions = { capabilities: Capabilities.LEASING | Capabilities.DIRECTORY_LEASING }
const two = async (world: World): Promise<readonly [Client, Client]> => [
  await world.client({ negotiate: offersLeases }),
  await world.client({ ...OTHER, negotiate: { ...offersLeases, clientGuid: key(0xffff) } }),
]

const D = key(0xd)
const E = key(0xe)
const LISTS = 0x81
const OF_DIRECTORY = { name: 'd', createOptions: CreateOptions.DIRECTORY_FILE, desiredAccess: LISTS }
const directoryLease = (client: Client, value: { name?: string; key?: string; rights?: string } = {}) =>
  openLeased(
    client,
    { ...OF_DIRECTORY, name: value.name ?? 'd' },
    { key: value.key ?? D, rights: value.rights ?? 'RH', epoch: 0 },
  )

const FILES = { 'd/a': 'text', 'e/b': '' }

scenario('what is granted on a directory', { files: FILES }, async (world) => {
  const [client] = await two(world)
  assert.notEqual((client.negotiated?.capabilities ?? 0) & Capabilities.DIRECTORY_LEASING, 0)
  for (const [asked, granted] of [
    ['', ''],
    ['R', 'R'],
    ['RH', 'RH'],
    ['RW', 'R'],
    ['RWH', 'RH'],
    ['H', ''],
    ['WH', ''],
  ] as const) {
    const { fileId, lease } = await directoryLease(client, { rights: asked })
    assert.equal(lease?.rights, granted, asked)
    succeeded(await close(client, fileId))
  }
  for (const level of [OplockLevel.II, OplockLevel.EXCLUSIVE, OplockLevel.BATCH])
    assert.equal((await openOplocked(client, OF_DIRECTORY, level)).level, OplockLevel.NONE)
  // The first version is for files.
  assert.equal((await openLeased(client, OF_DIRECTORY, { key: D, rights: 'RH' })).lease, undefined)
})

scenario('the dialect has to have them, and the client to want them', { files: FILES }, async (world) => {
  const capabilities = Capabilities.DIRECTORY_LEASING
  for (const [options, offered] of [
    [{ dialects: [Dialect.SMB_2_1], capabilities }, false],
    [{ dialects: [Dialect.SMB_3_0], capabilities: 0 }, false],
    [{ dialects: [Dialect.SMB_3_0], capabilities }, true],
  ] as const) {
    const client = await world.client({ negotiate: options })
    const given = (client.negotiated?.capabilities ?? 0) & Capabilities.DIRECTORY_LEASING
    assert.equal(given !== 0, offered)
  }
})

const fileIn = (client: Client, value: Partial<Parameters<typeof createBody>[0]>, parentKey?: string) =>
  parentKey === undefined
    ? create(client, { name: 'd\\a', ...value })
    : openLeased(client, { name: 'd\\a', ...value }, { key: key(1), rights: '', epoch: 0, parentKey }).then(
        ({ fileId }) => fileId,
      )

const { CREATE, OPEN, OVERWRITE, SUPERSEDE } = CreateDisposition

for (const [name, value, breaks] of [
  ['a new file', { name: 'd\\new', createDisposition: CREATE }, true],
  ['a new directory', { name: 'd\\new', createOptions: CreateOptions.DIRECTORY_FILE }, true],
  ['a file that is replaced', { createDisposition: OVERWRITE }, true],
  ['a file that is superseded', { createDisposition: SUPERSEDE }, true],
  ['a file that is opened', { createDisposition: OPEN }, false],
  ['a new stream of a file', { name: 'd\\a:s', createDisposition: CREATE }, false],
  ['a new file with its first stream', { name: 'd\\new:s', createDisposition: CREATE }, true],
  ['a file further down', { name: 'd\\deep\\a', createDisposition: CREATE }, false],
  ['a file somewhere else', { name: 'e\\new', createDisposition: CREATE }, false],
] as const)
  scenario(name, { files: { ...FILES, 'd/deep/x': '' } }, async (world) => {
    const [one, other] = await two(world)
    await directoryLease(one)
    await fileIn(other, value)
    assert.deepEqual(await breaksIn(one), breaks ? ['RH>'] : [])
    if (breaks) assert.equal((await acknowledgeLease(one, D, '')).statusName, 'STATUS_SUCCESS')
  })

/** What is seen of a file in its directory. */
const seen: Readonly<Record<string, Change>> = {
  attributes: basic({ fileAttributes: 2 }),
  'the time of the last write': basic({ lastWriteTime: 130_000_000_000_000_000n }),
  'the time of the last change': basic({ changeTime: 130_000_000_000_000_000n }),
  'the time of the last access': basic({ lastAccessTime: 130_000_000_000_000_000n }),
  'the time of making': basic({ creationTime: 130_000_000_000_000_000n }),
  'its size': sized(2n),
  'its room': allocated(100_000n),
  'another name': renamed('d\\b'),
  'to another directory': renamed('e\\a'),
  'another name for it': linked('d\\b'),
}
for (const [name, change] of Object.entries(seen))
  for (const [parentKey, told] of [
    [undefined, ['RH>']],
    [key(0xbad), ['RH>']],
    [D, []],
  ] as const)
    scenario(`${name} of a file, parent key ${parentKey}`, { files: FILES }, async (world) => {
      const [one, other] = await two(world)
      await directoryLease(one)
      const file = await fileIn(other, {}, parentKey)
      succeeded(await (await change(other, file)).answer)
      assert.deepEqual(await breaksIn(one), told)
    })

scenario('both directories of a rename are told', { files: FILES }, async (world) => {
  const [one, other] = await two(world)
  await directoryLease(one)
  await directoryLease(one, { name: 'e', key: E })
  const file = await create(other, { name: 'd\\a' })
  succeeded(await (await renamed('e\\c')(other, file)).answer)
  const told = await breaksOf(one)
  assert.deepEqual(
    told.map((each) => each.kind === 'lease' && each.key),
    [D, E],
  )
})

scenario('each where it is: a link is of one directory', { files: FILES }, async (world) => {
  const [one, other] = await two(world)
  await directoryLease(one)
  await directoryLease(one, { name: 'e', key: E })
  const file = await create(other, { name: 'd\\a' })
  succeeded(await (await linked('e\\c')(other, file)).answer)
  const told = await breaksOf(one)
  assert.deepEqual(
    told.map((each) => each.kind === 'lease' && each.key),
    [E],
  )
})

scenario('a directory is found by its name of now', { files: { 'd/sub/a': '', 'e/b': '' } }, async (world) => {
  const [one, other] = await two(world)
  const sub = await directoryLease(one, { name: 'd\\sub' })
  succeeded(await close(one, sub.fileId))
  const moving = await openDirectory(other, 'd\\sub')
  const leased = await directoryLease(one, { name: 'd\\sub', rights: 'R' })
  succeeded(await (await renamed('e\\sub')(other, moving)).answer)
  assert.deepEqual(await breaksOf(one), [])
  await create(other, { name: 'e\\sub\\new' })
  assert.deepEqual(await breaksIn(one), ['R>!'])
  succeeded(await close(one, leased.fileId))
})

scenario('what is written is told at the end', { files: FILES }, async (world) => {
  const [one, other] = await two(world)
  await directoryLease(one)
  const file = await create(other, { name: 'd\\a' })
  succeeded(await write(other, file, 'x'))
  assert.deepEqual(await breaksOf(one), [])
  succeeded(await close(other, file))
  assert.deepEqual(await breaksIn(one), ['RH>'])
  // Who has nothing written has nothing to tell.
  succeeded(await acknowledgeLease(one, D, ''))
  await directoryLease(one)
  succeeded(await close(other, await create(other, { name: 'd\\a' })))
  assert.deepEqual(await breaksOf(one), [])
})

scenario('what is removed is told when it is gone', { files: { ...FILES, 'd/b': '' } }, async (world) => {
  const [one, other] = await two(world)
  const held = await directoryLease(one)
  const file = await create(other, { name: 'd\\a' })
  succeeded(await (await disposed()(other, file)).answer)
  assert.deepEqual(await breaksOf(one), [])
  succeeded(await close(other, file))
  assert.deepEqual(await breaksIn(one), ['RH>'])
  succeeded(await acknowledgeLease(one, D, ''))
  succeeded(await close(one, held.fileId))
  await directoryLease(one)
  await create(other, { name: 'd\\b', createOptions: CreateOptions.DELETE_ON_CLOSE })
  succeeded(await treeDisconnect(other))
  assert.deepEqual(await breaksIn(one), ['RH>'])
})

for (const [marks, closes, told] of [
  [D, D, []],
  [D, undefined, ['RH>']],
  [undefined, D, ['RH>']],
] as const)
  scenario(`removed: ${marks} marks, ${closes} is the last`, { files: FILES }, async (world) => {
    const [one, other] = await two(world)
    await directoryLease(one)
    const open = (client: Client, number: number, parentKey: string | undefined) =>
      parentKey === undefined
        ? create(client, { name: 'd\\a' })
        : openLeased(client, { name: 'd\\a' }, { key: key(number), rights: '', epoch: 0, parentKey }).then(
            ({ fileId }) => fileId,
          )
    const marker = await open(other, 1, marks)
    const last = await open(other, 2, closes)
    succeeded(await (await disposed()(other, marker)).answer)
    succeeded(await close(other, marker))
    succeeded(await close(other, last))
    assert.deepEqual(await breaksIn(one), told)
  })

scenario('sharing: who caches a directory closes it first', { files: FILES }, async (world) => {
  const [one, other] = await two(world)
  for (const closes of [true, false]) {
    const held = await openLeased(one, { ...OF_DIRECTORY, shareAccess: 0 }, { key: D, rights: 'RH', epoch: 0 })
    const waiting = await start(other, Command.CREATE, directoryBody({ name: 'd' }))
    assert.deepEqual(await breaksIn(one), ['RH>R'])
    if (closes) {
      succeeded(await close(one, held.fileId))
      succeeded(await close(other, plainId(succeeded(await waiting.answer).body(CreateResponse).fileId)))
    } else {
      succeeded(await acknowledgeLease(one, D, 'R'))
      statusIs(await waiting.answer, 'STATUS_SHARING_VIOLATION')
      succeeded(await close(one, held.fileId))
    }
  }
})

scenario('names do not come into what others may delete', { files: FILES }, async (world) => {
  const [one, other] = await two(world)
  const file = await create(other, { name: 'd\\a' })
  for (const closes of [false, true]) {
    const value = { ...OF_DIRECTORY, name: 'e', desiredAccess: LISTS | 0x1_0000 }
    const held = await openLeased(one, value, { key: E, rights: 'RH', epoch: 0 })
    const waiting = await renamed('e\\a')(other, file)
    assert.deepEqual(await breaksIn(one), ['RH>R'])
    succeeded(await (closes ? close(one, held.fileId) : acknowledgeLease(one, E, 'R')))
    statusIs(await waiting.answer, closes ? 'STATUS_SUCCESS' : 'STATUS_SHARING_VIOLATION')
    if (!closes) succeeded(await close(one, held.fileId))
  }
})

scenario('states of directories are counted too', { files: FILES }, async (world) => {
  const [one, other] = await two(world)
  assert.equal((await directoryLease(one, { rights: 'R' })).lease?.epoch, 1)
  assert.equal((await directoryLease(one)).lease?.epoch, 2)
  await create(other, { name: 'd\\new' })
  assert.deepEqual(await breaksOf(one), [
    { kind: 'lease', key: D, from: 'RH', to: '', mustAcknowledge: true, epoch: 3 },
  ])
})

scenario('the root is a directory like others', { files: FILES }, async (world) => {
  const [one, other] = await two(world)
  await directoryLease(one, { name: '' })
  await create(other, { name: 'new' })
  assert.deepEqual(await breaksIn(one), ['RH>'])
})

scenario('several cache one directory', { files: FILES }, async (world) => {
  const [one, other] = await two(world)
  for (const [client, lease] of [
    [one, D],
    [one, E],
    [other, D],
  ] as const)
    assert.equal((await directoryLease(client, { key: lease })).lease?.rights, 'RH')
  const third = await world.client({ negotiate: { ...offersLeases, clientGuid: key(0xfffe) } })
  const value = withLease({ name: 'd\\new' }, { key: key(3), rights: '', epoch: 0, parentKey: E })
  succeeded(await tryCreate(third, value))
  assert.deepEqual([await breaksIn(one), await breaksIn(other)], [['RH>'], ['RH>']])
})
