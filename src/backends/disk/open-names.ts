/** A handle and the name by which its file was opened: other handles may rename or remove that name. */
export interface OpenName {
  readonly fileId: bigint
  /** In stored spelling, from the root; follows what is done here. */
  path: readonly string[]
  /** The name was removed; another file may have it since. */
  removed: boolean
}

/** The names of all that is open, so that handles of the same name know what one of them does to it. */
export class OpenNames {
  readonly #byFile = new Map<bigint, Set<OpenName>>()

  add(open: OpenName): void {
    const known = this.#byFile.get(open.fileId)
    if (known === undefined) this.#byFile.set(open.fileId, new Set([open]))
    else known.add(open)
  }

  delete(open: OpenName): void {
    const known = this.#byFile.get(open.fileId)
    known?.delete(open)
    if (known?.size === 0) this.#byFile.delete(open.fileId)
  }

  removed(fileId: bigint, path: readonly string[]): void {
    for (const open of this.#of(fileId, path)) open.removed = true
  }

  renamed(fileId: bigint, from: readonly string[], to: readonly string[], isDirectory: boolean): void {
    for (const open of this.#of(fileId, from)) open.path = to
    if (!isDirectory) return
    for (const opens of this.#byFile.values()) {
      for (const open of opens) if (isBelow(open.path, from)) open.path = [...to, ...open.path.slice(from.length)]
    }
  }

  #of(fileId: bigint, path: readonly string[]): OpenName[] {
    const found: OpenName[] = []
    for (const open of this.#byFile.get(fileId) ?? []) {
      if (!open.removed && open.path.length === path.length && startsWith(open.path, path)) found.push(open)
    }
    return found
  }
}

const startsWith = (path: readonly string[], start: readonly string[]): boolean =>
  start.every((name, i) => name === path[i])

/** Whether `path` is that of something below the directory `above`. */
export function isBelow(path: readonly string[], above: readonly string[]): boolean {
  return path.length > above.length && startsWith(path, above)
}
