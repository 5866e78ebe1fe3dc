/** A client of SMB1 that sends what it is told to, message by message, to a server core in the same process. */
import assert from 'node:assert/strict'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { bytesOf, viewOf } from '../../src/bytes/utf16.ts'
import { Smb1Signer } from '../../src/crypto/smb1-signing.ts'
import type { TransportEvents } from '../../src/protocol/transport.ts'
import type { ServerCore } from '../../src/server/server-core.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { LANMAN_PIPE } from '../../src/wire/rap/index.ts'
import type { Struct } from '../../src/wire/schema/index.ts'
import {
  encodeSmb1Frame,
  Smb1Capabilities,
  Smb1Command,
  Smb1Empty,
  Smb1Flags2,
  Smb1Header,
  Smb1LockingWords,
  Smb1NegotiateRequest,
  Smb1NtCreateResponseWords,
  Smb1NtCreateWords,
  Smb1NtTransactWords,
  type Smb1Part,
  Smb1ReadAndXWords,
  Smb1SessionSetupExtendedRequest,
  Smb1SessionSetupExtendedResponse,
  Smb1TransactionWords,
  Smb1TreeConnectRequest,
  Smb1WriteAndXWords,
  smb1Chain,
  smb1Part,
} from '../../src/wire/smb1/index.ts'

const { EXTENDED_SECURITY, NT_STATUS, SECURITY_SIGNATURE, UNICODE } = Smb1Flags2
const FLAGS2 = EXTENDED_SECURITY | NT_STATUS | UNICODE
const FRAME_HEADER_BYTES = 4
export const NO_BYTES = new Uint8Array(0)

/** A command by its words and its bytes. */
export function command<T, I>(code: number, words: Struct<T, I>, value: I, bytes: Uint8Array = NO_BYTES): Smb1Part {
  const size = 1 + words.sizeOfEncoded(value) + 2
  const body = {
    sizeOfEncoded: () => size + bytes.length,
    encodeInto(view: DataView, base: number, linked: I) {
      view.setUint8(base, (size - 3) / 2)
      words.encodeInto(view, base + 1, linked)
      view.setUint16(base + size - 2, bytes.length, true)
      bytesOf(view, base + size, base + size + bytes.length).set(bytes)
      return base + size + bytes.length
    },
  }
  return smb1Part(code, body as unknown as Struct<unknown, object>, value as object)
}

/** A Unicode text with its zero; `pad`: a byte in front, where it would begin at an odd place. */
export function text(value: string, pad = true): Uint8Array {
  return Uint8Array.from([...(pad ? [0] : []), ...Buffer.from(`${value}\0`, 'utf16le')])
}

export interface Open {
  readonly name: string
  readonly access?: number
  readonly share?: number
  readonly disposition?: number
  readonly flags?: number
}

const FILE_ALL = 0x001f_01ff
const SHARE_ALL = 7
const OPEN_IF = 3

export const create = ({ name, access = FILE_ALL, share = SHARE_ALL, disposition = OPEN_IF, flags = 0 }: Open) =>
  command(
    Smb1Command.NT_CREATE_ANDX,
    Smb1NtCreateWords,
    {
      nameLength: (name.length + 1) * 2,
      flags,
      desiredAccess: access,
      fileAttributes: 0,
      shareAccess: share,
      createDisposition: disposition,
      createOptions: 0,
    },
    text(name),
  )

export const read = (fid: number, maxCount = 100, offset = 0) =>
  command(Smb1Command.READ_ANDX, Smb1ReadAndXWords, {
    fid,
    offset,
    maxCount,
    minCount: 0,
    maxCountHigh: 0,
    remaining: 0,
  })

/** As the only command of a message: its data lies where it says. */
export const write = (fid: number, data: Uint8Array, dataOffset = 59) =>
  command(
    Smb1Command.WRITE_ANDX,
    Smb1WriteAndXWords,
    {
      fid,
      offset: 0,
      timeout: 0,
      writeMode: 0,
      remaining: 0,
      dataLengthHigh: 0,
      dataLength: data.length,
      dataOffset,
    },
    data,
  )

export const locking = (fid: number, more: { type?: number; level?: number; timeout?: number; locks?: Uint8Array[] }) =>
  command(
    Smb1Command.LOCKING_ANDX,
    Smb1LockingWords,
    {
      fid,
      typeOfLock: more.type ?? 0,
      newOplockLevel: more.level ?? 0,
      timeout: more.timeout ?? 0,
      numberOfRequestedUnlocks: 0,
      numberOfRequestedLocks: more.locks?.length ?? 0,
    },
    Uint8Array.from((more.locks ?? []).flatMap((lock) => [...lock])),
  )

