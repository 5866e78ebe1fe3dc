import { randomUUID } from 'node:crypto'
import { ContextHandles } from './context-handles.ts'

/** Connections of one client that share context handles (C706 9.3.1, association group). */
export interface AssociationGroup {
  readonly id: number
  readonly handles: ContextHandles
}

interface Entry extends AssociationGroup {
  readonly owner: string
  members: number
}

/** The association groups of a server. A group lives as long as a connection is in it. */
export class AssociationGroups {
  readonly #groups = new Map<number, Entry>()
  readonly #maxHandles: number
  readonly #randomUuid: () => string
  #nextId = 0x5000

  constructor(maxHandles: number, randomUuid: () => string = randomUUID) {
    this.#maxHandles = maxHandles
    this.#randomUuid = randomUuid
  }

  get size(): number {
    return this.#groups.size
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
    do this.#nextId = (this.#nextId + 1) >>> 0
    while (this.#nextId === 0 || this.#groups.has(this.#nextId))
    const group = {
      id: this.#nextId,
      owner,
      members: 1,
      handles: new ContextHandles(this.#maxHandles, this.#randomUuid),
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
