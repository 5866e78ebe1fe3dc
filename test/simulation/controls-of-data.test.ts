/** Controls that move, free and prove the data of a file (MS-FSA 2.1.5.10). */
import assert from 'node:assert/strict'
import {
  DuplicateExtentsData,
  DuplicateExtentsDataEx,
  FileAttributes,
  FileLevelTrim,
  FileLevelTrimOutput,
  FileRegion,
  FileRegionOutput,
  FileSetSparseBuffer,
  FileZeroDataInformation,
  OffloadReadInput,
  OffloadReadOutput,
  OffloadTokenType,
  OffloadWriteInput,
  OffloadWriteOutput,
} from '../../src/wire/fscc/index.ts'
import { type FileId, FsctlCode } from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { OTHER } from './client.ts'
import { allocated, attributesOf, CLUSTER, content, control, outputOf, pattern } from './control-calls.ts'
import { create, exclusive, lock, openDirectory, write } from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

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
