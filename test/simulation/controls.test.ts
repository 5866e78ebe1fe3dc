/** File system controls with an effect (MS-FSA 2.1.5.10). */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  CompressionState,
  DuplicateExtentsData,
  DuplicateExtentsDataEx,
  encodeReparsePoint,
  FileAllocatedRange,
  FileAllocatedRanges,
  FileAttributes,
  FileAttributeTagInformation,
  FileBasicInformation,
  FileCompressionInformation,
  FileInformationClass,
  FileLevelTrim,
  FileLevelTrimOutput,
  FileObjectIdBuffer,
  FileRegion,
  FileRegionOutput,
  FileSetSparseBuffer,
  FileZeroDataInformation,
  IntegrityInformation,
  IsPathnameValid,
  NtfsVolumeData,
  ObjectIdExtendedInfo,
  OffloadReadInput,
  OffloadReadOutput,
  OffloadTokenType,
  OffloadWriteInput,
  OffloadWriteOutput,
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
  ReadResponse,
  SymbolicLinkErrorResponse,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { OTHER } from './client.ts'
import {
  close,
  create,
  createBody,
  directoryBody,
  exclusive,
  ioctl,
  lock,
  openDirectory,
  queryInfo,
  RELATED_FILE_ID,
  read,
  readBody,
  tryCreate,
  write,
} from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

const CLUSTER = 4096
const pattern = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff)

const control = (
  client: Client,
  ctlCode: number,
  fileId: FileId,
  input: Uint8Array = new Uint8Array(0),
  more = {},
): Promise<Answer> => ioctl(client, ctlCode, { fileId, input, ...more })

const outputOf = (answer: Answer): DataView => viewOf(succeeded(answer).body(IoctlResponse).output)

async function content(client: Client, fileId: FileId, length = 65_536): Promise<Uint8Array> {
  return succeeded(await read(client, fileId, { length }))
    .body(ReadResponse)
    .data.slice()
}

async function attributesOf(client: Client, fileId: FileId): Promise<number> {
  const answer = succeeded(await queryInfo(client, fileId, FileInformationClass.FileBasicInformation))
  return FileBasicInformation.decode(viewOf(answer.body(QueryInfoResponse).outputBuffer)).fileAttributes
}

async function allocated(client: Client, fileId: FileId, length = 1 << 20): Promise<[number, number][]> {
  const input = FileAllocatedRange.encode({ fileOffset: 0n, length: BigInt(length) })
  const answer = await control(client, FsctlCode.QUERY_ALLOCATED_RANGES, fileId, input)
  return FileAllocatedRanges.decode(outputOf(answer)).ranges.map((range) => [
    Number(range.fileOffset),
    Number(range.length),
  ])
}

scenario('only a sparse file has holes', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  succeeded(await write(client, file, pattern(4 * CLUSTER)))
  const zeros = FileZeroDataInformation.encode({
    fileOffset: BigInt(CLUSTER),
    beyondFinalZero: BigInt(2 * CLUSTER),
  })
  succeeded(await control(client, FsctlCode.SET_ZERO_DATA, file, zeros))
  assert.deepEqual(await allocated(client, file), [[0, 4 * CLUSTER]])
  succeeded(await control(client, FsctlCode.SET_SPARSE, file))
  assert.equal((await attributesOf(client, file)) & FileAttributes.SPARSE_FILE, FileAttributes.SPARSE_FILE)
  succeeded(await control(client, FsctlCode.SET_ZERO_DATA, file, zeros))
  assert.deepEqual(await content(client, file), pattern(4 * CLUSTER).fill(0, CLUSTER, 2 * CLUSTER))
  succeeded(await control(client, FsctlCode.SET_SPARSE, file, FileSetSparseBuffer.encode({ setSparse: false })))
  assert.equal((await attributesOf(client, file)) & FileAttributes.SPARSE_FILE, 0)
  assert.deepEqual(await allocated(client, file), [[0, 4 * CLUSTER]])
  const directory = await openDirectory(client, 'd')
  statusIs(await control(client, FsctlCode.SET_SPARSE, directory), 'STATUS_INVALID_PARAMETER')
})

