/** 8.3 names on request, listings by access, and where a listing goes on (MS-FSCC 2.1.5.2.1, MS-SMB2 2.2.33). */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { AccessMask, encodeSecurityDescriptor, parseSddl } from '../../src/wire/dtyp/index.ts'
import {
  FileAlternateNameInformation,
  FileBothDirectoryInformation,
  FileInformationClass,
  FileRenameInformation,
} from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateContextName,
  type FileId,
  QueryDirectoryFlags,
  QueryDirectoryResponse,
  QueryInfoResponse,
  ShareFlags,
  TreeConnectRequest,
  TreeConnectResponse,
} from '../../src/wire/smb2/index.ts'
import { type Client, OTHER } from './client.ts'
import { close, create, openDirectory, queryDirectory, queryInfo, setInfo, tryCreate } from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

const CLASS = FileInformationClass.FileBothDirectoryInformation
const { INDEX_SPECIFIED, REOPEN, RETURN_SINGLE_ENTRY } = QueryDirectoryFlags
const LONG = 'A Long Name.document'
const files = { [LONG]: 'long', 'SHORT.TXT': 'short', 'folder of folders/in it.html': 'deep' }
const withShortNames = { shares: [{ name: 'data', backend: memoryBackend({ files }), shortNames: true }] }

function entries(answer: Answer) {
  const { outputBuffer } = succeeded(answer).body(QueryDirectoryResponse)
  const view = viewOf(outputBuffer)
  const found: { fileName: string; shortName: string; fileIndex: number }[] = []
  for (let at = 0; ; ) {
    const next = view.getUint32(at, true)
    const entry = FileBothDirectoryInformation.decode(view, at, next === 0 ? outputBuffer.length : at + next)
    found.push({ fileName: entry.fileName, shortName: entry.shortName, fileIndex: entry.fileIndex })
    if (next === 0) return found
    at += next
  }
}

const list = async (client: Client, directory: FileId, fileName = '*', flags: number = REOPEN, fileIndex = 0) =>
  entries(await queryDirectory(client, directory, { fileInformationClass: CLASS, fileName, flags, fileIndex }))

const alternateName = (client: Client, fileId: FileId): Promise<Answer> =>
  queryInfo(client, fileId, FileInformationClass.FileAlternateNameInformation)

async function shortNameOf(client: Client, name: string): Promise<string> {
  const file = await create(client, { name, createDisposition: 1 })
  const { outputBuffer } = succeeded(await alternateName(client, file)).body(QueryInfoResponse)
  succeeded(await close(client, file))
  return FileAlternateNameInformation.decode(viewOf(outputBuffer)).fileName
}

scenario('files are listed with and found by their short names', withShortNames, async (world) => {
  const client = await world.client()
  const root = await openDirectory(client, '')
  const short = await shortNameOf(client, LONG)
  assert.match(short, /^[A-Z0-9]{1,6}~1\.DOC$/)
  const found = await list(client, root)
  assert.equal(found.find(({ fileName }) => fileName === LONG)?.shortName, short)
  // What is short already has no other name.
  assert.equal(found.find(({ fileName }) => fileName === 'SHORT.TXT')?.shortName, '')
  assert.deepEqual(
    (await list(client, root, short)).map(({ fileName }) => fileName),
    [LONG],
  )
  assert.deepEqual(
    (await list(client, root, '*~1.DOC')).map(({ fileName }) => fileName),
    [LONG],
  )
  const folder = await shortNameOf(client, 'folder of folders')
  const inner = await shortNameOf(client, 'folder of folders\\in it.html')
  const file = await create(client, { name: `${folder}\\${inner.toLowerCase()}`, createDisposition: 1 })
  const told = await queryInfo(client, file, FileInformationClass.FileNormalizedNameInformation)
  const { outputBuffer } = succeeded(told).body(QueryInfoResponse)
  assert.equal(Buffer.from(outputBuffer.subarray(4)).toString('utf16le'), 'folder of folders\\in it.html')
  statusIs(await tryCreate(client, { name: 'NOTHIN~1.DOC', createDisposition: 1 }), 'STATUS_OBJECT_NAME_NOT_FOUND')
})

