import { basename } from 'node:path'
import { linuxLibc } from '../../native/libc.ts'
import type {
  Answer,
  Backend,
  BackendFeatures,
  BackendPath,
  Maybe,
  Opened,
  OpenHow,
  OutsideChange,
  Snapshots,
  VolumeInfo,
} from '../../server/backend.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type DiskCalls, isErrno } from './calls.ts'
import { DirectoryCache } from './directory-cache.ts'
import type { Disk } from './disk.ts'
import { failErrno } from './errno.ts'
import { Impersonation } from './impersonation.ts'
import { LinuxCalls } from './linux.ts'
import { Lookup } from './lookup.ts'
import { Metadata } from './metadata.ts'
import { MAX_NAME_BYTES } from './names.ts'
import { open } from './open.ts'
import { OpenNames } from './open-names.ts'
import { OutsideWatch } from './outside-watch.ts'
import { PortableCalls } from './portable.ts'
import { type DiskSnapshotOptions, type SnapshotPath, snapshotPath } from './snapshot-path.ts'
import { DiskSnapshots } from './snapshots.ts'
import { Streams } from './streams.ts'

export type { DiskSnapshotOptions } from './snapshot-path.ts'

export interface DiskBackendOptions {
  /** Refuses every change. */
  readonly readOnly?: boolean
  /** `portable`: by node:fs alone, as on systems that are not Linux. What serves best when absent. */
  readonly calls?: 'linux' | 'portable'
  /** Shown as the name of the volume; the folder's name when absent. */
  readonly label?: string
  /**
   * Reads and writes of at least so many bytes are given to another thread even if they need not wait. 4 MiB when
   * absent.
   */
  readonly threadBytes?: number
  /** False: as if the disk could not keep them. */
  readonly namedStreams?: boolean
  readonly compression?: boolean
  /** POSIX permissions of new files, less the umask. 0666 when absent. */
  readonly fileMode?: number
  /** POSIX permissions of new directories, less the umask. 0777 when absent. */
  readonly directoryMode?: number
  /**
   * Files are used as who asks for them, by the user of the operating system whom he is (setfsuid, setfsgid, setgroups):
   * permissions of the disk hold, and files belong to who makes them. Needs Linux and root.
   */
  readonly impersonate?: boolean
  /** What the folder has of its own past. */
  readonly snapshots?: DiskSnapshotOptions
  /** Told, in sentences for people, what does not work any more while it runs. */
  readonly warn?: (sentence: string) => void
}

export interface DiskBackend extends Backend {
  /** What this place cannot keep or promise, in sentences for people. */
  readonly limitations: readonly string[]
}

const DEFAULT_THREAD_BYTES = 2 ** 22
const SECTOR_BYTES = 512

/**
 * A folder of a disk. Throws an Error with the `code` of node:fs if the folder cannot be opened, a RangeError for a path
 * to snapshots that is none.
 *
 * What POSIX has no place for is kept in extended attributes in the names and encodings of Samba; where there are none
 * `features` and `limitations` say what is not kept.
 */
export function diskBackend(root: string, options: DiskBackendOptions = {}): DiskBackend {
  const snapshots = options.snapshots && snapshotPath(root, options.snapshots)
  return backendOf(callsFor(root, options), options.label ?? basename(root), options, snapshots)
}

/** The backend over an operating system's calls. */
export function backendOf(
  calls: DiskCalls,
  label: string,
  options: DiskBackendOptions = {},
  path?: SnapshotPath,
): DiskBackend {
  const impersonation = options.impersonate === true ? new Impersonation() : undefined
  const disk = diskOf(calls, options, path?.hidden)
  if (path === undefined) return new FolderBackend(disk, label, undefined, impersonation)
  const { threadBytes } = disk
  const snapshots = new DiskSnapshots({
    path,
    calls,
    callsOf: (folder) => callsFor(folder, options),
    backendOf: (past) =>
      new FolderBackend(diskOf(past, { readOnly: true, threadBytes }, path.hidden), label, undefined, impersonation),
  })
  return new FolderBackend(disk, label, snapshots, impersonation)
}

