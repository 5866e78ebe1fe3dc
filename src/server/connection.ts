import { WireError } from '../bytes/errors.ts'
import { bytesOf, viewOf } from '../bytes/utf16.ts'
import type { PreauthIntegrityHash } from '../crypto/preauth.ts'
import type { CipherName } from '../crypto/sealing.ts'
import type { SigningAlgorithm } from '../crypto/signing.ts'
import type { Compression } from '../protocol/compression/compression.ts'
import { decompressMessage } from '../protocol/compression/decompress-message.ts'
import { FrameAssembler, ProtocolError } from '../protocol/frame-assembler.ts'
import { SequenceWindow } from '../protocol/sequence-window.ts'
import { openMessage } from '../protocol/transform.ts'
import type { Transport, TransportEvents } from '../protocol/transport.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { Command, HeaderFlags, Smb2Header } from '../wire/smb2/index.ts'
import { abandonChain } from './abandoned-chain.ts'
import type { Channel } from './channel.ts'
import { answerSmb1Negotiate } from './commands/smb1-negotiate.ts'
import { dispatch } from './dispatch.ts'
import type { Reply } from './reply.ts'
import { type ChainState, Request } from './request.ts'
import { answerBytes, type Outgoing, type Unsolicited, writeResponses, writeUnsolicited } from './response-writer.ts'
import type { ServerCore } from './server-core.ts'
import type { Session } from './session.ts'
import { endChannel } from './session-end.ts'
import type { Smb1Connection } from './smb1/smb1-connection.ts'
import { guarded, run, type Steps } from './steps.ts'

const PROTOCOL_SMB2 = 0x424d53fe
const PROTOCOL_SMB1 = 0x424d53ff
const PROTOCOL_TRANSFORM = 0x424d53fd
const PROTOCOL_COMPRESSED = 0x424d53fc

const FRAME_HEADER_BYTES = 4
const SMB2_HEADER_BYTES = 64
/** Nobody needs more before having logged on: NEGOTIATE and SESSION_SETUP. */
const MAX_FRAME_BEFORE_LOGON_BYTES = 128 * 1024
/** Room for headers around the largest write. */
const FRAME_OVERHEAD_BYTES = 64 * 1024
/** The largest write of SMB1: what the length of NetBIOS has 17 bits for. */
const MAX_SMB1_BYTES = 128 * 1024
const MAX_CHAIN_LENGTH = 256
/** Frame of a request that waits: a pipe's largest fragment, and what may be chained with it. */
const MAX_WAITING_FRAME_BYTES = 128 * 1024
/** Answers of a chain that are larger together go out in several frames, which have 24 bits for their length. */
const MAX_CHAINED_ANSWER_BYTES = 1024 * 1024

/** What NEGOTIATE settled (MS-SMB2 3.3.1.7). */
export interface Negotiated {
  readonly dialect: number
  /** As the client sent them, for VALIDATE_NEGOTIATE_INFO. */
  readonly clientDialects: readonly number[]
  readonly clientGuid: string
  readonly clientCapabilities: number
  readonly clientSecurityMode: number
  /** What the server answered, for VALIDATE_NEGOTIATE_INFO. */
  readonly serverCapabilities: number
  readonly serverSecurityMode: number
  readonly supportsMultiCredit: boolean
  readonly cipher?: CipherName
  readonly signingAlgorithm: SigningAlgorithm
  /** The POSIX extensions were agreed on. */
  readonly posix?: boolean
  /** Absent: neither end compresses. */
  readonly compression?: Compression
  /** 3.1.1: hash after NEGOTIATE, where each logon's hash starts from. */
  readonly preauthHash?: PreauthIntegrityHash
}