scenario('the holes of a sparse file', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  succeeded(await control(client, FsctlCode.SET_SPARSE, file))
  succeeded(await write(client, file, pattern(CLUSTER), { offset: BigInt(8 * CLUSTER) }))
  assert.deepEqual(await allocated(client, file), [[8 * CLUSTER, CLUSTER]])
})

scenario('trimmed ranges give their room back', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  succeeded(await control(client, FsctlCode.SET_SPARSE, file))
  succeeded(await write(client, file, pattern(4 * CLUSTER)))
  const trim = (...ranges: readonly [number, number][]) =>
    FileLevelTrim.encode({
      ranges: ranges.map(([offset, length]) => ({ offset: BigInt(offset), length: BigInt(length) })),
    })
  // Of a cluster that is in use in part nothing goes.
  const input = trim([100, 2 * CLUSTER], [3 * CLUSTER, 10 * CLUSTER])
  const answer = await control(client, FsctlCode.FILE_LEVEL_TRIM, file, input)
  assert.equal(FileLevelTrimOutput.decode(outputOf(answer)).numRangesProcessed, 2)
  assert.deepEqual(await allocated(client, file), [
    [0, CLUSTER],
    [2 * CLUSTER, CLUSTER],
  ])
  assert.deepEqual((await content(client, file)).subarray(0, CLUSTER), pattern(CLUSTER))
  statusIs(await control(client, FsctlCode.FILE_LEVEL_TRIM, file, trim()), 'STATUS_INVALID_PARAMETER')
  const other = await create(await world.client(), { name: 'a' })
  succeeded(await lock(client, file, exclusive(0n, 10n)))
  const second = world.clients[1] as Client
  statusIs(await control(second, FsctlCode.FILE_LEVEL_TRIM, other, input), 'STATUS_SUCCESS')
  statusIs(await control(second, FsctlCode.FILE_LEVEL_TRIM, other, trim([0, 1])), 'STATUS_FILE_LOCK_CONFLICT')
})

scenario('all data of a file is valid', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  succeeded(await write(client, file, pattern(1000)))
  const regions = async (input?: Uint8Array) =>
    FileRegionOutput.decode(outputOf(await control(client, FsctlCode.QUERY_FILE_REGIONS, file, input))).regions.map(
      ({ fileOffset, length, usage }) => [fileOffset, length, usage],
    )
  assert.deepEqual(await regions(), [[0n, 1000n, 1]])
  const part = { fileOffset: 100n, length: 50n, usage: 2 }
  assert.deepEqual(await regions(FileRegion.encode(part)), [[100n, 50n, 2]])
  assert.deepEqual(await regions(FileRegion.encode({ ...part, length: 5000n })), [[100n, 900n, 2]])
  assert.deepEqual(await regions(FileRegion.encode({ ...part, fileOffset: 1000n })), [])
  const wrong = FileRegion.encode({ ...part, usage: 3 })
  statusIs(await control(client, FsctlCode.QUERY_FILE_REGIONS, file, wrong), 'STATUS_INVALID_PARAMETER')
  const small = await control(client, FsctlCode.QUERY_FILE_REGIONS, file, undefined, { maxOutputResponse: 16 })
  statusIs(small, 'STATUS_BUFFER_TOO_SMALL')
})

interface Copy {
  readonly from?: number
  readonly to?: number
  readonly length: number
}
const duplicate = (
  client: Client,
  target: FileId,
  source: FileId,
  { from = 0, to = 0, length }: Copy,
  ex?: 'atomic',
) => {
  const value = {
    sourceFileId: source,
    sourceFileOffset: BigInt(from),
    targetFileOffset: BigInt(to),
    byteCount: BigInt(length),
  }
  return ex === undefined
    ? control(client, FsctlCode.DUPLICATE_EXTENTS_TO_FILE, target, DuplicateExtentsData.encode(value))
    : control(
        client,
        FsctlCode.DUPLICATE_EXTENTS_TO_FILE_EX,
        target,
        DuplicateExtentsDataEx.encode({ ...value, flags: 1 }),
      )
}