function diskOf(calls: DiskCalls, options: DiskBackendOptions, hidden: string | undefined): Disk {
  const cache = new DirectoryCache(calls)
  const disk: Disk & { streams?: Streams } = {
    calls,
    cache,
    lookup: new Lookup(calls, cache, hidden),
    metadata: new Metadata(calls),
    openNames: new OpenNames(),
    outside: new OutsideWatch(calls, hidden, options.warn ?? (() => {})),
    readOnly: options.readOnly ?? false,
    threadBytes: options.threadBytes ?? DEFAULT_THREAD_BYTES,
    fileMode: options.fileMode ?? 0o666,
    directoryMode: options.directoryMode ?? 0o777,
    compression: options.compression ?? true,
  }
  if (calls.attributes !== undefined && options.namedStreams !== false)
    disk.streams = new Streams(disk, calls.attributes)
  return disk
}

function callsFor(root: string, options: DiskBackendOptions): DiskCalls {
  const libc = options.calls === 'portable' ? undefined : linuxLibc()
  if (libc !== undefined && LinuxCalls.works(libc)) return new LinuxCalls(libc, root)
  if (options.calls === 'linux') throw new Error('the calls of Linux need Linux 5.6 on x64 or arm64, and koffi')
  return new PortableCalls(root)
}

class FolderBackend implements DiskBackend {
  readonly features: BackendFeatures
  readonly limitations: readonly string[]
  readonly snapshots?: Snapshots
  readonly watch?: (path: BackendPath, recursive: boolean, report: (change: OutsideChange) => void) => () => void
  readonly as?: (user: string) => Pick<Backend, 'open'>
  readonly #disk: Disk
  readonly #label: string
  #open = true

  constructor(disk: Disk, label: string, snapshots?: Snapshots, impersonation?: Impersonation) {
    this.#disk = disk
    this.#label = label
    if (impersonation !== undefined) this.as = (user) => impersonation.as(this, user)
    if (snapshots !== undefined) this.snapshots = snapshots
    this.limitations = disk.calls.limitations
    if (disk.calls.watch !== undefined) {
      this.watch = (path, recursive, report) => disk.outside.subscribe(path, recursive, report)
    }
    const kept = disk.calls.attributes !== undefined
    this.features = {
      fileSystemName: 'NTFS',
      namedStreams: disk.streams !== undefined,
      extendedAttributes: kept,
      securityDescriptors: kept,
      sparseFiles: disk.calls.sparse,
      compression: kept && disk.compression,
      reparsePoints: kept,
      properties: kept,
      posix: !disk.calls.foldsCase,
      readOnly: disk.readOnly,
      maxNameLength: MAX_NAME_BYTES,
    }
  }

  open(path: BackendPath, how: OpenHow): Answer<Opened> {
    if (!this.#open) return fail(NtStatus.VOLUME_DISMOUNTED)
    return open(this.#disk, path, how)
  }

  volume(): VolumeInfo | Failure {
    const { calls } = this.#disk
    const raw = calls.stat(calls.root)
    if (isErrno(raw)) return failErrno(raw)
    const root = raw
    const space = calls.space()
    const creationTime = this.#disk.metadata.stat(calls.root, root).creationTime
    return {
      serialNumber: serialOf(calls.device),
      label: this.#label,
      creationTime,
      totalBytes: space.totalBytes,
      freeBytes: space.freeBytes,
      availableBytes: space.availableBytes,
      bytesPerSector: SECTOR_BYTES,
      sectorsPerAllocationUnit: Math.max(1, Math.floor(space.blockBytes / SECTOR_BYTES)),
      totalFiles: space.files,
      freeFiles: space.freeFiles,
    }
  }

  close(): Maybe<void> {
    if (!this.#open) return
    this.#open = false
    this.#disk.outside.close()
    this.#disk.streams?.store.close()
    this.#disk.calls.end()
  }
}

/** 32 bits that stay the same for a device and differ between most. */
function serialOf(device: number): number {
  return (Math.imul(device % 0x1_0000_0000, 0x9e37_79b1) ^ Math.floor(device / 0x1_0000_0000)) >>> 0
}
