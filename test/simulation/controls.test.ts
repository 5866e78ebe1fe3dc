/** File system controls with an effect (MS-FSA 2.1.5.10). */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  CompressionState,
  encodeReparsePoint,
  FileAttributes,
  FileAttributeTagInformation,
  FileCompressionInformation,
  FileInformationClass,
  FileObjectIdBuffer,
  IntegrityInformation,
  IsPathnameValid,
  NtfsVolumeData,
  ObjectIdExtendedInfo,
  ReadFileUsnData,
  ReparseTag,
  SetIntegrityInformation,
  UsnRecordV2,
  UsnRecordV3,
} from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateOptions,
  Dialect,
  ErrorResponse,
  errorContexts,
  type FileId,
  FsctlCode,
  IoctlResponse,
  QueryInfoResponse,
  SymbolicLinkErrorResponse,
} from '../../src/wire/smb2/index.ts'
import { CLUSTER, control, outputOf, pattern } from './control-calls.ts'
import {
  close,
  create,
  createBody,
  directoryBody,
  openDirectory,
  queryInfo,
  RELATED_FILE_ID,
  readBody,
  tryCreate,
} from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

scenario('compression is kept and handed down', {}, async (world) => {
  const client = await world.client()
  const stateOf = async (file: FileId) =>
    CompressionState.decode(outputOf(await control(client, FsctlCode.GET_COMPRESSION, file))).compressionState
  const set = (file: FileId, compressionState: number) =>
    control(client, FsctlCode.SET_COMPRESSION, file, CompressionState.encode({ compressionState }))
  const directory = await openDirectory(client, 'd')
  assert.equal(await stateOf(directory), 0)
  succeeded(await set(directory, 1))
  assert.equal(await stateOf(directory), 2)
  const inherited = await create(client, { name: 'd\\a' })
  assert.equal(await stateOf(inherited), 2)
  const info = succeeded(await queryInfo(client, inherited, FileInformationClass.FileCompressionInformation))
  const { compressionFormat } = FileCompressionInformation.decode(viewOf(info.body(QueryInfoResponse).outputBuffer))
  assert.equal(compressionFormat, 2)
  const spared = await create(client, { name: 'd\\b', createOptions: CreateOptions.NO_COMPRESSION })
  assert.equal(await stateOf(spared), 0)
  assert.equal(await stateOf(await create(client, { name: 'outside' })), 0)
  succeeded(await set(inherited, 0))
  assert.equal(await stateOf(inherited), 0)
  statusIs(await set(inherited, 3), 'STATUS_INVALID_PARAMETER')
  const readOnly = await create(client, { name: 'd\\a', desiredAccess: 1 })
  statusIs(await set(readOnly, 2), 'STATUS_ACCESS_DENIED')
})

scenario('integrity is kept and handed down', {}, async (world) => {
  const client = await world.client()
  const stateOf = async (file: FileId) => {
    const output = outputOf(await control(client, FsctlCode.GET_INTEGRITY_INFORMATION, file))
    const { checksumAlgorithm, flags } = IntegrityInformation.decode(output)
    return [checksumAlgorithm, flags]
  }
  const set = (file: FileId, checksumAlgorithm: number, flags = 0) =>
    control(
      client,
      FsctlCode.SET_INTEGRITY_INFORMATION,
      file,
      SetIntegrityInformation.encode({ checksumAlgorithm, flags }),
    )
  const directory = await openDirectory(client, 'd')
  assert.deepEqual(await stateOf(directory), [0, 0])
  succeeded(await set(directory, 2))
  const file = await create(client, { name: 'd\\a' })
  assert.deepEqual(await stateOf(file), [2, 0])
  succeeded(await set(file, 0xffff, 1))
  assert.deepEqual(await stateOf(file), [2, 1])
  succeeded(await set(file, 0))
  assert.deepEqual(await stateOf(file), [0, 0])
  statusIs(await set(file, 7), 'STATUS_INVALID_PARAMETER')
})