scenario('extents are duplicated', {}, async (world) => {
  const client = await world.client()
  const source = await create(client, { name: 'source' })
  const target = await create(client, { name: 'target' })
  succeeded(await write(client, source, pattern(3 * CLUSTER + 100, 1)))
  succeeded(await write(client, target, pattern(4 * CLUSTER, 2)))
  succeeded(await duplicate(client, target, source, { from: CLUSTER, to: 2 * CLUSTER, length: CLUSTER }))
  const expected = pattern(4 * CLUSTER, 2)
  expected.set(pattern(3 * CLUSTER, 1).subarray(CLUSTER, 2 * CLUSTER), 2 * CLUSTER)
  assert.deepEqual(await content(client, target), expected)
  // The last cluster of the source is there in part; the target keeps its size.
  succeeded(await duplicate(client, target, source, { from: 3 * CLUSTER, length: CLUSTER }, 'atomic'))
  expected.set(pattern(3 * CLUSTER + 100, 1).subarray(3 * CLUSTER), 0)
  assert.deepEqual(await content(client, target), expected)
  succeeded(await duplicate(client, target, source, { length: 0 }))
  statusIs(await duplicate(client, target, source, { from: 1, length: CLUSTER }), 'STATUS_INVALID_PARAMETER')
  statusIs(await duplicate(client, target, source, { to: 1, length: CLUSTER }), 'STATUS_INVALID_PARAMETER')
  statusIs(await duplicate(client, target, source, { length: CLUSTER + 1 }), 'STATUS_INVALID_PARAMETER')
  statusIs(await duplicate(client, target, source, { length: 5 * CLUSTER }), 'STATUS_NOT_SUPPORTED')
  statusIs(await duplicate(client, target, target, { to: CLUSTER, length: 2 * CLUSTER }), 'STATUS_NOT_SUPPORTED')
  statusIs(
    await duplicate(client, target, { persistent: 1n, volatile: 1n }, { length: CLUSTER }),
    'STATUS_INVALID_HANDLE',
  )
  const directory = await openDirectory(client, 'd')
  statusIs(await duplicate(client, target, directory, { length: CLUSTER }), 'STATUS_INVALID_PARAMETER')
  const attributesOnly = await create(client, { name: 'source', desiredAccess: 0x80 })
  statusIs(await duplicate(client, target, attributesOnly, { length: CLUSTER }), 'STATUS_ACCESS_DENIED')
  const readOnly = await create(client, { name: 'target', desiredAccess: 1 })
  statusIs(await duplicate(client, readOnly, source, { length: CLUSTER }), 'STATUS_ACCESS_DENIED')
  succeeded(await control(client, FsctlCode.SET_SPARSE, source))
  statusIs(await duplicate(client, target, source, { length: CLUSTER }), 'STATUS_NOT_SUPPORTED')
})

scenario('holes are duplicated as holes', {}, async (world) => {
  const client = await world.client()
  const source = await create(client, { name: 'source' })
  const target = await create(client, { name: 'target' })
  for (const file of [source, target]) succeeded(await control(client, FsctlCode.SET_SPARSE, file))
  succeeded(await write(client, source, pattern(CLUSTER), { offset: BigInt(7 * CLUSTER) }))
  succeeded(await write(client, target, pattern(8 * CLUSTER, 2)))
  succeeded(await duplicate(client, target, source, { length: 8 * CLUSTER }))
  assert.deepEqual(await content(client, target), await content(client, source))
  assert.deepEqual(await allocated(client, target), [[7 * CLUSTER, CLUSTER]])
})

