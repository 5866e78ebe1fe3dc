/** MS-SMB2 3.3.5.18, 3.3.5.19: listings and change notification. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  type DirectoryInformationClass,
  directoryEntries,
  FileBasicInformation,
  FileFullEaInformation,
  FileInformationClass,
  FileNotifyInformation,
  FileRenameInformation,
  NotifyAction,
} from '../../src/wire/fscc/index.ts'
import {
  ChangeNotifyResponse,
  Command,
  CompletionFilter,
  CreateOptions,
  type FileId,
  QueryDirectoryFlags,
  QueryDirectoryResponse,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { OTHER } from './client.ts'
import {
  ALL_CHANGES,
  close,
  create,
  namesIn,
  notifyBody,
  openDirectory,
  queryDirectory,
  setInfo,
  start,
  type Waiting,
  write,
} from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

const CLASS = FileInformationClass.FileBothDirectoryInformation
const names = (answer: Answer, infoClass: DirectoryInformationClass = CLASS): string[] => namesIn(answer, infoClass)

/** Names in an answer, whose entries must be aligned and linked. */
const files = { 'Alpha.txt': '1', 'beta.TXT': '2', gamma: '3', 'delta.tar.gz': '4', 'dir/inner': '5', '.hidden': '6' }
const { REOPEN, RESTART_SCANS, RETURN_SINGLE_ENTRY } = QueryDirectoryFlags

const patterns: readonly (readonly [string, readonly string[]])[] = [
  ['*', ['.', '..', '.hidden', 'Alpha.txt', 'beta.TXT', 'delta.tar.gz', 'dir', 'gamma']],
  ['*.*', ['.', '..', '.hidden', 'Alpha.txt', 'beta.TXT', 'delta.tar.gz']],
  ['*.txt', ['Alpha.txt', 'beta.TXT']],
  ['ALPHA.TXT', ['Alpha.txt']],
  ['?????', ['gamma']],
  ['d*', ['delta.tar.gz', 'dir']],
  ['*a*', ['Alpha.txt', 'beta.TXT', 'delta.tar.gz', 'gamma']],
  ['<.gz', ['delta.tar.gz']],
  ['>>>>>>>', ['dir', 'gamma']],
]
scenario('patterns', { files }, async (world) => {
  const client = await world.client()
  const root = await openDirectory(client, '')
  for (const [fileName, expected] of patterns) {
    const found = names(await queryDirectory(client, root, { fileInformationClass: CLASS, fileName, flags: REOPEN }))
    if (fileName === '*.*' || fileName.startsWith('>')) {
      for (const name of expected.slice(2))
        assert.ok(found.includes(name) || fileName.startsWith('>'), `${fileName}: ${found.join(' ')}`)
    } else assert.deepEqual(found.toSorted(), [...expected].toSorted(), fileName)
    statusIs(await queryDirectory(client, root, { fileInformationClass: CLASS, fileName }), 'STATUS_NO_MORE_FILES')
  }
  statusIs(await queryDirectory(client, root, { fileName: 'nothing*', flags: REOPEN }), 'STATUS_NO_SUCH_FILE')
  statusIs(await queryDirectory(client, root, { fileName: 'nothing', flags: REOPEN }), 'STATUS_NO_SUCH_FILE')
  statusIs(await queryDirectory(client, root, { fileName: '', flags: REOPEN }), 'STATUS_OBJECT_NAME_INVALID')
  for (const fileName of ['a\\b', '..\\*', 'a/b', 'a\0'])
    statusIs(await queryDirectory(client, root, { fileName, flags: REOPEN }), 'STATUS_OBJECT_NAME_INVALID')
})

scenario('one at a time, restarted, reopened', { files }, async (world) => {
  const client = await world.client()
  const root = await openDirectory(client, '')
  const next = (flags: number, fileName = '*') =>
    queryDirectory(client, root, { fileInformationClass: CLASS, fileName, flags })
  const found: string[] = []
  for (let i = 0; i < 8; i++) found.push(...names(await next(RETURN_SINGLE_ENTRY)))
  assert.equal(new Set(found).size, 8)
  statusIs(await next(RETURN_SINGLE_ENTRY), 'STATUS_NO_MORE_FILES')
  statusIs(await next(0), 'STATUS_NO_MORE_FILES')
  assert.deepEqual(names(await next(RESTART_SCANS | RETURN_SINGLE_ENTRY)), ['.'])
  assert.deepEqual(names(await next(RETURN_SINGLE_ENTRY)), ['..'])
  assert.equal(names(await next(0)).length, 6)
  // Another pattern counts from a reopening on; before, the first one goes on.
  assert.equal(names(await next(RESTART_SCANS)).length, 8)
  assert.deepEqual(names(await next(REOPEN, 'gam*')), ['gamma'])
})

