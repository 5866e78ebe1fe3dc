import { WireError } from '../bytes/errors.ts'
import { FaultStatus } from '../wire/dcerpc/index.ts'
import type { ContextHandles } from './context-handles.ts'
import { fault, RpcFault } from './fault.ts'
import type { RpcLimits } from './limits.ts'
import type { Maybe } from './maybe.ts'
import { NdrTooLarge } from './ndr/index.ts'
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
  readonly stub: Uint8Array
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

/** Runs the calls of one connection one after the other, in the order in which they came. */
export class CallQueue {
  readonly #limits: RpcLimits
  readonly #report: (error: unknown) => void
  readonly #answer: (call: QueuedCall, answer: Answer) => void
  #waiting: QueuedCall[] = []
  #running: Running | undefined
  #closed = false

  constructor(limits: RpcLimits, report: (error: unknown) => void, answer: (call: QueuedCall, answer: Answer) => void) {
    this.#limits = limits
    this.#report = report
    this.#answer = answer
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
    if (this.#running?.call.callId === callId) this.#running.abort.abort()
    const call = this.#forget(callId)
    if (call !== undefined) this.#answer(call, new RpcFault(FaultStatus.CALL_CANCELLED, true))
  }

  /** The client has lost interest: no answer (C706 12.6.4.8). */
  orphan(callId: number): void {
    if (this.#running?.call.callId === callId) {
      this.#running.orphaned = true
      this.#running.abort.abort()
    }
    this.#forget(callId)
  }

  close(): void {
    this.#closed = true
    this.#running?.abort.abort()
    for (const call of this.#waiting) call.done()
    this.#waiting = []
  }

  #forget(callId: number): QueuedCall | undefined {
    const index = this.#waiting.findIndex((each) => each.callId === callId)
    const [call] = index < 0 ? [] : this.#waiting.splice(index, 1)
    call?.done()
    return call
  }

  #advance(): void {
    while (this.#running === undefined && !this.#closed) {
      const call = this.#waiting.shift()
      if (call === undefined) return
      const running = { call, abort: new AbortController(), orphaned: false }
      this.#running = running
      const answer = this.#execute(call, running.abort.signal)
      if (!(answer instanceof Promise)) {
        this.#finish(running, answer)
        continue
      }
      void this.#await(running, answer)
    }
  }

  async #await(running: Running, answer: Promise<Answer>): Promise<void> {
    this.#finish(running, await answer)
    this.#advance()
  }

  #finish(running: Running, answer: Answer): void {
    this.#running = undefined
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
        return operation.out.write(value as never, this.#limits.maxResponseBytes)
      } catch (error) {
        // An answer above the limit is the caller's wish, not a bug of the service.
        return error instanceof NdrTooLarge ? fault(FaultStatus.REMOTE_NO_MEMORY) : bug(error)
      }
    }
    let input: unknown
    try {
      input = operation.in.read(call.stub, this.#limits.ndr)
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