/** Why the server ended connections, and what it met that should not happen. */
export function toldBy(server: ServerCore): string[] {
  const told: string[] = []
  server.on('disconnect', ({ reason }) => told.push(reason))
  server.on('fault', ({ error }) => told.push(`fault: ${String(error)}`))
  return told
}

/** What stands before parameters and data, which are behind each other. */
function transaction(
  smb1Command: number,
  setup: readonly number[],
  before: Uint8Array,
  parameters: Uint8Array,
  data: Uint8Array = NO_BYTES,
): Smb1Part {
  const parameterOffset = 32 + 1 + 28 + 2 * setup.length + 2 + before.length
  return command(
    smb1Command,
    Smb1TransactionWords,
    {
      totalParameterCount: parameters.length,
      totalDataCount: data.length,
      maxParameterCount: 100,
      maxDataCount: 0xffff,
      maxSetupCount: 0,
      flags: 0,
      timeout: 0,
      parameterCount: parameters.length,
      parameterOffset,
      dataCount: data.length,
      dataOffset: parameterOffset + parameters.length,
      setup,
    },
    Uint8Array.from([...before, ...parameters, ...data]),
  )
}

export const transaction2 = (subcommand: number, parameters: Uint8Array, data?: Uint8Array): Smb1Part =>
  transaction(Smb1Command.TRANSACTION2, [subcommand], new Uint8Array(3), parameters, data)

/** A call of LAN Manager: TRANSACTION without setup, known by its name. */
export const lanman = (parameters: Uint8Array): Smb1Part =>
  transaction(Smb1Command.TRANSACTION, [], text(LANMAN_PIPE), parameters)

/** NT_TRANSACT without setup. */
export function ntTransact(code: number, parameters: Uint8Array): Smb1Part {
  const parameterOffset = 32 + 1 + 38 + 2 + 3
  return command(
    Smb1Command.NT_TRANSACT,
    Smb1NtTransactWords,
    {
      maxSetupCount: 0,
      totalParameterCount: parameters.length,
      totalDataCount: 0,
      maxParameterCount: 100,
      maxDataCount: 0xffff,
      parameterCount: parameters.length,
      parameterOffset,
      dataCount: 0,
      dataOffset: 0,
      setupCount: 0,
      function: code,
    },
    Uint8Array.from([0, 0, 0, ...parameters]),
  )
}

/** An answer, or something that the server says of itself. */
export class Smb1Message {
  readonly header: Smb1Header
  readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.view = viewOf(bytes)
    this.header = Smb1Header.decode(this.view)
  }

  /** The command of a chain at this place. */
  body<T, I>(declaration: Struct<T, I>, place = 0): T {
    const link = [...smb1Chain(this.view)][place] ?? assert.fail(`no command ${place}`)
    return declaration.decode(this.view, link.at, this.view.byteLength, 0)
  }

  get commands(): number[] {
    return [...smb1Chain(this.view)].map((link) => link.command)
  }

  /** Of an answer to NT_CREATE_ANDX, which may be the first of a chain. */
  get fid(): number {
    return Smb1NtCreateResponseWords.decode(this.view, 33).fid
  }
}

interface Place {
  readonly uid?: number
  readonly tid?: number
  readonly mid?: number
  readonly flags2?: number
}

/** One connection. Messages get numbers of their own; answers are found by them. */
export class Smb1Line {
  uid = 0
  tid = 0
  /** What came that nobody has asked for. */
  readonly told: Smb1Message[] = []
  isClosed = false
  readonly #connection: TransportEvents | undefined
  /** Answers since the last message was sent as it is. */
  readonly came: Smb1Message[] = []
  #lastMid = 0
  #signer: Smb1Signer | undefined
  #sequence = 0

