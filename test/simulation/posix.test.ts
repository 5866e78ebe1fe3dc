/** The POSIX extensions of SMB 3.1.1, as a Linux client uses them, on a disk. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskBackend } from '../../src/backends/disk/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import type { ShareOptions } from '../../src/server/share.ts'
import {
  AccessMask,
  AceType,
  AclRevision,
  encodeSecurityDescriptor,
  SecurityControl,
} from '../../src/wire/dtyp/index.ts'
import {
  FileDispositionInformation,
  FileFsPosixInformation,
  FileInformationClass,
  FileLinkInformation,
  FilePosixDirectoryInformation,
  FilePosixInformation,
  FileRenameInformation,
  FsInformationClass,
} from '../../src/wire/fscc/index.ts'
import { toPlain } from '../../src/wire/schema/index.ts'
import {
  AdditionalInformation,
  CreateContextName,
  CreateDisposition,
  CreateOptions,
  CreateResponse,
  Dialect,
  type FileId,
  InfoType,
  NegotiateContextType,
  PosixCreateRequest,
  PosixCreateResponse,
  QueryDirectoryFlags,
  QueryDirectoryResponse,
  QueryInfoResponse,
} from '../../src/wire/smb2/index.ts'
import { ALL_DIALECTS, type Client, type Context, preauthContext } from './client.ts'
import { close, create, plainId, queryDirectory, queryInfo, read, setInfo, tryCreate, write } from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded, World } from './world.ts'

const GUID = Uint8Array.from(CreateContextName.POSIX, (character) => character.charCodeAt(0))
const posixContext = (data: Uint8Array = GUID): Context => ({
  contextType: NegotiateContextType.POSIX_EXTENSIONS,
  data,
})
const { OPEN, CREATE, OPEN_IF } = CreateDisposition
const { DIRECTORY_FILE } = CreateOptions
const F = FileInformationClass

/** A world with one share, a folder of a disk. */
function onDisk(
  name: string,
  play: (world: World, folder: string) => Promise<void>,
  options: Partial<ShareOptions> = {},
): void {
  scenario(name, {}, async (outer) => {
    const folder = mkdtempSync(join(tmpdir(), 'smbkit-posix-'))
    const backend = diskBackend(folder)
    const world = new World({ shares: [{ name: 'data', backend, ...options }] }, outer.seed)
    try {
      await play(world, folder)
      await world.end()
    } finally {
      await backend.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

/** A client that speaks the extensions. */
const linux = (world: World): Promise<Client> =>
  world.client({ negotiate: { contexts: [preauthContext(), posixContext()] } })

interface PosixCreate {
  readonly createDisposition?: number
  readonly createOptions?: number
  readonly desiredAccess?: number
  readonly shareAccess?: number
}

const tryPosix = (client: Client, name: string, mode: number, value: PosixCreate = {}): Promise<Answer> =>
  tryCreate(client, {
    name,
    desiredAccess: AccessMask.GENERIC_ALL,
    ...value,
    createContexts: [{ name: CreateContextName.POSIX, data: PosixCreateRequest.encode({ mode }) }],
  })

/** What the server says of the file in its create context. */
function contextOf(answer: Answer): PosixCreateResponse | undefined {
  const found = succeeded(answer)
    .body(CreateResponse)
    .createContexts.find(({ name }) => name === CreateContextName.POSIX)
  return found === undefined ? undefined : PosixCreateResponse.decode(viewOf(found.data))
}

async function open(client: Client, name: string, mode = 0o644, value?: PosixCreate): Promise<FileId> {
  const answer = await tryPosix(client, name, mode, value)
  assert.ok(contextOf(answer) !== undefined, 'the open is one of POSIX')
  return plainId(answer.body(CreateResponse).fileId)
}

const markDeleted = (client: Client, file: FileId): Promise<Answer> =>
  setInfo(client, file, F.FileDispositionInformation, FileDispositionInformation.encode({ deletePending: true }))

const rename = (client: Client, file: FileId, fileName: string, replaceIfExists = true): Promise<Answer> =>
  setInfo(client, file, F.FileRenameInformation, FileRenameInformation.encode({ fileName, replaceIfExists }))

/** Permissions and type bits of what is on the disk. */
const modeOf = (...path: string[]): number => statSync(join(...path)).mode & 0o7777

function* entriesOf(answer: Answer): Generator<FilePosixDirectoryInformation> {
  const { outputBuffer } = succeeded(answer).body(QueryDirectoryResponse)
  for (let at = 0; ; ) {
    const next = viewOf(outputBuffer).getUint32(at, true)
    yield FilePosixDirectoryInformation.decode(viewOf(outputBuffer.slice(at, next === 0 ? undefined : at + next)))
    if (next === 0) return
    at += next
  }
}

const list = async (client: Client, folder: FileId, fileName = '*'): Promise<FilePosixDirectoryInformation[]> => [
  ...entriesOf(
    await queryDirectory(client, folder, {
      fileInformationClass: F.FilePosixInformation,
      fileName,
      flags: QueryDirectoryFlags.RESTART_SCANS,
    }),
  ),
]

onDisk('agreed on where both know the version, on 3.1.1 alone', async (world) => {
  const answered = async (...contexts: Context[]): Promise<Uint8Array | undefined> => {
    const client = world.connect()
    succeeded(await client.negotiate({ contexts: [preauthContext(), ...contexts] }))
    return client.negotiated?.negotiateContexts.find(
      ({ contextType }) => contextType === NegotiateContextType.POSIX_EXTENSIONS,
    )?.data
  }
  assert.deepEqual(await answered(posixContext()), GUID)
  const other = new Uint8Array(16).fill(7)
  assert.deepEqual(await answered(posixContext(new Uint8Array([...other, ...GUID]))), GUID)
  assert.equal(await answered(posixContext(other)), undefined)
  assert.equal(await answered(), undefined)
  for (const contexts of [
    [posixContext(GUID.subarray(1))],
    [posixContext(new Uint8Array(0))],
    [posixContext(), posixContext()],
  ])
    statusIs(await world.connect().negotiate({ contexts: [preauthContext(), ...contexts] }), 'STATUS_INVALID_PARAMETER')
  const old = await world.client({ negotiate: { dialects: ALL_DIALECTS.filter((one) => one < Dialect.SMB_3_1_1) } })
  assert.equal(contextOf(await tryPosix(old, 'a', 0o600)), undefined)
})

onDisk('who has not agreed on it is answered as ever', async (world, folder) => {
  const client = await world.client()
  assert.equal(contextOf(await tryPosix(client, 'a', 0o600)), undefined)
  statusIs(await tryPosix(client, 'b?', 0o600), 'STATUS_OBJECT_NAME_INVALID')
  const file = await create(client, { name: 'a' })
  statusIs(await queryInfo(client, file, F.FilePosixInformation), 'STATUS_INVALID_INFO_CLASS')
  const root = await create(client, { name: '', createOptions: DIRECTORY_FILE })
  const fileInformationClass = F.FilePosixInformation
  statusIs(await queryDirectory(client, root, { fileInformationClass }), 'STATUS_INVALID_INFO_CLASS')
  const volume = { infoType: InfoType.FILESYSTEM }
  statusIs(
    await queryInfo(client, root, FsInformationClass.FileFsPosixInformation, volume),
    'STATUS_INVALID_INFO_CLASS',
  )
  assert.notEqual(modeOf(folder, 'a'), 0o600)
})

onDisk(
  'a share may be without it',
  async (world) => {
    const client = await linux(world)
    assert.equal(contextOf(await tryPosix(client, 'a', 0o600)), undefined)
    assert.equal(
      client.negotiated?.negotiateContexts.some((one) => one.contextType === NegotiateContextType.POSIX_EXTENSIONS),
      false,
    )
  },
  { posix: false },
)

onDisk('files and directories are made with the mode that is asked for', async (world, folder) => {
  const client = await linux(world)
  for (const mode of [0o600, 0o644, 0o755, 0o1777, 0o200]) {
    const made = contextOf(await tryPosix(client, `f${mode}`, mode, { createDisposition: CREATE }))
    assert.deepEqual([made?.mode, made?.numberOfLinks, made?.reparseTag], [mode, 1, 0])
    assert.equal(made?.owner, `S-1-22-1-${statSync(folder).uid}`)
    assert.equal(made?.group, `S-1-22-2-${statSync(folder).gid}`)
    assert.equal(modeOf(folder, `f${mode}`), mode)
    const directory = { createDisposition: CREATE, createOptions: DIRECTORY_FILE }
    assert.equal(contextOf(await tryPosix(client, `d${mode}`, mode, directory))?.mode, 0o1_0000 | mode)
    assert.equal(modeOf(folder, `d${mode}`), mode)
  }
  // Nobody becomes the server's own user by running what a client has left there.
  assert.equal(contextOf(await tryPosix(client, 'suid', 0o6755))?.mode, 0o755)
  // What is there already keeps its mode.
  assert.equal(contextOf(await tryPosix(client, 'f384', 0o777, { createDisposition: OPEN_IF }))?.mode, 0o600)
  const wrong = { name: CreateContextName.POSIX, data: new Uint8Array(5) }
  statusIs(await tryCreate(client, { name: 'a', createContexts: [wrong] }), 'STATUS_INVALID_PARAMETER')
})

onDisk('names are told apart by case, and have all characters but two', async (world, folder) => {
  const client = await linux(world)
  const names = [
    'a',
    'A',
    'a ',
    'a.',
    ' ',
    'x:y',
    'back\\slash',
    'q?*<>|"',
    'tab\there',
    '.hidden',
    '...',
    'ümläut',
    'CON',
  ]
  for (const name of names) await close(client, await open(client, name, 0o644, { createDisposition: CREATE }))
  assert.deepEqual(readdirSync(folder).toSorted(), names.toSorted())
  for (const name of names) await close(client, await open(client, name, 0o644, { createDisposition: OPEN }))
  for (const name of ['B', 'X:Y', 'Ümläut', 'a  '])
    statusIs(await tryPosix(client, name, 0, { createDisposition: OPEN }), 'STATUS_OBJECT_NAME_NOT_FOUND')
  for (const name of ['.', '..', 'a/../b', 'a//b', '/a', 'a/', 'a\0b', 'x'.repeat(256)])
    statusIs(await tryPosix(client, name, 0o644), 'STATUS_OBJECT_NAME_INVALID')
  // Linux may say by itself what Windows cannot have in a name. What would lead out of the share is none.
  await close(client, await open(client, 'x\uf022y', 0o644, { createDisposition: OPEN }))
  for (const name of ['\uf029', '.\uf029', '.\uf029/a'])
    statusIs(await tryPosix(client, name, 0o644), 'STATUS_OBJECT_NAME_INVALID')
  // In the middle it is a character like others.
  await close(client, await open(client, 'x\uf028y'))
  await close(client, await open(client, 'dir', 0o755, { createOptions: DIRECTORY_FILE }))
  await close(client, await open(client, 'dir/f:1'))
  assert.ok(existsSync(join(folder, 'dir', 'f:1')))
  statusIs(await tryPosix(client, 'DIR/f:1', 0, { createDisposition: OPEN }), 'STATUS_OBJECT_PATH_NOT_FOUND')
  const root = await open(client, '', 0, { createOptions: DIRECTORY_FILE })
  const listed = (await list(client, root)).map(({ fileName }) => fileName)
  assert.deepEqual(listed.toSorted(), ['.', '..', 'dir', 'x\uf028y', ...names].toSorted())
  // One that is named is found as it is spelled.
  assert.deepEqual(
    (await list(client, root, 'A')).map(({ fileName }) => fileName),
    ['A'],
  )
  // Other classes have the names too; a Windows handle has those that Windows can say.
  const plain = await queryDirectory(client, root, {
    fileInformationClass: F.FileNamesInformation,
    fileName: 'x:y',
    flags: 1,
  })
  assert.match(Buffer.from(succeeded(plain).body(QueryDirectoryResponse).outputBuffer).toString('utf16le'), /x:y/)
  const windows = await create(client, { name: '', createOptions: DIRECTORY_FILE })
  assert.ok((await list(client, windows)).some(({ fileName }) => fileName === 'x\uf022y'))
})

onDisk('information about files, in a query and in a listing', async (world, folder) => {
  writeFileSync(join(folder, 'file'), 'x'.repeat(5000))
  chmodSync(join(folder, 'file'), 0o640)
  linkSync(join(folder, 'file'), join(folder, 'second name'))
  mkdirSync(join(folder, 'folder'))
  mkdirSync(join(folder, 'folder', 'inner'))
  chmodSync(join(folder, 'folder'), 0o750)
  const client = await linux(world)
  const stat = statSync(join(folder, 'file'))
  const file = await open(client, 'file', 0, { createDisposition: OPEN })
  const info = FilePosixInformation.decode(
    viewOf(succeeded(await queryInfo(client, file, F.FilePosixInformation)).body(QueryInfoResponse).outputBuffer),
  )
  assert.deepEqual([info.endOfFile, info.numberOfLinks, info.mode, info.inode], [5000n, 2, 0o640, BigInt(stat.ino)])
  assert.equal(info.allocationSize, BigInt(stat.blocks * 512))
  assert.equal(info.owner, `S-1-22-1-${stat.uid}`)
  statusIs(
    await queryInfo(client, file, F.FilePosixInformation, { outputBufferLength: 60 }),
    'STATUS_INFO_LENGTH_MISMATCH',
  )
  const root = await open(client, '', 0, { createOptions: DIRECTORY_FILE })
  const entries = new Map((await list(client, root)).map((entry) => [entry.fileName, entry]))
  assert.deepEqual([...entries.keys()].toSorted(), ['.', '..', 'file', 'folder', 'second name'])
  for (const name of ['file', 'second name']) {
    const { fileName: _, fileIndex: __, nextEntryOffset, ...entry } = toPlain(entries.get(name) as object)
    assert.equal(Number(nextEntryOffset) % 8, 0)
    assert.deepEqual(entry, toPlain(info))
  }
  assert.deepEqual([entries.get('folder')?.mode, entries.get('folder')?.numberOfLinks], [0o1_0750, 3])
  // What is above the share is nobody's to know.
  const above = entries.get('..')
  assert.deepEqual([above?.owner, above?.group, above?.inode, above?.deviceId], ['S-1-0-0', 'S-1-0-0', 0n, 0])
  assert.equal(entries.get('.')?.inode, BigInt(statSync(folder).ino))
  const volume = { infoType: InfoType.FILESYSTEM }
  const answer = succeeded(await queryInfo(client, root, FsInformationClass.FileFsPosixInformation, volume))
  const fs = FileFsPosixInformation.decode(viewOf(answer.body(QueryInfoResponse).outputBuffer))
  assert.ok(fs.blockSize >= 512 && fs.totalBlocks > 0n && fs.totalFileNodes >= fs.freeFileNodes)
})

onDisk('a listing comes in pieces, and each entry once', async (world, folder) => {
  const names = Array.from({ length: 120 }, (_, i) => `${i} ${'n'.repeat(i % 40)}:`)
  for (const name of names) writeFileSync(join(folder, name), '')
  const client = await linux(world)
  const root = await open(client, '', 0, { createOptions: DIRECTORY_FILE })
  const found: string[] = []
  for (;;) {
    const asked = { fileInformationClass: F.FilePosixInformation, outputBufferLength: 1000 }
    const answer = await queryDirectory(client, root, asked)
    if (answer.statusName === 'STATUS_NO_MORE_FILES') break
    found.push(...[...entriesOf(answer)].map(({ fileName }) => fileName))
  }
  assert.deepEqual(found.toSorted(), ['.', '..', ...names].toSorted())
  const small = { fileInformationClass: F.FilePosixInformation, outputBufferLength: 123, flags: 1 }
  statusIs(await queryDirectory(client, root, small), 'STATUS_INFO_LENGTH_MISMATCH')
})

onDisk(
  'a name goes when the handle that deletes it closes, whoever of POSIX has the file open',
  async (world, folder) => {
    const [client, other] = [await linux(world), await linux(world)]
    const kept = await open(other, 'file')
    succeeded(await write(other, kept, 'still here'))
    const file = await open(client, 'file')
    succeeded(await markDeleted(client, file))
    statusIs(await tryPosix(client, 'file', 0, { createDisposition: OPEN }), 'STATUS_DELETE_PENDING')
    assert.ok(existsSync(join(folder, 'file')))
    succeeded(await close(client, file))
    assert.ok(!existsSync(join(folder, 'file')))
    // The file is there for who has it open; the name is free for another.
    const next = await open(client, 'file', 0o644, { createDisposition: CREATE })
    succeeded(await write(client, next, 'another'))
    assert.equal(Buffer.from((await read(other, kept)).message.subarray(80)).toString(), 'still here')
    const info = await queryInfo(other, kept, F.FilePosixInformation)
    const { outputBuffer } = succeeded(info).body(QueryInfoResponse)
    assert.equal(FilePosixInformation.decode(viewOf(outputBuffer)).numberOfLinks, 0)
    succeeded(await close(other, kept))
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'another')
  },
)

onDisk('a Windows handle keeps the name, a POSIX one does not', async (world, folder) => {
  const [posix, windows] = [await linux(world), await world.client()]
  // POSIX deletes, Windows has it open.
  const held = await create(windows, { name: 'held' })
  const deleting = await open(posix, 'held')
  succeeded(await markDeleted(posix, deleting))
  succeeded(await close(posix, deleting))
  assert.ok(existsSync(join(folder, 'held')))
  statusIs(await tryPosix(posix, 'held', 0, { createDisposition: OPEN }), 'STATUS_DELETE_PENDING')
  succeeded(await close(windows, held))
  assert.ok(!existsSync(join(folder, 'held')))
  // Windows deletes, POSIX has it open.
  const own = await create(windows, { name: 'own' })
  const watching = await open(posix, 'own')
  succeeded(await markDeleted(windows, own))
  succeeded(await close(windows, own))
  assert.ok(!existsSync(join(folder, 'own')))
  succeeded(await close(posix, watching))
})

onDisk('another name of the file stays, and can be opened', async (world, folder) => {
  const client = await linux(world)
  const first = await open(client, 'first')
  const link = FileLinkInformation.encode({ fileName: 'First:2', replaceIfExists: false })
  succeeded(await setInfo(client, first, F.FileLinkInformation, link))
  // In the place of another name of itself: both stay, and it is still called what it was.
  succeeded(await rename(client, first, 'First:2'))
  assert.deepEqual(readdirSync(folder).toSorted(), ['First:2', 'first'])
  const deleting = await open(client, 'first')
  succeeded(await markDeleted(client, deleting))
  succeeded(await close(client, deleting))
  assert.deepEqual(readdirSync(folder), ['First:2'])
  const second = await open(client, 'First:2', 0, { createDisposition: OPEN })
  succeeded(await close(client, first))
  succeeded(await close(client, second))
  assert.deepEqual(readdirSync(folder), ['First:2'])
})

onDisk('renames take the place of what is open', async (world, folder) => {
  const [client, other] = [await linux(world), await linux(world)]
  const target = await open(other, 'target')
  succeeded(await write(other, target, 'old'))
  const source = await open(client, 'source')
  succeeded(await write(client, source, 'new'))
  statusIs(await rename(client, source, 'target', false), 'STATUS_OBJECT_NAME_COLLISION')
  succeeded(await rename(client, source, 'target'))
  assert.deepEqual(readdirSync(folder), ['target'])
  assert.equal(readFileSync(join(folder, 'target'), 'utf8'), 'new')
  assert.equal(Buffer.from((await read(other, target)).message.subarray(80)).toString(), 'old')
  // Names that differ in case alone are two.
  const upper = await open(client, 'TARGET')
  succeeded(await rename(client, source, 'TARGET2'))
  succeeded(await rename(client, upper, 'target2'))
  assert.deepEqual(readdirSync(folder).toSorted(), ['TARGET2', 'target2'])
  succeeded(await rename(client, upper, 'sub:1?'))
  assert.deepEqual(readdirSync(folder).toSorted(), ['TARGET2', 'sub:1?'])
  // Windows clients do not see their files taken from them.
  const windows = await world.client()
  const held = await create(windows, { name: 'held' })
  statusIs(await rename(client, source, 'held'), 'STATUS_ACCESS_DENIED')
  succeeded(await close(windows, held))
})

onDisk('directories move with what is open in them, and onto empty ones', async (world, folder) => {
  const client = await linux(world)
  const directory = { createOptions: DIRECTORY_FILE }
  const from = await open(client, 'from', 0o755, directory)
  const inside = await open(client, 'from/inside')
  await close(client, await open(client, 'empty', 0o755, directory))
  await close(client, await open(client, 'full', 0o755, directory))
  await close(client, await open(client, 'full/file'))
  await close(client, await open(client, 'file'))
  statusIs(await rename(client, from, 'full'), 'STATUS_DIRECTORY_NOT_EMPTY')
  statusIs(await rename(client, from, 'file'), 'STATUS_NOT_A_DIRECTORY')
  statusIs(await rename(client, inside, 'empty'), 'STATUS_FILE_IS_A_DIRECTORY')
  succeeded(await rename(client, from, 'empty'))
  succeeded(await write(client, inside, 'moved'))
  assert.equal(readFileSync(join(folder, 'empty', 'inside'), 'utf8'), 'moved')
  // What a Windows client has open in it keeps it where it is.
  const windows = await world.client()
  const held = await create(windows, { name: 'empty\\inside' })
  statusIs(await rename(client, from, 'again'), 'STATUS_ACCESS_DENIED')
  succeeded(await close(windows, held))
  succeeded(await rename(client, from, 'again'))
  // Empty for who deletes it, and gone though another has it open.
  succeeded(await markDeleted(client, inside))
  succeeded(await close(client, inside))
  const second = await open(client, 'again', 0, { ...directory, createDisposition: OPEN })
  succeeded(await markDeleted(client, second))
  succeeded(await close(client, second))
  assert.ok(!existsSync(join(folder, 'again')))
  succeeded(await queryInfo(client, from, F.FilePosixInformation))
  succeeded(await close(client, from))
})

onDisk('chmod comes as a security descriptor with the mode in a SID', async (world, folder) => {
  const client = await linux(world)
  const file = await open(client, 'file', 0o600)
  const descriptor = (sid: string): Uint8Array =>
    encodeSecurityDescriptor({
      control: SecurityControl.DACL_PRESENT,
      dacl: {
        revision: AclRevision.ACL_REVISION,
        aces: [{ kind: 'basic', type: AceType.ACCESS_DENIED, flags: 0, mask: 0, sid }],
      },
    })
  const dacl = { infoType: InfoType.SECURITY, additionalInformation: AdditionalInformation.DACL }
  succeeded(await setInfo(client, file, 0, descriptor('S-1-5-88-3-493'), dacl))
  assert.equal(modeOf(folder, 'file'), 0o755)
  // 0o7711: the bits that would let it run as somebody else are not taken.
  succeeded(await setInfo(client, file, 0, descriptor('S-1-5-88-3-4041'), dacl))
  assert.equal(modeOf(folder, 'file'), 0o1711)
  // Without the right to change it, not.
  const reader = await open(client, 'file', 0, { desiredAccess: AccessMask.GENERIC_READ, createDisposition: OPEN })
  statusIs(await setInfo(client, reader, 0, descriptor('S-1-5-88-3-511'), dacl), 'STATUS_ACCESS_DENIED')
  assert.equal(modeOf(folder, 'file'), 0o1711)
  // On a Windows handle it is a descriptor like others, and the mode stays.
  const windows = await create(client, { name: 'file', desiredAccess: AccessMask.GENERIC_ALL })
  succeeded(await setInfo(client, windows, 0, descriptor('S-1-5-88-3-511'), dacl))
  assert.equal(modeOf(folder, 'file'), 0o1711)
})

onDisk('any mode may be asked for', async (world, folder) => {
  const client = await linux(world)
  chmodSync(folder, 0o755)
  const before = readdirSync(folder)
  for (const mode of [0, 0o7777, 0xffff_ffff]) {
    const file = await open(client, 'any', mode)
    succeeded(await markDeleted(client, file))
    succeeded(await close(client, file))
  }
  assert.deepEqual(readdirSync(folder), before)
})
