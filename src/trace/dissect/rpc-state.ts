import { concat } from '../../bytes/concat.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { Recent } from '../recent.ts'
import { RpcSecurity } from './rpc-security.ts'
import { maxRemembered, type Said } from './smb2-state.ts'

/** Most bytes of parameters that wait for more fragments, of all calls of a connection. */
export const maxStubBytes = 4 * 1024 * 1024

/** What a connection of DCE/RPC, over TCP or a pipe, has settled. */
export class RpcState {
  readonly security: RpcSecurity
  /** What a bind asked for, until its answer says what became of it. */
  offered: { readonly contextId: number; readonly interfaceId: string }[] = []
  /** Parameters of which more fragments are to come, by call and direction. */
  readonly #parts = new Map<string, { readonly stubs: Uint8Array[]; bytes: number; readonly frame: number }>()
  #partBytes = 0

  constructor(keys: KeyRing | undefined) {
    this.security = new RpcSecurity(keys)
  }

  /**
   * The parameters of a call that ends with this fragment, and where they began; undefined for one of which more is to
   * come, or of which something is missing.
   */
  joined(
    call: string,
    stub: Uint8Array | undefined,
    { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
    frame: number,
  ): Joined | undefined {
    if (isFirst && isLast) return stub && { stub, fragments: 1, frame }
    const before = this.#parts.get(call)
    if (isFirst || stub === undefined || isLast || this.#partBytes + stub.length > maxStubBytes) this.#drop(call)
    if (stub === undefined) return undefined
    if (isFirst) {
      this.#keep(call, { stubs: [stub.slice()], bytes: stub.length, frame })
      return undefined
    }
    if (before === undefined) return undefined
    const stubs = [...before.stubs, stub]
    if (isLast) return { stub: concat(stubs), fragments: stubs.length, frame: before.frame }
    if (!this.#parts.has(call)) return undefined
    before.stubs.push(stub.slice())
    before.bytes += stub.length
    this.#partBytes += stub.length
    return undefined
  }

  #keep(call: string, part: { readonly stubs: Uint8Array[]; bytes: number; readonly frame: number }): void {
    for (const [oldest] of this.#parts) {
      if (this.#partBytes + part.bytes <= maxStubBytes) break
      this.#drop(oldest)
    }
    this.#parts.set(call, part)
    this.#partBytes += part.bytes
  }

  #drop(call: string): void {
    this.#partBytes -= this.#parts.get(call)?.bytes ?? 0
    this.#parts.delete(call)
  }

  readonly contexts = new Recent<number, Said<RpcContext>>(maxRemembered)
  /** Requests by call id. */
  readonly calls = new Recent<number, Said<RpcCall>>(maxRemembered)
}

/** Parameters that are whole. */
interface Joined {
  readonly stub: Uint8Array
  readonly fragments: number
  /** With the first fragment. */
  readonly frame: number
}

/** A presentation context. */
export interface RpcContext {
  /** UUID of the interface. */
  readonly interfaceId: string
  /** Its arguments are in NDR, and not in NDR64, which Windows takes where it can. */
  readonly isNdr: boolean
  /** What the answer settled, where it was captured: `NDR`, `NDR64` ... */
  readonly transfer: string | undefined
}

interface RpcCall {
  /** Undefined where the bind was not captured. */
  readonly context: RpcContext | undefined
  readonly operationNumber: number
}