scenario('what is made again by its short name a moment later gets its long one', withShortNames, async (world) => {
  const client = await world.client()
  // Not to delete: who has it open so keeps the names in it.
  const root = await create(client, { name: '', desiredAccess: AccessMask.GENERIC_READ })
  const short = await shortNameOf(client, LONG)
  const remove = async (name: string) => {
    const file = await create(client, { name, createDisposition: 1 })
    succeeded(await setInfo(client, file, FileInformationClass.FileDispositionInformation, Uint8Array.of(1)))
    succeeded(await close(client, file))
  }
  const make = async () => {
    succeeded(await close(client, await create(client, { name: short, createDisposition: 2 })))
    return (await list(client, root)).map(({ fileName }) => fileName)
  }
  await remove(LONG)
  world.clock.advance(14_000)
  assert.ok((await make()).includes(LONG))
  await remove(LONG)
  world.clock.advance(16_000)
  assert.ok((await make()).includes(short))
  await remove(short)
  // Moved away is gone as well: so programs save that keep a copy.
  const file = await create(client, { name: LONG })
  const value = FileRenameInformation.encode({ fileName: 'copy.bak', replaceIfExists: false })
  succeeded(await setInfo(client, file, FileInformationClass.FileRenameInformation, value))
  succeeded(await close(client, file))
  assert.ok((await make()).includes(LONG))
})

scenario('without the option no short names are listed or found', { files }, async (world) => {
  const client = await world.client()
  const root = await openDirectory(client, '')
  assert.deepEqual(new Set((await list(client, root)).map(({ shortName }) => shortName)), new Set(['']))
  const file = await create(client, { name: LONG })
  // Who asks for one is told one all the same.
  succeeded(await alternateName(client, file))
})

scenario(
  'a listing goes on behind the entry that is named',
  { files: { a: '', b: '', c: '', d: '' } },
  async (world) => {
    const client = await world.client()
    const root = await openDirectory(client, '')
    const all = await list(client, root)
    const third = all[3] ?? assert.fail()
    const on = await list(client, root, '*', INDEX_SPECIFIED, third.fileIndex)
    assert.deepEqual(on, all.slice(4))
    // Backwards as well, and one at a time.
    const [first] = await list(client, root, '*', INDEX_SPECIFIED | RETURN_SINGLE_ENTRY, all[1]?.fileIndex)
    assert.deepEqual(first, all[2])
    assert.deepEqual(await list(client, root, '*', 0), all.slice(3))
    const past = { fileInformationClass: CLASS, flags: INDEX_SPECIFIED, fileIndex: 0xffff_ffff }
    statusIs(await queryDirectory(client, root, past), 'STATUS_NO_MORE_FILES')
  },
)

const backend = memoryBackend({})
const byAccess = {
  shares: [
    { name: 'data', backend, accessBasedEnumeration: true },
    { name: 'all', backend },
  ],
}
scenario('listings show what the user may read, where the share has it so', byAccess, async (world) => {
  const client = await world.client()
  const flagsOf = async (share: string): Promise<number> =>
    succeeded(await client.call(Command.TREE_CONNECT, TreeConnectRequest, { path: `\\\\server\\${share}` })).body(
      TreeConnectResponse,
    ).shareFlags
  const flag = ShareFlags.ACCESS_BASED_DIRECTORY_ENUM
  assert.equal((await flagsOf('data')) & flag, flag)
  assert.equal((await flagsOf('all')) & flag, 0)
  const closed = encodeSecurityDescriptor(parseSddl('D:(D;;FR;;;NU)(A;;FA;;;WD)'))
  const createContexts = [{ name: CreateContextName.SECURITY_DESCRIPTOR, data: closed }]
  succeeded(await close(client, await create(client, { name: 'open' })))
  const secret = { name: 'secret', desiredAccess: AccessMask.WRITE_DAC, createContexts }
  succeeded(await close(client, await create(client, secret)))
  const other = await world.client(OTHER)
  const seen = async (name: string) => (await list(other, await openDirectory(other, ''), name)).map((e) => e.fileName)
  assert.deepEqual(await seen('*'), ['.', '..', 'open'])
  const root = await openDirectory(other, '')
  const hidden = { fileInformationClass: CLASS, fileName: 'secret', flags: REOPEN }
  statusIs(await queryDirectory(other, root, hidden), 'STATUS_NO_SUCH_FILE')
  const everything = await world.client({ ...OTHER, share: 'all' })
  const names = (await list(everything, await openDirectory(everything, ''))).map(({ fileName }) => fileName)
  assert.deepEqual(names.toSorted(), ['.', '..', 'open', 'secret'])
})
