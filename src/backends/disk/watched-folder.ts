import type { OutsideChange } from '../../server/backend.ts'

export interface Subscription {
  readonly folder: WatchedFolder
  readonly recursive: boolean
  readonly report: (change: OutsideChange) => void
  /** Whether some folder of it could not be watched: that is told once. */
  isIncomplete: boolean
}

/** A folder that is watched, or on the way to one. */
export class WatchedFolder {
  parent: WatchedFolder | undefined
  name: string
  readonly children = new Map<string, WatchedFolder>()
  readonly subscriptions = new Set<Subscription>()
  /** The system's number of its watch. */
  watch: number | undefined

  constructor(parent: WatchedFolder | undefined, name: string) {
    this.parent = parent
    this.name = name
  }

  /** Made if it is not there. */
  child(name: string): WatchedFolder {
    let child = this.children.get(name)
    if (child === undefined) {
      child = new WatchedFolder(this, name)
      this.children.set(name, child)
    }
    return child
  }

  /** From the root. */
  get path(): string[] {
    const names = [...upwards(this)].map(({ name }) => name)
    return names.toReversed().slice(1)
  }

  /** This one, and all below. */
  *all(): Generator<WatchedFolder> {
    const rest: WatchedFolder[] = [this]
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      yield next
      rest.push(...next.children.values())
    }
  }

  /** Who is told of what happens in it. */
  *subscribers(): Generator<Subscription> {
    for (const folder of upwards(this))
      for (const subscription of folder.subscriptions) if (folder === this || subscription.recursive) yield subscription
  }

  /** Whether somebody watches it with all below it. */
  get isBelowRecursive(): boolean {
    for (const { subscriptions } of upwards(this)) for (const { recursive } of subscriptions) if (recursive) return true
    return false
  }

  get isNeeded(): boolean {
    return this.subscriptions.size > 0 || this.isBelowRecursive
  }

  /** Forgets folders that nobody needs, from here up. */
  prune(): void {
    for (const { parent, name, children, watch, subscriptions } of upwards(this)) {
      if (parent === undefined || children.size > 0 || watch !== undefined || subscriptions.size > 0) return
      if (parent.children.get(name)?.children === children) parent.children.delete(name)
    }
  }
}

/** A folder and those above it, the root last. */
function* upwards(folder: WatchedFolder): Generator<WatchedFolder> {
  for (let at: WatchedFolder | undefined = folder; at !== undefined; at = at.parent) yield at
}