scenario('every class, at every size of the buffer', { files }, async (world) => {
  const client = await world.client()
  const root = await openDirectory(client, '')
  for (const key of Object.keys(directoryEntries)) {
    const infoClass = Number(key) as DirectoryInformationClass
    // For clients with POSIX extensions: see posix.test.ts.
    if (infoClass === FileInformationClass.FilePosixInformation) continue
    const { size } = directoryEntries[infoClass]
    const ask = (outputBufferLength: number, flags: number) =>
      queryDirectory(client, root, { fileInformationClass: infoClass, flags, outputBufferLength })
    statusIs(await ask(size - 1, REOPEN), 'STATUS_INFO_LENGTH_MISMATCH')
    for (let room = size + 40; room < size + 400; room += 31) {
      const found = names(await ask(room, REOPEN), infoClass)
      for (;;) {
        const answer = await ask(room, 0)
        if (answer.statusName === 'STATUS_NO_MORE_FILES') break
        assert.ok(answer.body(QueryDirectoryResponse).outputBuffer.length <= room)
        found.push(...names(answer, infoClass))
      }
      assert.equal(new Set(found).size, 8, `class ${infoClass}, ${room} bytes`)
      assert.equal(found.length, 8)
    }
  }
})

scenario('a directory that changes while it is listed', {}, async (world) => {
  const [client, other] = [await world.client(), await world.client(OTHER)]
  await openDirectory(client, 'd')
  for (let i = 0; i < 200; i++) await close(client, await create(client, { name: `d\\file-${i}` }, { credits: 20 }))
  const directory = await openDirectory(client, 'd')
  const found: string[] = []
  for (let round = 0; ; round++) {
    const answer = await queryDirectory(client, directory, { fileInformationClass: CLASS, outputBufferLength: 1000 })
    if (answer.statusName === 'STATUS_NO_MORE_FILES') break
    found.push(...names(answer))
    const doomed = { name: `d\\file-${199 - round}`, createOptions: CreateOptions.DELETE_ON_CLOSE }
    await close(other, await create(other, doomed))
    await close(other, await create(other, { name: `d\\new-${round}` }))
  }
  assert.equal(new Set(found).size, found.length, 'nothing is listed twice')
  const stays = found.filter((name) => name.startsWith('file-')).length
  assert.ok(stays >= 150 && stays < 200, `${stays} files`)
})

const watch = (client: Client, fileId: FileId, options?: Parameters<typeof notifyBody>[1]): Promise<Waiting> =>
  start(client, Command.CHANGE_NOTIFY, notifyBody(fileId, options))

const records = async (waiting: Waiting): Promise<string[]> => {
  const { outputBuffer } = succeeded(await waiting.answer).body(ChangeNotifyResponse)
  const byNumber = new Map(Object.entries(NotifyAction).map(([name, number]) => [number as number, name]))
  return FileNotifyInformation.decode(viewOf(outputBuffer)).entries.map(
    ({ action, fileName }) => `${byNumber.get(action)} ${fileName}`,
  )
}

const renameTo = (fileName: string): Uint8Array => FileRenameInformation.encode({ fileName, replaceIfExists: true })
const basic = (value: Partial<Parameters<typeof FileBasicInformation.encode>[0]>): Uint8Array =>
  FileBasicInformation.encode({
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    fileAttributes: 0,
    ...value,
  })
const TIME = 132_000_000_000_000_000n

