import type { Clock } from '../../protocol/clock.ts'
import type { CreateArguments } from '../calls/create.ts'
import type { Lease } from '../leases.ts'
import type { ClientLimits } from '../limits.ts'
import type { OpenFile } from '../open-file.ts'
import type { Tree } from '../tree.ts'

interface Idle {
  readonly file: OpenFile
  stopTimer: () => void
  /** Who is using it for a moment. */
  user: Promise<unknown> | undefined
}

/**
 * Files that their users have closed and the server has not: a lease with H lets them stay (MS-SMB2 3.2.4.5), so that
 * who opens them again finds them open, and what is kept of them goes on to be good.
 */
export class IdleHandles {
  readonly #clock: Clock
  readonly #limits: Pick<ClientLimits, 'maxDeferredHandles' | 'deferredCloseMs'>
  /** The one that was closed last comes last. */
  readonly #idle = new Set<Idle>()
  /** Those that the server is being told of. */
  readonly #closing = new Map<OpenFile, Promise<void>>()

  constructor(clock: Clock, limits: Pick<ClientLimits, 'maxDeferredHandles' | 'deferredCloseMs'>) {
    this.#clock = clock
    this.#limits = limits
  }

  get count(): number {
    return this.#idle.size
  }

  /** Whether it stays open for now; otherwise it is to be closed. */
  put(file: OpenFile): boolean {
    const { maxDeferredHandles, deferredCloseMs } = this.#limits
    if (maxDeferredHandles === 0 || deferredCloseMs === 0 || !file.mayRest) return false
    const idle: Idle = { file, stopTimer: () => undefined, user: undefined }
    this.#idle.add(idle)
    this.#start(idle)
    for (const oldest of this.#idle) {
      if (this.#idle.size <= maxDeferredHandles) break
      void this.#close(oldest)
    }
    return true
  }

  #start(idle: Idle): void {
    idle.stopTimer = this.#clock.after(this.#limits.deferredCloseMs, () => void this.#close(idle))
  }

  /** One that is as this wants it, for its new user. */
  take(lease: Lease, given: CreateArguments): OpenFile | undefined {
    for (const idle of this.#idle) {
      const { file } = idle
      if (file.lease !== lease || idle.user !== undefined || !file.mayRest || !file.isAs(given)) continue
      this.#remove(idle)
      return file
    }
    return undefined
  }

  /** Does something by one that can be read from; undefined where there is none. It stays open for longer after that. */
  use<T>(lease: Lease, work: (file: OpenFile) => Promise<T>): Promise<T> | undefined {
    for (const idle of this.#idle) {
      const { file } = idle
      if (file.lease !== lease || idle.user !== undefined || !file.mayRest || !file.mayRead) continue
      idle.stopTimer()
      const result = work(file).finally(() => {
        idle.user = undefined
        if (!this.#idle.has(idle)) {
          // The connection was lost meanwhile; who closes it otherwise waits for this.
          if (!this.#closing.has(file)) void file.close().catch(() => undefined)
          return
        }
        if (file.mayRest) this.#start(idle)
        else void this.#close(idle)
      })
      idle.user = result.catch(() => undefined)
      return result
    }
    return undefined
  }

  /** Those of one lease, which is about to be given up. Resolves when the server has been told. */
  closeOf(lease: Lease): Promise<void> {
    return this.#closeAll((file) => file.lease === lease)
  }

  /** Those at a name, and below it: they would stand in the way of who removes or renames it. */
  closeAt(tree: Tree, key: string): Promise<void> {
    return this.#closeAll((file) => {
      const other = file.lease?.path
      return file.tree.name === tree.name && (other === key || other?.startsWith(`${key}\\`) === true)
    })
  }

  /** The connection is gone: nobody waits for them. */
  abandonAll(): void {
    for (const idle of this.#idle) {
      this.#remove(idle)
      if (idle.user === undefined) idle.file.abandon()
    }
  }

  async #closeAll(which: (file: OpenFile) => boolean): Promise<void> {
    for (const idle of this.#idle) if (which(idle.file)) void this.#close(idle)
    for (const [file, closing] of this.#closing) if (which(file)) await closing
  }

  #remove(idle: Idle): void {
    this.#idle.delete(idle)
    idle.stopTimer()
  }

  /** Does not fail: nothing was changed by it. From now on nobody gets it. */
  #close(idle: Idle): Promise<void> {
    this.#remove(idle)
    const { file } = idle
    const closing = (async () => {
      await idle.user
      await file.close().catch(() => undefined)
      this.#closing.delete(file)
    })()
    this.#closing.set(file, closing)
    return closing
  }
}
