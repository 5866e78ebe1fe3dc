/** File system controls as a client sends them, and what they show of a file. */
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  FileAllocatedRange,
  FileAllocatedRanges,
  FileBasicInformation,
  FileInformationClass,
} from '../../src/wire/fscc/index.ts'
import { type FileId, FsctlCode, IoctlResponse, QueryInfoResponse, ReadResponse } from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import { ioctl, queryInfo, read } from './files.ts'
import type { Answer } from './raw-client.ts'
import { succeeded } from './world.ts'

export const CLUSTER = 4096
export const pattern = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff)

export const control = (
  client: Client,
  ctlCode: number,
  fileId: FileId,
  input: Uint8Array = new Uint8Array(0),
  more = {},
): Promise<Answer> => ioctl(client, ctlCode, { fileId, input, ...more })

export const outputOf = (answer: Answer): DataView => viewOf(succeeded(answer).body(IoctlResponse).output)

export async function content(client: Client, fileId: FileId, length = 65_536): Promise<Uint8Array> {
  return succeeded(await read(client, fileId, { length }))
    .body(ReadResponse)
    .data.slice()
}

export async function attributesOf(client: Client, fileId: FileId): Promise<number> {
  const answer = succeeded(await queryInfo(client, fileId, FileInformationClass.FileBasicInformation))
  return FileBasicInformation.decode(viewOf(answer.body(QueryInfoResponse).outputBuffer)).fileAttributes
}

export async function allocated(client: Client, fileId: FileId, length = 1 << 20): Promise<[number, number][]> {
  const input = FileAllocatedRange.encode({ fileOffset: 0n, length: BigInt(length) })
  const answer = await control(client, FsctlCode.QUERY_ALLOCATED_RANGES, fileId, input)
  return FileAllocatedRanges.decode(outputOf(answer)).ranges.map((range) => [
    Number(range.fileOffset),
    Number(range.length),
  ])
}
