/** Quotas: kept and told, for administrators to set (MS-SMB2 3.3.5.20.4, 3.3.5.21.4). */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import { AccessMask } from '../../src/wire/dtyp/index.ts'
import {
  FileFsAttributeInformation,
  FileFsControlInformation,
  FileGetQuotaInformation,
  FileQuotaInformation,
  FileSystemAttributes,
  FileSystemControlFlags,
  FsInformationClass,
} from '../../src/wire/fscc/index.ts'
import { CreateResponse, type FileId, InfoType, QueryInfoResponse, QueryQuotaInfo } from '../../src/wire/smb2/index.ts'
import { type Client, OTHER } from './client.ts'
import { close, create, openDirectory, queryInfo, setInfo, tryCreate } from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const NAME = '$Extend\\$Quota:$Q:$INDEX_ALLOCATION'
const UNLIMITED = 0xffff_ffff_ffff_ffffn
const REMOVED = 0xffff_ffff_ffff_fffen
const administered = { administrators: ['tester'] }

const sidOf = (world: World, user: string): string => {
  const session = [...world.server.sessions.values()].find(({ identity }) => identity?.user === user)
  return session?.identity?.sid ?? assert.fail(`${user} has not logged on`)
}
const openIndex = (client: Client, name = NAME): Promise<FileId> =>
  create(client, { name, desiredAccess: AccessMask.GENERIC_READ | AccessMask.GENERIC_WRITE })
const account = (n: number): string => `S-1-5-21-10-20-30-${n}`

const entry = (sid: string, quotaLimit: bigint, quotaThreshold = quotaLimit / 2n) => ({
  changeTime: 5n,
  quotaUsed: 77n,
  quotaThreshold,
  quotaLimit,
  sid,
})
const quota = { infoType: InfoType.QUOTA }
const volume = { infoType: InfoType.FILESYSTEM }
const setQuotas = (client: Client, fileId: FileId, ...entries: ReturnType<typeof entry>[]): Promise<Answer> =>
  setInfo(client, fileId, 0, FileQuotaInformation.encode({ entries }), quota)

const controlWith = (fileSystemControlFlags: number): Uint8Array =>
  FileFsControlInformation.encode({
    freeSpaceStartFiltering: 0n,
    freeSpaceThreshold: 0n,
    freeSpaceStopFiltering: 0n,
    defaultQuotaThreshold: 8n,
    defaultQuotaLimit: 9n,
    fileSystemControlFlags,
  })

interface Asked {
  readonly list?: readonly string[]
  readonly start?: string
  readonly single?: boolean
  readonly restart?: boolean
  readonly room?: number
  readonly charge?: number
}

function askQuotas(
  client: Client,
  fileId: FileId,
  { list, start, single, restart, room, charge = 1 }: Asked,
): Promise<Answer> {
  const sids = list ?? (start === undefined ? [] : [start])
  const entries =
    sids.length === 0 ? new Uint8Array(0) : FileGetQuotaInformation.encode({ entries: sids.map((sid) => ({ sid })) })
  // The SID to begin with is sent as it is, without the head of an entry.
  const sidBuffer = start === undefined ? entries : entries.subarray(8)
  const inputBuffer = QueryQuotaInfo.encode({
    returnSingle: single === true ? 1 : 0,
    restartScan: restart === true ? 1 : 0,
    sidListLength: list === undefined ? 0 : sidBuffer.length,
    startSidLength: start === undefined ? 0 : sidBuffer.length,
    startSidOffset: 0,
    sidBuffer,
  })
  return queryInfo(client, fileId, 0, { ...quota, inputBuffer, outputBufferLength: room ?? 4096 }, { charge })
}

const entriesOf = (answer: Answer) =>
  FileQuotaInformation.decode(viewOf(succeeded(answer).body(QueryInfoResponse).outputBuffer)).entries
const sidsOf = (answer: Answer) => entriesOf(answer).map(({ sid }) => sid)