scenario('object ids', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  statusIs(await control(client, FsctlCode.GET_OBJECT_ID, file), 'STATUS_OBJECTID_NOT_FOUND')
  const made = outputOf(await control(client, FsctlCode.CREATE_OR_GET_OBJECT_ID, file))
  const { objectId, birthObjectId } = FileObjectIdBuffer.decode(made)
  assert.equal(objectId, birthObjectId)
  const again = outputOf(await control(client, FsctlCode.CREATE_OR_GET_OBJECT_ID, file))
  assert.equal(FileObjectIdBuffer.decode(again).objectId, objectId)
  const wanted = pattern(64)
  statusIs(await control(client, FsctlCode.SET_OBJECT_ID, file, wanted), 'STATUS_OBJECT_NAME_COLLISION')
  const extendedInfo = pattern(48, 9)
  succeeded(
    await control(client, FsctlCode.SET_OBJECT_ID_EXTENDED, file, ObjectIdExtendedInfo.encode({ extendedInfo })),
  )
  const kept = succeeded(await control(client, FsctlCode.GET_OBJECT_ID, file)).body(IoctlResponse).output
  assert.deepEqual(Uint8Array.from(kept.subarray(16)), extendedInfo)
  succeeded(await control(client, FsctlCode.DELETE_OBJECT_ID, file))
  statusIs(await control(client, FsctlCode.GET_OBJECT_ID, file), 'STATUS_OBJECTID_NOT_FOUND')
  succeeded(await control(client, FsctlCode.SET_OBJECT_ID, file, wanted))
  const set = succeeded(await control(client, FsctlCode.GET_OBJECT_ID, file)).body(IoctlResponse).output
  assert.deepEqual(Uint8Array.from(set), wanted)
  statusIs(await control(client, FsctlCode.SET_OBJECT_ID, file, wanted.subarray(1)), 'STATUS_INVALID_PARAMETER')
  const readOnly = await create(client, { name: 'a', desiredAccess: 1 })
  statusIs(await control(client, FsctlCode.DELETE_OBJECT_ID, readOnly), 'STATUS_ACCESS_DENIED')
})

const link = (substituteName: string, flags = 1) =>
  encodeReparsePoint({ kind: 'symlink', substituteName, printName: substituteName, flags })
const asItself = CreateOptions.OPEN_REPARSE_POINT

scenario('reparse points', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  statusIs(await control(client, FsctlCode.GET_REPARSE_POINT, file), 'STATUS_NOT_A_REPARSE_POINT')
  statusIs(await control(client, FsctlCode.DELETE_REPARSE_POINT, file, link('')), 'STATUS_NOT_A_REPARSE_POINT')
  succeeded(await control(client, FsctlCode.SET_REPARSE_POINT, file, link('b')))
  succeeded(await control(client, FsctlCode.SET_REPARSE_POINT, file, link('c')))
  const answer = succeeded(await control(client, FsctlCode.GET_REPARSE_POINT, file))
  assert.deepEqual(Uint8Array.from(answer.body(IoctlResponse).output), Uint8Array.from(link('c')))
  const tag = succeeded(await queryInfo(client, file, FileInformationClass.FileAttributeTagInformation))
  const told = FileAttributeTagInformation.decode(viewOf(tag.body(QueryInfoResponse).outputBuffer))
  assert.equal(told.reparseTag, ReparseTag.SYMLINK)
  assert.equal(told.fileAttributes & FileAttributes.REPARSE_POINT, FileAttributes.REPARSE_POINT)
  const short = await control(client, FsctlCode.GET_REPARSE_POINT, file, undefined, { maxOutputResponse: 10 })
  statusIs(short, 'STATUS_BUFFER_OVERFLOW')
  statusIs(
    await control(client, FsctlCode.GET_REPARSE_POINT, file, undefined, { maxOutputResponse: 7 }),
    'STATUS_BUFFER_TOO_SMALL',
  )
  const other = encodeReparsePoint({ kind: 'raw', tag: ReparseTag.WOF, data: new Uint8Array(0) })
  statusIs(await control(client, FsctlCode.SET_REPARSE_POINT, file, other), 'STATUS_IO_REPARSE_TAG_MISMATCH')
  statusIs(await control(client, FsctlCode.DELETE_REPARSE_POINT, file, other), 'STATUS_IO_REPARSE_TAG_MISMATCH')
  statusIs(
    await control(client, FsctlCode.SET_REPARSE_POINT, file, link('x').subarray(1)),
    'STATUS_IO_REPARSE_DATA_INVALID',
  )
  statusIs(
    await control(client, FsctlCode.SET_REPARSE_POINT, file, new Uint8Array(24)),
    'STATUS_IO_REPARSE_TAG_INVALID',
  )
  const readOnly = await create(client, { name: 'a', desiredAccess: 1, createOptions: asItself })
  statusIs(await control(client, FsctlCode.SET_REPARSE_POINT, readOnly, link('x')), 'STATUS_ACCESS_DENIED')
  succeeded(await control(client, FsctlCode.DELETE_REPARSE_POINT, file, link('').subarray(0, 8)))
  succeeded(await tryCreate(client, { name: 'a' }))

  const full = await openDirectory(client, 'full')
  await create(client, { name: 'full\\x' })
  statusIs(await control(client, FsctlCode.SET_REPARSE_POINT, full, link('x')), 'STATUS_DIRECTORY_NOT_EMPTY')
  const junction = encodeReparsePoint({ kind: 'mountPoint', substituteName: 'x', printName: 'x' })
  statusIs(await control(client, FsctlCode.SET_REPARSE_POINT, file, junction), 'STATUS_NOT_A_DIRECTORY')
  const empty = await openDirectory(client, 'empty')
  succeeded(await control(client, FsctlCode.SET_REPARSE_POINT, empty, junction))
  statusIs(await tryCreate(client, { name: 'empty\\x' }), 'STATUS_IO_REPARSE_TAG_NOT_HANDLED')
})