/** One client connection (MS-SMB2 3.3.1.7). */
export class Connection implements TransportEvents {
  readonly server: ServerCore
  readonly transport: Transport
  /** By session: its own, and those that it was bound to; also those whose logon is under way. */
  readonly channels = new Map<bigint, Channel>()
  readonly createdAt: bigint
  negotiated: Negotiated | undefined
  /** Set between an SMB1 NEGOTIATE that asked for `SMB 2.???` and the SMB2 NEGOTIATE after it. */
  multiProtocol = false
  /** Set where NT LM 0.12 was agreed on: then nothing of SMB2 is spoken. */
  smb1: Smb1Connection | undefined
  readonly #window: SequenceWindow
  readonly #assembler: FrameAssembler
  readonly #async = new Map<bigint, Request>()
  #nextAsyncId = 1n
  #closed = false
  #paused = false
  #cancelLogonTimer: (() => void) | undefined
  #cancelStallTimer: (() => void) | undefined
  /** Frames that came while the client took no answers; they are served when it does again. */
  #held: Uint8Array[] = []
  /** Chains that wait for the client to take answers. */
  #stalledChains: (() => void)[] = []
  /** Time of the last request, for idle time-outs. */
  lastActivity: bigint

  constructor(server: ServerCore, transport: Transport) {
    this.server = server
    this.transport = transport
    this.createdAt = server.clock.now()
    this.lastActivity = this.createdAt
    this.#window = new SequenceWindow(server.limits.maxCredits)
    this.#assembler = new FrameAssembler(MAX_FRAME_BEFORE_LOGON_BYTES, server.buffers, (frame) =>
      this.#receiveFrame(frame),
    )
    this.#closeUnless(server.limits.negotiateTimeoutMs, () => this.negotiated !== undefined)
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Requests that were answered with STATUS_PENDING and are not finished. */
  get asyncRequests(): Iterable<Request> {
    return this.#async.values()
  }

  space(): Uint8Array {
    return this.#assembler.space()
  }

  filled(count: number): void {
    this.#take(() => this.#assembler.filled(count))
  }

  received(chunk: Uint8Array): void {
    this.#take(() => this.#assembler.push(chunk))
  }

