import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import type { PreauthIntegrityHash } from '../../src/crypto/preauth.ts'
import type { CipherName } from '../../src/crypto/sealing.ts'
import type { SigningAlgorithm } from '../../src/crypto/signing.ts'
import { compressMessage } from '../../src/protocol/compression/compress-message.ts'
import type { Compression } from '../../src/protocol/compression/compression.ts'
import { decompressMessage } from '../../src/protocol/compression/decompress-message.ts'
import type { ServerCore } from '../../src/server/server-core.ts'
import { NtStatus, ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import type { Struct } from '../../src/wire/schema/index.ts'
import {
  COMPRESSION_PROTOCOL_ID,
  Command,
  HeaderFlags,
  Smb2AsyncHeader,
  Smb2Header,
  TRANSFORM_PROTOCOL_ID,
  TransformHeader,
} from '../../src/wire/smb2/index.ts'
import {
  buildMessage,
  type ClientKeys,
  encodeBody,
  framed,
  HEADER_BYTES,
  padChain,
  seal,
  signatureIsRight,
  signMessage,
  splitChain,
  unseal,
} from './messages.ts'
import type { Network, Wire } from './network.ts'

/** The client's end of a session. */
export interface ClientSession {
  readonly id: bigint
  keys: ClientKeys | undefined
  /** It stands for a logon that binds this connection: the last answer is signed with a key that only then is known. */
  readonly isBinding?: true
  /** What another connection is bound with. */
  readonly signingKey?: Uint8Array
  readonly signing?: SigningAlgorithm
  /** Sign and seal requests where nothing else is said. */
  signs: boolean
  seals: boolean
  /** SMB2_SESSION_FLAG_* of the last answer. */
  flags: number
}

/** How a request differs from what the client would send by itself. */
export interface CallOptions {
  /** `null`: none. Default: the client's. */
  readonly session?: ClientSession | null
  /** Instead of the session's. */
  readonly sessionId?: bigint
  /** Default: the client's. */
  readonly treeId?: number
  readonly messageId?: bigint
  /** Credits asked for; 8 when absent. */
  readonly credits?: number
  readonly charge?: number
  readonly related?: boolean
  readonly flags?: number
  readonly asyncId?: bigint
  /** Counts the client's failed channels (3.0 and later); 0 when absent. */
  readonly channelSequence?: number
  readonly sign?: boolean | 'wrongly'
  readonly seal?: boolean
  /** Compressed, if that makes it shorter. */
  readonly compress?: boolean
}

/** A request, ready to be sent. */
export interface Prepared {
  readonly message: Uint8Array
  readonly messageId: bigint
  readonly command: number
  readonly charge: number
  readonly options: CallOptions
}

/** What came back for a request. */
export class Answer {
  readonly message: Uint8Array
  readonly status: number
  readonly sealed: boolean
  /** STATUS_PENDING answers that came before. */
  readonly interim: readonly Answer[]

  constructor(message: Uint8Array, sealed: boolean, interim: readonly Answer[]) {
    this.message = message
    this.sealed = sealed
    this.interim = interim
    this.status = this.header.status
  }

  get header(): Smb2Header {
    return Smb2Header.decode(viewOf(this.message))
  }

  get asyncId(): bigint {
    return Smb2AsyncHeader.decode(viewOf(this.message)).asyncId
  }

  get isSigned(): boolean {
    return (this.header.flags & HeaderFlags.SIGNED) !== 0
  }

  get statusName(): string {
    return ntStatusName(this.status)
  }

  body<T, I>(declaration: Struct<T, I>): T {
    return declaration.decode(viewOf(this.message), HEADER_BYTES, this.message.length, 0)
  }
}

interface Pending {
  readonly prepared: Prepared
  readonly interim: Answer[]
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** The connection has ended before the answer came. */
export class Disconnected extends Error {}

/** A client that sends what it is told, and holds every answer against the rules that hold for all of them. */
export class RawClient {
  readonly wire: Wire
  readonly network: Network
  readonly sessions = new Map<bigint, ClientSession>()
  dialect = 0
  cipher: CipherName | undefined
  signing: SigningAlgorithm | undefined
  /** What NEGOTIATE settled (3.1.1). */
  compression: Compression | undefined
  /** Answers that came compressed, as they came. */
  readonly compressedFrames: Uint8Array[] = []
  /** After NEGOTIATE (3.1.1). */
  preauth: PreauthIntegrityHash | undefined
  /** The session and tree of requests that name none. */
  session: ClientSession | undefined
  treeId = 0
  credits = 1
  nextMessageId = 0n
  isClosed = false
  /** Rules that the server has broken. */
  readonly violations: string[] = []
  /** What the server sent of itself: breaks of oplocks and leases. */
  readonly unsolicited: Answer[] = []
  /** Changes what goes out. */
  intercept: ((frame: Uint8Array) => Uint8Array) | undefined
  /** The last frame sent, as it went over the wire. */
  lastFrame: Uint8Array = new Uint8Array(0)
  readonly #pending = new Map<bigint, Pending>()
  readonly #answered = new Set<bigint>()
  readonly #nonces = new Set<string>()
  #received = new Uint8Array(0)
  #nonce = 0n
  #rawFrames: Uint8Array[] | undefined

  constructor(network: Network, server: ServerCore) {
    this.network = network
    const wire = network.connect(server, {
      received: (bytes) => this.#receive(bytes),
      closed: () => this.#closed(),
    })
    assert.ok(wire !== undefined, 'the server takes no more connections')
    this.wire = wire
  }

  /** Makes a request and takes its message ids. */
  prepare(command: number, body: Uint8Array, options: CallOptions = {}): Prepared {
    const { related = false, flags = 0, charge = 1 } = options
    const session = options.session === undefined ? this.session : (options.session ?? undefined)
    let messageId = options.messageId
    if (messageId === undefined) {
      messageId = this.nextMessageId
      this.nextMessageId += BigInt(Math.max(1, charge))
    }
    const message = buildMessage(
      {
        command,
        messageId,
        sessionId: options.sessionId ?? session?.id ?? 0n,
        treeId: options.treeId ?? this.treeId,
        credits: options.credits ?? 8,
        creditCharge: this.dialect >= 0x0210 ? charge : 0,
        flags: flags | (related ? HeaderFlags.RELATED_OPERATIONS : 0),
        status: options.channelSequence ?? 0,
        ...(options.asyncId === undefined ? {} : { asyncId: options.asyncId }),
      },
      body,
    )
    return { message, messageId, command, charge, options }
  }

  /** Sends requests in one frame; their answers, in the same order. */
  send(requests: readonly Prepared[], options: { readonly seal?: boolean } = {}): Promise<Answer>[] {
    const messages = padChain(requests.map(({ message }) => message))
    const session = this.#sessionOf(requests[0])
    const sealed = options.seal ?? requests[0]?.options.seal ?? session?.seals ?? false
    requests.forEach((request, i) => this.#sign(request, messages[i] as Uint8Array, sealed))
    const answers = requests.map((request) => this.#expect(request))
    const joined = new Uint8Array(Buffer.concat(messages))
    const plain = requests[0]?.options.compress === true ? this.compressed(joined) : joined
    this.sendFrame(sealed ? this.sealFor(session, plain) : plain)
    return answers
  }

  /** What goes over the wire instead of `message`, if that is shorter. */
  compressed(message: Uint8Array): Uint8Array {
    const room = new Uint8Array(message.length)
    assert.ok(this.compression !== undefined, 'compression was agreed on')
    const length = compressMessage(message, HEADER_BYTES, this.compression, room)
    return length === undefined ? message : room.subarray(0, length)
  }

  /** Sends each in a frame of its own, all of them in one piece. */
  sendTogether(requests: readonly Prepared[]): Promise<Answer>[] {
    const answers = requests.map((request) => {
      this.#sign(request, request.message, false)
      return this.#expect(request)
    })
    this.sendBytes(new Uint8Array(Buffer.concat(requests.map(({ message }) => framed(message)))))
    return answers
  }

  /** What goes over the wire to seal `message` in the name of `session`. */
  sealFor(session: ClientSession | undefined, message: Uint8Array): Uint8Array {
    const sealer = session?.keys?.sealer
    if (session === undefined || sealer === undefined) throw new Error('there is no key to seal with')
    const nonce = new Uint8Array(16)
    viewOf(nonce).setBigUint64(0, this.#nonce++, true)
    return seal(message, session.id, nonce, sealer)
  }

  /** One request and its answer. */
  call<T, I>(command: number, body: Struct<T, I>, value: NoInfer<I>, options: CallOptions = {}): Promise<Answer> {
    return this.callRaw(command, encodeBody(body, value), options)
  }

  callRaw(command: number, body: Uint8Array, options: CallOptions = {}): Promise<Answer> {
    return this.send([this.prepare(command, body, options)])[0] as Promise<Answer>
  }

  /** A message, or several, with the length in front. */
  sendFrame(frame: Uint8Array): void {
    this.lastFrame = this.intercept?.(frame) ?? frame
    this.wire.sendFromClient(framed(this.lastFrame))
  }

  /** From now on frames are put here as they come, and not looked at. */
  takeRawFrames(): Uint8Array[] {
    this.#rawFrames = []
    return this.#rawFrames
  }

  sendBytes(bytes: Uint8Array): void {
    this.wire.sendFromClient(bytes)
  }

  disconnect(): void {
    this.wire.closeFromClient()
  }

  /** Requests that have no final answer yet. */
  get outstanding(): number {
    return this.#pending.size
  }

  /** True once STATUS_PENDING has come for a request. */
  isPending(messageId: bigint): boolean {
    return (this.#pending.get(messageId)?.interim.length ?? 0) > 0
  }

  interimOf(messageId: bigint): Answer | undefined {
    return this.#pending.get(messageId)?.interim[0]
  }

  #sessionOf(request: Prepared | undefined): ClientSession | undefined {
    const asked = request?.options.session
    return asked === undefined ? this.session : (asked ?? undefined)
  }

  #sign(request: Prepared, message: Uint8Array, sealed: boolean): void {
    const session = this.#sessionOf(request)
    const { sign = !sealed && session?.signs === true } = request.options
    if (sign === false || session?.keys === undefined) return
    signMessage(message, session.keys.signer)
    if (sign === 'wrongly') message[50] = (message[50] as number) ^ 1
  }

  #expect(prepared: Prepared): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    // Who does not wait for an answer need not care that there is none.
    promise.catch(() => {})
    if (this.isClosed) reject(new Disconnected('the connection has ended'))
    // CANCEL is never answered.
    else if (prepared.command !== Command.CANCEL) {
      this.credits -= Math.max(1, prepared.charge)
      this.#pending.set(prepared.messageId, { prepared, interim: [], resolve, reject })
    }
    return promise
  }

  #receive(bytes: Uint8Array): void {
    this.#received = new Uint8Array(Buffer.concat([this.#received, bytes]))
    for (;;) {
      const { length } = this.#received
      const needed = length < 4 ? 4 : 4 + viewOf(this.#received).getUint32(0, false)
      if (length < needed) return
      const frame = this.#received.slice(4, needed)
      this.#received = this.#received.slice(needed)
      this.#receiveFrame(frame)
    }
  }

  #receiveFrame(frame: Uint8Array): void {
    if (this.#rawFrames !== undefined) {
      this.#rawFrames.push(frame)
      return
    }
    if (viewOf(frame).getUint32(0, true) === TRANSFORM_PROTOCOL_ID) {
      const { sessionId } = TransformHeader.decode(viewOf(frame))
      const opener = this.sessions.get(sessionId)?.keys?.opener
      if (opener === undefined) return this.#violated(`sealed for session ${sessionId} that has no keys`)
      const { message, nonce } = unseal(frame, opener)
      const key = `${sessionId} ${Buffer.from(nonce).toString('hex')}`
      if (this.#nonces.has(key)) this.#violated(`nonce ${key} used twice`)
      this.#nonces.add(key)
      for (const part of splitChain(this.#decompressed(message))) this.#receiveMessage(part, true)
      return
    }
    for (const part of splitChain(this.#decompressed(frame))) this.#receiveMessage(part.slice(), false)
  }

  #decompressed(frame: Uint8Array): Uint8Array {
    if (viewOf(frame).getUint32(0, true) !== COMPRESSION_PROTOCOL_ID) return frame
    assert.ok(this.compression !== undefined, 'compression was agreed on')
    const message = decompressMessage(frame, this.compression, MAX_MESSAGE_BYTES, (bytes) => new Uint8Array(bytes))
    if (message.length <= frame.length) this.#violated('compressed, and no shorter')
    this.compressedFrames.push(frame)
    return message
  }

  #receiveMessage(message: Uint8Array, sealed: boolean): void {
    const { messageId, credits, flags, status, command } = Smb2Header.decode(viewOf(message))
    if ((flags & HeaderFlags.SERVER_TO_REDIR) === 0) this.#violated('an answer without SERVER_TO_REDIR')
    if (messageId === NO_MESSAGE_ID) {
      const answer = new Answer(message, sealed, [])
      if (answer.isSigned || credits !== 0) this.#violated('an unsolicited message is signed or brings credits')
      this.unsolicited.push(answer)
      return
    }
    const pending = this.#pending.get(messageId)
    if (pending === undefined) return this.#violated(`answer ${messageId} to nothing (${ntStatusName(status)})`)
    if (this.#answered.has(messageId)) this.#violated(`${messageId} is answered twice`)
    if (command !== pending.prepared.command) this.#violated(`command ${command} for ${pending.prepared.command}`)
    this.credits += credits
    const isAsync = (flags & HeaderFlags.ASYNC_COMMAND) !== 0
    const answer = new Answer(message, sealed, pending.interim)
    this.#checkSignature(pending.prepared, answer)
    if (isAsync && status === NtStatus.PENDING) {
      if (pending.interim.length > 0) this.#violated(`${messageId} is pending twice`)
      pending.interim.push(answer)
      return
    }
    if (isAsync !== pending.interim.length > 0) this.#violated(`${messageId}: asynchronous only in part`)
    if (isAsync && credits !== 0) this.#violated(`${messageId}: the final answer brings ${credits} credits`)
    this.#pending.delete(messageId)
    this.#answered.add(messageId)
    if (this.#pending.size === 0 && this.credits < 1) this.#violated('no credits are left')
    pending.resolve(answer)
  }

  #checkSignature(request: Prepared, answer: Answer): void {
    const { sessionId } = answer.header
    const session = this.sessions.get(sessionId)
    const keys = session?.keys
    if (session?.isBinding === true && answer.status === NtStatus.SUCCESS) return
    if (answer.isSigned) {
      // The last answer of a logon is signed with the keys that only come out of it.
      if (keys === undefined && request.command === Command.SESSION_SETUP) return
      if (answer.sealed) this.#violated(`${request.messageId}: sealed and signed`)
      else if (keys === undefined || !signatureIsRight(answer.message, keys.signer))
        this.#violated(`${request.messageId}: the signature is wrong`)
      return
    }
    const { sign } = request.options
    const wasSigned = keys !== undefined && (sign ?? this.sessions.get(sessionId)?.signs) === true && !answer.sealed
    if (!wasSigned || answer.status === NtStatus.PENDING || request.command === Command.SESSION_SETUP) return
    if (!UNSIGNED.has(answer.status)) this.#violated(`${request.messageId}: ${answer.statusName} is not signed`)
  }

  #closed(): void {
    this.isClosed = true
    for (const { prepared, reject } of this.#pending.values())
      reject(new Disconnected(`the connection ended before the answer to ${prepared.command}`))
    this.#pending.clear()
  }

  #violated(rule: string): void {
    this.violations.push(rule)
  }
}

const NO_MESSAGE_ID = 0xffff_ffff_ffff_ffffn

/** Answers that say that there is no session to sign with, or that the signature was wrong. */
const UNSIGNED: ReadonlySet<number> = new Set([
  NtStatus.USER_SESSION_DELETED,
  NtStatus.ACCESS_DENIED,
  NtStatus.INVALID_PARAMETER,
])
