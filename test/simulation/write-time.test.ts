/** docs/decisions/0008-write-time.md: when writes show in the LastWriteTime. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  FileBasicInformation,
  FileDirectoryInformation,
  FileEndOfFileInformation,
  FileInformationClass,
} from '../../src/wire/fscc/index.ts'
import {
  CloseFlags,
  CloseRequest,
  CloseResponse,
  Command,
  QueryDirectoryResponse,
  QueryInfoResponse,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { close, create, flush, openDirectory, queryDirectory, queryInfo, setInfo, write } from './files.ts'
import { scenario, succeeded, type World } from './world.ts'

type FileId = Awaited<ReturnType<typeof create>>

const { FileBasicInformation: BASIC, FileEndOfFileInformation: END_OF_FILE } = FileInformationClass
const AS_IT_IS = { creationTime: 0n, lastAccessTime: 0n, lastWriteTime: 0n, changeTime: 0n, fileAttributes: 0 }

async function writeTime(client: Client, file: FileId): Promise<bigint> {
  const { outputBuffer } = succeeded(await queryInfo(client, file, BASIC)).body(QueryInfoResponse)
  return FileBasicInformation.decode(viewOf(outputBuffer)).lastWriteTime
}

async function closeTime(client: Client, fileId: FileId): Promise<bigint> {
  const value = { flags: CloseFlags.POSTQUERY_ATTRIB, fileId }
  return succeeded(await client.call(Command.CLOSE, CloseRequest, value)).body(CloseResponse).lastWriteTime
}

/** A file that was written a second after it was made. */
async function written(world: World) {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const before = await writeTime(client, file)
  world.clock.advance(1000)
  succeeded(await write(client, file, 'x'))
  assert.equal(await writeTime(client, file), before)
  return { client, file, before }
}

scenario('the first write shows two seconds later, by whatever way it is asked for', {}, async (world) => {
  const { client, file, before } = await written(world)
  const directory = await openDirectory(client, '')
  const listed = async (): Promise<bigint> => {
    const asked = await queryDirectory(client, directory, { fileInformationClass: 0x01, flags: 1, fileName: 'a' })
    const { outputBuffer } = succeeded(asked).body(QueryDirectoryResponse)
    return FileDirectoryInformation.decode(viewOf(outputBuffer)).lastWriteTime
  }
  const other = await world.client()
  assert.equal(await writeTime(other, await create(other, { name: 'a' })), before)
  assert.equal(await listed(), before)
  world.clock.advance(1999)
  assert.equal(await writeTime(client, file), before)
  world.clock.advance(1)
  assert.equal(await writeTime(client, file), before + 10_000_000n)
  assert.equal(await listed(), before + 10_000_000n)
})

scenario('later writes show when a handle that wrote is closed', {}, async (world) => {
  const { client, file, before } = await written(world)
  world.clock.advance(2000)
  succeeded(await write(client, file, 'y'))
  world.clock.advance(10_000)
  const shown = await writeTime(client, file)
  assert.equal(shown, before + 10_000_000n)
  assert.equal(await closeTime(client, file), world.clock.now())
})

scenario('a file that is closed at once has the time of its write', {}, async (world) => {
  const { client, file, before } = await written(world)
  world.clock.advance(500)
  assert.equal(await closeTime(client, file), before + 10_000_000n)
  const again = await create(client, { name: 'a' })
  assert.equal(await writeTime(client, again), before + 10_000_000n)
  succeeded(await close(client, again))
})

const forward: readonly (readonly [string, (client: Client, file: FileId) => Promise<unknown>])[] = [
  ['a flush', (client, file) => flush(client, file)],
  [
    'an end of file',
    (client, file) => setInfo(client, file, END_OF_FILE, FileEndOfFileInformation.encode({ endOfFile: 1n })),
  ],
  ['times of zero', (client, file) => setInfo(client, file, BASIC, FileBasicInformation.encode(AS_IT_IS))],
]
for (const [what, change] of forward)
  scenario(`${what} brings it forward`, {}, async (world) => {
    const { client, file } = await written(world)
    world.clock.advance(100)
    await change(client, file)
    assert.equal(await writeTime(client, file), world.clock.now())
    assert.equal(await closeTime(client, file), world.clock.now())
  })

scenario('a time that is set stays when the handle that wrote is closed', {}, async (world) => {
  const { client, file } = await written(world)
  const other = await create(client, { name: 'a' })
  const lastWriteTime = 120_000_000_000_000_000n
  succeeded(await setInfo(client, other, BASIC, FileBasicInformation.encode({ ...AS_IT_IS, lastWriteTime })))
  assert.equal(await closeTime(client, file), lastWriteTime)
})
