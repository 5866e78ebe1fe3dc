/** Requests about files, for tests: short to write, every field to be overridden. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import { AccessMask } from '../../src/wire/dtyp/index.ts'
import { type DirectoryInformationClass, directoryEntries } from '../../src/wire/fscc/index.ts'
import type { InferInput } from '../../src/wire/schema/index.ts'
import {
  CancelRequest,
  ChangeNotifyRequest,
  CloseRequest,
  Command,
  CompletionFilter,
  CreateDisposition,
  CreateOptions,
  CreateRequest,
  CreateResponse,
  EchoRequest,
  type FileId,
  FlushRequest,
  InfoType,
  IoctlFlags,
  IoctlRequest,
  LockFlags,
  LockRequest,
  LogoffRequest,
  NO_FILE_ID,
  QueryDirectoryRequest,
  QueryDirectoryResponse,
  QueryInfoRequest,
  RELATED_FILE_ID,
  ReadRequest,
  SetInfoRequest,
  TreeDisconnectRequest,
  WriteRequest,
} from '../../src/wire/smb2/index.ts'
import { encodeBody } from './messages.ts'
import type { Answer, CallOptions, Prepared, RawClient } from './raw-client.ts'

export { NO_FILE_ID, RELATED_FILE_ID }
export const READ_WRITE = AccessMask.GENERIC_READ | AccessMask.GENERIC_WRITE | AccessMask.DELETE
const SHARE_ALL = 7

type CreateValue = Partial<InferInput<typeof CreateRequest>> & { readonly name: string }

export const createBody = (value: CreateValue): Uint8Array =>
  encodeBody(CreateRequest, {
    desiredAccess: READ_WRITE >>> 0,
    shareAccess: SHARE_ALL,
    createDisposition: CreateDisposition.OPEN_IF,
    createOptions: 0,
    ...value,
  })

export const directoryBody = (value: CreateValue): Uint8Array =>
  createBody({ createOptions: CreateOptions.DIRECTORY_FILE, ...value })

export const tryCreate = (client: RawClient, value: CreateValue, options?: CallOptions): Promise<Answer> =>
  client.callRaw(Command.CREATE, createBody(value), options)

/** Opens or makes a file; asserts that it worked. */
export async function create(client: RawClient, value: CreateValue, options?: CallOptions): Promise<FileId> {
  const answer = await tryCreate(client, value, options)
  assert.equal(answer.statusName, 'STATUS_SUCCESS', value.name)
  return plainId(answer.body(CreateResponse).fileId)
}

export const openDirectory = (client: RawClient, name: string, options?: CallOptions): Promise<FileId> =>
  create(client, { name, createOptions: CreateOptions.DIRECTORY_FILE }, options)

export const plainId = ({ persistent, volatile }: FileId): FileId => ({ persistent, volatile })

export const close = (client: RawClient, fileId: FileId, options?: CallOptions): Promise<Answer> =>
  client.call(Command.CLOSE, CloseRequest, { flags: 0, fileId }, options)

export const closeBody = (fileId: FileId = RELATED_FILE_ID): Uint8Array =>
  encodeBody(CloseRequest, { flags: 0, fileId })

export const read = (
  client: RawClient,
  fileId: FileId,
  { offset = 0n, length = 1024, flags = 0 }: { offset?: bigint; length?: number; flags?: number } = {},
  options?: CallOptions,
): Promise<Answer> => client.call(Command.READ, ReadRequest, { fileId, offset, length, flags }, options)

export const readBody = (fileId: FileId, length = 1024, offset = 0n, flags = 0): Uint8Array =>
  encodeBody(ReadRequest, { fileId, offset, length, flags })

export const write = (
  client: RawClient,
  fileId: FileId,
  data: string | Uint8Array,
  { offset = 0n }: { offset?: bigint } = {},
  options?: CallOptions,
): Promise<Answer> => client.callRaw(Command.WRITE, writeBody(fileId, data, offset), options)

export const writeBody = (fileId: FileId, data: string | Uint8Array, offset = 0n): Uint8Array =>
  encodeBody(WriteRequest, {
    fileId,
    offset,
    data: typeof data === 'string' ? new Uint8Array(Buffer.from(data)) : data,
  })

export const flush = (client: RawClient, fileId: FileId, options?: CallOptions): Promise<Answer> =>
  client.call(Command.FLUSH, FlushRequest, { fileId }, options)

export const echo = (client: RawClient, options?: CallOptions): Promise<Answer> =>
  client.call(Command.ECHO, EchoRequest, {}, options)

export const echoBody = (): Uint8Array => encodeBody(EchoRequest, {})

export const logoff = (client: RawClient, options?: CallOptions): Promise<Answer> =>
  client.call(Command.LOGOFF, LogoffRequest, {}, options)

export const treeDisconnect = (client: RawClient, options?: CallOptions): Promise<Answer> =>
  client.call(Command.TREE_DISCONNECT, TreeDisconnectRequest, {}, options)

export interface Range {
  readonly offset: bigint
  readonly length: bigint
  readonly flags: number
}

