/** A capture of a busy file server, made up: many clients that open, look, read, write and close, on an Ethernet. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { NULL_GUID } from '../src/bytes/guid.ts'
import { NtStatus } from '../src/wire/erref/ntstatus.ts'
import { FileInformationClass } from '../src/wire/fscc/index.ts'
import type { Struct } from '../src/wire/schema/index.ts'
import {
  CloseRequest,
  CloseResponse,
  Command,
  CreateDisposition,
  CreateRequest,
  CreateResponse,
  Dialect,
  ErrorResponse,
  HeaderFlags,
  InfoType,
  NegotiateRequest,
  NegotiateResponse,
  QueryInfoRequest,
  QueryInfoResponse,
  ReadRequest,
  ReadResponse,
  SMB2_HEADER_SIZE,
  Smb2Header,
  TreeConnectRequest,
  TreeConnectResponse,
  WriteRequest,
  WriteResponse,
} from '../src/wire/smb2/index.ts'

const clients = 64
const segmentBytes = 1460
const frameHeaderBytes = 14 + 20 + 20
const recordHeaderBytes = 16
const fileTime = 133_000_000_000_000_000n

/** Writes frames as a pcap file of nanoseconds, in large pieces. */
class Recorder {
  readonly #file: number
  readonly #buffer = new Uint8Array(4 * 1024 * 1024)
  readonly #view = new DataView(this.#buffer.buffer)
  #at = 24
  bytes = 0
  frames = 0
  timeNs = 0

  constructor(path: string) {
    this.#file = openSync(path, 'w')
    this.#view.setUint32(0, 0xa1b2_3c4d, true)
    this.#view.setUint16(4, 2, true)
    this.#view.setUint16(6, 4, true)
    this.#view.setUint32(16, 262_144, true)
    this.#view.setUint32(20, 1, true)
  }

  /** A TCP segment between a client's port and the server's. */
  segment(
    client: number,
    isFromServer: boolean,
    sequence: number,
    acknowledged: number,
    data: Uint8Array,
    flags = 0x18,
  ): void {
    const length = frameHeaderBytes + data.length
    if (this.#at + recordHeaderBytes + length > this.#buffer.length) this.#flush()
    const view = this.#view
    let at = this.#at
    this.timeNs += 2000 + data.length
    view.setUint32(at, 1_700_000_000 + Math.floor(this.timeNs / 1e9), true)
    view.setUint32(at + 4, this.timeNs % 1e9, true)
    view.setUint32(at + 8, length, true)
    view.setUint32(at + 12, length, true)
    at += recordHeaderBytes
    this.#buffer.fill(2, at, at + 12)
    view.setUint16(at + 12, 0x0800)
    at += 14
    const ends = [0x0a00_0001 + client, 0x0a00_ff01] as const
    view.setUint32(at, (0x4500 << 16) | (length - 14))
    view.setUint32(at + 4, ((this.frames & 0xffff) << 16) | 0x4000)
    view.setUint32(at + 8, 0x4006_0000)
    view.setUint32(at + 12, ends[isFromServer ? 1 : 0])
    view.setUint32(at + 16, ends[isFromServer ? 0 : 1])
    at += 20
    const port = 49_152 + client
    view.setUint16(at, isFromServer ? 445 : port)
    view.setUint16(at + 2, isFromServer ? port : 445)
    view.setUint32(at + 4, sequence)
    view.setUint32(at + 8, acknowledged)
    view.setUint16(at + 12, 0x5000 | flags)
    view.setUint16(at + 14, 0xffff)
    view.setUint32(at + 16, 0)
    this.#buffer.set(data, at + 20)
    this.#at = at + 20 + data.length
    this.frames++
  }

  close(): void {
    this.#flush()
    closeSync(this.#file)
  }

  #flush(): void {
    writeSync(this.#file, this.#buffer, 0, this.#at)
    this.bytes += this.#at
    this.#at = 0
  }
}

const nothing = new Uint8Array(0)

/** A body as it stands behind its header, from which its offsets count. */
function bodyOf<T, I>(declared: Struct<T, I>, value: I): Uint8Array {
  const message = new Uint8Array(SMB2_HEADER_SIZE + declared.sizeOfEncoded(value, SMB2_HEADER_SIZE))
  declared.encodeInto(new DataView(message.buffer), SMB2_HEADER_SIZE, value, 0)
  return message.subarray(SMB2_HEADER_SIZE)
}

/** One client's connection. */
class Talk {
  readonly #recorder: Recorder
  readonly #client: number
  readonly #next = { client: 1000, server: 5000 }
  #messageId = 0n
  #file = 0n

  constructor(recorder: Recorder, client: number) {
    this.#recorder = recorder
    this.#client = client
    recorder.segment(client, false, 999, 0, nothing, 0x02)
    recorder.segment(client, true, 4999, 1000, nothing, 0x12)
    recorder.segment(client, false, 1000, 5000, nothing, 0x10)
  }

  begin(): void {
    this.#ask(
      Command.NEGOTIATE,
      bodyOf(NegotiateRequest, {
        dialects: [Dialect.SMB_3_0_2],
        securityMode: 1,
        capabilities: 0x7f,
        clientGuid: NULL_GUID,
      }),
      bodyOf(NegotiateResponse, {
        securityMode: 1,
        dialectRevision: Dialect.SMB_3_0_2,
        serverGuid: NULL_GUID,
        capabilities: 0x7f,
        maxTransactSize: 8_388_608,
        maxReadSize: 8_388_608,
        maxWriteSize: 8_388_608,
        systemTime: fileTime,
        securityBuffer: nothing,
      }),
    )
    const path = String.raw`\\server\share${this.#client % 4}`
    this.#ask(
      Command.TREE_CONNECT,
      bodyOf(TreeConnectRequest, { path }),
      bodyOf(TreeConnectResponse, { shareType: 1, shareFlags: 0, capabilities: 0, maximalAccess: 0x1f_01ff }),
    )
  }