async function offloadRead(client: Client, fileId: FileId, offset: number, length: number, lifeMs = 0) {
  const input = OffloadReadInput.encode({
    tokenTimeToLive: lifeMs,
    fileOffset: BigInt(offset),
    copyLength: BigInt(length),
  })
  const answer = await control(client, FsctlCode.OFFLOAD_READ, fileId, input)
  return OffloadReadOutput.decode(outputOf(answer))
}
type Token = OffloadReadOutput['token']
const offloadWrite = (client: Client, fileId: FileId, token: Token, offset: number, length: number, skipped = 0) =>
  control(
    client,
    FsctlCode.OFFLOAD_WRITE,
    fileId,
    OffloadWriteInput.encode({
      fileOffset: BigInt(offset),
      copyLength: BigInt(length),
      transferOffset: BigInt(skipped),
      token: { tokenType: token.tokenType, tokenIdLength: token.tokenIdLength, tokenId: token.tokenId },
    }),
  )
const lengthWritten = (answer: Answer): bigint => OffloadWriteOutput.decode(outputOf(answer)).lengthWritten

scenario('data is copied by its token', {}, async (world) => {
  const client = await world.client()
  const source = await create(client, { name: 'source' })
  const target = await create(client, { name: 'target' })
  succeeded(await write(client, source, pattern(10_000, 1)))
  succeeded(await write(client, target, pattern(20_000, 2)))
  const { token, transferLength } = await offloadRead(client, source, 512, 65_536)
  assert.equal(transferLength, 9728n, 'the last sector whole')
  assert.equal(lengthWritten(await offloadWrite(client, target, token, 1024, 9728)), 9728n)
  const expected = pattern(20_000, 2)
  expected.set(pattern(10_000, 1).subarray(512), 1024)
  expected.fill(0, 1024 + 9488, 1024 + 9728)
  assert.deepEqual(await content(client, target), expected)
  assert.equal(lengthWritten(await offloadWrite(client, target, token, 0, 512, 1024)), 512n)
  expected.set(pattern(10_000, 1).subarray(1536, 2048), 0)
  assert.deepEqual(await content(client, target), expected)
  // Zeros have a token that everybody knows.
  const nobodys = { tokenIdLength: 504, tokenId: new Uint8Array(504) }
  const zeros = { ...nobodys, tokenType: OffloadTokenType.ZERO_DATA } as Token
  assert.equal(lengthWritten(await offloadWrite(client, target, zeros, 512, 1024)), 1024n)
  expected.fill(0, 512, 1536)
  assert.deepEqual(await content(client, target), expected)
  statusIs(await offloadWrite(client, target, token, 20_480, 512), 'STATUS_END_OF_FILE')
  statusIs(await offloadWrite(client, target, token, 100, 512), 'STATUS_INVALID_PARAMETER')
  statusIs(await offloadWrite(client, target, token, 0, 512, 65_536), 'STATUS_INVALID_PARAMETER')
  const wrong = { ...nobodys, tokenType: token.tokenType } as Token
  statusIs(await offloadWrite(client, target, wrong, 0, 512), 'STATUS_INVALID_TOKEN')
})

scenario('a token is for one user, one content and a time', {}, async (world) => {
  const client = await world.client()
  const other = await world.client(OTHER)
  const source = await create(client, { name: 'source' })
  const target = await create(client, { name: 'target' })
  const theirs = await create(other, { name: 'theirs' })
  for (const [who, file] of [[client, source] as const, [client, target] as const, [other, theirs] as const])
    succeeded(await write(who, file, pattern(8192)))
  const { token } = await offloadRead(client, source, 0, 4096)
  statusIs(await offloadWrite(other, theirs, token, 0, 512), 'STATUS_INVALID_TOKEN')
  succeeded(await offloadWrite(client, target, token, 0, 512))
  world.clock.advance(31_000)
  statusIs(await offloadWrite(client, target, token, 0, 512), 'STATUS_INVALID_TOKEN')
  const again = await offloadRead(client, source, 0, 4096, 100_000)
  world.clock.advance(60_000)
  succeeded(await offloadWrite(client, target, again.token, 0, 512))
  succeeded(await write(client, source, 'changed'))
  statusIs(await offloadWrite(client, target, again.token, 0, 512), 'STATUS_INVALID_TOKEN')
})

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