  #take(receive: () => void): void {
    if (this.#closed) return
    try {
      receive()
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof WireError))
        this.server.reportError(error, this.transport.remote)
      this.disconnect(error instanceof Error ? error.message : 'internal error')
    }
    if (!this.#paused && this.#isStalled) this.#pause()
  }

  /** The client takes no answers, or not fast enough. */
  get #isStalled(): boolean {
    return this.transport.unsentBytes > this.server.limits.maxUnsentBytes
  }

  drained(): void {
    if (!this.#paused || this.#closed) return
    this.#paused = false
    this.#cancelStallTimer?.()
    for (const goOn of this.#stalledChains.splice(0)) goOn()
    this.#take(() => {
      while (this.#held.length > 0 && !this.#isStalled) void this.#serveFrame(this.#held.shift() as Uint8Array)
    })
    if (!this.#paused && !this.#closed) this.transport.resume()
  }

  closed(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelStallTimer?.()
    this.#cancelLogonTimer?.()
    this.#held = []
    for (const goOn of this.#stalledChains.splice(0)) goOn()
    for (const channel of [...this.channels.values()])
      endChannel(channel, 'lost').catch((error: unknown) => this.server.reportError(error, this.transport.remote))
    for (const request of this.#async.values()) if (!request.goesOn) request.cancel()
    this.server.connectionClosed(this)
  }

  /** Ends the connection without an answer: what the specification asks for when a peer breaks its rules. */
  disconnect(reason: string): void {
    if (this.#closed) return
    this.server.emit('disconnect', { remote: this.transport.remote, reason })
    this.transport.close(false)
    this.closed()
  }

  /** A logon has succeeded: large messages are welcome from now on. */
  loggedOn(): void {
    const { maxReadBytes, maxWriteBytes, maxTransactBytes } = this.server.limits
    const most = this.smb1 === undefined ? Math.max(maxReadBytes, maxWriteBytes, maxTransactBytes) : MAX_SMB1_BYTES
    this.#assembler.maxFrameBytes = most + FRAME_OVERHEAD_BYTES
  }

  afterNegotiate(): void {
    this.#closeUnless(this.server.limits.logonTimeoutMs, () => this.hasValidSession)
  }

  get hasValidSession(): boolean {
    for (const { isEstablished } of this.channels.values()) if (isEstablished) return true
    return false
  }

  /** Sends STATUS_PENDING for `request`, with the credits it asked for. SMB1 has no such answer: there it just waits. */
  startAsync(request: Request): Failure | undefined {
    if (this.#async.size >= this.server.limits.maxAsyncRequests) return fail(NtStatus.INSUFFICIENT_RESOURCES)
    // As long as it waits its whole frame is kept, and what the client may send meanwhile has no end.
    if (request.view.byteLength > MAX_WAITING_FRAME_BYTES) return fail(NtStatus.INSUFFICIENT_RESOURCES)
    request.asyncId = this.#nextAsyncId++
    this.#async.set(request.asyncId, request)
    if (this.smb1 !== undefined) return undefined
    const interim: Outgoing = {
      request,
      reply: fail(NtStatus.PENDING),
      credits: this.#grantCredits(request),
      interim: true,
    }
    this.#send([interim])
    return undefined
  }

  /** Sends the final answer of a request that has gone asynchronous. */
  answer(request: Request, reply: Failure): void {
    this.#send([{ request, reply, credits: 0 }])
  }

  /** A request has its final answer. */
  finish(request: Request): void {
    if (request.asyncId !== undefined) this.#async.delete(request.asyncId)
    request.finished()
  }

  /** Sends what no request asked for. False if the connection has ended. */
  sendUnsolicited(message: Unsolicited): boolean {
    if (this.#closed) return false
    const { parts, release } = writeUnsolicited(message, this.transport.remote)
    this.transport.send(parts, release)
    return true
  }

  /** SMB1's NEGOTIATE counts as message 0; its answer lets the client go on with message 1. */
  creditsForSmb1Negotiate(): number {
    this.#window.consume(0, 1)
    return this.#window.grant(1)
  }

  /** Sends frames of SMB1, or what answers its NEGOTIATE. */
  sendFrames(frames: readonly Uint8Array[]): void {
    for (const frame of frames)
      this.server.observeMessage(this.transport.remote, 'server', frame.subarray(FRAME_HEADER_BYTES))
    this.transport.send(frames)
  }

  #receiveFrame(frame: Uint8Array): Promise<void> | undefined {
    // What was received together with requests whose answers nobody takes waits with them.
    if (this.#held.length === 0 && !this.#isStalled) return this.#serveFrame(frame)
    if (!this.#closed) this.#held.push(new Uint8Array(frame))
    return undefined
  }

  /** Serves one frame; a promise if that takes longer than this call. */
  #serveFrame(frame: Uint8Array): Promise<void> | undefined {
    if (this.#closed) return undefined
    this.lastActivity = this.server.clock.now()
    if (frame.length < 4) throw new ProtocolError(`message of ${frame.length} bytes`)
    const view = viewOf(frame)
    const protocol = view.getUint32(0, true)
    if (this.smb1 !== undefined && protocol !== PROTOCOL_SMB1) throw new ProtocolError('not an SMB1 message')
    switch (protocol) {
      case PROTOCOL_SMB2:
        return this.#receiveChain(view, undefined)
      case PROTOCOL_TRANSFORM: {
        const { message, sessionId } = openMessage(frame, (id) => this.#establishedSession(id)?.keys?.opener)
        const session = this.#establishedSession(sessionId)
        const protocolId = message.length < 4 ? 0 : viewOf(message).getUint32(0, true)
        if (protocolId === PROTOCOL_COMPRESSED) return this.#receiveCompressed(message, session)
        if (message.length < SMB2_HEADER_BYTES || protocolId !== PROTOCOL_SMB2)
          throw new ProtocolError('sealed message without an SMB2 message in it')
        return this.#receiveChain(viewOf(message), session)
      }
      case PROTOCOL_COMPRESSED:
        return this.#receiveCompressed(frame, undefined)
      case PROTOCOL_SMB1:
        this.server.observeMessage(this.transport.remote, 'client', frame)
        if (this.smb1 !== undefined) return this.smb1.receive(frame)
        // MS-SMB2 3.3.5.3: only as the first message, and only NEGOTIATE.
        if (this.negotiated !== undefined || this.multiProtocol) throw new ProtocolError('SMB1 after NEGOTIATE')
        this.#answerSmb1Negotiate(frame)
        return undefined
      default:
        throw new ProtocolError('not an SMB message')
    }
  }

  #answerSmb1Negotiate(frame: Uint8Array): void {
    const frames = answerSmb1Negotiate(this, viewOf(frame))
    this.sendFrames(frames)
    this.server.observeSmb1({ connection: this, message: frame, status: NtStatus.SUCCESS, frames })
  }

  #establishedSession(id: bigint): Session | undefined {
    const channel = this.channels.get(id)
    return channel?.isEstablished === true ? channel.session : undefined
  }

  /** MS-SMB2 3.3.5.2.1.2. What was compressed may be as large as it might have been without. */
  #receiveCompressed(frame: Uint8Array, sealedBy: Session | undefined): Promise<void> | undefined {
    const compression = this.negotiated?.compression
    if (compression === undefined) throw new ProtocolError('compressed message where that was not agreed on')
    const { buffers } = this.server
    let buffer: Uint8Array = new Uint8Array(0)
    const message = decompressMessage(frame, compression, this.#assembler.maxFrameBytes, (bytes) => {
      buffer = buffers.take(bytes)
      return buffer
    })
    if (message.length < SMB2_HEADER_BYTES || viewOf(message).getUint32(0, true) !== PROTOCOL_SMB2)
      throw new ProtocolError('compressed message without an SMB2 message in it')
    const pending = this.#receiveChain(viewOf(message), sealedBy)
    if (pending === undefined) buffers.give(buffer)
    return pending?.finally(() => buffers.give(buffer))
  }

  #receiveChain(view: DataView, sealedBy: Session | undefined): Promise<void> | undefined {
    const requests = this.#splitChain(view, sealedBy)
    if (this.server.listenerCount('message') > 0)
      this.server.observeMessage(this.transport.remote, 'client', bytesOf(view))
    const done = run(this.#answerChain(requests))
    return done instanceof Promise ? done.catch((error: unknown) => this.#failed(error)) : undefined
  }

  #failed(error: unknown): void {
    if (!(error instanceof ProtocolError)) this.server.reportError(error, this.transport.remote)
    this.disconnect(error instanceof Error ? error.message : 'internal error')
  }

  /** Cuts a frame into its messages (MS-SMB2 3.3.5.2.7) and takes their message ids (3.3.5.2.3). */
  #splitChain(view: DataView, sealedBy: Session | undefined): Request[] {
    const chain: ChainState = { valid: false, sessionId: 0n, treeId: 0, open: undefined }
    const requests: Request[] = []
    for (let start = 0; ; ) {
      const header = Smb2Header.decode(view, start)
      if ((header.flags & HeaderFlags.SERVER_TO_REDIR) !== 0)
        throw new ProtocolError('an answer where a request was due')
      const next = header.nextCommand
      if (
        next !== 0 &&
        (next % 8 !== 0 || next < SMB2_HEADER_BYTES || start + next + SMB2_HEADER_BYTES > view.byteLength)
      )
        throw new ProtocolError(`next command at +${next}`)
      if (requests.length >= MAX_CHAIN_LENGTH) throw new ProtocolError('too many messages in one frame')
      const end = next === 0 ? view.byteLength : start + next
      const details = { connection: this, header, view, start, end, sealedBy, chain }
      const request = new Request(details)
      // CANCEL has the message id of what it cancels, and none of its own (MS-SMB2 3.3.5.2.3).
      if (request.command !== Command.CANCEL && !this.#takeMessageId(request))
        throw new ProtocolError(`message id ${header.messageId} is not within the window`)
      requests.push(request)
      if (next === 0) return requests
      start += next
    }
  }

  #takeMessageId(request: Request): boolean {
    const charge = this.negotiated?.supportsMultiCredit === true ? request.header.creditCharge : 1
    return (
      request.messageId < BigInt(Number.MAX_SAFE_INTEGER) && this.#window.consume(Number(request.messageId), charge)
    )
  }

  *#answerChain(requests: readonly Request[]): Steps<void> {
    let ready: Outgoing[] = []
    let readyBytes = 0
    for (const request of requests) {
      if (request.command === Command.CANCEL) {
        dispatch.cancel(request)
        continue
      }
      const steps = this.#serve(request)
      let result = steps.next()
      while (result.done !== true) {
        // Something waits. If the request has gone asynchronous, what is ready before it goes out now.
        if (request.asyncId !== undefined && ready.length > 0) {
          this.#send(ready)
          ready = []
        }
        result = steps.next(yield result.value)
      }
      if (this.#closed) return yield* abandonChain(requests)
      if (request.isAnswered) continue
      const bytes = requests.length === 1 ? 0 : answerBytes(result.value)
      if (ready.length > 0 && readyBytes + bytes > MAX_CHAINED_ANSWER_BYTES) {
        this.#send(ready)
        ready = []
        readyBytes = 0
      }
      ready.push(result.value)
      readyBytes += bytes
      if (this.#isStalled && requests.length > 1) yield this.#untilDrained()
      if (this.#closed) return yield* abandonChain(requests)
    }
    if (ready.length > 0) this.#send(ready)
  }

  /** One request: its answer, whatever happens. */
  *#serve(request: Request): Steps<Outgoing> {
    let answer: Reply | Failure
    let onEncoded: Outgoing['onEncoded']
    try {
      const steps = dispatch.serve(request)
      const { persistence } = this.server
      const result = yield* guarded(persistence === undefined ? steps : persistence.serve(request, steps))
      answer = result
      onEncoded = failed(result) ? undefined : result.onEncoded
    } catch (error) {
      if (error instanceof ProtocolError) throw error
      // MS-SMB2 3.3.5: a request whose fields do not add up is STATUS_INVALID_PARAMETER.
      if (error instanceof WireError) answer = fail(NtStatus.INVALID_PARAMETER)
      else {
        this.server.reportError(error, this.transport.remote)
        answer = fail(NtStatus.INTERNAL_ERROR)
      }
    }
    const wasAsync = request.asyncId !== undefined
    this.finish(request)
    if (request.command === Command.CREATE && failed(answer)) request.chain.open = answer
    this.server.observe(request, answer)
    return {
      request,
      reply: answer,
      credits: wasAsync ? 0 : this.#grantCredits(request),
      ...(onEncoded === undefined ? {} : { onEncoded }),
    }
  }

  /** MS-SMB2 3.3.1.2: as many as asked for, within the limit; next to none before logon; never so that none is left. */
  #grantCredits(request: Request): number {
    const asked = Math.max(1, request.header.credits)
    const room = this.server.limits.maxCredits - this.#window.available
    const most = this.hasValidSession ? asked : Math.min(asked, 32)
    const least = this.#window.available === 0 ? 1 : 0
    return this.#window.grant(Math.max(least, Math.min(most, room)))
  }

  #send(outgoing: readonly Outgoing[]): void {
    if (this.#closed) return
    const { parts, release } = writeResponses(outgoing, this.#sealFor(outgoing))
    this.transport.send(parts, release)
  }

  /** Answers go out sealed when their requests came sealed, or where the session or share wants it (MS-SMB2 3.3.4.1.4). */
  #sealFor(outgoing: readonly Outgoing[]): Session | undefined {
    const { request, reply } = outgoing[0] as Outgoing
    if (request.sealedBy !== undefined) return request.sealedBy
    const session = request.maybeSession
    if (session?.keys?.sealer === undefined || request.channel?.isEstablished !== true) return undefined
    if (request.command === Command.SESSION_SETUP) return undefined
    if (reply.status === NtStatus.ACCESS_DENIED) return undefined
    return session.encryptData || request.maybeTree?.encrypt === true ? session : undefined
  }

  #pause(): void {
    this.#paused = true
    this.transport.pause()
    this.#disconnectIfStalled(this.transport.unsentBytes)
  }

  /** A slow client is a client: only who has taken nothing at all is disconnected. */
  #disconnectIfStalled(unsentBytes: number): void {
    this.#cancelStallTimer = this.server.clock.after(this.server.limits.stalledTimeoutMs, () => {
      const left = this.transport.unsentBytes
      if (left < unsentBytes) this.#disconnectIfStalled(left)
      else this.disconnect('the client takes no answers')
    })
  }

  #untilDrained(): Promise<void> {
    if (!this.#paused) this.#pause()
    return new Promise((resolve) => {
      this.#stalledChains.push(resolve)
    })
  }

  #closeUnless(timeoutMs: number, isFine: () => boolean): void {
    this.#cancelLogonTimer?.()
    this.#cancelLogonTimer = this.server.clock.after(timeoutMs, () => {
      if (!isFine()) this.disconnect('nobody logged on in time')
    })
  }
}
