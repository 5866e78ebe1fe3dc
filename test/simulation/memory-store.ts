import type { KeptState, OpenStore } from '../../src/server/open-store.ts'

/** A store that is as slow as the event loop, and fails when it is told to. */
export class MemoryStore implements OpenStore {
  readonly kept = new Map<bigint, string>()
  fails = false
  saves = 0
  #last: Promise<void> = Promise.resolve()

  load(): readonly KeptState[] {
    return [...this.kept].map(([id, state]) => ({ id, state }))
  }

  save({ id, state }: KeptState): Promise<void> {
    this.saves++
    return this.#later(() => this.kept.set(id, state))
  }

  remove(id: bigint): Promise<void> {
    return this.#later(() => this.kept.delete(id))
  }

  /** What another server finds after this one was killed. */
  copy(): MemoryStore {
    const copy = new MemoryStore()
    for (const [id, state] of this.kept) copy.kept.set(id, state)
    return copy
  }

  /** One after the other, as they were asked for. */
  #later(change: () => unknown): Promise<void> {
    const before = this.#last
    const done = (async () => {
      await before.catch(() => {})
      await new Promise(setImmediate)
      if (this.fails) throw new Error('the disk is full')
      change()
    })()
    this.#last = done
    return done
  }
}
