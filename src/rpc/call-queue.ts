import { WireError } from '../bytes/errors.ts'
import { FaultStatus } from '../wire/dcerpc/index.ts'
import type { ContextHandles } from './context-handles.ts'
import { fault, RpcFault } from './fault.ts'
import type { RpcLimits } from './limits.ts'
import type { Maybe } from './maybe.ts'
import { NdrTooLarge } from './ndr/index.ts'
import type { PacketSecurity } from './packet-security.ts'
import type { RpcService } from './service.ts'

/** A request with all its fragments. */
export interface QueuedCall {
  readonly callId: number
  readonly contextId: number
  /** The client wants no answer. */
  readonly maybe: boolean
  /** Undefined for a context that was never accepted. */
  readonly service: RpcService | undefined
  readonly operationNumber: number
  /** What the answer is protected with. */
  readonly security: PacketSecurity | undefined
  readonly stub: Uint8Array
  /** The client's numbers have the high byte first. Answers have not: receivers make it right (C706 14.1). */
  readonly isBigEndian: boolean
  readonly handles: ContextHandles
  /** The stub is needed no more. */
  done(): void
}

type Answer = Uint8Array | RpcFault

interface Running {
  readonly call: QueuedCall
  readonly abort: AbortController
  orphaned: boolean
}

/**
 * Runs the calls of one connection in the order in which they came: one after the other, or several at a time where
 * the client multiplexes them.
 */
export class CallQueue {
  readonly #limits: RpcLimits
  readonly #report: (error: unknown) => void
  readonly #answer: (call: QueuedCall, answer: Answer) => void
  readonly #running = new Set<Running>()
  #waiting: QueuedCall[] = []
  #maxRunning = 1
  #closed = false

  constructor(limits: RpcLimits, report: (error: unknown) => void, answer: (call: QueuedCall, answer: Answer) => void) {
    this.#limits = limits
    this.#report = report
    this.#answer = answer
  }

  /** The client knows that answers may overtake each other. */
  multiplex(): void {
    this.#maxRunning = this.#limits.maxRunningCalls
  }

  add(call: QueuedCall): void {
    if (this.#waiting.length >= this.#limits.maxQueuedCalls) {
      call.done()
      this.#answer(call, new RpcFault(FaultStatus.SERVER_TOO_BUSY, true))
      return
    }
    this.#waiting.push(call)
    this.#advance()
  }

  /** The client wants the call to end soon; it still gets an answer (C706 12.6.4.6). */
  cancel(callId: number): void {
    this.#find(callId)?.abort.abort()
    const call = this.#forget(callId)
    if (call !== undefined) this.#answer(call, new RpcFault(FaultStatus.CALL_CANCELLED, true))
  }

  /** The client has lost interest: no answer (C706 12.6.4.8). */
  orphan(callId: number): void {
    const running = this.#find(callId)
    if (running !== undefined) {
      running.orphaned = true
      running.abort.abort()
    }
    this.#forget(callId)
  }

  close(): void {
    this.#closed = true
    for (const { abort } of this.#running) abort.abort()
    for (const call of this.#waiting) call.done()
    this.#waiting = []
  }

  #find(callId: number): Running | undefined {
    for (const running of this.#running) if (running.call.callId === callId) return running
    return undefined
  }

  #forget(callId: number): QueuedCall | undefined {
    const index = this.#waiting.findIndex((each) => each.callId === callId)
    const [call] = index < 0 ? [] : this.#waiting.splice(index, 1)
    call?.done()
    return call
  }

  #advance(): void {
    while (this.#running.size < this.#maxRunning && !this.#closed) {
      const call = this.#waiting.shift()
      if (call === undefined) return
      const running = { call, abort: new AbortController(), orphaned: false }
      this.#running.add(running)
      const answer = this.#execute(call, running.abort.signal)
      if (answer instanceof Promise) void this.#await(running, answer)
      else this.#finish(running, answer)
    }
  }

  async #await(running: Running, answer: Promise<Answer>): Promise<void> {
    this.#finish(running, await answer)
    this.#advance()
  }

  #finish(running: Running, answer: Answer): void {
    this.#running.delete(running)
    running.call.done()
    if (!running.orphaned && !this.#closed) this.#answer(running.call, answer)
  }

  /** Never throws and never rejects: what goes wrong becomes a fault. */
  #execute(call: QueuedCall, signal: AbortSignal): Maybe<Answer> {
    if (call.service === undefined) return new RpcFault(FaultStatus.UNKNOWN_INTERFACE, true)
    const entry = call.service.find(call.operationNumber)
    if (entry === undefined) return new RpcFault(FaultStatus.OPERATION_RANGE_ERROR, true)
    const { operation } = entry
    const bug = (error: unknown): RpcFault => {
      this.#report(error)
      return fault(FaultStatus.FAULT_UNSPECIFIED)
    }
    const encode = (value: unknown): Answer => {
      if (value instanceof RpcFault) return value
      try {
        return operation.out.write(value, this.#limits.maxResponseBytes)
      } catch (error) {
        // An answer above the limit is the caller's wish, not a bug of the service.
        return error instanceof NdrTooLarge ? fault(FaultStatus.REMOTE_NO_MEMORY) : bug(error)
      }
    }
    let input: unknown
    try {
      input = operation.in.read(call.stub, this.#limits.ndr, call.isBigEndian)
    } catch (error) {
      // Parameters that are not what the interface says (C706 6.1.3; Windows has its own code for it).
      return error instanceof WireError ? new RpcFault(FaultStatus.BAD_STUB_DATA, true) : bug(error)
    }
    try {
      const value = entry.handle(input as never, { signal, handles: call.handles })
      return value instanceof Promise ? value.then(encode, bug) : encode(value)
    } catch (error) {
      return bug(error)
    }
  }
}
