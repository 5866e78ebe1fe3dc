import type { Share } from '../../../client/api/share.ts'
import { UsageError } from '../../report.ts'
import { displayAddress, isAddress, joinPath, parseShareAddress, type ShareAddress } from '../address.ts'

/** Where a shell is on a server. */
export class ShellPlace {
  readonly share: Share
  #at: ShareAddress

  constructor(share: Share, at: ShareAddress) {
    this.share = share
    this.#at = at
  }

  get address(): ShareAddress {
    return this.#at
  }

  /** `docs/folder> `. */
  get prompt(): string {
    return `${joinPath(this.#at.share, this.#at.path)}> `
  }

  /**
   * The whole address of a word: what begins with a separator is meant from the share's root, all else from where the
   * shell is.
   * @throws UsageError for one that leads out of the share
   */
  named(word: string): string {
    if (isAddress(word)) return word
    const path = /^[\\/]/.test(word) ? word : joinPath(this.#at.path, word)
    const ends = /[\\/]$/.test(word) ? '/' : ''
    return `${displayAddress({ ...this.#at, path: resolved(path) })}${ends}`
  }

  /** The path below the share. */
  path(word: string): string {
    return parseShareAddress(this.named(word)).path
  }

  /** Goes to a folder. @throws UsageError where there is none */
  async go(word: string, signal: AbortSignal): Promise<void> {
    const path = this.path(word)
    if (path !== '' && !(await this.share.stat(path, { signal })).isDirectory())
      throw new UsageError(`${displayAddress({ ...this.#at, path })}: is no folder`)
    this.#at = { ...this.#at, path }
  }
}

/** `.` and `..` resolved; above the root there is only the root, as in every shell. */
function resolved(path: string): string {
  const kept: string[] = []
  for (const name of path.split(/[\\/]+/)) {
    if (name === '..') kept.pop()
    else if (name !== '' && name !== '.') kept.push(name)
  }
  return kept.join('/')
}
