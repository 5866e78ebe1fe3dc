import { accessSync, constants, statSync } from 'node:fs'
import { diskBackend } from '../backends/disk/index.ts'
import { memoryBackend } from '../backends/memory/index.ts'
import { ConfigError, errorCode, systemReason } from '../config/config-error.ts'
import type { ShareSettings } from '../config/settings.ts'
import type { Backend, ShareOptions } from '../server/index.ts'
import { encodeSecurityDescriptor, parseSddl } from '../wire/dtyp/index.ts'
import { commandPrinter, defaultPrinter } from './printer.ts'

/** Shares as the server takes them. */
interface Prepared {
  readonly shares: ShareOptions[]
  /** What the disks of newly opened shares cannot keep, in sentences. */
  readonly notes: readonly string[]
}

/**
 * The disk backends of a running server. One stays open until the end, also when its share is no longer offered: clients
 * may have files of it open. A share that comes back has the same one.
 */
export class Backends {
  readonly #warn: (sentences: readonly string[]) => void
  readonly #open = new Map<string, Backend>()
  #next = new Map<string, Backend>()

  /** `warn` is told, in sentences, what does not work any more while they run. */
  constructor(warn: (sentences: readonly string[]) => void) {
    this.#warn = warn
  }

  /**
   * Opens what these shares need.
   * @throws ConfigError where a folder cannot be shared; what was opened for the others is closed again
   */
  async prepare(shares: readonly ShareSettings[]): Promise<Prepared> {
    this.#next = new Map()
    const notes: string[] = []
    try {
      const prepared = shares.map((share) => this.#prepareOne(share, notes))
      for (const [key, backend] of this.#next) this.#open.set(key, backend)
      return { shares: prepared, notes }
    } catch (error) {
      for (const backend of this.#next.values()) await backend.close()
      throw error
    }
  }

  /**
   * Opens what a share needs that is added while others run.
   * @throws ConfigError where the folder cannot be shared
   */
  async add(share: ShareSettings): Promise<Backend> {
    const { shares } = await this.prepare([share])
    return (shares[0] as ShareOptions).backend
  }

  #ofLinks({ name, dfs }: Pick<ShareSettings, 'name' | 'dfs'>): Backend {
    const key = [name.toLowerCase(), JSON.stringify(dfs)].join('\0')
    const backend = this.#open.get(key) ?? memoryBackend()
    this.#next.set(key, backend)
    return backend
  }

  async close(): Promise<void> {
    for (const backend of this.#open.values()) await backend.close()
    this.#open.clear()
  }

  #prepareOne({ place, path, ...settings }: ShareSettings, notes: string[]): ShareOptions {
    const {
      snapshots: snapshotPath,
      snapshotTimes = 'utc',
      showSnapshots: visible = false,
      printer,
      impersonate = false,
      securityDescriptor: sddl,
      ...others
    } = settings
    const securityDescriptor = sddl === undefined ? undefined : encodeSecurityDescriptor(parseSddl(sddl))
    const rest = { ...others, ...(securityDescriptor && { securityDescriptor }) }
    // A namespace that has nothing but links: their folders have to be somewhere.
    if (path === undefined) return { ...rest, readOnly: true, backend: this.#ofLinks(rest) }
    const share = { ...rest, path }
    const refuse = (why: string, cause?: unknown) =>
      new ConfigError(`${place}: cannot share ${share.path}: ${why}`, undefined, { cause })
    try {
      const stat = statSync(share.path)
      if (!stat.isDirectory()) throw refuse('it is not a folder')
      accessSync(share.path, constants.R_OK | constants.X_OK)
      // A folder that was removed and made anew is another one.
      const past = snapshotPath === undefined ? [] : [snapshotPath, snapshotTimes, visible]
      const key = [share.name.toLowerCase(), share.path, stat.dev, stat.ino, impersonate, ...past].join('\0')
      let backend = this.#open.get(key)
      if (backend === undefined) {
        const localTime = snapshotTimes === 'local'
        const snapshots = snapshotPath === undefined ? {} : { snapshots: { path: snapshotPath, localTime, visible } }
        const warn = (sentence: string) => this.#warn([`the share ${share.name}: ${sentence}`])
        const disk = diskBackend(share.path, { ...snapshots, impersonate, warn })
        backend = disk
        this.#next.set(key, disk)
        notes.push(...disk.limitations.map((limitation) => `the share ${share.name}: ${limitation}`))
      }
      const command = printer === 'true' ? defaultPrinter : printer
      return { ...share, backend, ...(command === undefined ? {} : { printer: commandPrinter(command, share.path) }) }
    } catch (error) {
      if (error instanceof ConfigError) throw error
      if (error instanceof RangeError) throw refuse(error.message, error)
      throw refuse(errorCode(error) === 'ENOENT' ? 'there is no such folder' : systemReason(error), error)
    }
  }
}
