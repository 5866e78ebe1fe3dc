import { WireError } from '../bytes/errors.ts'
import { viewOf } from '../bytes/utf16.ts'
import type { BufferPool } from '../protocol/buffer-pool.ts'
import type { Clock } from '../protocol/clock.ts'
import { FrameAssembler, ProtocolError } from '../protocol/frame-assembler.ts'
import { openMessage } from '../protocol/transform.ts'
import type { TransportEvents } from '../protocol/transport.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { SMB1_PROTOCOL_ID } from '../wire/smb1/index.ts'
import { CancelRequest, Command, HeaderFlags, SMB2_HEADER_SIZE, TRANSFORM_PROTOCOL_ID } from '../wire/smb2/index.ts'
import type { ObservedConnection, Observer } from './api/observe.ts'
import { type Answer, answerOf, type Call, encodeCall, FrameLoan, stepOf } from './call.ts'
import { echoCall } from './calls/echo.ts'
import type { ClientTransport } from './dial.ts'
import { codeOf, TransportError } from './errors.ts'
import { failureOf, isFailure } from './failure.ts'
import { checkProtection, checkSignature, messagesOf } from './incoming.ts'
import type { ClientLimits } from './limits.ts'
import type { Negotiated } from './negotiation.ts'
import { type Context, encodeCancel, encodeFrame, type Numbered, type OutgoingFrame } from './outgoing.ts'
import type { BoundSession } from './session.ts'
import { type Endable, SignalWatch } from './signal-watch.ts'
import { SilenceWatch } from './silence.ts'

/** Nobody has more to say before a logon. */
const MAX_FRAME_BEFORE_LOGON_BYTES = 128 * 1024
/** Room for headers around the largest answer, and for chains of small ones. */
const FRAME_OVERHEAD_BYTES = 128 * 1024
/** What one credit pays for (MS-SMB2 3.1.5.2). */
const CREDIT_BYTES = 64 * 1024
/** Message id of what the server sends unasked. */
const UNSOLICITED = 0xffff_ffff_ffff_ffffn

/** What a connection is made with. */
export interface ConnectionParts {
  readonly clock: Clock
  readonly limits: ClientLimits
  readonly buffers: BufferPool
  readonly observer: Observer | undefined
  readonly about: ObservedConnection
}

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** A break of an oplock or a lease, or another notification. Its bytes are gone when this returns. */
  notified(answer: Answer): void
  /** `error`: why; undefined where this end has closed it. */
  closed(error: Error | undefined): void
}

interface Entry extends Endable {
  readonly call: Call<unknown>
  readonly context: Context
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly charge: number
  messageId: number
  asyncId: bigint | undefined
  /** The server has said that it is at work on it (STATUS_PENDING). */
  isPending: boolean
  /** Turns of the watchdog since it was sent. */
  turns: number
  /** The caller has got an error; the slot is kept until the final answer comes. */
  isAbandoned: boolean
  /** The transport has taken it: the caller may use its data again. */
  isTaken: boolean
  onTaken: (() => void) | undefined
}

/** Requests that go out in one frame. */
interface Batch {
  readonly entries: readonly Entry[]
  readonly charge: number
  readonly context: Context
}

/**
 * One transport connection to a server (MS-SMB2 3.2.1.2): message ids and credits, signing and sealing, answers found
 * for requests. It is given a transport and asks for nothing else, so that a test can hand in one without sockets.
 */