  constructor(server: ServerCore) {
    this.#connection = server.connect({
      remote: '10.0.0.66:6666',
      local: '10.0.0.1',
      unsentBytes: 0,
      send: (parts, sent) => {
        for (const part of parts) this.#receive(new Uint8Array(part).slice(FRAME_HEADER_BYTES))
        sent?.()
      },
      pause: () => {},
      resume: () => {},
      close: () => (this.isClosed = true),
    })
  }

  /** Logged on and on the share. */
  static async on(server: ServerCore, who: { user: string; password: string }, share = 'data'): Promise<Smb1Line> {
    const line = new Smb1Line(server)
    await line.negotiate()
    assert.equal((await line.logOn(who)).header.status, 0)
    await line.connect(share)
    return line
  }

  #receive(bytes: Uint8Array): void {
    const message = new Smb1Message(bytes)
    if ((message.header.flags & 0x80) === 0) this.told.push(message)
    else this.came.push(message)
  }

  /** A frame as it is. Its answer, if there is one by the time that the server has nothing to do. */
  async sendRaw(frame: Uint8Array): Promise<Smb1Message | undefined> {
    this.came.length = 0
    this.#connection?.received(frame)
    await settled()
    return this.came[0]
  }

  frame(place: Place, ...parts: Smb1Part[]): Uint8Array {
    const { uid = this.uid, tid = this.tid, flags2 = FLAGS2, mid = (this.#lastMid += 1) } = place
    const header = {
      command: (parts[0]?.command ?? 0) as 0,
      flags: 0,
      securityFeatures: new Uint8Array(8),
      uid,
      tid,
      mid,
    }
    const signed = this.#signer === undefined ? 0 : SECURITY_SIGNATURE
    const frame = encodeSmb1Frame({ ...header, flags2: flags2 | signed }, parts)
    this.#signer?.sign(frame.subarray(FRAME_HEADER_BYTES), this.#sequence)
    return frame
  }

  /** A message that may have no answer yet. */
  async begin(
    place: Place,
    ...parts: Smb1Part[]
  ): Promise<{ answer: () => Smb1Message | undefined; sequence: number }> {
    const frame = this.frame(place, ...parts)
    const { mid } = Smb1Header.decode(viewOf(frame.subarray(FRAME_HEADER_BYTES)))
    const sequence = this.#sequence
    this.#sequence += parts[0]?.command === Smb1Command.NT_CANCEL ? 1 : 2
    this.#connection?.received(frame)
    await settled()
    const answer = () => this.came.find(({ header }) => header.mid === mid)
    return { answer, sequence }
  }

  /** A message and its answer, with the right signature where that is agreed on. */
  async send(place: Place, ...parts: Smb1Part[]): Promise<Smb1Message> {
    const { answer, sequence } = await this.begin(place, ...parts)
    const found = answer() ?? assert.fail('no answer')
    this.checkSignature(found, sequence)
    return found
  }

  checkSignature(message: Smb1Message, sequence: number): void {
    if (this.#signer !== undefined) assert.ok(this.#signer.verify(bytesOf(message.view), sequence + 1), 'its signature')
  }

  async negotiate(): Promise<void> {
    await this.send({}, smb1Part(Smb1Command.NEGOTIATE, Smb1NegotiateRequest, { dialects: ['NT LM 0.12'] }))
  }

  /** A new session, or with `uid` another logon of that one. The last answer. */
  async logOn(who: { user: string; password: string }, uid = 0, signs = false): Promise<Smb1Message> {
    const initiator = new SpnegoInitiator([new NtlmInitiatorMechanism({ ...who, domain: '' })])
    const flags2 = FLAGS2 | (signs ? SECURITY_SIGNATURE : 0)
    let token: Uint8Array | undefined
    let at = uid
    for (;;) {
      const step = await initiator.step(token)
      assert.ok(!failed(step))
      const part = smb1Part(Smb1Command.SESSION_SETUP_ANDX, Smb1SessionSetupExtendedRequest.unicode, {
        maxBufferSize: 4356,
        maxMpxCount: 10,
        capabilities: (Smb1Capabilities.EXTENDED_SECURITY | Smb1Capabilities.LEVEL_II_OPLOCKS) >>> 0,
        securityBlob: step.token ?? NO_BYTES,
      })
      const answer = await this.send({ uid: at, tid: 0, flags2 }, part)
      at = answer.header.uid
      if (answer.header.status === NtStatus.MORE_PROCESSING_REQUIRED) {
        token = answer.body(Smb1SessionSetupExtendedResponse.unicode).securityBlob.slice()
        continue
      }
      if (answer.header.status !== 0) return answer
      if (uid === 0) this.uid = at
      const last = await initiator.step(answer.body(Smb1SessionSetupExtendedResponse.unicode).securityBlob.slice())
      if (signs && this.#signer === undefined && !failed(last) && last.complete !== undefined) {
        this.#signer = new Smb1Signer(last.complete.sessionKey)
        this.#sequence = 2
      }
      return answer
    }
  }

  async connect(share: string): Promise<void> {
    const answer = await this.send({}, treeConnect(share))
    assert.equal(answer.header.status, 0)
    this.tid = answer.header.tid
  }

  /** Opens; the number of the file. */
  async open(open: Open): Promise<number> {
    const answer = await this.send({}, create(open))
    assert.equal(answer.header.status, 0)
    return answer.fid
  }

  close(): void {
    this.#connection?.closed()
  }
}

export const treeConnect = (share: string): Smb1Part =>
  smb1Part(Smb1Command.TREE_CONNECT_ANDX, Smb1TreeConnectRequest.unicode, {
    flags: 0,
    password: new Uint8Array(1),
    path: `\\\\server\\${share}`,
    service: '?????',
  })

export const nothing = (code: number): Smb1Part => smb1Part(code, Smb1Empty, {})

/** What the server can do without anybody else is done. */
export const settled = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