const doings: readonly (readonly [
  string,
  number,
  (client: Client, file: FileId) => Promise<unknown>,
  readonly string[],
])[] = [
  ['a new file', CompletionFilter.FILE_NAME, (client) => create(client, { name: 'd\\new' }), ['ADDED new']],
  ['a new directory', CompletionFilter.DIR_NAME, (client) => openDirectory(client, 'd\\sub'), ['ADDED sub']],
  [
    'a file that goes',
    CompletionFilter.FILE_NAME,
    async (client) =>
      close(client, await create(client, { name: 'd\\b', createOptions: CreateOptions.DELETE_ON_CLOSE })),
    ['REMOVED b'],
  ],
  [
    'a rename',
    CompletionFilter.FILE_NAME,
    (client, file) => setInfo(client, file, FileInformationClass.FileRenameInformation, renameTo('d\\c')),
    ['RENAMED_OLD_NAME a', 'RENAMED_NEW_NAME c'],
  ],
  [
    'a move away',
    CompletionFilter.FILE_NAME,
    (client, file) => setInfo(client, file, FileInformationClass.FileRenameInformation, renameTo('away')),
    ['REMOVED a'],
  ],
  ['a write', CompletionFilter.SIZE, (client, file) => write(client, file, 'more text'), ['MODIFIED a']],
  ['a write', CompletionFilter.LAST_WRITE, (client, file) => write(client, file, 'x'), ['MODIFIED a']],
  [
    'attributes',
    CompletionFilter.ATTRIBUTES,
    (client, file) => setInfo(client, file, CLASS_BASIC, basic({ fileAttributes: 2 })),
    ['MODIFIED a'],
  ],
  [
    'a creation time',
    CompletionFilter.CREATION,
    (client, file) => setInfo(client, file, CLASS_BASIC, basic({ creationTime: TIME })),
    ['MODIFIED a'],
  ],
  [
    'a time of access',
    CompletionFilter.LAST_ACCESS,
    (client, file) => setInfo(client, file, CLASS_BASIC, basic({ lastAccessTime: TIME })),
    ['MODIFIED a'],
  ],
  [
    'extended attributes',
    CompletionFilter.EA,
    (client, file) =>
      setInfo(
        client,
        file,
        FileInformationClass.FileFullEaInformation,
        FileFullEaInformation.encode({ entries: [{ flags: 0, eaName: 'N', eaValue: Uint8Array.of(1) }] }),
      ),
    ['MODIFIED a'],
  ],
  [
    'a stream',
    CompletionFilter.STREAM_NAME,
    (client) => create(client, { name: 'd\\a:s' }),
    ['ADDED_STREAM a:s:$DATA'],
  ],
  [
    'a write to a stream',
    CompletionFilter.STREAM_WRITE,
    async (client) => write(client, await create(client, { name: 'd\\a:s' }), 'x'),
    ['MODIFIED_STREAM a:s:$DATA'],
  ],
]
const CLASS_BASIC = FileInformationClass.FileBasicInformation
for (const [what, filter, act, expected] of doings)
  scenario(
    `notification of ${what}, filter 0x${filter.toString(16)}`,
    { files: { 'd/a': 'text', 'd/b': 'x' } },
    async (world) => {
      const [client, other] = [await world.client(), await world.client(OTHER)]
      // Who watches does not stand in the way of a rename.
      const directory = await create(client, { name: 'd', createOptions: 1, desiredAccess: 1 })
      const deaf = await create(client, { name: 'd', createOptions: 1, desiredAccess: 1 })
      const file = await create(other, { name: 'd\\a' })
      const waiting = await watch(client, directory, { filter })
      const unmoved = await watch(client, deaf, { filter: ALL_CHANGES & ~filter & CompletionFilter.SECURITY })
      await act(other, file)
      assert.deepEqual(await records(waiting), expected)
      assert.ok(client.isPending(unmoved.request.messageId))
    },
  )

scenario('a whole tree, or the directory alone', { files: { 'd/e/f': 'x' } }, async (world) => {
  const [client, other] = [await world.client(), await world.client(OTHER)]
  const tree = await watch(client, await openDirectory(client, ''), { recursive: true })
  const alone = await watch(client, await openDirectory(client, ''))
  await create(other, { name: 'd\\e\\new' })
  assert.deepEqual(await records(tree), ['ADDED d\\e\\new'])
  assert.ok(client.isPending(alone.request.messageId))
  await create(other, { name: 'top' })
  assert.deepEqual(await records(alone), ['ADDED top'])
})

scenario('changes between two requests are not lost', {}, async (world) => {
  const [client, other] = [await world.client(), await world.client(OTHER)]
  const root = await openDirectory(client, '')
  const first = await watch(client, root, { filter: CompletionFilter.FILE_NAME })
  for (const name of ['a', 'b', 'c']) await create(other, { name })
  assert.deepEqual(await records(first), ['ADDED a'])
  assert.deepEqual(await records(await watch(client, root)), ['ADDED b', 'ADDED c'])
})

scenario('too many changes for the buffer: look for yourself', {}, async (world) => {
  const [client, other] = [await world.client(), await world.client(OTHER)]
  const root = await openDirectory(client, '')
  const first = await watch(client, root, { room: 64 })
  await create(other, { name: 'a' })
  assert.deepEqual(await records(first), ['ADDED a'])
  for (let i = 0; i < 20; i++) await create(other, { name: `a rather long name ${i}` })
  statusIs(await (await watch(client, root, { room: 64 })).answer, 'STATUS_NOTIFY_ENUM_DIR')
  // From there on it goes as before.
  const next = await watch(client, root, { room: 64 })
  await create(other, { name: 'z' })
  assert.deepEqual(await records(next), ['ADDED z'])
})

scenario('a watched directory that goes', { files: { 'd/x': '' } }, async (world) => {
  const [client, other] = [await world.client(), await world.client(OTHER)]
  const waiting = await watch(client, await openDirectory(client, 'd\\sub'))
  const doomed = { name: 'd\\sub', createOptions: CreateOptions.DIRECTORY_FILE | CreateOptions.DELETE_ON_CLOSE }
  succeeded(await close(other, await create(other, doomed)))
  statusIs(await waiting.answer, 'STATUS_DELETE_PENDING')
})
