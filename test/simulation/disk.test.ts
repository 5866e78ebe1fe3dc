/** What happens on the disk behind the server's back: files that go, that may not be read, links that lead out. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskBackend } from '../../src/backends/disk/index.ts'
import { FileDispositionInformation, FileInformationClass, FileRenameInformation } from '../../src/wire/fscc/index.ts'
import { CreateDisposition, CreateOptions } from '../../src/wire/smb2/index.ts'
import { close, create, openDirectory, queryDirectory, queryInfo, read, setInfo, tryCreate, write } from './files.ts'
import { scenario, statusIs, succeeded, World } from './world.ts'

function onDisk(name: string, play: (world: World, folder: string, outside: string) => Promise<void>): void {
  scenario(name, {}, async (outer) => {
    const top = mkdtempSync(join(tmpdir(), 'smbkit-simulation-'))
    const [folder, outside] = [join(top, 'share'), join(top, 'outside')]
    mkdirSync(folder)
    mkdirSync(outside)
    chmodSync(top, 0o755)
    writeFileSync(join(outside, 'secret'), 'secret')
    const backend = diskBackend(folder)
    const world = new World({ shares: [{ name: 'data', backend }] }, outer.seed)
    try {
      await play(world, folder, outside)
      await world.end()
      await backend.close()
      assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'secret')
    } catch (error) {
      console.error(`SMBKIT_SEED=${outer.seed}`, world.faults)
      throw error
    } finally {
      rmSync(top, { recursive: true, force: true })
    }
  })
}

onDisk('a file that is removed while it is open', async (world, folder) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  succeeded(await write(client, file, 'text'))
  rmSync(join(folder, 'a'))
  // The handle is as good as before; what it is asked has an answer.
  for (const infoClass of [4, 5, 6, 7, 18, 21, 22, 34]) await queryInfo(client, file, infoClass)
  await read(client, file)
  await write(client, file, 'more')
  const rename = FileRenameInformation.encode({ fileName: 'b', replaceIfExists: false })
  const renamed = await setInfo(client, file, FileInformationClass.FileRenameInformation, rename)
  assert.notEqual(renamed.statusName, 'STATUS_INTERNAL_ERROR')
  const dispose = FileDispositionInformation.encode({ deletePending: true })
  await setInfo(client, file, FileInformationClass.FileDispositionInformation, dispose)
  succeeded(await close(client, file))
  const again = await tryCreate(client, { name: 'a', createDisposition: CreateDisposition.OPEN })
  statusIs(again, 'STATUS_OBJECT_NAME_NOT_FOUND')
})

onDisk('a file that is to be deleted on close and is gone before', async (world, folder) => {
  const client = await world.client()
  const file = await create(client, { name: 'a', createOptions: CreateOptions.DELETE_ON_CLOSE })
  rmSync(join(folder, 'a'))
  succeeded(await close(client, file))
  await create(client, { name: 'a' })
})

onDisk('what took the place of a file that was to be deleted stays', async (world, folder) => {
  const client = await world.client()
  const file = await create(client, { name: 'a', createOptions: CreateOptions.DELETE_ON_CLOSE })
  renameSync(join(folder, 'a'), join(folder, 'moved'))
  writeFileSync(join(folder, 'a'), 'another')
  succeeded(await close(client, file))
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'another')
})

onDisk('a directory that is removed while it is listed', async (world, folder) => {
  const client = await world.client()
  mkdirSync(join(folder, 'd'))
  for (let i = 0; i < 50; i++) writeFileSync(join(folder, 'd', `file-${i}`), '')
  const directory = await openDirectory(client, 'd')
  succeeded(await queryDirectory(client, directory, { outputBufferLength: 500 }))
  rmSync(join(folder, 'd'), { recursive: true })
  for (let i = 0; i < 20; i++) {
    const answer = await queryDirectory(client, directory, { outputBufferLength: 500 })
    assert.notEqual(answer.statusName, 'STATUS_INTERNAL_ERROR')
  }
  const inside = await tryCreate(client, { name: 'd\\new' })
  assert.match(inside.statusName, /PATH_NOT_FOUND|NAME_NOT_FOUND/)
  succeeded(await close(client, directory))
})

onDisk('the share’s own folder is removed', async (world, folder) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  rmSync(folder, { recursive: true })
  const answer = await tryCreate(client, { name: 'b' })
  assert.notEqual(answer.statusName, 'STATUS_SUCCESS')
  assert.notEqual(answer.statusName, 'STATUS_INTERNAL_ERROR')
  succeeded(await close(client, file))
})

onDisk('links that lead out of the share', async (world, folder, outside) => {
  const client = await world.client()
  symlinkSync(outside, join(folder, 'out'))
  symlinkSync(join(outside, 'secret'), join(folder, 'file'))
  symlinkSync('../outside/secret', join(folder, 'relative'))
  symlinkSync('loop', join(folder, 'loop'))
  for (const name of [
    '..::$INDEX_ALLOCATION',
    '..::$DATA',
    '..:s',
    'out\\secret',
    'file',
    'relative',
    'out\\new',
    'loop',
    'loop\\x',
  ])
    for (const createDisposition of [
      CreateDisposition.OPEN,
      CreateDisposition.OPEN_IF,
      CreateDisposition.OVERWRITE_IF,
    ]) {
      const answer = await tryCreate(client, { name, createDisposition })
      assert.notEqual(answer.statusName, 'STATUS_SUCCESS', name)
      assert.notEqual(answer.statusName, 'STATUS_INTERNAL_ERROR', name)
    }
})

const isRoot = process.geteuid?.() === 0
const NOBODY = 65_534

onDisk('what the server itself may not read', async (world, folder) => {
  const client = await world.client()
  writeFileSync(join(folder, 'closed'), 'text')
  mkdirSync(join(folder, 'locked'))
  chmodSync(join(folder, 'closed'), 0o000)
  chmodSync(join(folder, 'locked'), 0o000)
  // Root may read everything: be somebody else meanwhile.
  if (isRoot) process.seteuid?.(NOBODY)
  try {
    const toRead = { desiredAccess: 1, createDisposition: CreateDisposition.OPEN } as const
    statusIs(await tryCreate(client, { name: 'closed', ...toRead }), 'STATUS_ACCESS_DENIED')
    statusIs(await tryCreate(client, { name: 'closed', desiredAccess: 2 }), 'STATUS_ACCESS_DENIED')
    statusIs(await tryCreate(client, { name: 'locked\\x', ...toRead }), 'STATUS_ACCESS_DENIED')
    const directory = await tryCreate(client, { name: 'locked', ...toRead, createOptions: 1 })
    assert.match(directory.statusName, /ACCESS_DENIED|SUCCESS/)
    if (isRoot) statusIs(await tryCreate(client, { name: 'new' }), 'STATUS_ACCESS_DENIED')
  } finally {
    if (isRoot) process.seteuid?.(0)
    chmodSync(join(folder, 'locked'), 0o755)
  }
  await create(client, { name: 'new' })
})
