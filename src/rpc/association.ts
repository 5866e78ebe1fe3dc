import { randomInt, randomUUID } from 'node:crypto'
import { ContextHandles } from './context-handles.ts'
import { Budget, type RpcLimits } from './limits.ts'

/** Connections of one client that share context handles (C706 9.3.1, association group). */
export interface AssociationGroup {
  readonly id: number
  readonly handles: ContextHandles
}

interface Entry extends AssociationGroup {
  readonly owner: string
  members: number
}

export interface Randomness {
  readonly uuid: () => string
  /** 1 to 2^32 - 1. */
  readonly id: () => number
}

/** The association groups of a server. A group lives as long as a connection is in it. */
export class AssociationGroups {
  readonly #groups = new Map<number, Entry>()
  readonly #maxHandles: number
  readonly #budget: Budget
  readonly #random: Randomness

  /** Ids and handles are not to be guessed: `random` is for tests that want to know them. */
  constructor(
    { maxHandles, maxHandlesOfAll }: Pick<RpcLimits, 'maxHandles' | 'maxHandlesOfAll'>,
    random: Randomness = { uuid: randomUUID, id: () => randomInt(1, 0x1_0000_0000) },
  ) {
    this.#maxHandles = maxHandles
    this.#budget = new Budget(maxHandlesOfAll)
    this.#random = random
  }

  get size(): number {
    return this.#groups.size
  }

  /** Handles of all groups together. */
  get handles(): number {
    return this.#budget.used
  }

  /**
   * A new group for id 0, otherwise the group with that id: undefined where there is none, or where it belongs to
   * another owner (a user on a client), whose handles are nobody else's business.
   */
  join(id: number, owner: string): AssociationGroup | undefined {
    if (id !== 0) {
      const group = this.#groups.get(id)
      if (group === undefined || group.owner !== owner) return undefined
      group.members++
      return group
    }
    let newId = this.#random.id()
    while (this.#groups.has(newId)) newId = this.#random.id()
    const group = {
      id: newId,
      owner,
      members: 1,
      handles: new ContextHandles(this.#maxHandles, this.#random.uuid, this.#budget),
    }
    this.#groups.set(group.id, group)
    return group
  }

  /** A connection has ended; after the last one the handles are run down. */
  leave(id: number): void {
    const group = this.#groups.get(id)
    if (group === undefined || --group.members > 0) return
    this.#groups.delete(id)
    group.handles.rundown()
  }
}
