import { accessSync, constants, statSync } from 'node:fs'
import { type DiskBackend, diskBackend } from '../backends/disk/index.ts'
import { ConfigError, systemReason } from '../config/config-error.ts'
import type { ShareSettings } from '../config/settings.ts'
import type { Backend, ShareOptions } from '../server/index.ts'

/** Shares as the server takes them. */
export interface Prepared {
  readonly shares: ShareOptions[]
  /** What the disks of newly opened shares cannot keep, in sentences. */
  readonly notes: readonly string[]
}

/** The disk backends of the shares that are offered. A share that stays as it was keeps its backend and its open files. */
export class Backends {
  #open = new Map<string, DiskBackend>()
  #next = new Map<string, DiskBackend>()

  /**
   * Opens what these shares need. Nothing changes for the shares that are offered until `commit`.
   * @throws ConfigError where a folder cannot be shared; what was opened for it is closed again
   */
  async prepare(shares: readonly ShareSettings[]): Promise<Prepared> {
    this.#next = new Map()
    const notes: string[] = []
    try {
      return { shares: shares.map((share) => this.#prepareOne(share, notes)), notes }
    } catch (error) {
      await closeAll(this.#next, this.#open)
      throw error
    }
  }

  /** What was prepared is in use; what is not of it is closed. */
  async commit(): Promise<void> {
    const before = this.#open
    this.#open = this.#next
    this.#next = new Map()
    await closeAll(before, this.#open)
  }

  async close(): Promise<void> {
    this.#next = new Map()
    await this.commit()
  }

  #prepareOne({ place, ...share }: ShareSettings, notes: string[]): ShareOptions {
    const key = `${share.name.toLowerCase()}\0${share.path}`
    let backend = this.#open.get(key) ?? this.#next.get(key)
    if (backend === undefined) {
      backend = openFolder(share.path, place)
      notes.push(...backend.limitations.map((limitation) => `the share ${share.name}: ${limitation}`))
    }
    this.#next.set(key, backend)
    return { ...share, backend }
  }
}

/** Closes the backends of `all` that are not in `kept`. */
async function closeAll(all: ReadonlyMap<string, Backend>, kept: ReadonlyMap<string, Backend>): Promise<void> {
  for (const [key, backend] of all) if (kept.get(key) !== backend) await backend.close()
}

function openFolder(path: string, place: string): DiskBackend {
  const refuse = (why: string, cause?: unknown) =>
    new ConfigError(`${place}: cannot share ${path}: ${why}`, undefined, cause === undefined ? {} : { cause })
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw refuse('there is no such folder')
  if (!stat.isDirectory()) throw refuse('it is not a folder')
  try {
    accessSync(path, constants.R_OK | constants.X_OK)
    return diskBackend(path)
  } catch (error) {
    throw refuse(systemReason(error), error)
  }
}
