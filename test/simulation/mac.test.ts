/** What macOS finds: Apple's create context, its listings, its streams, copies, UNIX permissions, Time Machine. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskBackend } from '../../src/backends/disk/index.ts'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import type { ShareOptions } from '../../src/server/share.ts'
import { AccessMask, AceType, decodeSecurityDescriptor, encodeSecurityDescriptor } from '../../src/wire/dtyp/index.ts'
import {
  FileDispositionInformation,
  FileEndOfFileInformation,
  FileFsSizeInformation,
  FileIdBothDirectoryInformation,
  FileInformationClass,
  FileInternalInformation,
  FileRenameInformation,
  FileStreamInformation,
  FsInformationClass,
} from '../../src/wire/fscc/index.ts'
import {
  Aapl,
  AaplCapabilities,
  AaplDirectoryEntry,
  AaplResolveIdRequest,
  AaplResolveIdResponse,
  AaplServerQueryRequest,
  AaplServerQueryResponse,
  AaplVolumeCapabilities,
  AdditionalInformation,
  Command,
  CreateContextName,
  CreateDisposition,
  CreateOptions,
  CreateResponse,
  FlushRequest,
  FsctlCode,
  InfoType,
  IoctlResponse,
  QueryDirectoryResponse,
  QueryInfoResponse,
  ReadResponse,
  SrvCopychunkCopy,
  SrvCopychunkResponse,
  SrvRequestResumeKeyResponse,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import {
  close,
  create,
  ioctl,
  openDirectory,
  queryDirectory,
  queryInfo,
  read,
  setInfo,
  tryCreate,
  write,
} from './files.ts'
import { encodeBody } from './messages.ts'
import { scenario, statusIs, succeeded, World } from './world.ts'

const { QUERY_MODEL_INFO, QUERY_SERVER_CAPS, QUERY_VOLUME_CAPS } = Aapl
const ALL = QUERY_SERVER_CAPS | QUERY_VOLUME_CAPS | QUERY_MODEL_INFO
const ALL_CAPABILITIES = Object.values(AaplCapabilities).reduce((all, bit) => all | bit, 0n)

const context = (data: Uint8Array) => ({ createContexts: [{ name: CreateContextName.AAPL, data }] })
const query = (requestBitmap: bigint, clientCapabilities: bigint) =>
  context(AaplServerQueryRequest.encode({ requestBitmap, clientCapabilities }))

/** The answer's context when the root is opened with this one. */
async function ask(client: Client, more: object): Promise<Uint8Array | undefined> {
  const answer = succeeded(await tryCreate(client, { name: '', createOptions: CreateOptions.DIRECTORY_FILE, ...more }))
  const { createContexts, fileId } = answer.body(CreateResponse)
  const data = createContexts.find(({ name }) => name === CreateContextName.AAPL)?.data.slice()
  await close(client, fileId)
  return data
}

/** As a Mac begins. */
async function becomeMac(
  client: Client,
  capabilities = ALL_CAPABILITIES,
): Promise<AaplServerQueryResponse | undefined> {
  const data = await ask(client, query(ALL, capabilities))
  return data && AaplServerQueryResponse.decode(viewOf(data))
}

/** An AFP_AfpInfo with this at the beginning of the Finder info. */
function afpInfo(finderInfo: string): Uint8Array {
  const info = new Uint8Array(60)
  info.set(Buffer.from('AFP\0\0\0\x01\0', 'latin1'))
  info.set(Buffer.from(finderInfo, 'latin1'), 16)
  return info
}

async function put(client: Client, name: string, content: string | Uint8Array): Promise<void> {
  const file = await create(client, { name })
  succeeded(await write(client, file, content))
  await close(client, file)
}

async function contentOf(client: Client, name: string): Promise<string> {
  const file = await create(client, { name, createDisposition: CreateDisposition.OPEN })
  const answer = await read(client, file)
  await close(client, file)
  return answer.statusName === 'STATUS_END_OF_FILE'
    ? ''
    : Buffer.from(succeeded(answer).body(ReadResponse).data).toString('latin1')
}