  /** Looks for a file that is not there. */
  miss(name: string): void {
    this.#ask(
      Command.CREATE,
      createRequest(name),
      bodyOf(ErrorResponse, { errorData: nothing }),
      NtStatus.OBJECT_NAME_NOT_FOUND,
    )
  }

  open(name: string): void {
    this.#file++
    this.#ask(
      Command.CREATE,
      createRequest(name),
      bodyOf(CreateResponse, {
        oplockLevel: 0,
        createAction: 1,
        creationTime: fileTime,
        lastAccessTime: fileTime,
        lastWriteTime: fileTime,
        changeTime: fileTime,
        allocationSize: 1_048_576n,
        endOfFile: 1_048_576n,
        fileAttributes: 0x20,
        fileId: this.#fileId,
      }),
    )
  }

  look(): void {
    this.#ask(
      Command.QUERY_INFO,
      bodyOf(QueryInfoRequest, {
        infoType: InfoType.FILE,
        fileInfoClass: FileInformationClass.FileNetworkOpenInformation,
        outputBufferLength: 56,
        fileId: this.#fileId,
      }),
      bodyOf(QueryInfoResponse, { outputBuffer: new Uint8Array(56) }),
    )
  }

  read(offset: bigint, data: Uint8Array): void {
    this.#ask(
      Command.READ,
      bodyOf(ReadRequest, { length: data.length, offset, fileId: this.#fileId }),
      bodyOf(ReadResponse, { data }),
    )
  }

  write(offset: bigint, data: Uint8Array): void {
    this.#ask(
      Command.WRITE,
      bodyOf(WriteRequest, { offset, fileId: this.#fileId, data }),
      bodyOf(WriteResponse, { count: data.length }),
    )
  }

  close(): void {
    const zero = 0n
    this.#ask(
      Command.CLOSE,
      bodyOf(CloseRequest, { flags: 0, fileId: this.#fileId }),
      bodyOf(CloseResponse, {
        flags: 0,
        creationTime: zero,
        lastAccessTime: zero,
        lastWriteTime: zero,
        changeTime: zero,
        allocationSize: zero,
        endOfFile: zero,
        fileAttributes: 0,
      }),
    )
  }

  get #fileId(): { persistent: bigint; volatile: bigint } {
    return { persistent: this.#file, volatile: BigInt(this.#client) }
  }

  #ask(command: number, request: Uint8Array, response: Uint8Array, status = 0): void {
    const header = {
      command,
      credits: 1,
      messageId: this.#messageId++,
      treeId: command === Command.NEGOTIATE ? 0 : 1,
      sessionId: command === Command.NEGOTIATE ? 0n : BigInt(this.#client + 1),
      signature: nothing,
    }
    this.#send('client', Smb2Header.encode({ ...header, flags: 0 }), request)
    this.#recorder.timeNs += 20_000 + ((this.#recorder.frames * 7919) % 100) * 1000
    this.#send('server', Smb2Header.encode({ ...header, status, flags: HeaderFlags.SERVER_TO_REDIR }), response)
  }

  #send(from: 'client' | 'server', header: Uint8Array, body: Uint8Array): void {
    const length = header.length + body.length
    const message = new Uint8Array(4 + length)
    message.set([0, length >>> 16, (length >>> 8) & 0xff, length & 0xff])
    message.set(header, 4)
    message.set(body, 4 + header.length)
    const to = from === 'client' ? 'server' : 'client'
    for (let at = 0, count = 1; at < message.length; at += segmentBytes, count++) {
      const data = message.subarray(at, at + segmentBytes)
      this.#recorder.segment(this.#client, from === 'server', this.#next[from], this.#next[to], data)
      this.#next[from] = (this.#next[from] + data.length) >>> 0
      // A receiver acknowledges every second segment.
      if (count % 2 === 0)
        this.#recorder.segment(this.#client, from === 'client', this.#next[to], this.#next[from], nothing, 0x10)
    }
  }
}

const createRequest = (name: string): Uint8Array =>
  bodyOf(CreateRequest, {
    desiredAccess: 0x12_0089,
    shareAccess: 7,
    createDisposition: CreateDisposition.OPEN,
    createOptions: 0,
    name,
  })

/** Writes a capture of about this many bytes: bulk reads and writes, and small requests between them. */
export function writeBusyCapture(path: string, bytes: number): { bytes: number; frames: number } {
  const recorder = new Recorder(path)
  const talks = Array.from({ length: clients }, (_, client) => new Talk(recorder, client))
  for (const talk of talks) talk.begin()
  const block = new Uint8Array(65_536).map((_, i) => i * 31)
  for (let round = 0; recorder.bytes < bytes; round++) {
    const talk = talks[round % clients]
    if (talk === undefined) break
    const name = String.raw`projects\p${round % 97}\report-${round % 1013}.docx`
    talk.miss(String.raw`projects\p${round % 97}\desktop.ini`)
    talk.open(name)
    talk.look()
    for (let i = 0; i < 4; i++) {
      if (round % 3 === 0) talk.write(BigInt(i * block.length), block)
      else talk.read(BigInt(i * block.length), block)
    }
    for (let i = 0; i < 8; i++) talk.read(BigInt(i * 4096), block.subarray(0, 4096))
    talk.close()
  }
  recorder.close()
  return { bytes: recorder.bytes, frames: recorder.frames }
}