scenario('quotas are set by administrators, and told', administered, async (world) => {
  const client = await world.client()
  const index = await openIndex(client)
  statusIs(await askQuotas(client, index, { restart: true }), 'STATUS_NO_MORE_ENTRIES')
  succeeded(await setQuotas(client, index, entry(account(1), 100n), entry(account(2), UNLIMITED)))
  succeeded(await setQuotas(client, index, entry(account(3), 300n), entry(account(1), 110n)))
  const all = entriesOf(await askQuotas(client, index, { restart: true }))
  assert.deepEqual(
    all.map(({ sid, quotaLimit, quotaThreshold }) => [sid, quotaLimit, quotaThreshold]),
    [
      [account(1), 110n, 55n],
      [account(2), UNLIMITED, UNLIMITED / 2n],
      [account(3), 300n, 150n],
    ],
  )
  // Nothing is counted, and the time is the server's.
  assert.deepEqual(new Set(all.map(({ quotaUsed }) => quotaUsed)), new Set([0n]))
  assert.equal(all[0]?.changeTime, world.clock.now())
  succeeded(await setQuotas(client, index, entry(account(2), REMOVED)))
  succeeded(await close(client, index))
  // Any handle will do, and what was set stays.
  const root = await openDirectory(client, '')
  assert.deepEqual(sidsOf(await askQuotas(client, root, { restart: true })), [account(1), account(3)])
})

scenario('a listing of quotas goes on where it was, or at an account, or names some', administered, async (world) => {
  const client = await world.client()
  const index = await openIndex(client)
  const entries = [1, 2, 3, 4].map((n) => entry(account(n), BigInt(n) * 100n))
  succeeded(await setQuotas(client, index, ...entries))
  assert.deepEqual(sidsOf(await askQuotas(client, index, { single: true })), [account(1)])
  const oneEntry = 40 + 28
  statusIs(await askQuotas(client, index, { room: oneEntry - 1 }), 'STATUS_BUFFER_TOO_SMALL')
  assert.deepEqual(sidsOf(await askQuotas(client, index, { room: 2 * oneEntry + 4 })), [account(2), account(3)])
  assert.deepEqual(sidsOf(await askQuotas(client, index, {})), [account(4)])
  statusIs(await askQuotas(client, index, {}), 'STATUS_NO_MORE_ENTRIES')
  assert.deepEqual(sidsOf(await askQuotas(client, index, { restart: true, single: true })), [account(1)])
  assert.deepEqual(sidsOf(await askQuotas(client, index, { start: account(3) })), [account(3), account(4)])
  statusIs(await askQuotas(client, index, { start: account(9) }), 'STATUS_NO_MORE_ENTRIES')
  const control = controlWith(FileSystemControlFlags.LOG_QUOTA_LIMIT)
  succeeded(await setInfo(client, index, FsInformationClass.FileFsControlInformation, control, volume))
  // Who has no entry has what new accounts get.
  const named = entriesOf(await askQuotas(client, index, { list: [account(9), account(2)] }))
  assert.deepEqual(
    named.map(({ sid, quotaLimit }) => [sid, quotaLimit]),
    [
      [account(9), 9n],
      [account(2), 200n],
    ],
  )
  const told = await queryInfo(client, index, FsInformationClass.FileFsControlInformation, volume)
  assert.deepEqual(succeeded(told).body(QueryInfoResponse).outputBuffer, control)
  const flags = FsInformationClass.FileFsAttributeInformation
  const { outputBuffer } = succeeded(await queryInfo(client, index, flags, volume)).body(QueryInfoResponse)
  const { fileSystemAttributes } = FileFsAttributeInformation.decode(viewOf(outputBuffer))
  assert.ok((fileSystemAttributes & FileSystemAttributes.VOLUME_QUOTAS) !== 0)
  // What is not enforced cannot be switched on.
  const enforced = controlWith(FileSystemControlFlags.QUOTA_ENFORCE)
  statusIs(
    await setInfo(client, index, FsInformationClass.FileFsControlInformation, enforced, volume),
    'STATUS_NOT_SUPPORTED',
  )
})