export class Connection implements TransportEvents {
  readonly about: ObservedConnection
  readonly limits: ClientLimits
  readonly sessions = new Map<bigint, BoundSession>()
  events: ConnectionEvents | undefined
  negotiated: Negotiated | undefined
  /** The server answers ECHO: somebody has logged on. */
  canProbe = false
  readonly #parts: ConnectionParts
  readonly #assembler: FrameAssembler
  #transport: ClientTransport | undefined
  #closed = false
  #error: Error | undefined
  #available = 1
  #outstanding = 0
  #nextMessageId = 0
  readonly #pending = new Map<number, Entry>()
  /** Of those, the ones that nobody waits for. */
  #background = 0
  readonly #waiting: Batch[] = []
  #isStarving = false
  readonly #silence: SilenceWatch
  readonly #signals = new SignalWatch<Entry>((entry, reason) => this.#abort(entry, reason))

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.about = parts.about
    this.limits = parts.limits
    this.#assembler = new FrameAssembler(MAX_FRAME_BEFORE_LOGON_BYTES, parts.buffers, (frame) => {
      const loan = new FrameLoan()
      this.#receiveFrame(frame, loan)
      return loan.over
    })
    this.#silence = new SilenceWatch(parts.clock, parts.limits, {
      isWaiting: () => this.#pending.size > 0,
      canProbe: () => this.canProbe,
      probe: () => this.#probe(),
      turned: () => this.#expire(),
      silent: () => this.#fallSilent(),
    })
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Requests without a final answer, and those that wait to be sent. */
  get load(): number {
    return this.#pending.size + this.#waiting.length
  }

  /** Bytes that one request may ask for or bring, by the credits that there are. */
  get maxTransferBytes(): number {
    return Math.max(1, this.#available + this.#outstanding - 1) * CREDIT_BYTES
  }

  use(transport: ClientTransport): void {
    this.#transport = transport
    this.#keepAlive()
  }

  /** Somebody has logged on: larger messages come, and ECHO is answered. */
  admit(bound: BoundSession): void {
    this.sessions.set(bound.session.id, bound)
    const { maxReadBytes, maxTransactBytes } = this.limits
    this.#assembler.maxFrameBytes = Math.max(maxReadBytes, maxTransactBytes) + FRAME_OVERHEAD_BYTES
    this.canProbe = true
  }

  /**
   * Sends a request and gives what its `read` makes of the answer.
   * @throws StatusError, TransportError, WireError, ProtocolError; the signal's reason
   */
  call<T>(context: Context, call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.chain(context, [call], signal)[0]
  }

  /** Sends requests in one frame, each related to the one before it. Their answers come one by one. */
  chain<const T extends readonly Call<unknown>[]>(
    context: Context,
    calls: T,
    signal?: AbortSignal,
  ): { [K in keyof T]: T[K] extends Call<infer V> ? Promise<V> : never } {
    const results: Promise<unknown>[] = []
    const entries = calls.map((call) => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      // Who waits for the first of a chain need not hear the rest of it.
      promise.catch(() => undefined)
      results.push(promise)
      return this.#entry(call, context, resolve, reject)
    })
    this.#submit(entries, context, signal)
    return results as never
  }

  #entry(
    call: Call<unknown>,
    context: Context,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): Entry {
    const charge = this.#chargeOf(call)
    const sent = { messageId: -1, asyncId: undefined, isPending: false, turns: 0, isTaken: false, onTaken: undefined }
    return { call, context, resolve, reject, charge, signal: undefined, isAbandoned: false, ...sent }
  }

  /** MS-SMB2 3.1.5.2. */
  #chargeOf({ frame, data, answerBytes }: Call<unknown>): number {
    if (this.negotiated?.supportsMultiCredit !== true) return 1
    const bytes = Math.max(data?.length ?? 0, frame.length - SMB2_HEADER_SIZE, answerBytes ?? 0)
    return Math.max(1, Math.ceil(bytes / CREDIT_BYTES))
  }

  #submit(entries: readonly Entry[], context: Context, signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) {
      for (const entry of entries) entry.reject(signal.reason)
      return
    }
    if (this.#closed) {
      for (const entry of entries) entry.reject(this.#lost(entry, false))
      return
    }
    if (signal !== undefined) for (const entry of entries) this.#signals.heed(signal, entry)
    const batch = { entries, context, charge: entries.reduce((sum, { charge }) => sum + charge, 0) }
    // What the server itself waits for is not to wait behind what may wait for the server.
    if (entries[0]?.call.command === Command.OPLOCK_BREAK) this.#waiting.unshift(batch)
    else this.#waiting.push(batch)
    this.#pump()
  }

  #resolve(entry: Entry, value: unknown): void {
    this.#signals.over(entry)
    entry.resolve(value)
  }

  #reject(entry: Entry, error: unknown): void {
    this.#signals.over(entry)
    entry.reject(error)
  }

  #abort(entry: Entry, reason: unknown): void {
    const waiting = this.#waiting.findIndex(({ entries }) => entries.includes(entry))
    if (waiting >= 0) {
      const [batch] = this.#waiting.splice(waiting, 1)
      for (const other of batch?.entries ?? []) this.#reject(other, reason)
      return
    }
    if (entry.isAbandoned || this.#pending.get(entry.messageId) !== entry) return
    this.#cancel(entry)
    this.#abandon(entry, reason)
  }

  /** The caller goes; the slot stays until the server has answered. */
  #abandon(entry: Entry, error: unknown): void {
    entry.isAbandoned = true
    if (entry.isTaken || entry.call.data === undefined) this.#reject(entry, error)
    else entry.onTaken = () => this.#reject(entry, error)
  }

  /** MS-SMB2 3.2.4.24. */
  #cancel(entry: Entry): void {
    const { messageId, asyncId, context } = entry
    const frame = encodeCall(CancelRequest, {})
    this.#send(encodeCancel(frame, { messageId, asyncId }, context, this.#parts.buffers), context)
  }

  /** Sends what there are credits for, in order. */
  #pump(): void {
    for (let batch = this.#waiting[0]; batch !== undefined && !this.#closed; batch = this.#waiting[0]) {
      // One credit is kept while there is something to wait for: for a sign of life, and for an answer to a break.
      const spare = this.#outstanding > 0 && batch.entries[0]?.call.command !== Command.OPLOCK_BREAK ? 1 : 0
      if (batch.charge > this.#available - spare) {
        if (this.#outstanding === 0) this.#starve(batch)
        return
      }
      this.#waiting.shift()
      this.#transmit(batch)
    }
  }

  /** The server has given fewer credits than a request needs, and nothing is under way that would bring more. */
  #starve(batch: Batch): void {
    if (this.#isStarving || this.#available === 0) {
      const problem = `the server has granted ${this.#available} credits where ${batch.charge} are needed`
      this.fail(new ProtocolError(problem))
      return
    }
    this.#isStarving = true
    const again = (): void => {
      this.#isStarving = this.#available < batch.charge && this.#outstanding === 0
      this.#pump()
    }
    const entry = this.#entry(echoCall(), batch.context, again, again)
    this.#transmit({ entries: [entry], charge: 1, context: batch.context })
  }

  #transmit({ entries, context }: Batch): void {
    const wanted = Math.max(0, this.limits.maxCredits - this.#available - this.#outstanding)
    const numbered: Numbered[] = entries.map((entry, i) => {
      entry.messageId = this.#nextMessageId
      entry.turns = 0
      this.#nextMessageId += entry.charge
      this.#available -= entry.charge
      this.#outstanding += entry.charge
      this.#pending.set(entry.messageId, entry)
      if (entry.call.isBackground === true) this.#background++
      const charge = this.negotiated?.supportsMultiCredit === true ? entry.charge : 0
      const credits = Math.min(0xffff, entry.charge + (i === 0 ? wanted : 0))
      return { call: entry.call, messageId: entry.messageId, charge, credits }
    })
    this.#send(encodeFrame(numbered, context, this.#parts.buffers), context, () => {
      for (const entry of entries) {
        entry.isTaken = true
        entry.onTaken?.()
      }
    })
    this.#keepAlive()
    this.#silence.watch()
  }

  #send(frame: OutgoingFrame, context: Context, taken?: () => void): void {
    this.#observe('sent', frame.messages, context.seals)
    this.#transport?.send(frame.parts, () => {
      frame.release?.()
      taken?.()
    })
  }

  #observe(direction: 'sent' | 'received', messages: readonly Uint8Array[], sealed: boolean): void {
    const { observer, clock } = this.#parts
    if (observer?.message === undefined) return
    observer.message({ connection: this.about, direction, time: clock.now(), parts: messages, sealed })
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

  drained(): void {}

  closed(cause?: Error): void {
    const code = codeOf(cause) ?? 'ECONNRESET'
    const problem = cause === undefined ? 'the server has ended the connection' : 'the connection broke off'
    this.fail(new TransportError(code, `connection to ${this.about.host}`, problem, { cause }))
  }

  #take(receive: () => void): void {
    if (this.#closed) return
    this.#silence.heard()
    try {
      receive()
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
    this.#pump()
  }

  #receiveFrame(frame: Uint8Array, loan: FrameLoan): void {
    if (this.#closed) return
    let sealedBy: bigint | undefined
    let chain = frame
    if (frame.length >= 4 && viewOf(frame).getUint32(0, true) === TRANSFORM_PROTOCOL_ID) {
      const opened = openMessage(frame, (id) => this.sessions.get(id)?.session.opener)
      chain = opened.message
      sealedBy = opened.sessionId
    }
    if (chain.length >= 4 && viewOf(chain).getUint32(0, true) === SMB1_PROTOCOL_ID)
      throw new ProtocolError('the server speaks SMB1 alone')
    this.#observe('received', [chain], sealedBy !== undefined)
    for (const message of messagesOf(chain)) {
      if (this.#closed) return
      this.#receiveMessage(answerOf(message, loan), sealedBy)
    }
  }

  #receiveMessage(answer: Answer, sealedBy: bigint | undefined): void {
    const { header } = answer
    const { flags } = header
    if ((flags & HeaderFlags.SERVER_TO_REDIR) === 0)
      throw new WireError('SMB2 header.flags', 16, '2.2.1', 'a server sends answers')
    const messageId = header.messageId
    if (messageId === UNSOLICITED) {
      if ((flags & HeaderFlags.SIGNED) !== 0) checkSignature(answer, this.sessions)
      this.events?.notified(answer)
      return
    }
    const entry = this.#pending.get(Number(messageId))
    if (entry === undefined) throw new ProtocolError(`an answer to message ${messageId}, which waits for none`)
    if (header.command !== entry.call.command)
      throw new ProtocolError(`an answer to command ${header.command} where ${entry.call.command} was asked`)
    checkProtection(answer, entry, sealedBy, this.sessions)
    this.#available += header.credits
    if (header.status === NtStatus.PENDING && (flags & HeaderFlags.ASYNC_COMMAND) !== 0) {
      entry.isPending = true
      entry.asyncId = answer.view.getBigUint64(32, true)
      return
    }
    this.#pending.delete(entry.messageId)
    if (entry.call.isBackground === true) this.#background--
    this.#outstanding -= entry.charge
    this.#settle(entry, answer)
    if (this.#pending.size === this.#background) this.#keepAlive()
  }

  #settle(entry: Entry, answer: Answer): void {
    const { call } = entry
    try {
      const { status } = answer.header
      if (call.accepts?.includes(status) !== true && isFailure(answer)) throw failureOf(answer, call)
      const value = call.read(answer)
      if (entry.isAbandoned) call.late?.(value)
      else this.#resolve(entry, value)
    } catch (error) {
      if (!entry.isAbandoned) this.#reject(entry, error)
    }
  }

  #fallSilent(): void {
    const problem = `the server has said nothing for ${Math.round(this.limits.silenceTimeoutMs / 1000)} s`
    this.fail(new TransportError('ETIMEDOUT', `connection to ${this.about.host}`, problem))
  }

  #probe(): void {
    const context = [...this.#pending.values()].find(({ context: { bound } }) => bound !== undefined)?.context
    if (this.#available === 0 || context === undefined) return
    const entry = this.#entry(
      echoCall(),
      context,
      () => undefined,
      () => undefined,
    )
    this.#transmit({ entries: [entry], charge: 1, context })
  }

  /** A server that lives but never answers one request. */
  #expire(): void {
    const turns = Math.ceil(this.limits.answerTimeoutMs / this.limits.probeAfterMs)
    for (const entry of this.#pending.values()) {
      if (entry.isPending || entry.isAbandoned || ++entry.turns < turns) continue
      const problem = `the server lives, but has not answered for ${Math.round(this.limits.answerTimeoutMs / 1000)} s`
      this.#cancel(entry)
      this.#abandon(entry, new TransportError('ETIMEDOUT', stepOf(entry.call), problem, { outcomeUnknown: true }))
    }
  }

  /** The process waits for answers, not for a connection that nobody uses. */
  #keepAlive(): void {
    this.#transport?.hold?.(this.#pending.size > this.#background)
  }

  /** Ends the connection; whoever waits is told why. */
  fail(error: Error): void {
    if (this.#closed) return
    this.#error = error
    this.#end(error)
  }

  /** Ends the connection from this side. */
  close(): void {
    this.#end(undefined)
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#silence.end()
    this.#transport?.close(error === undefined)
    const sent = [...this.#pending.values()]
    const unsent = this.#waiting.splice(0).flatMap(({ entries }) => entries)
    this.#pending.clear()
    for (const entry of sent) {
      if (!entry.isAbandoned) this.#reject(entry, this.#lost(entry, true))
      entry.onTaken?.()
    }
    for (const entry of unsent) this.#reject(entry, this.#lost(entry, false))
    this.events?.closed(error)
  }

  #lost({ call }: Entry, outcomeUnknown: boolean): Error {
    const error = this.#error
    if (error !== undefined && !(error instanceof TransportError)) return error
    const code = error?.code ?? 'ECONNABORTED'
    const problem = error?.problem ?? 'the connection has been closed'
    return new TransportError(code, stepOf(call), problem, { cause: error, outcomeUnknown, connectionLost: true })
  }
}
