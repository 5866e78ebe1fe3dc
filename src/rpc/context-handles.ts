import { type Guid, NULL_GUID } from '../bytes/guid.ts'
import type { Budget } from './limits.ts'
import type { ContextHandle } from './ndr/index.ts'

interface Held {
  readonly value: unknown
  readonly rundown: (() => void) | undefined
}

/** What a handle may stand for: a class. */
export type HandleKind<T = unknown> = abstract new (...args: never[]) => T

export const nullHandle: ContextHandle = { attributes: 0, uuid: NULL_GUID }

/**
 * Context handles of one association: what a client holds between calls. A handle is known only here, so that no
 * client can use the handle of another. Kinds are classes: a handle of another kind is not found.
 */
export class ContextHandles {
  readonly #held = new Map<Guid, Held>()
  readonly #maxHandles: number
  readonly #randomUuid: () => Guid
  readonly #budget: Budget

  /** `budget`: what all associations of a server may hold together. */
  constructor(maxHandles: number, randomUuid: () => Guid, budget: Budget) {
    this.#maxHandles = maxHandles
    this.#randomUuid = randomUuid
    this.#budget = budget
  }

  get size(): number {
    return this.#held.size
  }

  /** Undefined when there are too many. `rundown` runs if the client goes without closing. */
  open(value: object, rundown?: () => void): ContextHandle | undefined {
    if (this.#held.size >= this.#maxHandles || !this.#budget.take(1)) return undefined
    const uuid = this.#randomUuid()
    this.#held.set(uuid, { value, rundown })
    return { attributes: 0, uuid }
  }

  /** What the handle stands for, undefined for one that is not held here or is of another kind. */
  find<T>(handle: ContextHandle, kind: HandleKind<T>): T | undefined {
    const value = this.#held.get(handle.uuid)?.value
    return value instanceof kind ? value : undefined
  }

  /**
   * Gives up a handle of one of these kinds; false where there is none. The rundown does not run: the call that closes
   * does its work itself.
   */
  close(handle: ContextHandle, ...kinds: readonly HandleKind[]): boolean {
    if (!kinds.some((kind) => this.find(handle, kind) !== undefined)) return false
    this.#budget.give(1)
    return this.#held.delete(handle.uuid)
  }

  /** The client is gone: every rundown runs. */
  rundown(): void {
    const held = [...this.#held.values()]
    this.#held.clear()
    this.#budget.give(held.length)
    for (const { rundown } of held) rundown?.()
  }
}