scenario('who is no administrator sees what is his, and sets nothing', administered, async (world) => {
  const boss = await world.client()
  const other = await world.client(OTHER)
  const mine = sidOf(world, OTHER.user)
  const index = await openIndex(boss)
  succeeded(await setQuotas(boss, index, entry(account(1), 100n), entry(mine, 200n), entry(account(2), 300n)))
  const theirs = await openIndex(other, NAME.toLowerCase())
  assert.deepEqual(sidsOf(await askQuotas(other, theirs, { restart: true })), [mine])
  assert.deepEqual(sidsOf(await askQuotas(other, theirs, { list: [account(1), mine] })), [mine])
  statusIs(await setQuotas(other, theirs, entry(mine, UNLIMITED)), 'STATUS_ACCESS_DENIED')
  const control = succeeded(await queryInfo(other, theirs, FsInformationClass.FileFsControlInformation, volume))
  const { outputBuffer } = control.body(QueryInfoResponse)
  statusIs(
    await setInfo(other, theirs, FsInformationClass.FileFsControlInformation, outputBuffer, volume),
    'STATUS_ACCESS_DENIED',
  )
})

scenario('the index of quotas is a directory that is only there to be asked', administered, async (world) => {
  const client = await world.client()
  statusIs(await tryCreate(client, { name: NAME, desiredAccess: AccessMask.DELETE }), 'STATUS_ACCESS_DENIED')
  const asked = { name: NAME, desiredAccess: AccessMask.GENERIC_READ | AccessMask.GENERIC_WRITE }
  const created = succeeded(await tryCreate(client, asked)).body(CreateResponse)
  // HIDDEN, SYSTEM, DIRECTORY, ARCHIVE.
  assert.equal(created.fileAttributes, 0x36)
  assert.equal(created.creationTime, 0n)
  statusIs(await tryCreate(client, { ...asked, createDisposition: 2 }), 'STATUS_OBJECT_NAME_COLLISION')
  statusIs(await tryCreate(client, { ...asked, createDisposition: 5 }), 'STATUS_ACCESS_DENIED')
  statusIs(await tryCreate(client, { name: '$Extend\\$Quota', createDisposition: 1 }), 'STATUS_OBJECT_PATH_NOT_FOUND')
  statusIs(await setInfo(client, created.fileId, 13, Uint8Array.of(1)), 'STATUS_ACCESS_DENIED')
})

scenario('a request for quotas that does not hold together is refused', administered, async (world) => {
  const client = await world.client()
  const index = await openIndex(client)
  const plain = { returnSingle: 0, restartScan: 1, sidListLength: 0, startSidLength: 0, startSidOffset: 0 }
  const sidBuffer = new Uint8Array(12)
  for (const wrong of [
    { ...plain, sidListLength: 13 },
    { ...plain, startSidLength: 13 },
    { ...plain, startSidLength: 8, startSidOffset: 0xffff_fff8 },
    { ...plain, startSidLength: 12 },
    { ...plain, sidListLength: 12 },
  ]) {
    const inputBuffer = QueryQuotaInfo.encode({ ...wrong, sidBuffer })
    statusIs(await queryInfo(client, index, 0, { ...quota, inputBuffer }), 'STATUS_INVALID_PARAMETER')
  }
  statusIs(await queryInfo(client, index, 0, quota), 'STATUS_INVALID_PARAMETER')
  // No more is kept than a property of the root may have.
  const many = Array.from({ length: 60 }, (_, n) => entry(account(n), 1n))
  statusIs(await setQuotas(client, index, ...many), 'STATUS_DISK_FULL')
})

scenario('an account that is named very often is told as often as there is room for', {}, async (world) => {
  const client = await world.client()
  const index = await openIndex(client)
  const list = Array.from({ length: 20_000 }, () => sidOf(world, 'tester'))
  const began = process.cpuUsage()
  const told = sidsOf(await askQuotas(client, index, { list, room: 400, charge: 12 }))
  assert.ok(told.length > 0 && told.length < 10)
  assert.ok(process.cpuUsage(began).user < 5_000_000, 'it takes as long as the list is')
})