export const exclusive = (offset: bigint, length: bigint, waits = false): Range => ({
  offset,
  length,
  flags: LockFlags.EXCLUSIVE_LOCK | (waits ? 0 : LockFlags.FAIL_IMMEDIATELY),
})
export const shared = (offset: bigint, length: bigint, waits = false): Range => ({
  offset,
  length,
  flags: LockFlags.SHARED_LOCK | (waits ? 0 : LockFlags.FAIL_IMMEDIATELY),
})
export const unlocked = (offset: bigint, length: bigint): Range => ({ offset, length, flags: LockFlags.UNLOCK })

export const lockBody = (fileId: FileId, ...locks: readonly Range[]): Uint8Array =>
  encodeBody(LockRequest, { fileId, locks })

export const lock = (client: RawClient, fileId: FileId, ...locks: readonly Range[]): Promise<Answer> =>
  client.callRaw(Command.LOCK, lockBody(fileId, ...locks))

export const queryDirectory = (
  client: RawClient,
  fileId: FileId,
  value: Partial<InferInput<typeof QueryDirectoryRequest>> = {},
  options?: CallOptions,
): Promise<Answer> =>
  client.call(
    Command.QUERY_DIRECTORY,
    QueryDirectoryRequest,
    { fileInformationClass: 0x0c, flags: 0, fileId, outputBufferLength: 65_536, fileName: '*', ...value },
    options,
  )

export const queryInfo = (
  client: RawClient,
  fileId: FileId,
  fileInfoClass: number,
  value: Partial<InferInput<typeof QueryInfoRequest>> = {},
  options?: CallOptions,
): Promise<Answer> =>
  client.call(
    Command.QUERY_INFO,
    QueryInfoRequest,
    { infoType: InfoType.FILE, fileInfoClass, outputBufferLength: 4096, fileId, ...value },
    options,
  )

export const setInfo = (
  client: RawClient,
  fileId: FileId,
  fileInfoClass: number,
  buffer: Uint8Array,
  value: Partial<InferInput<typeof SetInfoRequest>> = {},
  options?: CallOptions,
): Promise<Answer> =>
  client.call(
    Command.SET_INFO,
    SetInfoRequest,
    { infoType: InfoType.FILE, fileInfoClass, fileId, buffer, ...value },
    options,
  )

export const ioctl = (
  client: RawClient,
  ctlCode: number,
  value: Partial<InferInput<typeof IoctlRequest>> = {},
  options?: CallOptions,
): Promise<Answer> =>
  client.call(
    Command.IOCTL,
    IoctlRequest,
    { ctlCode: ctlCode, fileId: NO_FILE_ID, maxOutputResponse: 4096, flags: IoctlFlags.IS_FSCTL, ...value },
    options,
  )

export const ALL_CHANGES = Object.values(CompletionFilter).reduce((all, filter) => all | filter, 0)

export const notifyBody = (
  fileId: FileId,
  {
    filter = ALL_CHANGES,
    recursive = false,
    room = 4096,
  }: { filter?: number; recursive?: boolean; room?: number } = {},
): Uint8Array =>
  encodeBody(ChangeNotifyRequest, {
    fileId,
    flags: recursive ? 1 : 0,
    outputBufferLength: room,
    completionFilter: filter,
  })

/** A request that waits: it has been answered with STATUS_PENDING, or not at all yet. */
export interface Waiting {
  readonly request: Prepared
  readonly answer: Promise<Answer>
}

/** Sends a request and waits until nothing more is under way. */
export async function start(
  client: RawClient,
  command: number,
  body: Uint8Array,
  options?: CallOptions,
): Promise<Waiting> {
  const request = client.prepare(command, body, options)
  const answer = client.send([request])[0] as Promise<Answer>
  await client.network.settled()
  return { request, answer }
}

/** Cancels by the message id, or by the id that STATUS_PENDING brought. */
export function cancel(
  client: RawClient,
  { request }: Waiting,
  by: 'asyncId' | 'messageId',
  options?: CallOptions,
): void {
  const asyncId = client.interimOf(request.messageId)?.asyncId
  assert.ok(by === 'messageId' || asyncId !== undefined, 'STATUS_PENDING has come')
  const body = encodeBody(CancelRequest, {})
  const target = by === 'asyncId' && asyncId !== undefined ? { asyncId } : {}
  void client.send([client.prepare(Command.CANCEL, body, { messageId: request.messageId, ...target, ...options })])
}

/** The entries of a QUERY_DIRECTORY response. */
export function namesIn(answer: Answer, infoClass: DirectoryInformationClass): string[] {
  assert.equal(answer.statusName, 'STATUS_SUCCESS')
  const { outputBuffer } = answer.body(QueryDirectoryResponse)
  const view = viewOf(outputBuffer)
  const found: string[] = []
  for (let at = 0; ; ) {
    const next = view.getUint32(at, true)
    assert.equal(next % 8, 0)
    const end = next === 0 ? outputBuffer.length : at + next
    const entry = directoryEntries[infoClass].decode(view, at, end)
    found.push((entry as { fileName: string }).fileName)
    if (next === 0) return found
    at += next
  }
}
