import { type Filetime, filetimeFromUnixNs, unixNsFromFiletime } from '../../bytes/filetime.ts'
import type { Backend, Snapshots } from '../../server/backend.ts'
import { type Failure, failed } from '../../wire/erref/failure.ts'
import { type DiskCalls, isErrno } from './calls.ts'
import { Errno, failErrno, thrownErrno } from './errno.ts'
import { type SnapshotPath, shown } from './snapshot-path.ts'

/** More snapshots than this are not told: the newest are. */
const MAX_SNAPSHOTS = 4096
/** What snapper keeps beside each snapshot. */
const SNAPPER_FILE = 'info.xml'
const MAX_SNAPPER_BYTES = 16_384

/** What the snapshots of one disk backend are made with. */
export interface SnapshotSource {
  readonly path: SnapshotPath
  /** The shared folder's own calls, which lead nowhere out of it. */
  readonly calls: DiskCalls
  /** Opens a folder that lies elsewhere. Throws what node:fs throws. */
  readonly callsOf: (folder: string) => DiskCalls
  /** A backend that changes nothing. */
  readonly backendOf: (calls: DiskCalls) => Backend
}

/** A folder with a folder for each snapshot in it: of ZFS (`.zfs/snapshot`), snapper, or plain copies. */
export class DiskSnapshots implements Snapshots {
  readonly #source: SnapshotSource
  /** Names by time (in seconds), as they were when they were last listed. */
  #known = new Map<number, string>()

  constructor(source: SnapshotSource) {
    this.#source = source
  }

  times(): Filetime[] | Failure {
    const result = this.#within((calls, folder) => this.#list(calls, folder))
    if (result !== undefined && failed(result)) return result
    return [...this.#known.keys()].map((seconds) => filetimeFromUnixNs(BigInt(seconds) * 1_000_000_000n))
  }

  open(time: Filetime): Backend | undefined | Failure {
    const seconds = Number(unixNsFromFiletime(time) / 1_000_000_000n)
    return this.#within((calls, folder) => {
      let name = this.#known.get(seconds)
      // Names may go round (daily.0 becomes daily.1), and new ones come.
      if (name === undefined || this.#timeOf(calls, folder, name) !== seconds) {
        const refusal = this.#list(calls, folder)
        if (refusal !== undefined) return refusal
        name = this.#known.get(seconds)
      }
      return name === undefined ? undefined : this.#openNamed(calls, folder, name, seconds)
    })
  }

  /** Where the snapshots lie, opened to work below; undefined where there is no such folder. */
  #within<T>(use: (calls: DiskCalls, folder: number) => T | Failure | undefined): T | Failure | undefined {
    const { path, calls: own, callsOf } = this.#source
    let calls = own
    if (!path.inside) {
      try {
        calls = callsOf(path.folder)
      } catch {
        return undefined
      }
    }
    const folder = calls.open(calls.root, path.inside ? path.folder.split(/[\\/]/).map(shown) : [], 'directory')
    try {
      if (folder === -Errno.ENOENT || folder === -Errno.ENOTDIR) {
        this.#known.clear()
        return undefined
      }
      return folder < 0 ? failErrno(folder) : use(calls, folder)
    } finally {
      if (folder >= 0) calls.close(folder)
      if (calls !== own) calls.end()
    }
  }

  #list(calls: DiskCalls, folder: number): Failure | undefined {
    const names = calls.listFolders(folder)
    if (isErrno(names)) return failErrno(names)
    const found: [number, string][] = []
    for (const name of names.toSorted()) {
      const seconds = this.#timeOf(calls, folder, name)
      if (seconds !== undefined) found.push([seconds, name])
    }
    // Newest first; of two that were made within one second the name that comes first is the snapshot of that time.
    found.sort(([a], [b]) => b - a)
    this.#known = new Map()
    for (const [seconds, name] of found) {
      if (this.#known.size === MAX_SNAPSHOTS) break
      if (!this.#known.has(seconds)) this.#known.set(seconds, name)
    }
    return undefined
  }

  /** When a snapshot was made, as its name says, or snapper, or the time of its folder. */
  #timeOf(calls: DiskCalls, folder: number, name: string): number | undefined {
    const named = this.#source.path.timeOf(name)
    if (named === 'other') return undefined
    if (named !== undefined) return named
    const raw = calls.statAt(folder, [name])
    if (isErrno(raw) || raw.kind !== 'directory') return undefined
    const told = this.#source.path.below.length === 0 ? undefined : snapperTime(calls, folder, name)
    return told ?? Number(unixNsFromFiletime(raw.writeTime) / 1_000_000_000n)
  }

  #openNamed(calls: DiskCalls, folder: number, name: string, seconds: number): Backend | undefined | Failure {
    const root = calls.open(folder, [name, ...this.#source.path.below], 'directory')
    if (root < 0) return root === -Errno.ENOENT || root === -Errno.ENOTDIR ? undefined : failErrno(root)
    try {
      return this.#source.backendOf(calls.descend(root, seconds >>> 0))
    } catch (error) {
      return failErrno(thrownErrno(error))
    } finally {
      calls.close(root)
    }
  }
}

/** Snapper keeps the time (in UTC) in a file beside the snapshot. */
function snapperTime(calls: DiskCalls, folder: number, name: string): number | undefined {
  const file = calls.open(folder, [name, SNAPPER_FILE], 'read')
  if (file < 0) return undefined
  const bytes = Buffer.alloc(MAX_SNAPPER_BYTES)
  const length = calls.readSync(file, bytes, 0)
  calls.close(file)
  const date = /<date>\s*(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\s*<\/date>/.exec(
    bytes.toString('utf8', 0, Math.max(0, length)),
  )
  const ms = date === null ? Number.NaN : Date.parse(`${date[1]}T${date[2]}Z`)
  return Number.isNaN(ms) ? undefined : ms / 1000
}
