import { type Filetime, filetimeFromDate, unixNsFromFiletime } from '../../bytes/filetime.ts'
import type { Answer, Backend, BackendPath, Opened, OpenHow, VolumeInfo } from '../../server/backend.ts'
import { CLUSTER_BYTES, Space } from './content.ts'
import { open } from './open.ts'
import { MemorySnapshots } from './snapshots.ts'
import { MemoryVolume } from './volume.ts'

export interface MemoryBackendOptions {
  /** The time now as FILETIME; for tests. */
  readonly now?: () => Filetime
  /** Room for content, in bytes; full is STATUS_DISK_FULL. 1 GiB when absent. */
  readonly totalBytes?: number
  /** Largest file, in bytes. As NTFS with 4 KiB clusters has it when absent: 16 TiB less 64 KiB. */
  readonly maxFileBytes?: number
  /** How many files, directories and named streams there may be together. A million when absent. */
  readonly maxFiles?: number
  /** How many names a file may have. 1024 when absent, as on NTFS. */
  readonly maxLinks?: number
  readonly label?: string
  readonly serialNumber?: number
  /** False: as if the place had none. */
  readonly namedStreams?: boolean
  readonly extendedAttributes?: boolean
  readonly securityDescriptors?: boolean
  /** Refuses every change. Of use together with `files`. */
  readonly readOnly?: boolean
  /** What is in it at the start: paths with `/`, their directories are made; text is UTF-8. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
}

const DEFAULT_TOTAL_BYTES = 2 ** 30
const DEFAULT_MAX_FILE_BYTES = 2 ** 44 - 2 ** 16
const DEFAULT_MAX_FILES = 1_000_000
const DEFAULT_MAX_LINKS = 1024
const SECTOR_BYTES = 512

export interface MemoryBackend extends Backend {
  /**
   * Keeps what there is now as a previous version, a whole copy. The time under which it is found: that of `now`, cut to
   * seconds.
   */
  takeSnapshot(): Filetime
}

/** A share in memory: all that Windows keeps of a file, gone with the process. Answers everything at once. */
export function memoryBackend(options: MemoryBackendOptions = {}): MemoryBackend {
  const now = options.now ?? (() => filetimeFromDate(new Date()))
  const features = {
    fileSystemName: 'NTFS',
    namedStreams: options.namedStreams ?? true,
    extendedAttributes: options.extendedAttributes ?? true,
    securityDescriptors: options.securityDescriptors ?? true,
    sparseFiles: true,
    compression: true,
    reparsePoints: true,
    properties: true,
    readOnly: false,
    maxNameLength: 255,
  }
  const totalBytes = options.totalBytes ?? DEFAULT_TOTAL_BYTES
  const settings = {
    features,
    now,
    space: new Space(totalBytes),
    maxFileBytes: options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES,
    maxFiles: options.maxFiles ?? DEFAULT_MAX_FILES,
    maxLinks: options.maxLinks ?? DEFAULT_MAX_LINKS,
  }
  const volume = new MemoryVolume(settings)
  for (const [path, content] of Object.entries(options.files ?? {})) addFile(volume, path, content)
  // Only now: the files of the start have to come in.
  features.readOnly = options.readOnly ?? false
  const creationTime = now()
  const snapshots = new MemorySnapshots()
  return {
    ...backendOf(volume, creationTime, options),
    snapshots,
    takeSnapshot() {
      const time = now()
      const firstFileId = (unixNsFromFiletime(time) / 1_000_000_000n) << 32n
      const past = { ...settings, features: { ...features, readOnly: true }, space: new Space(totalBytes), firstFileId }
      return snapshots.add(time, backendOf(new MemoryVolume(past, volume), creationTime, options))
    },
  }
}

function backendOf(volume: MemoryVolume, creationTime: Filetime, options: MemoryBackendOptions): Backend {
  const { space, features } = volume
  return {
    features,
    open: (path: BackendPath, how: OpenHow): Answer<Opened> => open(volume, path, how),
    volume: (): VolumeInfo => ({
      serialNumber: options.serialNumber ?? 0x536d_624b,
      label: options.label ?? '',
      creationTime,
      totalBytes: space.totalClusters * CLUSTER_BYTES,
      freeBytes: (space.totalClusters - space.usedClusters) * CLUSTER_BYTES,
      availableBytes: (space.totalClusters - space.usedClusters) * CLUSTER_BYTES,
      bytesPerSector: SECTOR_BYTES,
      sectorsPerAllocationUnit: CLUSTER_BYTES / SECTOR_BYTES,
    }),
    close: () => {},
  }
}

function addFile(volume: MemoryVolume, path: string, content: string | Uint8Array): void {
  const names = path.split('/').filter((name) => name !== '')
  for (let depth = 1; depth <= names.length; depth++) {
    const isFile = depth === names.length
    const opened = open(volume, names.slice(0, depth), {
      disposition: 'openOrCreate',
      kind: isFile ? 'file' : 'directory',
      read: false,
      write: isFile,
    })
    const refusal = 'file' in opened && isFile ? opened.file.write(toBytes(content), 0, false) : undefined
    if (!('file' in opened) || refusal !== undefined) throw new RangeError(`no room or no valid name: ${path}`)
    void opened.file.close()
  }
}

const toBytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content