const dialects = [Dialect.SMB_2_1, Dialect.SMB_3_1_1]
for (const dialect of dialects)
  scenario(`the client is told where a link leads (${dialect.toString(16)})`, {}, async (world) => {
    const client = await world.client({ negotiate: { dialects: [dialect] } })
    const directory = await openDirectory(client, 'linked')
    succeeded(await control(client, FsctlCode.SET_REPARSE_POINT, directory, link('..\\elsewhere')))
    succeeded(await close(client, directory))
    const tellsOf = (answer: Answer) => {
      const error = statusIs(answer, 'STATUS_STOPPED_ON_SYMLINK').body(ErrorResponse)
      assert.equal(error.errorContextCount, dialect === Dialect.SMB_3_1_1 ? 1 : 0)
      const [context] = errorContexts(error)
      assert.ok(context !== undefined)
      const { substituteName, printName, flags, unparsedPathLength, symLinkLength } = SymbolicLinkErrorResponse.decode(
        viewOf(context.errorContextData),
      )
      assert.equal(symLinkLength, context.errorContextData.length - 4)
      assert.deepEqual([substituteName, printName, flags], ['..\\elsewhere', '..\\elsewhere', 1])
      return unparsedPathLength
    }
    assert.equal(tellsOf(await tryCreate(client, { name: 'LINKED' })), 0)
    assert.equal(tellsOf(await tryCreate(client, { name: 'linked\\sub\\file' })), '\\sub\\file'.length * 2)
    assert.equal(tellsOf(await tryCreate(client, { name: 'linked\\file:stream' })), '\\file:stream'.length * 2)
    assert.equal(
      tellsOf(await client.callRaw(Command.CREATE, directoryBody({ name: 'linked\\new' }))),
      '\\new'.length * 2,
    )
    const itself = await create(client, { name: 'linked', createOptions: asItself | CreateOptions.DELETE_ON_CLOSE })
    succeeded(await close(client, itself))
    statusIs(await tryCreate(client, { name: 'linked\\file' }), 'STATUS_OBJECT_PATH_NOT_FOUND')
  })

scenario('what follows a stopped open in its chain is stopped, too', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'linked' })
  succeeded(await control(client, FsctlCode.SET_REPARSE_POINT, file, link('x')))
  const requests = [
    client.prepare(Command.CREATE, createBody({ name: 'linked' })),
    client.prepare(Command.READ, readBody(RELATED_FILE_ID), { related: true }),
  ]
  const [first, second] = await Promise.all(client.send(requests))
  statusIs(first as Answer, 'STATUS_STOPPED_ON_SYMLINK')
  statusIs(second as Answer, 'STATUS_STOPPED_ON_SYMLINK')
})

scenario('what a change journal would know', {}, async (world) => {
  const client = await world.client()
  const directory = await openDirectory(client, 'd')
  const file = await create(client, { name: 'd\\Name.txt' })
  const second = outputOf(await control(client, FsctlCode.READ_FILE_USN_DATA, file))
  const record = UsnRecordV2.decode(second)
  assert.deepEqual([record.fileName, record.usn, record.recordLength], ['Name.txt', 0n, second.byteLength])
  const parent = UsnRecordV2.decode(outputOf(await control(client, FsctlCode.READ_FILE_USN_DATA, directory)))
  assert.equal(record.parentFileReferenceNumber, parent.fileReferenceNumber)
  const third = ReadFileUsnData.encode({ minMajorVersion: 3, maxMajorVersion: 4 })
  const wide = UsnRecordV3.decode(outputOf(await control(client, FsctlCode.READ_FILE_USN_DATA, file, third)))
  assert.equal(wide.fileReferenceNumber, record.fileReferenceNumber)
  const fourth = ReadFileUsnData.encode({ minMajorVersion: 4, maxMajorVersion: 4 })
  statusIs(await control(client, FsctlCode.READ_FILE_USN_DATA, file, fourth), 'STATUS_INVALID_PARAMETER')
  statusIs(await control(client, FsctlCode.WRITE_USN_CLOSE_RECORD, file), 'STATUS_JOURNAL_NOT_ACTIVE')
})

scenario('controls that ask about the volume', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const volume = NtfsVolumeData.decode(outputOf(await control(client, FsctlCode.GET_NTFS_VOLUME_DATA, file)))
  assert.equal(volume.bytesPerCluster, CLUSTER)
  assert.ok(volume.freeClusters <= volume.totalClusters)
  const check = (pathName: string) =>
    control(client, FsctlCode.IS_PATHNAME_VALID, file, IsPathnameValid.encode({ pathName }))
  succeeded(await check('\\a\\b'))
  statusIs(await check('a?'), 'STATUS_OBJECT_NAME_INVALID')
})

scenario('controls without a file name none', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  statusIs(await control(client, FsctlCode.QUERY_NETWORK_INTERFACE_INFO, file), 'STATUS_INVALID_PARAMETER')
  statusIs(await control(client, 0x0009_ffff, file), 'STATUS_INVALID_DEVICE_REQUEST')
})
