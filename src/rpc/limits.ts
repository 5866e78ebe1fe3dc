import { defaultNdrLimits, type NdrLimits } from './ndr/index.ts'

/** What one client may cost the RPC server. */
export interface RpcLimits {
  /** Fragment size that is offered; what is spoken is the smaller of both sides'. */
  readonly maxFragmentBytes: number
  /** Largest fragment that is taken: a bind comes before anything is agreed. */
  readonly maxReceivedFragmentBytes: number
  /** Parameters of one request, all fragments together. */
  readonly maxRequestBytes: number
  /** Parameters of one answer. */
  readonly maxResponseBytes: number
  /** Presentation contexts of one connection. */
  readonly maxContexts: number
  /** Logons of one connection, where the client multiplexes them; otherwise it is one. */
  readonly maxLogons: number
  /** What a client sends on while its logon is looked at. */
  readonly maxHeldBytes: number
  /** Calls of one connection that run at a time, where the client multiplexes them; otherwise it is one. */
  readonly maxRunningCalls: number
  /** Calls of one connection that wait for those that run, and those whose fragments are not all there. */
  readonly maxQueuedCalls: number
  /** Calls that arrive in one piece: a write full of small ones is not to keep everybody else waiting. */
  readonly maxCallsAtOnce: number
  /** Context handles of one association. */
  readonly maxHandles: number
  /** Context handles of all associations of a server together. */
  readonly maxHandlesOfAll: number
  readonly ndr: NdrLimits
}

const MIB = 1024 * 1024

export const defaultRpcLimits: RpcLimits = {
  maxFragmentBytes: 4280,
  maxReceivedFragmentBytes: 5840,
  maxRequestBytes: 4 * MIB,
  maxResponseBytes: 16 * MIB,
  maxContexts: 64,
  maxLogons: 16,
  maxHeldBytes: 256 * 1024,
  maxRunningCalls: 8,
  maxQueuedCalls: 32,
  maxCallsAtOnce: 64,
  maxHandles: 2048,
  maxHandlesOfAll: 65_536,
  ndr: defaultNdrLimits,
}

/** What many connections share: bytes of half-sent requests and unread answers, or handles, of all together. */
export class Budget {
  readonly max: number
  #used = 0

  constructor(max: number) {
    this.max = max
  }

  get used(): number {
    return this.#used
  }

  /** False, and nothing taken, where so much is not left. */
  take(count: number): boolean {
    if (this.#used + count > this.max) return false
    this.#used += count
    return true
  }

  give(count: number): void {
    this.#used -= count
  }
}