async function streamsOf(client: Client, name: string): Promise<string[]> {
  const file = await create(client, { name })
  const answer = succeeded(await queryInfo(client, file, FileInformationClass.FileStreamInformation))
  const { entries } = FileStreamInformation.decode(viewOf(answer.body(QueryInfoResponse).outputBuffer))
  await close(client, file)
  return entries.map(({ streamName }) => streamName).toSorted()
}

const exists = async (client: Client, name: string): Promise<boolean> => {
  const answer = await tryCreate(client, { name, createDisposition: CreateDisposition.OPEN })
  if (['STATUS_OBJECT_NAME_NOT_FOUND', 'STATUS_OBJECT_PATH_NOT_FOUND'].includes(answer.statusName)) return false
  await close(client, succeeded(answer).body(CreateResponse).fileId)
  return true
}

/** A world with one share, a folder of a disk. */
function onDisk(name: string, play: (world: World) => Promise<void>): void {
  scenario(name, {}, async (outer) => {
    const folder = mkdtempSync(join(tmpdir(), 'smbkit-mac-'))
    const backend = diskBackend(folder)
    const world = new World({ shares: [{ name: 'data', backend }] }, outer.seed)
    try {
      await play(world)
      await world.end()
    } finally {
      await backend.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

const share = (more: Partial<ShareOptions>, files: Record<string, string> = {}) => ({
  shares: [{ name: 'data', backend: memoryBackend({ files }), ...more }],
})

scenario('a Mac is told what server and share can do, as far as it asks', {}, async (world) => {
  const client = await world.client()
  const { SUPPORTS_OSX_COPYFILE, SUPPORTS_READ_DIR_ATTR, UNIX_BASED } = AaplCapabilities
  const only = async (bitmap: bigint) => {
    const data = await ask(client, query(bitmap, 0n))
    assert.ok(data !== undefined)
    return [data.length, AaplServerQueryResponse.decode(viewOf(data))] as const
  }
  const [modelBytes, model] = await only(QUERY_MODEL_INFO)
  assert.deepEqual([modelBytes, model.modelString, model.serverCapabilities], [16 + 8 + 12, 'Xserve', null])
  const [volumeBytes, volume] = await only(QUERY_VOLUME_CAPS | 0x8000_0000n)
  assert.deepEqual([volumeBytes, volume.replyBitmap, volume.volumeCapabilities], [24, QUERY_VOLUME_CAPS, 0n])
  const [, unable] = await only(QUERY_SERVER_CAPS)
  assert.equal(unable.serverCapabilities, SUPPORTS_OSX_COPYFILE | UNIX_BASED)
  const again = await becomeMac(client)
  assert.equal(again?.serverCapabilities, unable.serverCapabilities, 'what a session has agreed upon stays')
  const other = await becomeMac(await world.client())
  assert.equal(other?.serverCapabilities, unable.serverCapabilities | SUPPORTS_READ_DIR_ATTR)
})

scenario('a damaged context is refused; a command that nobody knows has no answer', {}, async (world) => {
  const client = await world.client()
  const whole = AaplServerQueryRequest.encode({ requestBitmap: ALL, clientCapabilities: 0n })
  for (const bytes of [0, 3, 4, 23])
    statusIs(await tryCreate(client, { name: 'x', ...context(whole.subarray(0, bytes)) }), 'STATUS_INVALID_PARAMETER')
  assert.equal(await ask(client, context(Uint8Array.of(9, 0, 0, 0))), undefined)
  const id = await ask(client, context(AaplResolveIdRequest.encode({ fileId: 5n })))
  assert.ok(id !== undefined)
  assert.deepEqual(AaplResolveIdResponse.decode(viewOf(id)).path, '')
})

scenario('a share that is not for Macs', share({ macos: 'off' }), async (world) => {
  const client = await world.client()
  assert.equal(await becomeMac(client), undefined)
  await put(client, 'f:AFP_AfpInfo', 'anything')
  assert.equal(await contentOf(client, 'f:AFP_AfpInfo'), 'anything')
  await close(client, await create(client, { name: 'f:empty' }))
  assert.equal(await exists(client, 'f:empty'), true)
})

scenario('a listing has what the Finder wants to know', { files: { 'd/f': 'x' } }, async (world) => {
  const client = await world.client()
  assert.notEqual(await becomeMac(client), undefined)
  await put(client, 'd\\f:AFP_AfpInfo', afpInfo('TYPECREA\x40\0'))
  await put(client, 'd\\f:AFP_Resource', 'fork!')
  const folder = await openDirectory(client, 'd')
  const fileInformationClass = FileInformationClass.FileIdBothDirectoryInformation
  const list = async () => {
    const answer = succeeded(await queryDirectory(client, folder, { fileInformationClass, fileName: 'f' }))
    return answer.body(QueryDirectoryResponse).outputBuffer.slice()
  }
  const entry = AaplDirectoryEntry.decode(viewOf(await list()))
  assert.equal(entry.fileName, 'f')
  assert.equal(entry.endOfFile, 1n)
  assert.equal(entry.resourceForkSize, 5n)
  assert.equal(Buffer.from(entry.finderInfo).toString('latin1', 0, 10), 'TYPECREA\x40\0')
  assert.equal(entry.maximalAccess, 0x1f_01ff)
  assert.equal(entry.mode, 0o100644)
  assert.equal(entry.fileId, 0n)
  await close(client, folder)
})

scenario('who does not ask is no Mac: listings are those of Windows', { files: { 'd/f': 'x' } }, async (world) => {
  const client = await world.client()
  await becomeMac(client, 0n)
  const folder = await openDirectory(client, 'd')
  const answer = succeeded(
    await queryDirectory(client, folder, {
      fileInformationClass: FileInformationClass.FileIdBothDirectoryInformation,
      fileName: 'f',
    }),
  )
  const entry = FileIdBothDirectoryInformation.decode(viewOf(answer.body(QueryDirectoryResponse).outputBuffer))
  assert.deepEqual([entry.fileName, entry.eaSize, entry.fileId], ['f', 0, 0n])
  await close(client, folder)
})

scenario('files have no ids for Macs', { files: { f: '' } }, async (world) => {
  const client = await world.client()
  const idOf = async () => {
    const file = await create(client, { name: 'f' })
    const answer = succeeded(await queryInfo(client, file, FileInformationClass.FileInternalInformation))
    await close(client, file)
    return FileInternalInformation.decode(viewOf(answer.body(QueryInfoResponse).outputBuffer)).indexNumber
  }
  assert.notEqual(await idOf(), 0n)
  await becomeMac(client)
  assert.equal(await idOf(), 0n)
})

for (const [what, options, isMac] of [
  ['a Mac', share({}, { f: '' }), true],
  ['anybody where the share says so', share({ macos: 'always' }, { f: '' }), false],
] as const)
  scenario(`AFP_AfpInfo for ${what}: 60 bytes or nothing`, options, async (world) => {
    const client = await world.client()
    if (isMac) await becomeMac(client)
    const name = 'f:AFP_AfpInfo'
    assert.equal(await exists(client, name), false)
    const made = await create(client, { name })
    const { data } = succeeded(await read(client, made, { length: 100 })).body(ReadResponse)
    assert.deepEqual([data.length, Buffer.from(data).toString('latin1', 0, 8)], [60, 'AFP\0\0\0\x01\0'])
    await close(client, made)
    assert.equal(await exists(client, name), false, 'nothing was written')
    const file = await create(client, { name })
    statusIs(await write(client, file, 'AF'), 'STATUS_INVALID_PARAMETER')
    statusIs(await write(client, file, 'no Finder info at all'), 'STATUS_INVALID_PARAMETER')
    statusIs(await write(client, file, afpInfo('TYPECREA').subarray(0, 59), { offset: 1n }), 'STATUS_INVALID_PARAMETER')
    succeeded(await write(client, file, afpInfo('TYPECREA')))
    const setEnd = (endOfFile: bigint) =>
      setInfo(
        client,
        file,
        FileInformationClass.FileEndOfFileInformation,
        FileEndOfFileInformation.encode({ endOfFile }),
      )
    succeeded(await setEnd(0n))
    statusIs(await setEnd(61n), 'STATUS_ALLOTTED_SPACE_EXCEEDED')
    await close(client, file)
    assert.equal((await contentOf(client, name)).slice(16, 24), 'TYPECREA', 'its end cannot be set')
    assert.deepEqual(await streamsOf(client, 'f'), ['::$DATA', ':AFP_AfpInfo:$DATA'])
    const again = await create(client, { name })
    succeeded(await write(client, again, afpInfo('')))
    assert.deepEqual(await streamsOf(client, 'f'), ['::$DATA'], 'gone as soon as it says nothing')
    await close(client, again)
    assert.equal(await exists(client, name), false)
  })

scenario('AFP_Resource is deleted by making it empty, and in no other way', { files: { f: '' } }, async (world) => {
  const client = await world.client()
  await becomeMac(client)
  const name = 'f:AFP_Resource'
  await put(client, name, 'fork')
  const file = await create(client, { name })
  const disposition = FileDispositionInformation.encode({ deletePending: true })
  succeeded(await setInfo(client, file, FileInformationClass.FileDispositionInformation, disposition))
  statusIs(await tryCreate(client, { name }), 'STATUS_DELETE_PENDING')
  await close(client, file)
  assert.equal(await contentOf(client, name), 'fork')
  const emptied = await create(client, { name })
  const end = FileEndOfFileInformation.encode({ endOfFile: 0n })
  succeeded(await setInfo(client, emptied, FileInformationClass.FileEndOfFileInformation, end))
  assert.equal(await exists(client, name), false)
  assert.deepEqual(await streamsOf(client, 'f'), ['::$DATA'])
  await close(client, emptied)
  assert.deepEqual(await streamsOf(await world.client(), 'f'), ['::$DATA'], 'for the others, too')
})

scenario(
  'another stream without content is none for a Mac, and stays for the others',
  { files: { f: '' } },
  async (world) => {
    const [windows, mac] = [await world.client(), await world.client()]
    await becomeMac(mac)
    await close(windows, await create(windows, { name: 'f:mark' }))
    assert.equal(await exists(mac, 'f:mark'), false)
    assert.deepEqual(await streamsOf(mac, 'f'), ['::$DATA'])
    await close(mac, await create(mac, { name: 'f:mark', desiredAccess: AccessMask.GENERIC_READ >>> 0 }))
    assert.equal(await exists(windows, 'f:mark'), true, 'who only looks deletes nothing')
    await close(mac, await create(mac, { name: 'f:mark' }))
    assert.equal(await exists(windows, 'f:mark'), false)
  },
)

scenario('COPYCHUNK without chunks copies the file with its streams', { files: { from: 'content' } }, async (world) => {
  const client = await world.client()
  await put(client, 'from:AFP_Resource', 'fork')
  await put(client, 'from:note', 'a note')
  const copy = async (to: string) => {
    const [source, target] = [await create(client, { name: 'from' }), await create(client, { name: to })]
    const key = succeeded(await ioctl(client, FsctlCode.SRV_REQUEST_RESUME_KEY, { fileId: source }))
    const { resumeKey } = SrvRequestResumeKeyResponse.decode(viewOf(key.body(IoctlResponse).output))
    const input = SrvCopychunkCopy.encode({ sourceKey: resumeKey, chunks: [] })
    const answer = succeeded(await ioctl(client, FsctlCode.SRV_COPYCHUNK, { fileId: target, input }))
    for (const file of [source, target]) await close(client, file)
    return SrvCopychunkResponse.decode(viewOf(answer.body(IoctlResponse).output)).totalBytesWritten
  }
  assert.equal(await copy('plain'), 0)
  assert.equal(await contentOf(client, 'plain'), '')
  await becomeMac(client)
  await put(client, 'to', 'something longer than that')
  assert.equal(await copy('to'), 7)
  assert.equal(await contentOf(client, 'to'), 'content')
  assert.equal(await contentOf(client, 'to:AFP_Resource'), 'fork')
  assert.equal(await contentOf(client, 'to:note'), 'a note')
  assert.equal(await copy('from'), 7)
  assert.equal(await contentOf(client, 'from'), 'content', 'what is copied to itself stays as it is')
})

scenario('a Mac renames a folder in which files are open', { files: { 'd/f': 'x' } }, async (world) => {
  const [windows, mac] = [await world.client(), await world.client()]
  await becomeMac(mac)
  for (const [client, status] of [
    [windows, 'STATUS_ACCESS_DENIED'],
    [mac, 'STATUS_SUCCESS'],
  ] as const) {
    const inner = await create(client, { name: 'd\\f' })
    const folder = await openDirectory(client, 'd')
    const to = FileRenameInformation.encode({ replaceIfExists: false, rootDirectory: 0n, fileName: 'e' })
    statusIs(await setInfo(client, folder, FileInformationClass.FileRenameInformation, to), status)
    succeeded(await write(client, inner, 'y'))
    for (const file of [inner, folder]) await close(client, file)
  }
  assert.equal(await contentOf(mac, 'e\\f'), 'y')
})

scenario('names are found for a Mac however their accents are composed', {}, async (world) => {
  const [windows, mac] = [await world.client(), await world.client()]
  await becomeMac(mac)
  const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301']
  await close(windows, await openDirectory(windows, decomposed))
  await put(windows, `${decomposed}\\${decomposed}`, 'stored decomposed')
  const both = `${composed}\\${composed}`
  assert.equal(await exists(windows, both), false)
  assert.equal(await contentOf(mac, both), 'stored decomposed')
  await put(mac, both, 'written')
  assert.equal((await contentOf(windows, `${decomposed}\\${decomposed}`)).slice(0, 7), 'written')
  await put(mac, `${composed}\\new\u00e9`, 'made in it')
  assert.equal(await exists(windows, `${decomposed}\\new\u00e9`), true)
  const folder = await openDirectory(mac, composed)
  succeeded(await queryDirectory(mac, folder, { fileName: composed }))
  await close(mac, folder)
  const file = await create(mac, { name: `${composed}\\new\u00e9` })
  const to = FileRenameInformation.encode({ replaceIfExists: false, rootDirectory: 0n, fileName: both })
  const rename = await setInfo(mac, file, FileInformationClass.FileRenameInformation, to)
  statusIs(rename, 'STATUS_OBJECT_NAME_COLLISION')
  await close(mac, file)
  // Where both are there each is found as it is spelled.
  await put(windows, 'na\u00efve', 'one')
  await put(windows, 'nai\u0308ve', 'other')
  assert.deepEqual([await contentOf(mac, 'na\u00efve'), await contentOf(mac, 'nai\u0308ve')], ['one', 'other'])
  assert.equal(await exists(mac, `${'\u00e9\\'.repeat(500)}x`), false)
})

onDisk('UNIX permissions are told and set as entries of the list', async (world) => {
  const client = await world.client()
  await put(client, 'f', 'x')
  const { DACL } = AdditionalInformation
  const file = await create(client, {
    name: 'f',
    desiredAccess: (AccessMask.GENERIC_ALL | AccessMask.READ_CONTROL | AccessMask.WRITE_DAC) >>> 0,
  })
  const security = { infoType: InfoType.SECURITY, additionalInformation: DACL } as const
  const everyone = { kind: 'basic', type: AceType.ACCESS_ALLOWED, flags: 0, mask: 0x1f_01ff, sid: 'S-1-1-0' } as const
  const said = (sid: string) => ({ kind: 'basic', type: AceType.ACCESS_DENIED, flags: 0, mask: 0, sid }) as const
  const set = async (aces: readonly object[]) =>
    succeeded(
      await setInfo(
        client,
        file,
        0,
        encodeSecurityDescriptor({ control: 0, dacl: { revision: 2, aces } } as never),
        security,
      ),
    )
  const sids = async () => {
    const answer = succeeded(await queryInfo(client, file, 0, security))
    const { dacl } = decodeSecurityDescriptor(answer.body(QueryInfoResponse).outputBuffer)
    return dacl?.aces.map((ace) => ('sid' in ace ? ace.sid : ''))
  }
  await set([everyone])
  assert.deepEqual(await sids(), ['S-1-1-0'], 'not for others')
  await becomeMac(client)
  const [owner, group] = [`S-1-5-88-1-${process.getuid?.() ?? 0}`, `S-1-5-88-2-${process.getgid?.() ?? 0}`]
  const [mode = '', ...others] = (await sids()) ?? []
  assert.match(mode, /^S-1-5-88-3-\d+$/)
  assert.deepEqual(others, [owner, group, 'S-1-1-0'])
  await set([said('S-1-5-88-3-448'), said(owner), said('S-1-5-88-1-7'), everyone])
  assert.deepEqual(await sids(), ['S-1-5-88-3-448', owner, group, 'S-1-1-0'], 'each once; nobody gives it away')
  // 04755: nobody makes a program from afar that runs as somebody else.
  await set([said('S-1-5-88-3-2541')])
  assert.deepEqual(await sids(), ['S-1-5-88-3-493', owner, group, 'S-1-1-0'], 'the list itself was not meant')
  await close(client, file)
})

scenario(
  'Time Machine: every flush is a full one, and what backups take is taken from the limit',
  share(
    { timeMachine: true, timeMachineMaxBytes: 1_048_576 },
    {
      'mac.sparsebundle/Info.plist': '<dict><key>band-size</key>\n<integer>65536</integer></dict>',
      'mac.sparsebundle/bands/0': '',
      'mac.sparsebundle/bands/1': '',
      'other.txt': 'no bundle',
    },
  ),
  async (world) => {
    const client = await world.client()
    assert.equal((await becomeMac(client))?.volumeCapabilities, AaplVolumeCapabilities.SUPPORTS_FULL_SYNC)
    const root = await openDirectory(client, '')
    const freeBytes = async () => {
      const value = { infoType: InfoType.FILESYSTEM } as const
      const answer = succeeded(await queryInfo(client, root, FsInformationClass.FileFsSizeInformation, value))
      const size = FileFsSizeInformation.decode(viewOf(answer.body(QueryInfoResponse).outputBuffer))
      const unit = size.sectorsPerAllocationUnit * size.bytesPerSector
      return [Number(size.totalAllocationUnits) * unit, Number(size.availableAllocationUnits) * unit]
    }
    assert.deepEqual(await freeBytes(), [1_048_576, 1_048_576 - 2 * 65_536])
    world.clock.advance(1000)
    await put(client, 'mac.sparsebundle\\bands\\2', 'x')
    assert.deepEqual(await freeBytes(), [1_048_576, 1_048_576 - 3 * 65_536])
    await close(client, root)
    const file = await create(client, { name: 'mac.sparsebundle\\bands\\2' })
    const flush = encodeBody(FlushRequest, { fileId: file })
    viewOf(flush).setUint16(2, 0xffff, true)
    succeeded(await client.callRaw(Command.FLUSH, flush))
    await close(client, file)
  },
)
